package statuslist

import (
	"context"
	"sync/atomic"
	"time"
)

// entry is one list on the shelf, or the place of one that is being fetched.
type entry struct {
	uri     string
	current atomic.Pointer[snapshot]
	used    atomic.Int64 // when it was last wanted: unix nanoseconds
	// nextRefresh keeps requests that find the list due from queueing for the lock: unix nanoseconds.
	nextRefresh atomic.Int64

	// The rest is guarded by shelf.mu.
	flight    *flight   // in progress, or nil
	attempted time.Time // when the last flight started
	failures  int       // consecutive failed flights
	err       error     // of the last flight
}

// flight is one fetch in progress. Its results may be read once done is closed.
type flight struct {
	done     chan struct{}
	snapshot *snapshot
	err      error
}

// wait returns what a flight brings. Each caller leaves on its own deadline; the flight goes on for the others.
func (f *flight) wait(ctx context.Context) (*snapshot, error) {
	select {
	case <-f.done:
		if f.err != nil {
			return nil, verdict(f.err, 0)
		}
		return f.snapshot, nil
	case <-ctx.Done():
		return nil, verdict(context.Cause(ctx), 0)
	}
}

// dispensable reports whether e should make room before other does: lists that never came go first, then those that
// nobody wanted for longest.
func (e *entry) dispensable(other *entry) bool {
	if empty := e.current.Load() == nil; empty != (other.current.Load() == nil) {
		return empty
	}
	return e.used.Load() < other.used.Load()
}
