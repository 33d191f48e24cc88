package jwks_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/jwks"
)

// The default clock says what time.Now says.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := jwks.ClockOf(time.Now)
		for _, step := range []time.Duration{0, 1, time.Millisecond, 9 * time.Millisecond, 10 * time.Millisecond, time.Hour, 1} {
			elapse(step)
			if got, want := now(), time.Now(); !got.Equal(want) || got.Sub(want) != 0 {
				t.Errorf("%v after %v, want %v", got, step, want)
			}
		}
	})
}

// So that a system clock that is set shows within 10 ms, and costs nothing until then.
func TestClockIsReadEvery10ms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		now := jwks.ClockOf(func() time.Time {
			reads++
			return time.Now()
		})
		for range 1000 {
			elapse(time.Millisecond)
			now()
		}
		if reads != 100 {
			t.Errorf("read %d times in a second", reads)
		}
	})
}

// A bubble has a time of its own, which a clock does not take out of it.
func TestClockInAndOutOfABubble(t *testing.T) {
	now := jwks.ClockOf(time.Now)
	for i := range 3 {
		if late := time.Since(now()).Abs(); late > time.Minute {
			t.Errorf("outside, the clock is %v off", late)
		}
		synctest.Test(t, func(t *testing.T) {
			elapse(time.Hour / time.Duration(i+1)) // the time of one bubble is before that of the last
			if late := time.Since(now()); late != 0 {
				t.Errorf("inside, the clock is %v late", late)
			}
		})
	}
}

func TestClockConcurrently(t *testing.T) {
	now := jwks.ClockOf(time.Now)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for last, start := now(), time.Now(); time.Since(start) < 50*time.Millisecond; {
				next := now()
				if next.Before(last) || time.Since(next) < 0 {
					t.Errorf("%v after %v", next, last)
					return
				}
				last = next
			}
		})
	}
	group.Wait()
}
