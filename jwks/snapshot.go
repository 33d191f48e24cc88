package jwks

import (
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
)

// snapshot is one key set as it was fetched. It is immutable once published.
type snapshot struct {
	keys       jose.KeySet
	skipped    []jose.Skipped
	url        string
	validators validators
	flight     *flight   // that brought it
	number     uint64    // no other snapshot of this process has it; never zero
	earliest   time.Time // a clock that shows less was set back
	fetched    time.Time
	refresh    time.Time // from here on it is worth asking again; before expires
	expires    time.Time // from here on it is stale
}

// snapshots counts those of all sources.
var snapshots atomic.Uint64

func (s *snapshot) age(now time.Time, lifetime time.Duration) {
	s.earliest, s.fetched = now.Add(-maxClockStep), now
	s.refresh, s.expires = now.Add(refreshDelay(lifetime)), now.Add(lifetime)
}

func (s *snapshot) lifetime() time.Duration { return s.expires.Sub(s.fetched) }

// phase says what a snapshot is good for at a given time.
type phase int

const (
	absent phase = iota // none, or too old to be used at all
	fresh
	due   // fresh, but worth refreshing
	stale // usable only while the issuer cannot be reached
)

// phase of a nil snapshot is absent. A clock that went backwards makes a set due, not eternal.
func (s *snapshot) phase(now time.Time, maxStale time.Duration) phase {
	switch {
	case s == nil:
		return absent
	case now.Before(s.refresh) && !now.Before(s.earliest): // nearly always
		return fresh
	case now.Before(s.expires):
		return due
	case now.Before(s.expires.Add(maxStale)):
		return stale
	}
	return absent
}

// maxClockStep is how far a clock may be set back before cached times stop making sense.
const maxClockStep = time.Minute
