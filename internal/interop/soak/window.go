package soak

import "time"

// Cause is what a Window excuses.
type Cause string

// The causes, besides the kinds of tokens whose 503 a window excuses.
const (
	// NoAnswer excuses that there is none: the replica is being restarted.
	NoAnswer Cause = "no answer"
	// NoContact means that revocations need not arrive promptly.
	NoContact Cause = "no contact"
	// NoContactForLong excuses 503 for every token that is not known to be revoked (StreamConfig.FailClosed).
	NoContactForLong Cause = "no contact for long"
)

// excuses are the causes of which each excuses 503 for tokens of a kind. Nobody knows of a bad one that it is bad while what
// would tell is out of reach.
func (k Kind) excuses() []Cause {
	if k == Bad {
		return []Cause{Cause(Fresh), Cause(Opaque), Cause(Proven), NoContactForLong}
	}
	return []Cause{Cause(k), NoContactForLong}
}

// Window is a time in which something cannot be helped. Without replicas it is for all of them.
type Window struct {
	Cause    Cause
	Replicas []string
	From     time.Time
	To       time.Time // zero while it lasts
}

// Excuse opens a window; the function that it returns closes it, some time from now on.
func (c *Checker) Excuse(w Window) (until func(time.Time)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.windows = append(c.windows, &w)
	return func(end time.Time) {
		c.mu.Lock()
		defer c.mu.Unlock()
		w.To = end
	}
}

// within reports whether a window overlaps a time at a replica. The caller holds mu.
func (c *Checker) within(cause Cause, replica string, from, to time.Time) bool {
	for _, w := range c.windows {
		if w.Cause == cause && w.covers(replica) && !to.Before(w.From) && (w.To.IsZero() || !from.After(w.To)) {
			return true
		}
	}
	return false
}

// contact returns since when a replica has been in contact with Redis again, looking back from now at a time since when
// something could have arrived. The caller holds mu.
func (c *Checker) contact(replica string, since, now time.Time) time.Time {
	for _, w := range c.windows {
		switch {
		case w.Cause != NoContact || !w.covers(replica) || now.Before(w.From):
		case w.To.IsZero() || w.To.After(now):
			return now
		case w.To.After(since):
			since = w.To
		}
	}
	return since
}

func (w *Window) covers(replica string) bool {
	if len(w.Replicas) == 0 {
		return true
	}
	for _, r := range w.Replicas {
		if r == replica {
			return true
		}
	}
	return false
}
