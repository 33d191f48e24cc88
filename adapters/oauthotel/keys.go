package oauthotel

import (
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/bearergate/bearergate/jwks"
)

// KeySet is a key set that can be watched, such as a *jwks.Validator or a *jwks.Verifier.
type KeySet interface{ State() jwks.State }

// Issuers are the key sets of several issuers, such as a *jwks.Router.
type Issuers interface{ States() map[string]jwks.State }

// Tenants are issuers that come and go, such as a *jwks.Resolver.
type Tenants interface{ State() jwks.ResolverState }

// WatchKeys reports where a key set stands, whenever metrics are collected. name is the attribute bearergate.source: the
// issuer, and something more if one has several key sets here. The error says that set is nil, that the name is in use, or
// that t is closed.
func (t *Telemetry) WatchKeys(name string, set KeySet) error {
	if set == nil {
		return errNothing
	}
	return t.watchKeys([]string{name}, func() map[string]jwks.State { return map[string]jwks.State{name: set.State()} })
}

// WatchIssuers does what WatchKeys does for each issuer, by its name, and returns the same errors.
func (t *Telemetry) WatchIssuers(issuers Issuers) error {
	if issuers == nil {
		return errNothing
	}
	return t.watchKeys(slices.Collect(maps.Keys(issuers.States())), issuers.States)
}

// WatchTenants reports how many issuers' keys are held in which state, not which: there may be tens of thousands. name is
// the attribute bearergate.source, which is left out if it is empty. The errors are those of WatchKeys.
func (t *Telemetry) WatchTenants(name string, tenants Tenants) error {
	if tenants == nil {
		return errNothing
	}
	of, source := &t.of.issuers, named(sourceKey, name)
	alone := with(source)
	in := func(state string) metric.ObserveOption { return with(source, stateKey.String(state)) }
	freshOnes, staleOnes, unusableOnes := in(fresh), in(stale), in(unusable)
	good, bad := with(source, outcomeKey.String(answered)), with(source, outcomeKey.String(unanswered))
	return t.watch("tenants", []string{name}, func(o metric.Observer) {
		s := tenants.State()
		o.ObserveInt64(of.count, int64(s.Issuers-s.Stale-s.Unusable), freshOnes)
		o.ObserveInt64(of.count, int64(s.Stale), staleOnes)
		o.ObserveInt64(of.count, int64(s.Unusable), unusableOnes)
		o.ObserveInt64(of.failing, int64(s.Failing), alone)
		o.ObserveInt64(of.lookups, int64(s.Lookups-s.LookupFailures), good)
		o.ObserveInt64(of.lookups, int64(s.LookupFailures), bad)
	}, of.count, of.failing, of.lookups)
}

// The states of what is fetched: key sets and status lists.
const (
	fresh    = "fresh"
	stale    = "stale"
	unusable = "unusable"
)

// fetched is the outcome of a fetch that brought keys; the other is failed.
const fetched = "fetched"

func (t *Telemetry) watchKeys(names []string, read func() map[string]jwks.State) error {
	of := &t.of.keySet
	known := make(map[string]*keySet, len(names))
	for _, name := range names {
		source := []attribute.KeyValue{sourceKey.String(name)}
		known[name] = &keySet{
			of, with(source), with(source, outcomeKey.String(fetched)), with(source, outcomeKey.String(failed)),
			newStates(source, fresh, stale, unusable),
		}
	}
	return t.watch("key set", names, func(o metric.Observer) {
		now := t.config.Now()
		for name, state := range read() {
			if set := known[name]; set != nil {
				set.observe(o, now, &state)
			}
		}
	}, of.state, of.failing, of.size, of.skipped, of.age, of.remaining, of.fetches, of.withheld, of.verified, of.fetchTime)
}

type keySet struct {
	of                      *keySetInstruments
	source, fetched, failed metric.ObserveOption
	states                  states
}

func (k *keySet) observe(o metric.Observer, now time.Time, s *jwks.State) {
	k.states.observe(o, k.of.state, phase(now, s.Usable, s.StaleAt))
	o.ObserveInt64(k.of.failing, boolean(s.Err != nil), k.source)
	o.ObserveInt64(k.of.size, int64(s.Keys), k.source)
	o.ObserveInt64(k.of.skipped, int64(len(s.Skipped)), k.source)
	o.ObserveInt64(k.of.fetches, int64(s.Fetches-s.Failures), k.fetched)
	o.ObserveInt64(k.of.fetches, int64(s.Failures), k.failed)
	o.ObserveFloat64(k.of.fetchTime, s.FetchTime.Seconds(), k.source)
	o.ObserveInt64(k.of.withheld, int64(s.Withheld), k.source)
	o.ObserveInt64(k.of.verified, int64(s.Verified), k.source)
	if s.FetchedAt.IsZero() { // none yet, or fixed ones, which have no age
		return
	}
	o.ObserveFloat64(k.of.age, sinceSeconds(now, s.FetchedAt), k.source)
	o.ObserveFloat64(k.of.remaining, sinceSeconds(s.UnusableAt, now), k.source)
}

// sinceSeconds is not negative, also where a clock was set back.
func sinceSeconds(now, then time.Time) float64 { return max(now.Sub(then), 0).Seconds() }
