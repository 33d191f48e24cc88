package soak

import (
	"math"
	"time"
)

// Tally is what clients know about one process of a replica: how many requests it accepted, and how many answers were lost.
type Tally struct{ Accepted, Lost int }

// Calls compares a tally with how often the handler says that it ran: never for a request that was refused.
func (c *Checker) Calls(replica string, t Tally, calls int) {
	if calls < t.Accepted || calls > t.Accepted+t.Lost {
		c.Fail("the handler of %s ran %d times, but %d requests were accepted and %d answers lost",
			replica, calls, t.Accepted, t.Lost)
	}
}

// Fetches compares the number of fetches of the key set with the bound.
func (c *Checker) Fetches(phase string, count, bound int) {
	if count > bound {
		c.Fail("%s: the key set was fetched %d times, the bound is %d", phase, count, bound)
	}
}

// FetchBound is how often replicas may fetch the key set in a time without faults: for tokens of strangers with unknown keys
// once and once more for each cool-down, for the one known party once for each rotation, and to keep the keys fresh.
func (p Plan) FetchBound(replicas, rotations int, t time.Duration) int {
	refreshes := int(math.Ceil(t.Seconds() / (0.75 * p.KeysMaxAge.Seconds())))
	return replicas * (1 + int(t/p.Cooldown) + rotations + refreshes)
}

// FetchBoundWithFaults is the bound for a time with faults: those who wait for keys, each of at most three known parties and
// the strangers, and a refresh that is due may each fetch once for each cool-down.
func (p Plan) FetchBoundWithFaults(replicas int, t time.Duration) int {
	const claims = 5
	return replicas * claims * (1 + int(t/p.Cooldown))
}
