package oauthotel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthotel"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/oauthtest"
)

// standing returns what is told of a key set.
func standing(source, state string, failing, keys, skipped float64) map[string]float64 {
	figures := map[string]float64{}
	for _, name := range []string{"fresh", "stale", "unusable"} {
		figures[fmt.Sprintf("bearergate.key_set.state{bearergate.source=%s,bearergate.state=%s}", source, name)] = 0
	}
	of := "{bearergate.source=" + source + "}"
	figures[fmt.Sprintf("bearergate.key_set.state{bearergate.source=%s,bearergate.state=%s}", source, state)] = 1
	figures["bearergate.key_set.fetch.failing"+of] = failing
	figures["bearergate.key_set.size"+of] = keys
	figures["bearergate.key_set.skipped"+of] = skipped
	return fetched(figures, source, jwks.State{})
}

// fetched adds what is told of how the keys came and were used.
func fetched(figures map[string]float64, source string, s jwks.State) map[string]float64 {
	of := "bearergate.source=" + source + "}"
	figures["bearergate.key_set.fetches{bearergate.outcome=fetched,"+of] = float64(s.Fetches - s.Failures)
	figures["bearergate.key_set.fetches{bearergate.outcome=failed,"+of] = float64(s.Failures)
	figures["bearergate.key_set.fetch.time{"+of] = s.FetchTime.Seconds()
	figures["bearergate.key_set.fetch.withheld{"+of] = float64(s.Withheld)
	figures["bearergate.key_set.verified_tokens{"+of] = float64(s.Verified)
	return figures
}

// aged adds what is told of keys that were fetched.
func aged(figures map[string]float64, source string, age, remaining time.Duration) map[string]float64 {
	figures["bearergate.key_set.age{bearergate.source="+source+"}"] = age.Seconds()
	figures["bearergate.key_set.remaining{bearergate.source="+source+"}"] = remaining.Seconds()
	return figures
}

// The keys of a real Validator, from before the first token until they are too old.
func TestKeysThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, CacheControl: "max-age=600"})
		validator, err := jwks.New(jwks.Config{Issuer: as.Issuer(), Audience: "https://api.example.com", HTTPClient: as.HTTPClient()})
		if err != nil {
			t.Fatal(err)
		}
		defer validator.Close()
		m := newMeter(t, oauthotel.Config{})
		if err := m.WatchKeys(as.Issuer(), validator); err != nil {
			t.Fatal(err)
		}
		const keys = "bearergate.key_set."
		m.want(keys, standing(as.Issuer(), "unusable", 0, 0, 0))

		if err := validator.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-time.After(5 * time.Minute)
		figures := aged(standing(as.Issuer(), "fresh", 0, 1, 0), as.Issuer(), 5*time.Minute, 65*time.Minute)
		m.want(keys, fetched(figures, as.Issuer(), jwks.State{Fetches: 1}))

		as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Status: http.StatusServiceUnavailable})
		<-time.After(6 * time.Minute)
		_, _ = validator.Validate(t.Context(), as.Mint(oauthtest.Token{}))
		synctest.Wait()
		figures = aged(standing(as.Issuer(), "stale", 1, 1, 0), as.Issuer(), 11*time.Minute, 59*time.Minute)
		m.want(keys, fetched(figures, as.Issuer(), jwks.State{Fetches: 2, Failures: 1, Verified: 1}))

		<-time.After(2 * time.Hour)
		figures = aged(standing(as.Issuer(), "unusable", 1, 1, 0), as.Issuer(), 131*time.Minute, 0)
		m.want(keys, fetched(figures, as.Issuer(), jwks.State{Fetches: 2, Failures: 1, Verified: 1}))
	})
}

// Fixed keys have no age, and keys that are left out are counted.
func TestFixedKeys(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	fixed := keySet{Usable: true, Keys: 2, Skipped: []jwks.SkippedKey{{KeyID: "weak"}}, Verified: 7}
	if err := m.WatchKeys("fixed", fixed); err != nil {
		t.Fatal(err)
	}
	m.want("", fetched(standing("fixed", "fresh", 0, 2, 1), "fixed", jwks.State(fixed)))
}

// Every issuer of a real Router has figures of its own.
func TestIssuers(t *testing.T) {
	var validators []*jwks.Validator
	want := map[string]float64{}
	for _, host := range []string{"a.example.com", "b.example.com"} {
		as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Host: host})
		validator, err := jwks.New(jwks.Config{Issuer: as.Issuer(), Audience: "us", HTTPClient: as.HTTPClient()})
		if err != nil {
			t.Fatal(err)
		}
		validators = append(validators, validator)
		for name, value := range standing(as.Issuer(), "unusable", 0, 0, 0) {
			want[name] = value
		}
	}
	router, err := jwks.Issuers(validators...)
	if err != nil {
		t.Fatal(err)
	}
	defer router.Close()
	m := newMeter(t, oauthotel.Config{})
	if err := m.WatchIssuers(router); err != nil {
		t.Fatal(err)
	}
	m.want("", want)
}

// An issuer that turns up later gets no series, so that there are never more than at the start.
func TestIssuersStayTheSame(t *testing.T) {
	m, sets := newMeter(t, oauthotel.Config{}), keySets{"a": {Err: errors.New("secret")}}
	if err := m.WatchIssuers(sets); err != nil {
		t.Fatal(err)
	}
	sets["b"] = jwks.State{}
	m.want("", standing("a", "unusable", 1, 0, 0))
}

// A clock that was set back makes nothing negative.
func TestAgeWhenTheClockIsSetBack(t *testing.T) {
	noon := time.Unix(1_800_000_000, 0)
	m := newMeter(t, oauthotel.Config{Now: func() time.Time { return noon }})
	set := keySet{Usable: true, FetchedAt: noon.Add(time.Hour), StaleAt: noon.Add(2 * time.Hour), UnusableAt: noon.Add(3 * time.Hour)}
	if err := m.WatchKeys("a", set); err != nil {
		t.Fatal(err)
	}
	m.want("", aged(standing("a", "fresh", 0, 0, 0), "a", 0, 3*time.Hour))
}

// tenancy is what is told of tenants.
func tenancy(fresh, stale, unusable, failing, answered, failed float64) map[string]float64 {
	return map[string]float64{
		"bearergate.issuer.count{bearergate.state=fresh}":        fresh,
		"bearergate.issuer.count{bearergate.state=stale}":        stale,
		"bearergate.issuer.count{bearergate.state=unusable}":     unusable,
		"bearergate.issuer.fetch.failing{}":                      failing,
		"bearergate.issuer.lookups{bearergate.outcome=answered}": answered,
		"bearergate.issuer.lookups{bearergate.outcome=failed}":   failed,
	}
}

func TestTenantsByState(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	state := jwks.ResolverState{Issuers: 10, Stale: 3, Unusable: 2, Failing: 4, Lookups: 30, LookupFailures: 5, Err: errors.New("secret")}
	if err := m.WatchTenants("", tenants(state)); err != nil {
		t.Fatal(err)
	}
	m.want("", tenancy(5, 3, 2, 4, 25, 5))
}

// Of a real Resolver it is told how many issuers there are, not which.
func TestTenants(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true})
	resolver, err := jwks.NewResolver(jwks.ResolverConfig{
		Resolve: func(context.Context, string) (jwks.Config, error) {
			return jwks.Config{Issuer: as.Issuer(), Audience: "https://api.example.com"}, nil
		},
		HTTPClient: as.HTTPClient(),
	})
	if err != nil {
		t.Fatal(err)
	}
	m := newMeter(t, oauthotel.Config{})
	if err := m.WatchTenants("", resolver); err != nil {
		t.Fatal(err)
	}
	m.want("", tenancy(0, 0, 0, 0, 0, 0))
	if _, err := resolver.Validate(t.Context(), as.Mint(oauthtest.Token{})); err != nil {
		t.Fatal(err)
	}
	m.want("", tenancy(1, 0, 0, 0, 1, 0))
}

// The counters of a key set have a place each.
func TestFetches(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	counts := jwks.State{Usable: true, Fetches: 9, Failures: 2, Withheld: 40, Verified: 1000, FetchTime: 1500 * time.Millisecond}
	if err := m.WatchKeys("a", keySet(counts)); err != nil {
		t.Fatal(err)
	}
	m.want("", fetched(standing("a", "fresh", 0, 0, 0), "a", counts))
}
