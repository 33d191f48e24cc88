package dpop

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// MemoryConfig configures [Replays]. Its zero value works.
type MemoryConfig struct {
	// MaxEntries bounds how many proofs are remembered. Only proofs that passed every check are, so it takes holders of
	// good tokens to fill the store. An entry takes 24 to 40 bytes. Default: 1,000,000, which is 11,000 requests a second
	// under the default [Config].
	MaxEntries int
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// ErrFull says that a store holds as many entries as it may.
var ErrFull = errors.New("dpop: the replay store is full")

// Replays is a [ReplayStore] in memory. It forgets no entry before its time, and refuses new ones with ErrFull while it
// is full of such. Room is made up to 16 seconds after that time. It is safe for concurrent use and starts no
// goroutine.
type Replays struct {
	now    func() time.Time
	max    int64
	length atomic.Int64
	shards [64]shard
}

// NewReplays returns an empty store. The only error is that of a negative MaxEntries.
func NewReplays(cfg MemoryConfig) (*Replays, error) {
	if cfg.MaxEntries < 0 {
		return nil, errors.New("dpop: MaxEntries must not be negative")
	}
	if cfg.MaxEntries == 0 {
		cfg.MaxEntries = 1_000_000
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Replays{now: cfg.Now, max: int64(cfg.MaxEntries)}, nil
}

// Add implements ReplayStore. A key that is remembered is recognised even if the store is full.
func (s *Replays) Add(_ context.Context, key [32]byte, ttl time.Duration) (bool, error) {
	now := s.now()
	e := entry{shortKey(key[:16]), now.Add(ttl).Unix()/span + 1}
	in := &s.shards[key[31]%byte(len(s.shards))]
	added, full := in.add(s, e, now)
	if full {
		s.sweep(now)
		added, full = in.add(s, e, now)
	}
	if full {
		return false, ErrFull
	}
	return added, nil
}

// Cap returns MemoryConfig.MaxEntries, or its default.
func (s *Replays) Cap() int { return int(s.max) }

// Len returns the number of entries, including those whose time is over but that were not swept out yet.
func (s *Replays) Len() int { return int(s.length.Load()) }

// sweep makes room in every shard. As long as there is some, each sweeps only itself.
func (s *Replays) sweep(now time.Time) {
	for i := range s.shards {
		in := &s.shards[i]
		in.mu.Lock()
		in.sweep(s, now)
		in.mu.Unlock()
	}
}

// take reserves room for one entry.
func (s *Replays) take() bool {
	if s.length.Add(1) <= s.max {
		return true
	}
	s.length.Add(-1)
	return false
}

// shortKey is half of a SHA-256, which is enough for nobody to find another proof's.
type shortKey [16]byte

// span is the length of a generation in seconds. Generations are numbered from 1970.
const span = 16

type entry struct {
	key        shortKey
	generation int64
}

// shard is a part of the store. Entries whose time ends in the same span of time are one generation, which is dropped
// as a whole: sweeping costs nothing for each entry.
type shard struct {
	mu          sync.Mutex
	generations []generation // the first to end first
}

type generation struct {
	number int64
	keys   map[shortKey]struct{}
}

func (in *shard) add(s *Replays, e entry, now time.Time) (added, full bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.sweep(s, now)
	for _, g := range in.generations {
		if _, known := g.keys[e.key]; known {
			return false, false
		}
	}
	if !s.take() {
		return false, true
	}
	in.keys(e.generation)[e.key] = struct{}{}
	return true, false
}

// keys returns those of a generation, which begins with its first entry.
func (in *shard) keys(number int64) map[shortKey]struct{} {
	byNumber := func(g generation, number int64) int { return int(g.number - number) }
	i, found := slices.BinarySearchFunc(in.generations, number, byNumber)
	if !found {
		in.generations = slices.Insert(in.generations, i, generation{number, make(map[shortKey]struct{})})
	}
	return in.generations[i].keys
}

// sweep drops the generations whose last entry has ended.
func (in *shard) sweep(s *Replays, now time.Time) {
	current := now.Unix() / span
	for len(in.generations) > 0 && in.generations[0].number <= current {
		s.length.Add(-int64(len(in.generations[0].keys)))
		in.generations = slices.Delete(in.generations, 0, 1)
	}
}
