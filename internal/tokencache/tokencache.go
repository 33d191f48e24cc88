// Package tokencache remembers what is known of tokens, as far as there is room.
//
// It exists because of what a hit costs once there are more tokens than the processor's caches hold: every object that is
// looked at then is a wait for memory, one after the other. Here they are two, a place in the table and the entry itself,
// in which the caller's value stands beside the key.
package tokencache

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/bearergate/bearergate/internal/tokenkey"
)

// Cache is a map that is bounded by weight. When there is no more room, a hand goes around the entries in the order in which
// they came, and takes those that were not used since it last came by, such as those of a flood (the rule called SIEVE). It
// is safe for concurrent use; Get takes no lock.
//
// Keys have to be unpredictable, as those of a tokenkey.Maker are: the table trusts them to scatter.
type Cache[V any] struct {
	maxWeight uint64
	table     atomic.Pointer[table[V]]

	mu     sync.Mutex // of everything below, and of who may change the table
	count  int
	weight uint64
	// The entries in the order in which they came. The hand is where the search for the next to go begins, the oldest if nil.
	newest, oldest, hand *Entry[V]
}

// Entry is a value and its place in a cache. Its beginning is all that a hit looks at, if the value has first what it looks
// at itself: the two take 64 octets, which is what comes from memory at once.
type Entry[V any] struct {
	key    tokenkey.Key
	used   atomic.Bool // since the hand last came by
	weight uint32
	// Value must not be changed after Put, but by its own means.
	Value V
	// next is the entry after this one in the same place of the table.
	next         atomic.Pointer[Entry[V]]
	newer, older *Entry[V]
}

// table has a place for every key, from which the entries with such keys can be reached. Its length is a power of two.
type table[V any] []atomic.Pointer[Entry[V]]

func (t table[V]) place(key tokenkey.Key) *atomic.Pointer[Entry[V]] {
	return &t[binary.LittleEndian.Uint64(key[:])&uint64(len(t)-1)]
}

const firstPlaces = 64

// New returns a cache for entries whose weights add up to maxWeight.
func New[V any](maxWeight uint64) *Cache[V] {
	c := &Cache[V]{maxWeight: maxWeight}
	first := make(table[V], firstPlaces)
	c.table.Store(&first)
	return c
}

// Get returns the entry with a key, nil if there is none. Rarely it overlooks one, while others are put or deleted.
func (c *Cache[V]) Get(key tokenkey.Key) *Entry[V] {
	e := c.find(key)
	if e != nil && !e.used.Load() {
		e.used.Store(true)
	}
	return e
}

func (c *Cache[V]) find(key tokenkey.Key) *Entry[V] {
	e := c.table.Load().place(key).Load()
	for e != nil && e.key != key {
		e = e.next.Load()
	}
	return e
}

// Put adds an entry, which must not be in a cache yet, instead of the one that has its key. It is not added if it weighs more
// than all that there is room for, or if everything there seems to be in use.
func (c *Cache[V]) Put(key tokenkey.Key, weight uint32, e *Entry[V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.find(key); old != nil {
		c.remove(old)
	}
	if uint64(weight) > c.maxWeight {
		return
	}
	for c.weight+uint64(weight) > c.maxWeight {
		unused := c.unused()
		if unused == nil {
			return
		}
		c.remove(unused)
	}
	e.key, e.weight = key, weight
	c.add(e)
}

// Delete removes the entry with a key.
func (c *Cache[V]) Delete(key tokenkey.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.find(key); e != nil {
		c.remove(e)
	}
}

func (c *Cache[V]) add(e *Entry[V]) {
	e.older = c.newest
	if c.newest != nil {
		c.newest.newer = e
	} else {
		c.oldest = e
	}
	c.newest = e
	c.count++
	c.weight += uint64(e.weight)
	if places := len(*c.table.Load()); c.count > places/2 {
		c.spread(2 * places)
		return
	}
	c.table.Load().insert(e)
}

// insert puts an entry first in its place.
func (t table[V]) insert(e *Entry[V]) {
	place := t.place(e.key)
	e.next.Store(place.Load())
	place.Store(e)
}

// spread makes a table with more places. Whoever is looking into the old one meanwhile may overlook an entry, but will come
// to an end: every entry leads to ones that were inserted before it, into one table or the other.
func (c *Cache[V]) spread(places int) {
	wider := make(table[V], places)
	for e := c.oldest; e != nil; e = e.newer {
		wider.insert(e)
	}
	c.table.Store(&wider)
}

// remove takes an entry out. Nothing can be reached from it any more, so that it keeps no others alive if somebody has it.
func (c *Cache[V]) remove(e *Entry[V]) {
	c.table.Load().remove(e)
	if c.hand == e {
		c.hand = e.newer
	}
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		c.newest = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		c.oldest = e.newer
	}
	e.newer, e.older = nil, nil
	c.count--
	c.weight -= uint64(e.weight)
}

func (t table[V]) remove(e *Entry[V]) {
	link := t.place(e.key)
	for link.Load() != e {
		link = &link.Load().next
	}
	link.Store(e.next.Load())
	e.next.Store(nil)
}

// maxSpared bounds how many entries are spared in a row, and so the time that is spent while others wait.
const maxSpared = 256

// unused returns the entry that goes next, nil if it was not found yet. There is at least one.
func (c *Cache[V]) unused() *Entry[V] {
	for range maxSpared {
		if c.hand == nil {
			c.hand = c.oldest
		}
		e := c.hand
		if !e.used.Load() {
			return e
		}
		e.used.Store(false)
		c.hand = e.newer
	}
	return nil
}
