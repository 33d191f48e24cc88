package oauthotel

import (
	"go.opentelemetry.io/otel/metric"
)

// StoreState is how a store that replicas share answers. It has the fields of oauthredis.StoreState, which converts to it.
type StoreState struct {
	// Calls is how many questions were put to it, and Failures how many of them brought nothing that can be used.
	Calls, Failures uint64
	// Err is what was wrong with the last one, nil if nothing was. It is in no metric.
	Err error
}

// WatchStore reports how a store that replicas share answers, such as that of used proofs or of introspection answers,
// whenever metrics are collected:
//
//	telemetry.WatchStore("proofs", func() oauthotel.StoreState { return oauthotel.StoreState(replays.State()) })
//
// name is the attribute bearergate.source, which is left out if it is empty. The error says that state is nil, that the name
// is in use, or that t is closed. state is called by whoever collects, perhaps concurrently.
func (t *Telemetry) WatchStore(name string, state func() StoreState) error {
	if state == nil {
		return errNothing
	}
	of, source := &t.of.store, named(sourceKey, name)
	alone := with(source)
	good, bad := with(source, outcomeKey.String(answered)), with(source, outcomeKey.String(unanswered))
	return t.watch("store", []string{name}, func(o metric.Observer) {
		s := state()
		o.ObserveInt64(of.calls, int64(s.Calls-s.Failures), good)
		o.ObserveInt64(of.calls, int64(s.Failures), bad)
		o.ObserveInt64(of.failing, boolean(s.Err != nil), alone)
	}, of.calls, of.failing)
}

// Proofs are the used proofs of one process, as a *dpop.Replays remembers them.
type Proofs interface {
	// Len returns the number of proofs, Cap how many there may be.
	Len() int
	Cap() int
}

// WatchProofs reports how full the memory of used DPoP proofs is: once it is, new ones get 503. name is the attribute
// bearergate.source, which is left out if it is empty. The error says that proofs is nil, that the name is in use, or that t
// is closed.
func (t *Telemetry) WatchProofs(name string, proofs Proofs) error {
	if proofs == nil {
		return errNothing
	}
	of, source := &t.of.proofs, with(named(sourceKey, name))
	return t.watch("proofs", []string{name}, func(o metric.Observer) {
		o.ObserveInt64(of.usage, int64(proofs.Len()), source)
		o.ObserveInt64(of.limit, int64(proofs.Cap()), source)
	}, of.usage, of.limit)
}
