package revocation_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/bearergate/bearergate/revocation"
)

// fill revokes the tokens nth(from), nth(from+1), ... and returns how many the list took.
func fill(t testing.TB, list *revocation.List, from, count int) int {
	t.Helper()
	for i := range count {
		err := list.Revoke(t.Context(), revocation.Revocation{Token: nth(from + i)})
		if errors.Is(err, revocation.ErrFull) {
			return i
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return count
}

func wantRevoked(t testing.TB, list *revocation.List, from, count int, want string) {
	t.Helper()
	for i := range count {
		if got := verdict(t, list, holding(nth(from+i))); got != want {
			t.Fatalf("token %d of %d is %s, want %s", i, count, got, want)
		}
	}
}

// A full list refuses what is new, forgets nothing, and can still extend what it holds. Once entries have ended there is
// room again.
func TestFull(t *testing.T) {
	for _, limit := range []int{1, 39, 40, 41, 1000} {
		c := &clock{}
		list := newList(t, c, revocation.Config{MaxTokenLifetime: hour, MaxEntries: limit})
		if got := fill(t, list, 0, limit+10); got != limit {
			t.Fatalf("a list of %d took %d", limit, got)
		}
		wantRevoked(t, list, 0, limit, "revoked")
		wantRevoked(t, list, limit, 10, "good")
		revoke(t, list, revocation.Revocation{Token: nth(0)})
		if list.Len() != limit || list.Cap() != limit {
			t.Errorf("Len is %d and Cap %d, want %d", list.Len(), list.Cap(), limit)
		}

		c.advance(hour + 3*margin - 1)
		if got := fill(t, list, limit, 1); got != 0 {
			t.Errorf("the list forgot entries before they ended")
		}
		c.advance(1)
		if got := fill(t, list, limit, 2*limit); got != limit {
			t.Errorf("after its entries ended, a list of %d took %d", limit, got)
		}
		wantRevoked(t, list, 0, limit, "good")
		wantRevoked(t, list, limit, limit, "revoked")
	}
}

// A full list whose entries end one by one takes one new entry for each.
func TestFullEndsOneByOne(t *testing.T) {
	const limit = 100
	c := &clock{}
	list := newList(t, c, revocation.Config{MaxTokenLifetime: hour, MaxEntries: limit})
	for i := range limit {
		fill(t, list, i, 1)
		c.advance(1e9)
	}
	c.advance(hour + 3*margin - limit*1e9)
	for i := range limit {
		if got := fill(t, list, limit+2*i, 2); got != 1 {
			t.Fatalf("second %d: the list took %d", i, got)
		}
		c.advance(1e9)
	}
}

// allocated returns how many octets f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A flood of revocations does not make a full list sweep for each of them. A sweep shows in what it allocates, a table of
// no less than 32 octets an entry.
func TestFullDoesNotSweepInVain(t *testing.T) {
	const limit = 20_000
	const table = 32 * limit
	c := &clock{}
	list := newList(t, c, revocation.Config{MaxTokenLifetime: hour, MaxEntries: limit})
	fill(t, list, 0, limit)
	flood := func(r revocation.Revocation) uint64 {
		return allocated(func() {
			for i := range 200 {
				r.Token = nth(limit + i)
				_ = list.Revoke(t.Context(), r)
			}
		})
	}
	if got := flood(revocation.Revocation{}); got > table {
		t.Errorf("200 refused revocations allocated %d octets", got)
	}
	if got := flood(revocation.Revocation{ExpiresAt: noon.Add(-hour)}); got > table {
		t.Errorf("200 revocations of ended tokens allocated %d octets", got)
	}
	c.advance(hour + 3*margin)
	if got := allocated(func() { fill(t, list, limit, 1) }); got > 2*table {
		t.Errorf("making room allocated %d octets", got)
	}
	if list.Len() != 1 {
		t.Errorf("Len is %d after everything but one entry ended", list.Len())
	}
	fill(t, list, 2*limit, limit-1)
	if got := flood(revocation.Revocation{}); got > table {
		t.Errorf("once it had swept, 200 refused revocations allocated %d octets", got)
	}
}

// Entries that come and end do not make a table sweep for each of them, however many others stay: after a sweep there is
// room for a good part more.
func TestSweepMakesRoomToSpare(t *testing.T) {
	const comings = 100
	for lasting := 1000; lasting < 2000; lasting += comings / 2 {
		table := revocation.NewTable(1_000_000)
		var now int64
		add := func(until int64) { table.Add(revocation.Key{A: rand.Uint64(), B: rand.Uint64()}, 0, until, now) }
		for range lasting {
			add(math.MaxInt64)
		}
		got := allocated(func() {
			for range comings {
				add(now + 1)
				now++
			}
		})
		if sweep := uint64(100 * lasting); got > 2*sweep {
			t.Errorf("%d entries that came to %d allocated %d octets, a sweep takes no more than %d", comings, lasting, got, sweep)
		}
	}
}

// held returns how many octets are in use.
func held() float64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// A table does not grow beyond what its limit needs.
func TestTableFitsItsLimit(t *testing.T) {
	for limit := 10_000; limit < 15_000; limit += 500 {
		empty := held()
		table := revocation.NewTable(limit)
		for range limit {
			table.Add(revocation.Key{A: rand.Uint64(), B: rand.Uint64()}, 0, math.MaxInt64, 0)
		}
		if got := (held() - empty) / float64(limit); got > 60 {
			t.Errorf("a table of %d entries holds %.0f octets for each", limit, got)
		}
		runtime.KeepAlive(table)
	}
}

// A list that entries come to and go from stays as large as it has to be.
func TestSweepKeepsTheTableSmall(t *testing.T) {
	c := &clock{}
	list := newList(t, c, revocation.Config{MaxTokenLifetime: hour})
	const each = 1000
	most := 0
	for round := range 20 {
		fill(t, list, round*each, each)
		most = max(most, list.Len())
		c.advance(hour + 3*margin)
	}
	if most > 4*each {
		t.Errorf("the list held up to %d entries, of which %d had not ended", most, each)
	}
}
