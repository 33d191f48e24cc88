package wycheproof_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

// tally holds the verdict on each case of a file, which is nil if the kit accepts it, beside the file's.
type tally map[int]verdict

type verdict struct {
	result string
	kit    error
}

func (s tally) add(t *testing.T, id int, result string, kit error) {
	t.Helper()
	if _, again := s[id]; again || result != "valid" && result != "invalid" && result != "acceptable" {
		t.Errorf("case %d: second of that number, or %q", id, result)
	}
	s[id] = verdict{result, kit}
}

// differs reports whether the verdicts contradict. What is acceptable is left to the kit, which has to argue for its
// choice.
func (v verdict) differs() bool {
	return v.result == "acceptable" || (v.result == "valid") != (v.kit == nil)
}

// compare fails the test unless there are so many cases and the exceptions are exactly those that differ.
func (s tally) compare(t *testing.T, cases int, exceptions []exception) {
	t.Helper()
	if len(s) != cases {
		t.Errorf("%d cases, want %d", len(s), cases)
	}
	excepted := make(map[int]bool)
	for _, e := range exceptions {
		for _, id := range e.ids(t) {
			v := s[id]
			if excepted[id] || !v.differs() {
				t.Errorf("case %d is %s for both, or excepted twice", id, v.result)
			}
			if !errors.Is(v.kit, e.kit) {
				t.Errorf("case %d: %v, want %v, for %s", id, v.kit, e.kit, e.why)
			}
			excepted[id] = true
		}
	}
	for id, v := range s {
		if v.differs() && !excepted[id] {
			t.Errorf("case %d is %s, the kit says %v", id, v.result, v.kit)
		}
	}
}

// exception is a difference that is meant.
type exception struct {
	cases string // numbers and ranges, as in "3 7-9"
	kit   error  // what the kit says, nil where it accepts
	why   string
}

func (e exception) ids(t *testing.T) (ids []int) {
	t.Helper()
	for _, part := range strings.Fields(e.cases) {
		first, last, found := strings.Cut(part, "-")
		if !found {
			last = first
		}
		from, errFrom := strconv.Atoi(first)
		to, errTo := strconv.Atoi(last)
		if errors.Join(errFrom, errTo) != nil || from > to {
			t.Fatalf("%q is no range", part)
		}
		for ; from <= to; from++ {
			ids = append(ids, from)
		}
	}
	return ids
}
