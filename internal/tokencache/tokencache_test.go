package tokencache_test

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bearergate/bearergate/internal/tokencache"
	"github.com/bearergate/bearergate/internal/tokenkey"
)

// keyOf scatters numbers as a tokenkey.Maker scatters tokens.
func keyOf(n uint64) (key tokenkey.Key) {
	binary.LittleEndian.PutUint64(key[:], n*0x9e3779b97f4a7c15)
	binary.LittleEndian.PutUint64(key[8:], n)
	return key
}

func entryOf(n uint64) *tokencache.Entry[uint64] { return &tokencache.Entry[uint64]{Value: n} }

func has(c *tokencache.Cache[uint64], n uint64) bool {
	e := c.Get(keyOf(n))
	return e != nil && e.Value == n
}

// With room for everything a cache is a map, whatever is done to it in whatever order, and whether or not keys share a place.
func TestIsAMap(t *testing.T) {
	for name, keyFor := range map[string]func(uint64) tokenkey.Key{
		"scattered": keyOf,
		"one place": func(n uint64) (key tokenkey.Key) { binary.LittleEndian.PutUint64(key[8:], n); return key },
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			c := tokencache.New[uint64](1 << 40)
			want := map[uint64]uint64{}
			for step := range uint64(20_000) {
				n := random.Uint64N(600)
				if random.IntN(3) == 0 {
					c.Delete(keyFor(n))
					delete(want, n)
				} else {
					c.Put(keyFor(n), 1, entryOf(step))
					want[n] = step
				}
				n = random.Uint64N(600)
				value, there := want[n]
				if e := c.Get(keyFor(n)); there != (e != nil) || there && e.Value != value {
					t.Fatalf("step %d: %d is %v, want %d, %v", step, n, e, value, there)
				}
			}
			for n := range uint64(600) {
				if _, there := want[n]; there != (c.Get(keyFor(n)) != nil) {
					t.Errorf("%d: %v at the end", n, !there)
				}
			}
		})
	}
}

// However much is put, what is there never weighs more than there is room for, and nearly as much.
func TestIsBounded(t *testing.T) {
	const room = 10_000
	random := rand.New(rand.NewPCG(3, 4))
	c := tokencache.New[uint64](room)
	weights := map[uint64]uint64{}
	for range 20_000 {
		n, weight := random.Uint64N(2_000), 1+random.Uint64N(100)
		c.Put(keyOf(n), uint32(weight), entryOf(n))
		weights[n] = weight
	}
	sum := uint64(0)
	for n, weight := range weights {
		if has(c, n) {
			sum += weight
		}
	}
	if sum > room || sum < room-100 {
		t.Errorf("%d of %d", sum, room)
	}
}

func TestTooHeavy(t *testing.T) {
	c := tokencache.New[uint64](100)
	c.Put(keyOf(1), 60, entryOf(1))
	c.Put(keyOf(2), 101, entryOf(2))
	if !has(c, 1) || has(c, 2) {
		t.Error("what does not fit pushed out what did, or was taken")
	}
	c.Put(keyOf(1), 101, entryOf(3))
	if c.Get(keyOf(1)) != nil {
		t.Error("an entry outlived its replacement")
	}
	c.Put(keyOf(4), 100, entryOf(4))
	if !has(c, 4) {
		t.Error("what just fits was not taken")
	}
}

// What is used stays through a flood of what is not, which goes in the order in which it came.
func TestUsedStays(t *testing.T) {
	const room, used = 1_000, 900
	c := tokencache.New[uint64](room)
	for n := range uint64(used) {
		c.Put(keyOf(n), 1, entryOf(n))
	}
	for flood := range uint64(20 * room) {
		c.Put(keyOf(used+flood), 1, entryOf(used+flood))
		for n := range uint64(10) {
			c.Get(keyOf((10*flood + n) % used))
		}
	}
	stayed := 0
	for n := range uint64(used) {
		if has(c, n) {
			stayed++
		}
	}
	if stayed != used {
		t.Errorf("%d of %d stayed", stayed, used)
	}
	if has(c, used) || !has(c, used+20*room-1) {
		t.Error("of what was not used, the first did not go, or the last did")
	}
}

// If everything is used, a newcomer may have to wait, but not for long, and nobody pays for a long search.
func TestAllUsed(t *testing.T) {
	const room = 2_000
	c := tokencache.New[uint64](room)
	for n := range uint64(room) {
		c.Put(keyOf(n), 1, entryOf(n))
		c.Get(keyOf(n))
	}
	tries := 0
	for ; !has(c, room) && tries < room; tries++ {
		c.Put(keyOf(room), 1, entryOf(room))
	}
	if tries < 2 || tries > 10 {
		t.Errorf("put %d times until it was there", tries)
	}
	stayed := 0
	for n := range uint64(room) {
		if has(c, n) {
			stayed++
		}
	}
	if stayed != room-1 {
		t.Errorf("%d stayed", stayed)
	}
}

// Readers never see what was deleted before they looked, nor the value of another key, and find what stays, nearly always,
// while the table grows and is emptied around it.
func TestConcurrently(t *testing.T) {
	const lasting, passing = 100, 5_000
	c := tokencache.New[uint64](1 << 20)
	for n := range uint64(lasting) {
		c.Put(keyOf(n), 1, entryOf(n))
	}
	var stop atomic.Bool
	var looks, overlooked atomic.Int64
	var readers, writers sync.WaitGroup
	for seed := range uint64(4) {
		readers.Go(func() {
			for random := rand.New(rand.NewPCG(seed, 5)); !stop.Load(); {
				n := random.Uint64N(lasting + passing)
				e := c.Get(keyOf(n))
				if e != nil && e.Value != n {
					t.Errorf("%d is %d", n, e.Value)
					return
				}
				if n < lasting {
					looks.Add(1)
					if e == nil {
						overlooked.Add(1)
					}
				}
			}
		})
		writers.Go(func() {
			for round := range 10 {
				for n := lasting + seed; n < lasting+passing; n += 4 {
					c.Put(keyOf(n), 1, entryOf(n))
				}
				for n := lasting + seed; n < lasting+passing; n += 4 {
					if c.Delete(keyOf(n)); c.Get(keyOf(n)) != nil {
						t.Errorf("round %d: %d was deleted", round, n)
						return
					}
				}
			}
		})
	}
	writers.Wait()
	stop.Store(true)
	readers.Wait()
	if n := overlooked.Load(); n > looks.Load()/10 {
		t.Errorf("overlooked %d of %d", n, looks.Load())
	}
	for n := range uint64(lasting) {
		if !has(c, n) {
			t.Errorf("%d is lost", n)
		}
	}
}

// An entry that is still in use somewhere after it went keeps no others alive.
func TestRemovedKeepsNothingAlive(t *testing.T) {
	type heavy struct{ _ [1 << 16]byte }
	var collected atomic.Int32
	put := func(c *tokencache.Cache[heavy], key tokenkey.Key) *tokencache.Entry[heavy] {
		e := new(tokencache.Entry[heavy])
		runtime.AddCleanup(e, func(int) { collected.Add(1) }, 0)
		c.Put(key, 1, e)
		return e
	}
	c := tokencache.New[heavy](1 << 20)
	place := func(n uint64) (key tokenkey.Key) { binary.LittleEndian.PutUint64(key[8:], n); return key }
	put(c, place(1))
	held := put(c, place(2)) // in the same place: it leads to the first
	put(c, place(3))
	c.Delete(place(2))
	c.Delete(place(1))
	c.Delete(place(3))
	for range 100 {
		if runtime.GC(); collected.Load() == 2 {
			break
		}
		runtime.Gosched()
	}
	if n := collected.Load(); n != 2 {
		t.Errorf("%d of 2 were collected", n)
	}
	runtime.KeepAlive(held)
	runtime.KeepAlive(c)
}

func TestGetAllocatesNothing(t *testing.T) {
	c := tokencache.New[uint64](1 << 20)
	c.Put(keyOf(1), 1, entryOf(1))
	if n := testing.AllocsPerRun(100, func() { c.Get(keyOf(1)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzSteps holds a cache with little room against a plain model of the rule by which entries go.
func FuzzSteps(f *testing.F) {
	f.Add([]byte("abcabcabcxyz"), uint8(4))
	f.Add([]byte{0, 1, 2, 3, 64, 65, 128, 129, 4, 5, 6}, uint8(3))
	f.Fuzz(func(t *testing.T, steps []byte, room uint8) {
		c, m := tokencache.New[uint64](uint64(room)), model{room: uint64(room)}
		for i, step := range steps {
			n, weight := uint64(step&31), uint32(step>>5&1)+1
			switch step >> 6 {
			case 0:
				c.Delete(keyOf(n))
				m.delete(n)
			case 1:
				if got, want := c.Get(keyOf(n)) != nil, m.get(n); got != want {
					t.Fatalf("step %d: %d is there: %v, want %v", i, n, got, want)
				}
			default:
				c.Put(keyOf(n), weight, entryOf(n))
				m.put(n, weight)
			}
		}
		for n := range uint64(32) {
			if got, want := has(c, n), m.get(n); got != want {
				t.Fatalf("at the end: %d is there: %v, want %v", n, got, want)
			}
		}
	})
}

// model is a cache as a list, oldest first.
type model struct {
	room    uint64
	entries []modelEntry
	hand    int
}

type modelEntry struct {
	n      uint64
	weight uint32
	used   bool
}

func (m *model) get(n uint64) bool {
	for i := range m.entries {
		if m.entries[i].n == n {
			m.entries[i].used = true
			return true
		}
	}
	return false
}

func (m *model) delete(n uint64) {
	for i := range m.entries {
		if m.entries[i].n == n {
			m.drop(i)
			return
		}
	}
}

func (m *model) drop(i int) {
	m.entries = append(m.entries[:i:i], m.entries[i+1:]...)
	if m.hand > i {
		m.hand--
	}
	m.wrap()
}

// wrap puts a hand that is past the newest entry back to the oldest.
func (m *model) wrap() {
	if m.hand == len(m.entries) {
		m.hand = 0
	}
}

func (m *model) put(n uint64, weight uint32) {
	m.delete(n)
	if uint64(weight) > m.room {
		return
	}
	for m.weight()+uint64(weight) > m.room { // with fewer entries than are spared in a row
		if e := &m.entries[m.hand]; e.used {
			e.used = false
			m.hand++
			m.wrap()
			continue
		}
		m.drop(m.hand)
	}
	m.entries = append(m.entries, modelEntry{n: n, weight: weight})
}

func (m *model) weight() (sum uint64) {
	for _, e := range m.entries {
		sum += uint64(e.weight)
	}
	return sum
}
