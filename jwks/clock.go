package jwks

import (
	"sync/atomic"
	"time"
)

// clock tells the time for half of what time.Now takes, which reads two clocks of the system. It reads both of them every
// 10 ms, and otherwise only the one that counts on steadily, so that a system clock that is set shows soon. It is safe for
// concurrent use.
type clock struct {
	read func() time.Time
	last atomic.Pointer[time.Time]
}

const clockTrust = 10 * time.Millisecond

func (c *clock) now() time.Time {
	if last := c.last.Load(); last != nil {
		if since := time.Since(*last); since < clockTrust {
			return last.Add(since)
		}
	}
	now := c.read()
	c.last.Store(&now)
	return now
}

// systemClock is the default clock.
func systemClock() func() time.Time { return (&clock{read: time.Now}).now }
