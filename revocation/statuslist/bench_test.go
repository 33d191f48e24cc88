package statuslist_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// accessClaims are those of an access token of a usual size, with and without a status.
const (
	plainClaims = `"iss":"https://as.example.com","sub":"5ba552d67","aud":"https://rs.example.com","exp":1639528912,` +
		`"iat":1618354090,"jti":"dbe39bf3a3ba4238a513f51d6e1691c4","client_id":"s6BhdRkqt3","scope":"openid profile"`
	accessClaims  = `{` + plainClaims + `}`
	listedClaims  = `{` + plainClaims + `,"status":{"status_list":{"idx":412,"uri":"` + listURI + `"}}}`
	benchmarkSize = 1 << 20 // one-bit entries
)

// fixed is a Validator for which every access token says the same, and that costs nothing.
func fixed(claims middleware.ClaimSet) middleware.Validator {
	t := &middleware.Token{Subject: "alice", Claims: claims}
	return middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) { return t, nil })
}

// fresh are the claims of a token that was never seen before.
type fresh struct{ strictjson.Document }

// warm returns a Checker that has fetched its list.
func warm(t testing.TB, validator middleware.Validator) *statuslist.Checker {
	t.Helper()
	h := &host{}
	h.put(listURI, page{body: encode(t, object{
		"sub": listURI, "iat": time.Now().Unix(), "ttl": 3600,
		"status_list": object{"bits": 1, "lst": deflate(t, make([]byte, benchmarkSize/8))},
	})})
	c := newChecker(t, statuslist.Config{
		Validator: validator, Verify: trusting, Prefixes: []string{prefix}, MaxTTL: time.Hour,
		HTTPClient: &http.Client{Transport: h},
	})
	if _, err := c.Validate(t.Context(), "opaque"); err != nil {
		t.Fatal(err)
	}
	return c
}

// known are the claims of tokens with and without status.
var known = map[string]middleware.ClaimSet{
	"without status": strictjson.Document(accessClaims),
	"listed":         strictjson.Document(listedClaims),
}

// BenchmarkValidate looks up valid tokens in a list of a million entries that is at hand.
func BenchmarkValidate(b *testing.B) {
	for name, claims := range known {
		b.Run(name+"/seen before", func(b *testing.B) { benchmarkValidate(b, claims) })
		b.Run(name+"/new", func(b *testing.B) { benchmarkValidate(b, fresh{claims.(strictjson.Document)}) })
	}
}

func benchmarkValidate(b *testing.B, claims middleware.ClaimSet) {
	c := warm(b, fixed(claims))
	ctx := b.Context()
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := c.Validate(ctx, "opaque"); err != nil {
				b.Error(err)
			}
		}
	})
}

// TestValidateAllocatesNothing for a token that was seen before and a list that is at hand.
func TestValidateAllocatesNothing(t *testing.T) {
	for name, claims := range known {
		c := warm(t, fixed(claims))
		ctx := t.Context()
		if n := testing.AllocsPerRun(100, func() { _, _ = c.Validate(ctx, "opaque") }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestKnownJWTAllocatesNothing: a JWT that was verified and looked up before is neither verified nor read again.
func TestKnownJWTAllocatesNothing(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}, Audience: audience})
	validator, err := jwks.New(jwks.Config{Issuer: as.Issuer(), Audience: audience, HTTPClient: as.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = validator.Close() })
	status := object{"status_list": object{"idx": 412, "uri": listURI}}
	accessToken := as.Mint(oauthtest.Token{Claims: object{"status": status}})
	ctx := context.Background()
	token, err := validator.Validate(ctx, accessToken)
	if err != nil {
		t.Fatal(err)
	}
	c := warm(t, fixed(token.Claims))
	if n := testing.AllocsPerRun(100, func() { _, _ = c.Validate(ctx, accessToken) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkFetch fetches and unpacks lists in which one entry in a hundred is revoked.
func BenchmarkFetch(b *testing.B) {
	for _, entries := range []int{1 << 10, 1 << 20, 1 << 25} {
		b.Run(fmt.Sprintf("entries=%d", entries), func(b *testing.B) {
			octets := make([]byte, entries/8)
			for i := 99; i < entries; i += 100 {
				octets[i/8] |= 1 << (i % 8)
			}
			h := &host{}
			h.put(listURI, page{body: encode(b, object{
				"sub": listURI, "iat": time.Now().Unix(),
				"status_list": object{"bits": 1, "lst": deflate(b, octets)},
			})})
			b.ReportAllocs()
			for b.Loop() {
				c := newChecker(b, statuslist.Config{
					Validator: fixed(known["listed"]), Verify: trusting, Prefixes: []string{prefix},
					HTTPClient: &http.Client{Transport: h},
				})
				if _, err := c.Validate(b.Context(), "opaque"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
