package revocation_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bearergate/bearergate/revocation"
)

// tableKeys are ways to make keys for a table, from those that spread well to those that all want the same place.
var tableKeys = []struct {
	name string
	make func(n uint64) revocation.Key
}{
	{"hashed", func(uint64) revocation.Key { return revocation.Key{A: rand.Uint64(), B: rand.Uint64()} }},
	{"one first half", func(n uint64) revocation.Key { return revocation.Key{A: 7, B: n} }},
	{"one second half", func(n uint64) revocation.Key { return revocation.Key{A: n * (math.MaxUint64 / 512), B: 7} }},
	{"one home", func(n uint64) revocation.Key { return revocation.Key{A: n << 56, B: n >> 7} }},
	{"last home", func(n uint64) revocation.Key { return revocation.Key{A: n<<56 | (1<<56 - 1), B: n >> 7} }},
	{"one tag", func(uint64) revocation.Key { return revocation.Key{A: rand.Uint64() >> 8, B: rand.Uint64()} }},
}

// tableModel is a table in its plainest form, and what readers may rely on while its writer goes on.
type tableModel struct {
	table   revocation.Table
	limit   int
	now     atomic.Int64
	keys    []revocation.Key
	entries []tableEntry
	// promised is what the table took last, attempted the most it was given, both for each key.
	promised  []atomic.Pointer[tableEntry]
	attempted []struct{ before, until atomic.Int64 }
}

type tableEntry struct{ before, until int64 }

func newTableModel(limit, keys int, key func(n uint64) revocation.Key) *tableModel {
	m := &tableModel{table: revocation.NewTable(limit), limit: limit}
	for n := range keys {
		m.keys = append(m.keys, key(uint64(n)))
	}
	m.entries = make([]tableEntry, keys)
	m.promised = make([]atomic.Pointer[tableEntry], keys)
	m.attempted = make([]struct{ before, until atomic.Int64 }, keys)
	return m
}

func (m *tableModel) live() int {
	count := 0
	for _, e := range m.entries {
		if e.until > m.now.Load() {
			count++
		}
	}
	return count
}

// add adds the same to the table and to the model.
func (m *tableModel) add(t *testing.T, n int, e tableEntry) {
	now, old := m.now.Load(), m.entries[n]
	attempted := &m.attempted[n]
	attempted.before.Store(max(attempted.before.Load(), e.before))
	attempted.until.Store(max(attempted.until.Load(), e.until))
	live := m.live()
	full := live == m.limit && old.until <= now
	if taken := m.table.Add(m.keys[n], e.before, e.until, now); taken != (!full || e.until <= now) {
		t.Fatalf("Add returned %t for a table with %d live entries of %d", taken, live, m.limit)
	}
	if full || e.until <= now {
		return
	}
	if old.until > now {
		e = tableEntry{max(e.before, old.before), max(e.until, old.until)}
	}
	m.entries[n] = e
	m.promised[n].Store(&e)
}

// check compares every key.
func (m *tableModel) check(t *testing.T) {
	t.Helper()
	now := m.now.Load()
	for n, e := range m.entries {
		if e.until <= now {
			e.before = 0
		}
		if before, ok := m.table.Find(m.keys[n], now); ok != (e.until > now) || before != e.before {
			t.Fatalf("second %d, key %d of %d: found %t %d, want %+v", now, n, len(m.keys), ok, before, e)
		}
	}
}

// read looks up a key while the writer goes on, and reports whether what it found can be.
func (m *tableModel) read(t *testing.T, n int) bool {
	start, promised := m.now.Load(), m.promised[n].Load()
	before, ok := m.table.Find(m.keys[n], start)
	attempted, end := &m.attempted[n], m.now.Load()
	switch {
	case promised != nil && promised.until > end && (!ok || before < promised.before):
		t.Errorf("seconds %d to %d, key %d: found %t %d, but was promised %+v", start, end, n, ok, before, *promised)
	case ok && (attempted.until.Load() <= start || before > attempted.before.Load()):
		t.Errorf("seconds %d to %d, key %d: found %d, which was never added", start, end, n, before)
	default:
		return true
	}
	return false
}

// readWhile looks up keys at random until what it returns is called.
func (m *tableModel) readWhile(t *testing.T) (stop func()) {
	var reading sync.WaitGroup
	done := make(chan struct{})
	reading.Go(func() {
		for m.read(t, rand.IntN(len(m.keys))) {
			select {
			case <-done:
				return
			default:
			}
		}
	})
	return func() {
		close(done)
		reading.Wait()
	}
}

// Whatever keys are added, extended and end in whatever order, the table says what the model says. A reader that looks on
// never misses an entry, and never sees one that was not made.
func TestTableAgainstModel(t *testing.T) {
	const steps, lifetime = 600, 100
	for _, keys := range tableKeys {
		for _, limit := range []int{1, 40, 41, 90, 1000} {
			t.Run(fmt.Sprintf("%s/%d", keys.name, limit), func(t *testing.T) {
				m := newTableModel(limit, 300, keys.make)
				defer m.readWhile(t)()
				for step := range steps {
					m.add(t, rand.IntN(len(m.keys)), tableEntry{1 + rand.Int64N(1000), m.now.Load() + rand.Int64N(lifetime)})
					if rand.IntN(3) == 0 {
						m.now.Add(1)
					}
					if step%20 == 0 {
						m.check(t)
					}
				}
				for m.live() > 0 {
					m.check(t)
					m.now.Add(lifetime / 10)
				}
				m.check(t)
			})
		}
	}
}
