package alloctest_test

import (
	"sync"
	"testing"

	"github.com/bearergate/bearergate/internal/alloctest"
)

// sink keeps what is assigned to it on the heap.
var sink any

func TestAllocationsOf(t *testing.T) {
	pool := sync.Pool{New: func() any { return new([1024]byte) }}
	var once sync.Once
	for name, tt := range map[string]struct {
		f    func()
		want alloctest.Cost
	}{
		"nothing":         {func() {}, alloctest.Cost{}},
		"40 octets":       {func() { sink = new([40]byte) }, alloctest.Cost{Objects: 1, Bytes: 48}},
		"two":             {func() { sink = new([64]byte); sink = new([256]byte) }, alloctest.Cost{Objects: 2, Bytes: 320}},
		"of a pool":       {func() { pool.Put(pool.Get()) }, alloctest.Cost{}},
		"the first alone": {func() { once.Do(func() { sink = new([64]byte) }) }, alloctest.Cost{}},
	} {
		if got := alloctest.Of(tt.f); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestExceeds(t *testing.T) {
	most := alloctest.Cost{Objects: 2, Bytes: 320}
	for _, tt := range []struct {
		cost alloctest.Cost
		want bool
	}{
		{most, false},
		{alloctest.Cost{Objects: 1, Bytes: 320}, false},
		{alloctest.Cost{Objects: 3, Bytes: 48}, true},
		{alloctest.Cost{Objects: 1, Bytes: 336}, true},
	} {
		if got := tt.cost.Exceeds(most); got != tt.want {
			t.Errorf("%+v: %t", tt.cost, got)
		}
	}
	if got, want := most.Minus(alloctest.Cost{Objects: 1, Bytes: 20}), (alloctest.Cost{Objects: 1, Bytes: 300}); got != want {
		t.Errorf("a difference of %+v, want %+v", got, want)
	}
}
