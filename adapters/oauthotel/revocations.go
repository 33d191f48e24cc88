package oauthotel

import (
	"time"

	"go.opentelemetry.io/otel/metric"
)

// RevocationList is a deny-list, such as a *revocation.List.
type RevocationList interface {
	// Len returns the number of entries, Cap how many there may be.
	Len() int
	Cap() int
	// Watching returns the number of requests in progress that wait for a revocation.
	Watching() int
}

// WatchRevocations reports the size of a deny-list, whenever metrics are collected. name is the attribute
// bearergate.source, which is left out if it is empty. The error says that list is nil, that the name is in use, or that t
// is closed.
func (t *Telemetry) WatchRevocations(name string, list RevocationList) error {
	if list == nil {
		return errNothing
	}
	of, source := &t.of.list, with(named(sourceKey, name))
	return t.watch("deny-list", []string{name}, func(o metric.Observer) {
		o.ObserveInt64(of.usage, int64(list.Len()), source)
		o.ObserveInt64(of.limit, int64(list.Cap()), source)
		o.ObserveInt64(of.watches, int64(list.Watching()), source)
	}, of.usage, of.limit, of.watches)
}

// StreamState is where a stream of revocations stands. It has the fields of oauthredis.StreamState, which converts to it,
// so that a service without Redis need not know that package.
type StreamState struct {
	// LastID is what the newest record read is called. It is in no metric.
	LastID string
	// Contact is when everything in the stream was last known here; zero if it never was.
	Contact time.Time
	// Lag is how old the last record read was while there were more; zero at the end.
	Lag time.Duration
	// Applied is how many records took effect.
	Applied uint64
	// Unreadable is how many were not understood, and Lost how many were removed before they were read here.
	Unreadable, Lost uint64
	// MissedUntil is until when a revocation may matter that was missed; zero if none was.
	MissedUntil time.Time
	// Replaying says that the stream was not read to its end yet.
	Replaying bool
	// Err is what keeps the stream from being read, nil if nothing does. It is in no metric.
	Err error
}

// The states of a stream, what matters most first.
const (
	replaying    = "replaying"
	incomplete   = "incomplete"
	disconnected = "disconnected"
	current      = "current"
)

// WatchStream reports how well the revocations of other replicas arrive here, whenever metrics are collected:
//
//	telemetry.WatchStream("", func() oauthotel.StreamState { return oauthotel.StreamState(stream.State()) })
//
// As long as the stream was never read to its end, its staleness counts from the call of WatchStream. name is the
// attribute bearergate.source, which is left out if it is empty. The error says that state is nil, that the name is in use,
// or that t is closed. state is called by whoever collects, perhaps concurrently.
func (t *Telemetry) WatchStream(name string, state func() StreamState) error {
	if state == nil {
		return errNothing
	}
	of, source := &t.of.stream, named(sourceKey, name)
	alone, phases := with(source), newStates(source, current, disconnected, incomplete, replaying)
	counted := func(outcome string) metric.ObserveOption { return with(source, outcomeKey.String(outcome)) }
	applied, unreadable, lost := counted("applied"), counted("unreadable"), counted("lost")
	began := t.config.Now()
	return t.watch("stream", []string{name}, func(o metric.Observer) {
		s, now := state(), t.config.Now()
		heard := s.Contact
		if heard.IsZero() {
			heard = began
		}
		phases.observe(o, of.state, s.phase(now))
		o.ObserveFloat64(of.staleness, sinceSeconds(now, heard), alone)
		o.ObserveFloat64(of.lag, s.Lag.Seconds(), alone)
		o.ObserveInt64(of.records, int64(s.Applied), applied)
		o.ObserveInt64(of.records, int64(s.Unreadable), unreadable)
		o.ObserveInt64(of.records, int64(s.Lost), lost)
	}, of.state, of.staleness, of.lag, of.records)
}

func (s *StreamState) phase(now time.Time) string {
	switch {
	case s.Replaying:
		return replaying
	case now.Before(s.MissedUntil):
		return incomplete
	case s.Err != nil:
		return disconnected
	}
	return current
}
