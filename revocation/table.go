package revocation

import (
	"iter"
	"math"
	"math/bits"
	"sync"
	"sync/atomic"
)

// key is the keyed 128-bit hash of what is revoked. The first byte of its first half, the tag, has the bit inUse.
type key struct{ a, b uint64 }

const inUse = 1 << 63

func (k key) tag() byte { return byte(k.a >> 56) }

// slot holds one entry. Its key stays as it is once its tag is set. A live entry may later be extended, never shortened,
// so a reader that sees half of an extension sees a state that was right.
type slot struct {
	key    key
	before atomic.Int64 // tokens issued up to this second are revoked
	until  atomic.Int64 // the second this entry ends
}

// groups is an open-addressing hash table of one size. Eight slots are a group and their tags are one word, in which the
// byte of an empty slot is 0. Most look-ups find nothing, and most of those need that one word only: the tags of a million
// entries fit into a processor's cache, their slots do not.
type groups struct {
	tags  []atomic.Uint64
	slots []slot
}

const (
	// perGroup is how many slots of a group may be in use on average. With more, look-ups often go on to the next group.
	perGroup  = 5
	minGroups = 8

	eachByte = 0x01_01_01_01_01_01_01_01
	tagsUsed = eachByte * (inUse >> 56)
)

// newGroups returns room for more than that many entries.
func newGroups(entries int) *groups {
	n := max(entries/perGroup+1, minGroups)
	return &groups{make([]atomic.Uint64, n), make([]slot, 8*n)}
}

// home returns the slot that is a key's own if it is the first to come. It scales the hash, without the tag, to the table.
func (g *groups) home(k key) uint64 {
	i, _ := bits.Mul64(k.a<<8, uint64(len(g.slots)))
	return i
}

// next returns the group to look at after a full one. One has room: tables are never full.
func (g *groups) next(group uint64) uint64 {
	if group++; group < uint64(len(g.tags)) {
		return group
	}
	return 0
}

// find returns the slot of k, or nil. Most entries are at home. Asking there first lets a processor that expects an entry
// fetch it while it still waits for the tag.
func (g *groups) find(k key) *slot {
	home := g.home(k)
	if tagOf(home, g.tags[home/8].Load()) == k.tag() && g.slots[home].key == k {
		return &g.slots[home]
	}
	for group := home / 8; ; group = g.next(group) {
		tags := g.tags[group].Load()
		for same := bytesLike(k.tag(), tags); same != 0; same &= same - 1 {
			if s := &g.slots[8*group+lowest(same)]; s.key == k {
				return s
			}
		}
		if tags&tagsUsed != tagsUsed {
			return nil
		}
	}
}

// insert makes an entry for a key that has none. Readers see it once its tag is set.
func (g *groups) insert(k key, before, until int64) {
	i := g.empty(k)
	s := &g.slots[i]
	s.key = k
	s.before.Store(before)
	s.until.Store(until)
	g.tags[i/8].Or(uint64(k.tag()) << (i % 8 * 8))
}

// empty returns the slot for a key that has none.
func (g *groups) empty(k key) uint64 {
	home := g.home(k)
	if tagOf(home, g.tags[home/8].Load()) == 0 {
		return home
	}
	group := home / 8
	for g.tags[group].Load()&tagsUsed == tagsUsed {
		group = g.next(group)
	}
	return 8*group + lowest(^g.tags[group].Load()&tagsUsed)
}

// tagOf returns the tag of a slot out of those of its group.
func tagOf(slot, tags uint64) byte { return byte(tags >> (slot % 8 * 8)) }

// bytesLike returns a word with the top bit set in every byte that is the tag. It may be set in other bytes too, but not
// for an empty slot: a reader must not look into one.
func bytesLike(tag byte, tags uint64) uint64 {
	difference := tags ^ uint64(tag)*eachByte
	return (difference - eachByte) &^ difference & tagsUsed
}

// lowest returns which byte the lowest bit is in.
func lowest(word uint64) uint64 { return uint64(bits.TrailingZeros64(word)) / 8 }

// live yields the entries that have not ended. It is for the writer.
func (g *groups) live(now int64) iter.Seq[*slot] {
	return func(yield func(*slot) bool) {
		for i := range g.slots {
			if s := &g.slots[i]; s.key.a != 0 && s.until.Load() > now && !yield(s) {
				return
			}
		}
	}
}

// table is a hash table with lock-free readers and one writer at a time. It forgets an entry only once its time is over.
type table struct {
	groups atomic.Pointer[groups]
	// length counts slots in use, ended ones included. It is what a reader of an empty table looks at.
	length atomic.Int64

	mu  sync.Mutex
	max int
	// earliest is no later than the end of any entry: before it, sweeping would free nothing.
	earliest int64
}

func newTable(limit int) *table {
	t := &table{max: limit, earliest: math.MaxInt64}
	t.groups.Store(newGroups(0))
	return t
}

// find returns the second up to which tokens are revoked, and whether there is an entry that has not ended.
func (t *table) find(k key, now int64) (before int64, ok bool) {
	s := t.groups.Load().find(k)
	if s == nil || s.until.Load() <= now {
		return 0, false
	}
	return s.before.Load(), true
}

// add makes an entry, or extends the one there is. It returns false if the table is full of entries that have not ended.
// An entry that would have ended already is not made: it would only be swept out again.
func (t *table) add(k key, before, until, now int64) bool {
	if until <= now {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.groups.Load().find(k); s != nil {
		s.extend(before, until, now)
		return true
	}
	if t.crowded() && !t.makeRoom(now) {
		return false
	}
	t.groups.Load().insert(k, before, until)
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
	return length >= t.max || length >= perGroup*len(t.groups.Load().tags)
}

// extend makes an entry reach as far as both revocations do, or starts it anew if it has ended.
func (s *slot) extend(before, until, now int64) {
	if s.until.Load() > now {
		before, until = max(before, s.before.Load()), max(until, s.until.Load())
	}
	s.before.Store(before)
	s.until.Store(until)
}

// rebuild copies what has not ended into a table of fitting size. Readers go on with the old one, which stays as it is.
func (t *table) rebuild(now int64) {
	old := t.groups.Load()
	live := 0
	for range old.live(now) {
		live++
	}
	groups := newGroups(min(live+live/2, t.max))
	t.earliest = math.MaxInt64
	for s := range old.live(now) {
		until := s.until.Load()
		groups.insert(s.key, s.before.Load(), until)
		t.earliest = min(t.earliest, until)
	}
	t.groups.Store(groups)
	t.length.Store(int64(live))
}
