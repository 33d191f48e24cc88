package oauthotel

import (
	"strings"

	"go.opentelemetry.io/otel/metric"

	"github.com/bearergate/bearergate/introspection"
)

// Introspector asks an introspection endpoint, as an *introspection.Validator does.
type Introspector interface{ State() introspection.State }

// The values of the attribute bearergate.outcome for calls and look-ups.
const (
	answered   = "answered"
	unanswered = "failed"
)

// WatchIntrospection reports calls, cache and circuit breaker of a Validator, whenever metrics are collected. They include
// those of its Uncached. name is the attribute bearergate.source, such as the issuer; it is left out if it is empty. The
// error says that v is nil, that the name is in use, or that t is closed.
func (t *Telemetry) WatchIntrospection(name string, v Introspector) error {
	if v == nil {
		return errNothing
	}
	of, source := &t.of.introspection, named(sourceKey, name)
	alone := with(source)
	ended := func(outcome string) metric.ObserveOption { return with(source, outcomeKey.String(outcome)) }
	cached := func(kind string) metric.ObserveOption { return with(source, kindKey.String(kind)) }
	good, bad := ended(answered), ended(unanswered)
	active, refused, stale, shared := cached("active"), cached("refused"), cached("stale"), cached("shared")
	breaker := newStates(source, "closed", "open", "half_open")
	return t.watch("introspection", []string{name}, func(o metric.Observer) {
		s := v.State()
		o.ObserveInt64(of.calls, int64(s.Calls-s.Failures)-int64(s.InFlight), good)
		o.ObserveInt64(of.calls, int64(s.Failures), bad)
		o.ObserveInt64(of.active, int64(s.InFlight), alone)
		o.ObserveInt64(of.queued, int64(s.Waiting), alone)
		o.ObserveInt64(of.failing, boolean(s.Err != nil), alone)
		breaker.observe(o, of.breaker, strings.ReplaceAll(s.Breaker, "-", "_"))
		o.ObserveInt64(of.hits, int64(s.Hits), active)
		o.ObserveInt64(of.hits, int64(s.NegativeHits), refused)
		o.ObserveInt64(of.hits, int64(s.StaleHits), stale)
		o.ObserveInt64(of.hits, int64(s.SharedHits), shared)
		o.ObserveInt64(of.usage, int64(s.Entries), active)
		o.ObserveInt64(of.usage, int64(s.NegativeEntries), refused)
	}, of.calls, of.hits, of.active, of.queued, of.failing, of.breaker, of.usage)
}
