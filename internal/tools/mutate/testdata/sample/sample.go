// Package sample is mutated by a test.
package sample

import (
	"errors"
	"fmt"
	"time"
)

const limit = 10

var errLarge = errors.New("too large")

// Check is tested at its boundary.
func Check(n int) error {
	if n > limit {
		return errLarge
	}
	return nil
}

// Both is tested with three of four cases.
func Both(a, b bool) bool { return a && b }

// Wait is not tested at all.
func Wait(now time.Time, d time.Duration) time.Time { return now.Add(d) }

// Sum leaves one out.
func Sum(numbers ...int) (sum int) {
	for _, n := range numbers {
		if n < 0 {
			continue
		}
		sum += n
	}
	return sum
}

// Log is called, and nobody looks.
func Log(seen map[int]bool, n int) {
	seen[n] = true
	fmt.Sprint(n + 1)
}

// Countdown never ends if its loop does not.
func Countdown(n int) int {
	for n != 0 {
		n--
	}
	return n
}

// Mask has a shift whose type comes from the other side.
func Mask(octet byte, bits uint) byte { return octet & (1<<bits - 1) }
