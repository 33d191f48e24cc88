package introspection

// State describes a [Validator], for metrics and status pages. Counters only grow; they include [Validator.Uncached].
type State struct {
	// Calls is how many questions were put to the endpoint, and Failures how many of them brought no answer.
	Calls, Failures uint64
	// Hits, NegativeHits and StaleHits are how many requests the cache answered: with an active token, with a refusal, and
	// with an active token past Config.CacheTTL because the endpoint failed. SharedHits are those answered with what another
	// replica had found out (Config.Answers).
	Hits, NegativeHits, StaleHits, SharedHits uint64
	// InFlight is the number of calls under way, Waiting that of questions waiting for their turn.
	InFlight, Waiting int
	// Entries and NegativeEntries are the sizes of the caches. Entries that have expired may still be counted.
	Entries, NegativeEntries int
	// Breaker is "closed" as long as the endpoint works, "open" or "half-open" while it is probed.
	Breaker string
	// Err is what was wrong with the last call, nil if it was answered.
	Err error
}

// State describes where v stands. It does no I/O.
func (v *Validator) State() State {
	s := v.line.state()
	s.Hits, s.NegativeHits = v.hits.active.Load(), v.hits.refused.Load()
	s.StaleHits, s.SharedHits = v.hits.stale.Load(), v.hits.shared.Load()
	s.Entries, s.NegativeEntries = v.cache.facts.EstimatedSize(), v.cache.refusals.EstimatedSize()
	return s
}

func (l *line) state() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return State{
		Calls:    l.counts.calls,
		Failures: l.counts.failures,
		InFlight: l.running,
		Waiting:  l.pending.Len(),
		Breaker:  l.breaker.State().String(),
		Err:      l.counts.err,
	}
}

// well reports whether the last call was answered.
func (l *line) well() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts.calls > l.counts.failures && l.counts.err == nil
}
