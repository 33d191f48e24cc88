package main

// switchFile is added to the mutated package. Which mutant is active is read once, before any other variable of the package
// is initialised that needs it. With MUTANT_RECORD, no mutant is active, and those that are reached are listed in that file.
const switchFile = `
import (
	"cmp"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

var mutantChosen, _ = strconv.Atoi(os.Getenv("MUTANT"))

var mutantRecord = func() *os.File {
	name := os.Getenv("MUTANT_RECORD")
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	return file
}()

var mutantSeen [mutantCount + 1]atomic.Bool

func mutantActive(id int) bool {
	if mutantRecord != nil && mutantSeen[id].CompareAndSwap(false, true) {
		if _, err := mutantRecord.WriteString(strconv.Itoa(id) + "\n"); err != nil {
			panic(err)
		}
	}
	return id == mutantChosen
}

type mutantNumber interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~float32 | ~float64
}

func mutantLess[T cmp.Ordered](id int, a, b T) bool {
	if mutantActive(id) {
		return a <= b
	}
	return a < b
}

func mutantLessEqual[T cmp.Ordered](id int, a, b T) bool {
	if mutantActive(id) {
		return a < b
	}
	return a <= b
}

func mutantGreater[T cmp.Ordered](id int, a, b T) bool { return mutantLess(id, b, a) }

func mutantGreaterEqual[T cmp.Ordered](id int, a, b T) bool { return mutantLessEqual(id, b, a) }

func mutantPlus[T mutantNumber](id int, a, b T) T {
	if mutantActive(id) {
		return a - b
	}
	return a + b
}

func mutantMinus[T mutantNumber](id int, a, b T) T {
	if mutantActive(id) {
		return a + b
	}
	return a - b
}

func mutantNegated[T mutantNumber](id int, a T) T {
	if mutantActive(id) {
		return -a
	}
	return a
}

func mutantNext[T mutantNumber](id int, n T) T {
	if !mutantActive(id) {
		return n
	}
	if _, ok := any(n).(time.Duration); ok && n != 0 {
		return 2 * n
	}
	return n + 1
}
`
