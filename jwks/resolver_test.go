package jwks_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// directory is a table of tenants to resolve issuers with. All of them sign with the same key.
type directory struct {
	t    *testing.T
	keys *jwks.Keys

	mu      sync.Mutex
	tenants map[string]bool
	asked   map[string]int
	answer  func(ctx context.Context, issuer string) error // before the answer; nil for none
}

func newDirectory(t *testing.T, tenants ...string) *directory {
	t.Helper()
	d := &directory{
		t: t, keys: parseKeys(t, keySet(t, signerOf(t, jose.ES256))), tenants: map[string]bool{}, asked: map[string]int{},
	}
	for _, tenant := range tenants {
		d.tenants[tenant] = true
	}
	return d
}

func (d *directory) resolve(ctx context.Context, issuer string) (jwks.Config, error) {
	d.mu.Lock()
	d.asked[issuer]++
	known := d.tenants[issuer]
	d.mu.Unlock()
	if d.answer != nil {
		if err := d.answer(ctx, issuer); err != nil {
			return jwks.Config{}, err
		}
	}
	if !known {
		return jwks.Config{}, fmt.Errorf("tenants table: %w", jwks.ErrUnknownIssuer)
	}
	return jwks.Config{Issuer: issuer, Audience: audience, Keys: d.keys}, nil
}

// times returns how often an issuer was asked about.
func (d *directory) times(issuer string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked[issuer]
}

func (d *directory) resolver(change func(*jwks.ResolverConfig)) *jwks.Resolver {
	d.t.Helper()
	cfg := jwks.ResolverConfig{Resolve: d.resolve}
	if change != nil {
		change(&cfg)
	}
	r, err := jwks.NewResolver(cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

// tokenOf returns a token of an issuer in a bubble.
func tokenOf(t testing.TB, issuer any) string {
	t.Helper()
	now := time.Now().Unix()
	claims := accessClaims(object{"iss": issuer, "iat": now, "exp": now + 3600*24})
	return sign(t, signerOf(t, jose.ES256), atJWT, claims)
}

func tenant(i int) string { return fmt.Sprintf("https://tenant-%d.example.com", i) }

func TestResolver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t, tenant(1), tenant(2))
		r := d.resolver(nil)
		for range 3 {
			for i := 1; i <= 2; i++ {
				if got := accepted(t, r, tokenOf(t, tenant(i))); got.Issuer != tenant(i) {
					t.Errorf("issuer %q", got.Issuer)
				}
			}
		}
		if d.times(tenant(1)) != 1 || d.times(tenant(2)) != 1 || r.Live() != 2 {
			t.Errorf("asked %v, %d live", d.asked, r.Live())
		}
		refused(t, r, "no token", middleware.ReasonMalformedToken)
		refused(t, r, "no.token.", middleware.ReasonMalformedToken)
	})
}

// TestResolverBound: the tenant not used for longest makes room, unless that was a moment ago.
func TestResolverBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t, tenant(1), tenant(2), tenant(3), tenant(4))
		r := d.resolver(func(c *jwks.ResolverConfig) { c.MaxIssuers = 3 })
		for _, i := range []int{1, 2, 3} {
			accepted(t, r, tokenOf(t, tenant(i)))
			elapse(time.Second)
		}
		elapse(time.Minute)
		accepted(t, r, tokenOf(t, tenant(1)))
		accepted(t, r, tokenOf(t, tenant(4)))
		if r.Live() != 3 {
			t.Errorf("%d live, want 3", r.Live())
		}
		for _, i := range []int{1, 3, 4} {
			accepted(t, r, tokenOf(t, tenant(i)))
		}
		fullUp(t, r, tokenOf(t, tenant(2)))
		elapse(time.Minute)
		accepted(t, r, tokenOf(t, tenant(2)))
		for i, want := range map[int]int{1: 1, 2: 3, 3: 1, 4: 1} { // the second time, 2 found no room
			if got := d.times(tenant(i)); got != want {
				t.Errorf("tenant %d was asked about %d times, want %d", i, got, want)
			}
		}
		if r.Live() != 3 {
			t.Errorf("%d live, want 3", r.Live())
		}
	})
}

// TestResolverRemembersStrangers for a while, and not for ever.
func TestResolverRemembersStrangers(t *testing.T) {
	for name, tt := range map[string]struct {
		unknownFor time.Duration
		want       int // questions in a minute
	}{"default": {0, 2}, "configured": {10 * time.Second, 6}, "off": {-1, 60}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDirectory(t)
				r := d.resolver(func(c *jwks.ResolverConfig) { c.UnknownFor = tt.unknownFor })
				stranger := tokenOf(t, tenant(1))
				for range 60 {
					refused(t, r, stranger, middleware.ReasonUntrustedIssuer)
					elapse(time.Second)
				}
				if got := d.times(tenant(1)); got != tt.want || r.Live() != 0 {
					t.Errorf("asked %d times, want %d; %d live", got, tt.want, r.Live())
				}
				d.tenants[tenant(1)] = true
				elapse(30 * time.Second)
				accepted(t, r, stranger)
			})
		})
	}
}

// TestResolverForgetsStrangers when there are too many: memory is bounded.
func TestResolverForgetsStrangers(t *testing.T) {
	const most = 4096
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t)
		r := d.resolver(nil)
		first := tokenOf(t, tenant(0))
		for i := range most + 1 {
			if got := r.State().Unknown; got != i {
				t.Fatalf("%d of %d strangers remembered", got, i)
			}
			refused(t, r, tokenOf(t, tenant(i)), middleware.ReasonUntrustedIssuer)
		}
		if got := r.State().Unknown; got > most {
			t.Errorf("%d strangers remembered, want %d at most", got, most)
		}
		refused(t, r, first, middleware.ReasonUntrustedIssuer)
		if got := d.times(tenant(0)); got != 2 {
			t.Errorf("asked %d times, want 2", got)
		}
	})
}

// TestResolverAsksOnce for concurrent tokens of one issuer.
func TestResolverAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t, tenant(1))
		d.answer = slowly(time.Second)
		r := d.resolver(nil)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if _, err := r.Validate(t.Context(), tokenOf(t, tenant(1))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := d.times(tenant(1)); got != 1 {
			t.Errorf("asked %d times", got)
		}
	})
}

// slowly answers after a while, or when nobody wants to know any more.
func slowly(d time.Duration) func(context.Context, string) error {
	return func(ctx context.Context, _ string) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestResolveFails: what could not be found out is not the token's fault, and is asked again.
func TestResolveFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t, tenant(1))
		broken := errors.New("database down")
		d.answer = func(context.Context, string) error { return broken }
		r := d.resolver(nil)
		_, err := r.Validate(t.Context(), tokenOf(t, tenant(1)))
		wantOutcome(t, err, middleware.ErrUnavailable, middleware.ReasonIssuerUnavailable)
		if !errors.Is(err, broken) {
			t.Errorf("error %v hides its cause", err)
		}
		d.answer = nil
		accepted(t, r, tokenOf(t, tenant(1)))
	})
}

// TestResolveMisanswers: a configuration for another issuer, or one that New refuses, is an error of the service.
func TestResolveMisanswers(t *testing.T) {
	for name, cfg := range map[string]jwks.Config{
		"other issuer": {Issuer: tenant(2), Audience: audience},
		"no audience":  {Issuer: tenant(1)},
		"nothing":      {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, err := jwks.NewResolver(jwks.ResolverConfig{
					Resolve: func(context.Context, string) (jwks.Config, error) { return cfg, nil },
				})
				if err != nil {
					t.Fatal(err)
				}
				_, err = r.Validate(t.Context(), tokenOf(t, tenant(1)))
				wantOutcome(t, err, middleware.ErrUnavailable, middleware.ReasonIssuerUnavailable)
				if r.Live() != 0 {
					t.Errorf("%d live", r.Live())
				}
			})
		})
	}
}

func TestNewResolverRefuses(t *testing.T) {
	resolve := newDirectory(t).resolve
	for want, cfg := range map[string]jwks.ResolverConfig{
		"Resolve is required":             {},
		"MaxIssuers must not be negative": {Resolve: resolve, MaxIssuers: -1},
		"ReadyFor has more issuers":       {Resolve: resolve, MaxIssuers: 1, ReadyFor: []string{tenant(1), tenant(2)}},
	} {
		r, err := jwks.NewResolver(cfg)
		if err == nil || r != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v; want %q", r, err, want)
		}
	}
}

// TestResolverSharesItsClient with tenants that have none of their own, and its clock.
func TestResolverSharesItsClient(t *testing.T) {
	web := &stub{}
	web.put(keysURL, page{body: keySet(t, signerOf(t, jose.ES256))})
	r, err := jwks.NewResolver(jwks.ResolverConfig{
		HTTPClient: &http.Client{Transport: web}, Now: atNoon,
		Resolve: func(_ context.Context, issuer string) (jwks.Config, error) {
			return jwks.Config{Issuer: issuer, Audience: audience, JWKSURL: keysURL}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	accepted(t, r, sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(nil)))
	wantRequests(t, web, keysURL)
}

// TestResolverHasOneClient for all tenants by default, so that those of one server share its connections.
func TestResolverHasOneClient(t *testing.T) {
	as := newKeyServer(t, signerOf(t, jose.ES256))
	r := newResolver(t, jwks.ResolverConfig{
		Now: atNoon,
		Resolve: func(_ context.Context, issuer string) (jwks.Config, error) {
			return jwks.Config{Issuer: issuer, Audience: audience, JWKSURL: as.URL, AllowLoopbackHTTP: true}, nil
		},
	})
	for i := range 3 {
		accepted(t, r, sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(object{"iss": tenant(i)})))
	}
	if got := as.connections.Load(); got != 1 {
		t.Errorf("%d connections", got)
	}
}

// TestResolverReadyForIsCopied: what the caller makes of the list afterwards is the caller's affair. It may have as many
// issuers as there is room for.
func TestResolverReadyForIsCopied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t, tenant(1))
		readyFor := []string{tenant(1)}
		r := d.resolver(func(c *jwks.ResolverConfig) { c.MaxIssuers, c.ReadyFor = 1, readyFor })
		readyFor[0] = tenant(2)
		wantReady(t, r, true)
	})
}

// TestAnsweredAMomentAgo: a token that finds its issuer missing, and then there, is judged like those that come later.
func TestAnsweredAMomentAgo(t *testing.T) {
	d := newDirectory(t, tenant(1))
	token := sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(object{"iss": tenant(1)}))
	var r *jwks.Resolver
	var answered, late atomic.Bool
	looking, second := make(chan struct{}), make(chan error, 2)
	d.answer = func(context.Context, string) error {
		answered.Store(true)
		return nil
	}
	// After the answer, the clock is read to note the use of the tenant, and then, with the Resolver locked, to find room for
	// it. Each time another token comes, which gets as far as that lock.
	rounds := 0
	now := func() time.Time {
		switch {
		case late.Load():
			looking <- struct{}{}
		case answered.Load() && rounds < 2:
			rounds++
			late.Store(true)
			go func() {
				_, err := r.Validate(context.Background(), token)
				second <- err
			}()
			<-looking
			late.Store(false)
			for range 1000 {
				runtime.Gosched()
			}
		}
		return noon
	}
	r = d.resolver(func(c *jwks.ResolverConfig) { c.Now = now })
	accepted(t, r, token)
	for range 2 {
		if err := <-second; err != nil {
			t.Error(err)
		}
	}
	if got := d.times(tenant(1)); got != 1 {
		t.Errorf("asked %d times", got)
	}
}
