package statuslist

import (
	"math/rand/v2"
	"time"
)

// snapshot is a list as it was fetched. It is immutable.
type snapshot struct {
	*list
	flight  *flight // that brought it
	fetched time.Time
	refresh time.Time // from here on it is worth asking again
	stale   time.Time // from here on it counts only because there is no other
	useless time.Time // from here on it does not count
}

// snapshot says how long a list counts that was asked for at a certain time. What the list says itself is held within
// bounds, exp as well as ttl; the caching headers of the answer, which nobody signed, do not matter.
func (c *Config) snapshot(l *list, asked time.Time) *snapshot {
	lifetime := c.MaxTTL
	if l.ttl != 0 {
		lifetime = min(lifetime, l.ttl)
	}
	if !l.expires.IsZero() {
		lifetime = min(lifetime, l.expires.Sub(asked))
	}
	lifetime = max(lifetime, c.MinTTL)
	s := &snapshot{list: l, fetched: asked, refresh: asked.Add(refreshDelay(lifetime)), stale: asked.Add(lifetime)}
	s.useless = s.stale.Add(c.MaxStale)
	if !l.expires.IsZero() && l.expires.Before(s.useless) {
		s.useless = l.expires
	}
	if s.useless.Before(s.stale) {
		s.useless = s.stale
	}
	return s
}

// refreshDelay returns when to refresh a list of the given lifetime: late enough to be worth it, early enough to try
// again, and not at the same moment in every replica.
func refreshDelay(lifetime time.Duration) time.Duration {
	return time.Duration(float64(lifetime) * (0.75 + 0.15*rand.Float64()))
}

// phase says what a snapshot is good for at a given time.
type phase int

const (
	absent phase = iota // none, or too old to count
	fresh
	due   // fresh, but worth refreshing
	stale // counts only because there is no other
)

// maxClockStep is how far a clock may be set back before times that were noted stop making sense.
const maxClockStep = time.Minute

// phase of a nil snapshot is absent. A clock that went backwards makes a list due, not eternal.
func (s *snapshot) phase(now time.Time) phase {
	switch {
	case s == nil || !now.Before(s.useless):
		return absent
	case !now.Before(s.stale):
		return stale
	case !now.Before(s.refresh) || now.Before(s.fetched.Add(-maxClockStep)):
		return due
	}
	return fresh
}
