package jwks

import (
	"context"
	"time"
)

// State describes where a [Validator]'s keys stand, for metrics and status pages. Times are zero for fixed keys.
type State struct {
	// Usable reports whether tokens can be judged now without waiting for the issuer.
	Usable bool
	// Keys is the number of usable keys.
	Keys int
	// Skipped are the keys of the set that are not used, and why.
	Skipped []SkippedKey
	// FetchedAt is when the keys were last confirmed by the issuer.
	FetchedAt time.Time
	// StaleAt is when their lifetime ends; from then on they are used only while the issuer cannot be reached.
	StaleAt time.Time
	// UnusableAt is when they stop being used at all.
	UnusableAt time.Time
	// AttemptedAt is when the issuer was last asked.
	AttemptedAt time.Time
	// Err is what went wrong then, nil if nothing did.
	Err error
	// Verified is how many tokens had their signature verified and were accepted, rather than remembered. It only grows.
	Verified uint64
	// Fetches is how many fetches have ended, Failures how many of them brought no keys, and FetchTime how long all of them
	// took together. Withheld is how many tokens with an unknown key caused none, because there was no ration left. All of
	// them only grow.
	Fetches, Failures, Withheld uint64
	FetchTime                   time.Duration
}

func (s *remote) state() State {
	now, last := s.now(), s.current.Load()
	s.mu.Lock()
	state := State{
		AttemptedAt: s.attempted, Err: s.err,
		Fetches: s.counts.fetches, Failures: s.counts.failures, Withheld: s.withheld.Load(), FetchTime: s.counts.took,
	}
	s.mu.Unlock()
	if last == nil {
		return state
	}
	state.Usable = last.phase(now, s.maxStale) != absent
	state.Keys = last.keys.Len()
	state.Skipped = skippedKeys(last.skipped)
	state.FetchedAt, state.StaleAt, state.UnusableAt = last.fetched, last.expires, last.expires.Add(s.maxStale)
	return state
}

func (s *remote) ready(ctx context.Context) error {
	_, err := s.usable(ctx, s.now(), s.current.Load())
	return err
}
