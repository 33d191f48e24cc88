package jwks_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// TestTwiceAsManyIssuers as there is room for: those in use stay, of the others the idlest go first, and who finds no
// room is told to come back.
func TestTwiceAsManyIssuers(t *testing.T) {
	const most = 1000
	secret := []byte("a secret of thirty-two octets or more")
	signer, err := jose.NewSecretSigner(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	now, asked := noon, map[string]int{}
	r := newResolver(t, jwks.ResolverConfig{
		MaxIssuers: most, Now: func() time.Time { return now },
		Resolve: func(_ context.Context, issuer string) (jwks.Config, error) {
			asked[issuer]++
			return jwks.Config{Issuer: issuer, Audience: audience, Secret: secret}, nil
		},
	})
	tokens := make([]string, 2*most)
	for i := range tokens {
		tokens[i] = sign(t, signer, atJWT, accessClaims(object{"iss": tenant(i)}))
	}
	use := func(from, to, step int) {
		t.Helper()
		for i := from; i < to; i += step {
			accepted(t, r, tokens[i])
			now = now.Add(time.Millisecond)
		}
	}
	wantAsked := func(from, to, step, want int) {
		t.Helper()
		for i := from; i < to; i += step {
			if got := asked[tenant(i)]; got != want {
				t.Fatalf("tenant %d was asked about %d times, want %d", i, got, want)
			}
		}
	}
	use(0, most, 1)
	for i := most; i < 2*most; i++ {
		fullUp(t, r, tokens[i])
	}
	wantAsked(most, most+1, 1, 1) // which told that all are in use
	wantAsked(most+1, 2*most, 1, 0)

	now = now.Add(50 * time.Second)
	use(0, most, 2) // the even ones, so that the odd ones are the idlest
	now = now.Add(10 * time.Second)
	use(most+1, most+1+most/4, 1) // push out the first half of the odd ones
	use(most/2+1, most, 2)
	use(0, most, 2)
	fullUp(t, r, tokens[2*most-1])
	wantAsked(0, most, 1, 1)

	now = now.Add(time.Minute)
	use(1, most/2, 2)
	wantAsked(1, most/2, 2, 2)
	if r.Live() != most {
		t.Errorf("%d live, want %d", r.Live(), most)
	}
}

// TestBoundHoldsAtOnce: issuers that arrive at the same time do not exceed the bound either.
func TestBoundHoldsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 10
		issuers := numbered(100, sound)
		d := newDirectory(t, issuers...)
		d.answer = slowly(time.Second)
		r := d.resolver(func(c *jwks.ResolverConfig) { c.MaxIssuers = most })
		served := 0
		for _, err := range validateAll(t, r, issuers)() {
			if err == nil {
				served++
				continue
			}
			wantOutcome(t, err, middleware.ErrUnavailable, middleware.ReasonIssuerUnavailable)
		}
		if served != most || r.Live() != most {
			t.Errorf("%d served, %d live, want %d", served, r.Live(), most)
		}
	})
}

// TestStrangersEvictNobody: an issuer makes room for one that is known, and not for a name that somebody made up, or
// about which nothing could be found out.
func TestStrangersEvictNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t, tenant(1))
		r := d.resolver(func(c *jwks.ResolverConfig) { c.MaxIssuers = 1 })
		accepted(t, r, tokenOf(t, tenant(1)))
		elapse(time.Hour)
		refused(t, r, tokenOf(t, tenant(2)), middleware.ReasonUntrustedIssuer)
		d.answer = func(context.Context, string) error { return errors.New("database down") }
		fullUp(t, r, tokenOf(t, tenant(3)))
		accepted(t, r, tokenOf(t, tenant(1)))
		if d.times(tenant(1)) != 1 || r.Live() != 1 {
			t.Errorf("asked %v, %d live", d.asked, r.Live())
		}
	})
}

// TestForgetMakesRoom at once, even if a moment ago there was none.
func TestForgetMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t, tenant(1), tenant(2))
		r := d.resolver(func(c *jwks.ResolverConfig) { c.MaxIssuers = 1 })
		accepted(t, r, tokenOf(t, tenant(1)))
		fullUp(t, r, tokenOf(t, tenant(2)))
		r.ForgetIssuer(tenant(1))
		accepted(t, r, tokenOf(t, tenant(2)))
	})
}

// TestStrangersLeaveOnlyTheirIssuer: what is remembered of an unknown issuer is its name, and not the token that named it.
func TestStrangersLeaveOnlyTheirIssuer(t *testing.T) {
	const strangers, padding, most = 1024, 10 << 10, 2 << 20
	r := newDirectory(t).resolver(nil)
	before := inUse()
	for i := range strangers {
		claims := accessClaims(object{"iss": tenant(i), "padding": strings.Repeat("x", padding)})
		refused(t, r, sign(t, signerOf(t, jose.ES256), atJWT, claims), middleware.ReasonUntrustedIssuer)
	}
	if grown := int64(inUse()) - int64(before); grown > most {
		t.Errorf("%d strangers with tokens of %d bytes left %d bytes", strangers, padding, grown)
	}
	runtime.KeepAlive(r)
}
