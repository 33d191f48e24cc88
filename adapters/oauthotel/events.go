package oauthotel

import (
	"go.opentelemetry.io/otel/metric"

	"github.com/bearergate/bearergate/revocation/events"
)

// EventReceiver takes security events, as an *events.Receiver does.
type EventReceiver interface{ State() events.State }

// LogoutReceiver takes logout tokens, as an *events.Logout does.
type LogoutReceiver interface{ State() events.Counts }

// EventPoller fetches security events, as an *events.Poller does.
type EventPoller interface{ State() events.PollState }

// unannounced is the state of a stream whose transmitter has announced none.
const unannounced = "unannounced"

// WatchEvents reports what becomes of security events, and the state that their transmitter says the stream is in. name is
// the attribute bearergate.source, such as the transmitter; it is left out if it is empty. The error says that r is nil, that
// the name is in use, or that t is closed.
func (t *Telemetry) WatchEvents(name string, r EventReceiver) error {
	if r == nil {
		return errNothing
	}
	of, source := &t.of.events, named(sourceKey, name)
	count, states := t.countEvents(name), newStates(source, "enabled", "paused", "disabled", unannounced)
	return t.watch("events", []string{name}, func(o metric.Observer) {
		s := r.State()
		count(o, s.Counts)
		if s.Stream == "" {
			s.Stream = unannounced
		}
		states.observe(o, of.stream, s.Stream)
	}, of.tokens, of.failing, of.stream)
}

// WatchLogouts does what WatchEvents does for logout tokens, whose senders announce no state. What is watched by either has
// a name of its own.
func (t *Telemetry) WatchLogouts(name string, l LogoutReceiver) error {
	if l == nil {
		return errNothing
	}
	of, count := &t.of.events, t.countEvents(name)
	return t.watch("events", []string{name}, func(o metric.Observer) { count(o, l.State()) }, of.tokens, of.failing)
}

// countEvents returns what reports how many tokens had which outcome.
func (t *Telemetry) countEvents(name string) func(metric.Observer, events.Counts) {
	of, source := &t.of.events, named(sourceKey, name)
	counted := func(outcome string) metric.ObserveOption { return with(source, outcomeKey.String(outcome)) }
	accepted, repeated, refused, failed := counted("accepted"), counted("repeated"), counted(refused), counted(failed)
	alone := with(source)
	return func(o metric.Observer, c events.Counts) {
		o.ObserveInt64(of.tokens, int64(c.Accepted), accepted)
		o.ObserveInt64(of.tokens, int64(c.Repeated), repeated)
		o.ObserveInt64(of.tokens, int64(c.Refused), refused)
		o.ObserveInt64(of.tokens, int64(c.Failed), failed)
		o.ObserveInt64(of.failing, boolean(c.Err != nil), alone)
	}
}

// WatchPoller reports how well a transmitter can be reached. As long as it never answered, its staleness counts from the
// call of WatchPoller. name is the attribute bearergate.source, which is left out if it is empty. The error says that p is
// nil, that the name is in use, or that t is closed.
func (t *Telemetry) WatchPoller(name string, p EventPoller) error {
	if p == nil {
		return errNothing
	}
	of, source, began := &t.of.poll, with(named(sourceKey, name)), t.config.Now()
	return t.watch("poller", []string{name}, func(o metric.Observer) {
		s := p.State()
		heard := s.ContactAt
		if heard.IsZero() {
			heard = began
		}
		o.ObserveFloat64(of.staleness, sinceSeconds(t.config.Now(), heard), source)
		o.ObserveInt64(of.failing, boolean(s.Failures > 0), source)
		o.ObserveInt64(of.unacknowledged, int64(s.Unacknowledged), source)
	}, of.staleness, of.failing, of.unacknowledged)
}
