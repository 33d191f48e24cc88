package jwks_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// remoteTenants resolves every tenant to a key set of its own on a stub.
type remoteTenants struct {
	t    *testing.T
	stub *stub
}

func newRemoteTenants(t *testing.T) *remoteTenants {
	return &remoteTenants{t, &stub{answers: map[string]page{}}}
}

func (r *remoteTenants) publish(issuer string) {
	r.stub.put(issuer+"/jwks", page{body: keySet(r.t, signerOf(r.t, jose.ES256))})
}

func (r *remoteTenants) withdraw(issuer string) {
	r.stub.put(issuer+"/jwks", page{status: http.StatusBadGateway, body: "secret of an upstream"})
}

func (r *remoteTenants) resolve(_ context.Context, issuer string) (jwks.Config, error) {
	if issuer == "https://stranger.example" {
		return jwks.Config{}, jwks.ErrUnknownIssuer
	}
	return jwks.Config{Issuer: issuer, Audience: audience, JWKSURL: issuer + "/jwks", MaxStale: time.Hour}, nil
}

func (r *remoteTenants) resolver(readyFor ...string) *jwks.Resolver {
	r.t.Helper()
	resolver, err := jwks.NewResolver(jwks.ResolverConfig{
		Resolve: r.resolve, HTTPClient: r.stub.client(), ReadyFor: readyFor, MaxIssuers: 3,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return resolver
}

// A tenant that is out of reach is seen, and is no reason to call the service unready, be it the only one.
func TestResolverStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenants := newRemoteTenants(t)
		r := tenants.resolver()
		wantReady(t, r, true)
		if got := r.State(); got != (jwks.ResolverState{}) {
			t.Errorf("at the start: %+v", got)
		}
		tenants.withdraw(tenant(1))
		undecided(t, r, tokenOf(t, tenant(1)))
		wantReady(t, r, true)
		tenants.publish(tenant(2))
		accepted(t, r, tokenOf(t, tenant(2)))
		refused(t, r, tokenOf(t, "https://stranger.example"), middleware.ReasonUntrustedIssuer)

		if got, want := r.State(), (jwks.ResolverState{Issuers: 2, Unusable: 1, Failing: 1, Unknown: 1, Lookups: 3}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		states := maps.Collect(r.States())
		down, up := states[tenant(1)], states[tenant(2)]
		if len(states) != 2 || down.Usable || down.Err == nil || !up.Usable || up.Err != nil || up.Keys != 1 || !up.FetchedAt.Equal(time.Now()) {
			t.Errorf("got %+v", states)
		}
		wantDiscretion(t, down.Err, "secret of an upstream")
		for range r.States() {
			break // which a status page does that shows no more than it has room for
		}
	})
}

// Keys whose lifetime is over are told apart from fresh ones, and from those that are of no use any more.
func TestResolverStateOfOldKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenants := newRemoteTenants(t)
		r := tenants.resolver()
		tenants.publish(tenant(1))
		accepted(t, r, tokenOf(t, tenant(1)))
		for _, step := range []struct {
			after time.Duration
			want  jwks.ResolverState
		}{
			{10*time.Minute - time.Second, jwks.ResolverState{Issuers: 1, Lookups: 1}},
			{time.Second, jwks.ResolverState{Issuers: 1, Stale: 1, Lookups: 1}},
			{time.Hour, jwks.ResolverState{Issuers: 1, Unusable: 1, Lookups: 1}},
		} {
			elapse(step.after)
			if got := r.State(); got != step.want {
				t.Errorf("%v later: got %+v, want %+v", step.after, got, step.want)
			}
		}
	})
}

// The tenants of ReadyFor are looked up and their keys fetched; others do not matter.
func TestResolverReadyFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenants := newRemoteTenants(t)
		tenants.publish(tenant(1))
		tenants.withdraw(tenant(2))
		tenants.withdraw(tenant(3))
		r := tenants.resolver(tenant(1), tenant(2))
		wantReady(t, r, false)
		elapse(time.Second)
		undecided(t, r, tokenOf(t, tenant(3)))
		if got := r.State(); got.Issuers != 3 || got.Unusable != 2 {
			t.Errorf("got %+v", got)
		}
		tenants.publish(tenant(2))
		elapse(time.Second)
		wantReady(t, r, true)
		if got := r.State(); got.Issuers != 3 || got.Unusable != 1 || got.Lookups != 3 {
			t.Errorf("got %+v", got)
		}

		// What others wait for is not evicted, however long it has no tokens.
		tenants.publish(tenant(4))
		elapse(2 * time.Minute)
		wantReady(t, r, true)
		accepted(t, r, tokenOf(t, tenant(4)))
		states := maps.Collect(r.States())
		if _, held := states[tenant(3)]; held || len(states) != 3 {
			t.Errorf("held: %v", states)
		}
	})
}

func TestResolverReadyForStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRemoteTenants(t).resolver("https://stranger.example")
		for range 2 { // asked, and remembered
			wantReady(t, r, false)
		}
	})
}

// Resolve that fails is told with its own words, until it answers.
func TestResolverStateOfResolve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, down := newDirectory(t, tenant(1)), errors.New("no database")
		d.answer = func(context.Context, string) error { return down }
		r := d.resolver(func(c *jwks.ResolverConfig) { c.ReadyFor = []string{tenant(1)} })
		wantReady(t, r, false)
		if got := r.State(); !errors.Is(got.Err, down) || got.Lookups != 1 || got.LookupFailures != 1 {
			t.Errorf("got %+v", got)
		}
		d.answer = nil
		wantReady(t, r, true)
		if got, want := r.State(), (jwks.ResolverState{Issuers: 1, Lookups: 2, LookupFailures: 1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		d.answer = slowly(time.Second)
		go func() { _, _ = r.Validate(context.Background(), tokenOf(t, tenant(2))) }()
		synctest.Wait()
		if got := r.State(); got.Asking != 1 {
			t.Errorf("got %+v", got)
		}
		elapse(time.Second)
	})
}

func wantReady(t *testing.T, r *jwks.Resolver, ready bool) {
	t.Helper()
	err := r.Ready(t.Context())
	if (err == nil) != ready || err != nil && !errors.Is(err, middleware.ErrUnavailable) {
		t.Errorf("ready: %v", err)
	}
}
