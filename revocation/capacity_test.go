package revocation_test

import (
	"errors"
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
	for _, limit := range []int{1, 47, 48, 49, 1000} {
		c := &clock{}
		list := newList(t, c, revocation.Config{MaxTokenLifetime: hour, MaxEntries: limit})
		if got := fill(t, list, 0, limit+10); got != limit {
			t.Fatalf("a list of %d took %d", limit, got)
		}
		wantRevoked(t, list, 0, limit, "revoked")
		wantRevoked(t, list, limit, 10, "good")
		revoke(t, list, revocation.Revocation{Token: nth(0)})
		if list.Len() != limit {
			t.Errorf("Len is %d, want %d", list.Len(), limit)
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

// Entries that come and end do not make a list sweep for each of them, however many others stay: after a sweep there is
// room for a good part more.
func TestSweepMakesRoomToSpare(t *testing.T) {
	const table = 1 << 15 // slots
	const lasting = table/4*3 - 2
	c := &clock{}
	list := newList(t, c, revocation.Config{})
	fill(t, list, 0, lasting)
	got := allocated(func() {
		for i := range 200 {
			revoke(t, list, revocation.Revocation{Token: nth(lasting + i), ExpiresAt: c.now().Add(1 - margin)})
			c.advance(1e9)
		}
	})
	if sweep := uint64(32 * 2 * table); got > 2*sweep {
		t.Errorf("200 revocations allocated %d octets, a sweep takes no more than %d", got, sweep)
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
