//go:build !race

package alloctest_test

import (
	"testing"

	"github.com/bearergate/bearergate/internal/alloctest"
)

func TestAllocationsOfSomeRuns(t *testing.T) {
	run := 0
	got := alloctest.Of(func() {
		if run++; run%4 == 0 {
			sink = new([64]byte)
		}
	})
	if want := (alloctest.Cost{Objects: 0.25, Bytes: 16}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
