package revocation

import (
	"math"
	"sync"
	"sync/atomic"
)

// key is the keyed 128-bit hash of what is revoked. Its first half has the bit inUse, which tells it from an empty slot.
type key [2]uint64

const inUse = 1 << 63

// slot holds one entry. It is published by its first word, which is written last. A live entry may later be extended, never
// shortened, so a reader that sees half of an extension sees a state that was right.
type slot struct {
	lo, hi atomic.Uint64
	before atomic.Int64 // tokens issued up to this second are revoked
	until  atomic.Int64 // the second this entry ends
}

// table is an open-addressing hash table with lock-free readers and one writer at a time. It forgets an entry only once
// its time is over.
type table struct {
	slots atomic.Pointer[[]slot]
	// length counts slots in use, ended ones included. It is what a reader of an empty table looks at.
	length atomic.Int64

	mu  sync.Mutex
	max int
	// earliest is no later than the end of any entry: before it, sweeping would free nothing.
	earliest int64
}

const minSlots = 64

func newTable(limit int) *table {
	t := &table{max: limit, earliest: math.MaxInt64}
	slots := make([]slot, minSlots)
	t.slots.Store(&slots)
	return t
}

// find returns the second up to which tokens are revoked, and whether there is an entry that has not ended.
func (t *table) find(k key, now int64) (before int64, ok bool) {
	s, ok := probe(*t.slots.Load(), k)
	if !ok || s.until.Load() <= now {
		return 0, false
	}
	return s.before.Load(), true
}

// probe returns the slot of k, or the empty one where it would go, and whether k was there. A reader must not look at an
// empty slot again: it may have become that of another key. There always is one, for tables are never full.
func probe(slots []slot, k key) (s *slot, found bool) {
	mask := uint64(len(slots) - 1)
	for i := k[0] & mask; ; i = (i + 1) & mask {
		s := &slots[i]
		switch lo := s.lo.Load(); {
		case lo == 0:
			return s, false
		case lo == k[0] && s.hi.Load() == k[1]:
			return s, true
		}
	}
}

// add makes an entry, or extends the one there is. It returns false if the table is full of entries that have not ended.
// An entry that would have ended already is not made: it would only be swept out again.
func (t *table) add(k key, before, until, now int64) bool {
	if until <= now {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s, found := probe(*t.slots.Load(), k)
	if found {
		s.extend(before, until, now)
		return true
	}
	if t.crowded() {
		if !t.makeRoom(now) {
			return false
		}
		s, _ = probe(*t.slots.Load(), k)
	}
	s.fill(k, before, until)
	t.earliest = min(t.earliest, until)
	t.length.Add(1)
	return true
}

// makeRoom sweeps and grows, and reports whether there is room then. A full table is swept only if that frees something,
// so that a flood of revocations does not sweep for each.
func (t *table) makeRoom(now int64) bool {
	full := func() bool { return int(t.length.Load()) >= t.max }
	if full() && now < t.earliest {
		return false
	}
	t.rebuild(now)
	return !full()
}

// crowded reports that another entry would exceed the limit or make probing slow.
func (t *table) crowded() bool {
	length := int(t.length.Load())
	return length >= t.max || length >= len(*t.slots.Load())/4*3
}

// extend makes an entry reach as far as both revocations do, or starts it anew if it has ended.
func (s *slot) extend(before, until, now int64) {
	if s.liveAt(now) {
		before, until = max(before, s.before.Load()), max(until, s.until.Load())
	}
	s.before.Store(before)
	s.until.Store(until)
}

func (s *slot) fill(k key, before, until int64) {
	s.before.Store(before)
	s.until.Store(until)
	s.hi.Store(k[1])
	s.lo.Store(k[0])
}

// rebuild copies what has not ended into a table of fitting size. Readers go on with the old one, which stays as it is.
func (t *table) rebuild(now int64) {
	old := *t.slots.Load()
	live := 0
	for i := range old {
		if old[i].liveAt(now) {
			live++
		}
	}
	size := minSlots
	for size/4*3 <= live+live/4 {
		size *= 2
	}
	slots := make([]slot, size)
	t.earliest = math.MaxInt64
	for i := range old {
		if s := &old[i]; s.liveAt(now) {
			k, until := key{s.lo.Load(), s.hi.Load()}, s.until.Load()
			empty, _ := probe(slots, k)
			empty.fill(k, s.before.Load(), until)
			t.earliest = min(t.earliest, until)
		}
	}
	t.slots.Store(&slots)
	t.length.Store(int64(live))
}

func (s *slot) liveAt(now int64) bool { return s.lo.Load() != 0 && s.until.Load() > now }
