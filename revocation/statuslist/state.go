package statuslist

import "time"

// State describes a [Checker], for metrics and status pages.
type State struct {
	// Lists has the state of each list that is kept, by its URI.
	Lists map[string]ListState
}

// ListState describes one list. Times are zero, and Entries is, for one that never came.
type ListState struct {
	// Usable reports whether tokens can be judged by the list now without waiting.
	Usable bool
	// Entries is the number of statuses in the list, those that belong to no token yet included.
	Entries int
	// FetchedAt is when the list was asked for.
	FetchedAt time.Time
	// StaleAt is when its lifetime ends; from then on it is used only while no newer one can be had.
	StaleAt time.Time
	// UnusableAt is when it stops being used at all.
	UnusableAt time.Time
	// AttemptedAt is when a newer one was last asked for.
	AttemptedAt time.Time
	// Err is what went wrong then, nil if nothing did.
	Err error
}

// State describes where the lists stand. It does no I/O.
func (c *Checker) State() State {
	s := c.shelf
	now := s.config.Now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	state := State{Lists: make(map[string]ListState, len(s.entries))}
	for uri, e := range s.entries {
		state.Lists[uri] = e.state(now)
	}
	return state
}

// state describes one entry. The caller holds shelf.mu.
func (e *entry) state(now time.Time) ListState {
	state := ListState{AttemptedAt: e.attempted, Err: e.err}
	if last := e.current.Load(); last != nil {
		state.Usable = last.phase(now) != absent
		state.Entries = last.entries()
		state.FetchedAt, state.StaleAt, state.UnusableAt = last.fetched, last.stale, last.useless
	}
	return state
}
