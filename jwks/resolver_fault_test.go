package jwks_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// TestSlowTenant does not slow another one, neither by its lookup nor by its keys.
func TestSlowTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := oauthtest.NewServer(t, oauthtest.Config{
			InMemory: true, Host: "slow.example.com", Algorithms: []string{"ES256"}, Audience: audience,
		})
		slow.Break(oauthtest.EndpointAny, oauthtest.Fault{Latency: 4 * time.Second})
		d := newDirectory(t, tenant(1))
		r, err := jwks.NewResolver(jwks.ResolverConfig{
			HTTPClient: slow.HTTPClient(),
			Resolve: func(ctx context.Context, issuer string) (jwks.Config, error) {
				if issuer != slow.Issuer() {
					return d.resolve(ctx, issuer)
				}
				err := slowly(4*time.Second)(ctx, issuer)
				return jwks.Config{Issuer: issuer, Audience: audience, JWKSURL: slow.URL(oauthtest.EndpointJWKS)}, err
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var slowest sync.WaitGroup
		slowest.Go(func() {
			if _, err := r.Validate(t.Context(), slow.Mint(oauthtest.Token{})); err != nil {
				t.Error(err)
			}
		})
		for range 2 { // first while the lookup is under way, then while the keys are
			elapse(time.Second)
			before := time.Now()
			accepted(t, r, tokenOf(t, tenant(1)))
			if waited := time.Since(before); waited != 0 {
				t.Errorf("waited %v", waited)
			}
			elapse(4 * time.Second)
		}
		slowest.Wait()
		if took := time.Since(began); took < 8*time.Second {
			t.Errorf("the slow tenant took %v", took)
		}
	})
}

// TestResolveTimeout: a lookup ends after five seconds, and those who wait leave before if they want to.
func TestResolveTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t, tenant(1))
		d.answer = slowly(time.Minute)
		r := d.resolver(nil)
		for deadline, want := range map[time.Duration]time.Duration{time.Second: time.Second, time.Minute: 5 * time.Second} {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			began := time.Now()
			_, err := r.Validate(ctx, tokenOf(t, tenant(1)))
			cancel()
			wantOutcome(t, err, middleware.ErrUnavailable, middleware.ReasonIssuerUnavailable)
			if waited := time.Since(began); waited != want || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("waited %v, want %v; %v", waited, want, err)
			}
			elapse(5 * time.Second)
		}
	})
}

// TestForget: the next token of a forgotten issuer is looked up anew, whether the issuer was known or not.
func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t, tenant(1))
		r := d.resolver(nil)
		accepted(t, r, tokenOf(t, tenant(1)))
		refused(t, r, tokenOf(t, tenant(2)), middleware.ReasonUntrustedIssuer)
		d.tenants = map[string]bool{tenant(2): true}
		accepted(t, r, tokenOf(t, tenant(1)))
		refused(t, r, tokenOf(t, tenant(2)), middleware.ReasonUntrustedIssuer)

		r.ForgetIssuer(tenant(1))
		r.ForgetIssuer(tenant(1))
		r.ForgetIssuer(tenant(2))
		r.ForgetIssuer(tenant(3))
		if r.Live() != 0 {
			t.Errorf("%d live", r.Live())
		}
		refused(t, r, tokenOf(t, tenant(1)), middleware.ReasonUntrustedIssuer)
		accepted(t, r, tokenOf(t, tenant(2)))
		if r.Live() != 1 {
			t.Errorf("%d live", r.Live())
		}
	})
}

// TestForgetDuringALookup: an answer from before must not come back to life.
func TestForgetDuringALookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t, tenant(1))
		d.answer = slowly(time.Second)
		r := d.resolver(nil)
		var before sync.WaitGroup
		before.Go(func() { _, _ = r.Validate(t.Context(), tokenOf(t, tenant(1))) })
		synctest.Wait()
		d.tenants = nil
		r.ForgetIssuer(tenant(1))
		refused(t, r, tokenOf(t, tenant(1)), middleware.ReasonUntrustedIssuer)
		before.Wait()
		refused(t, r, tokenOf(t, tenant(1)), middleware.ReasonUntrustedIssuer)
		if r.Live() != 0 {
			t.Errorf("%d live", r.Live())
		}
	})
}

// TestStrangersIssuer is a question to the directory and never a request to anybody; what cannot be an issuer is not
// even that.
func TestStrangersIssuer(t *testing.T) {
	client := trap(t)
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t)
		r := d.resolver(func(c *jwks.ResolverConfig) { c.HTTPClient = client })
		for _, iss := range []any{"https://evil.example", "http://169.254.169.254/", "file:///etc/passwd", "\u0000"} {
			refused(t, r, tokenOf(t, iss), middleware.ReasonUntrustedIssuer)
		}
		asked := len(d.asked)
		for _, iss := range []any{nil, jsonNull{}, "", 7, []string{tenant(1)}, object{}, strings.Repeat("i", 2049)} {
			refused(t, r, tokenOf(t, iss), middleware.ReasonUntrustedIssuer)
		}
		if asked != 4 || len(d.asked) != asked {
			t.Errorf("asked about %v", d.asked)
		}
	})
}

// TestTenantInUse: a tenant whose keys are being fetched makes no room.
func TestTenantInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}, Audience: audience})
		as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Latency: time.Second})
		d := newDirectory(t, tenant(1))
		r, err := jwks.NewResolver(jwks.ResolverConfig{
			MaxIssuers: 1, HTTPClient: as.HTTPClient(),
			Resolve: func(ctx context.Context, issuer string) (jwks.Config, error) {
				if issuer == as.Issuer() {
					return jwks.Config{Issuer: issuer, Audience: audience}, nil
				}
				return d.resolve(ctx, issuer)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		var waiting sync.WaitGroup
		waiting.Go(func() {
			if _, err := r.Validate(t.Context(), as.Mint(oauthtest.Token{})); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		fullUp(t, r, tokenOf(t, tenant(1)))
		waiting.Wait()
		if r.Live() != 1 {
			t.Errorf("%d live, want 1", r.Live())
		}
	})
}

// fullUp checks that a token is not judged because all places are taken by tenants in use.
func fullUp(t *testing.T, r *jwks.Resolver, accessToken string) {
	t.Helper()
	_, err := r.Validate(t.Context(), accessToken)
	wantOutcome(t, err, middleware.ErrUnavailable, middleware.ReasonIssuerUnavailable)
}

// TestForgedTokensEvictNobody: tokens that only name trusted tenants push nobody out, and are not asked about again
// until somebody could make room.
func TestForgedTokensEvictNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t, tenant(1), tenant(2), tenant(3))
		r := d.resolver(func(c *jwks.ResolverConfig) { c.MaxIssuers = 2 })
		accepted(t, r, tokenOf(t, tenant(1)))
		accepted(t, r, tokenOf(t, tenant(2)))
		for range 100 {
			fullUp(t, r, tokenOf(t, tenant(3)))
			elapse(100 * time.Millisecond)
		}
		accepted(t, r, tokenOf(t, tenant(1)))
		if d.times(tenant(1)) != 1 || d.times(tenant(3)) != 1 {
			t.Errorf("asked %v", d.asked)
		}
	})
}

// TestPanickingResolve: a panic of the caller's function is an outage of that issuer, not of the process.
func TestPanickingResolve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t, tenant(1))
		d.answer = func(context.Context, string) error { panic("no such tenant") }
		_, err := d.resolver(nil).Validate(t.Context(), tokenOf(t, tenant(1)))
		wantOutcome(t, err, middleware.ErrUnavailable, middleware.ReasonIssuerUnavailable)
	})
}

// TestResolverClockSetBack: what a clock noted before it was set back keeps no tenant out.
func TestResolverClockSetBack(t *testing.T) {
	for _, by := range []time.Duration{30 * time.Second, 2 * time.Minute} {
		d := newDirectory(t, tenant(1), tenant(2))
		now := time.Now().Add(90 * time.Second)
		r := d.resolver(func(c *jwks.ResolverConfig) {
			c.MaxIssuers = 1
			c.Now = func() time.Time { return now }
		})
		accepted(t, r, tokenOf(t, tenant(1)))
		fullUp(t, r, tokenOf(t, tenant(2)))
		now = now.Add(-by)
		accepted(t, r, tokenOf(t, tenant(2)))
	}
}
