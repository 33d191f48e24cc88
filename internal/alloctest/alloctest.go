// Package alloctest measures what code allocates, for tests that bound it.
package alloctest

import (
	"math"
	"runtime"
)

// Cost is what a run allocates on average. Bytes are those of the size classes, in which allocations come.
type Cost struct{ Objects, Bytes float64 }

// Minus returns what c is above other.
func (c Cost) Minus(other Cost) Cost {
	return Cost{c.Objects - other.Objects, c.Bytes - other.Bytes}
}

// Exceeds reports whether c is more than most in objects, in bytes or in both.
func (c Cost) Exceeds(most Cost) bool {
	return c.Objects > most.Objects || c.Bytes > most.Bytes
}

// Of returns what f costs, not counting a first run that may prepare something for the others. It is the least of several
// tries, since whatever else goes on allocates too, and the same with the race detector as without it. Only what some runs
// allocate and others do not escapes it there.
//
// Until it returns everything has one processor, so it is not for tests that run in parallel.
func Of(f func()) Cost {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	f()
	least := Cost{math.Inf(1), math.Inf(1)}
	for range tries {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			f()
		}
		runtime.ReadMemStats(&after)
		least.Objects = min(least.Objects, float64(after.Mallocs-before.Mallocs)/runs)
		least.Bytes = min(least.Bytes, float64(after.TotalAlloc-before.TotalAlloc)/runs)
	}
	return least
}
