package main

import (
	"errors"
	"slices"
	"testing"
)

// Every octet of an input reaches a block of its own name.
func reachOctets(i input) (blocks, error) {
	reached := blocks{}
	for _, octet := range i {
		reached[string(octet)] = true
	}
	return reached, nil
}

func TestChoose(t *testing.T) {
	all := limits{files: 10, bytes: 10, tries: 10}
	for name, tt := range map[string]struct {
		reached string
		found   []string
		limits  limits
		want    []string
	}{
		"what reaches more":         {"ab", []string{"a", "b", "c", "ad"}, all, []string{"c", "ad"}},
		"nothing new":               {"ab", []string{"a", "ab"}, all, nil},
		"the smallest first":        {"", []string{"abc", "b", "ca"}, all, []string{"b", "ca"}},
		"not twice the same":        {"", []string{"a", "a"}, all, []string{"a"}},
		"in no other order":         {"", []string{"bc", "ab"}, all, []string{"ab", "bc"}},
		"not more than that":        {"", []string{"a", "b", "c"}, limits{files: 2, bytes: 10, tries: 10}, []string{"a", "b"}},
		"not larger than that":      {"", []string{"abc", "d"}, limits{files: 10, bytes: 2, tries: 10}, []string{"d"}},
		"not more tries than that":  {"a", []string{"a", "aa", "b"}, limits{files: 10, bytes: 10, tries: 1}, nil},
		"nothing found by a fuzzer": {"a", nil, all, nil},
	} {
		t.Run(name, func(t *testing.T) {
			reached, _ := reachOctets(input(tt.reached))
			var found []input
			for _, f := range tt.found {
				found = append(found, input(f))
			}
			chosen, err := choose(reached, found, tt.limits, reachOctets)
			var got []string
			for _, c := range chosen {
				got = append(got, string(c))
			}
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestChooseReportsFailures(t *testing.T) {
	failure := errors.New("a crash")
	_, err := choose(blocks{}, []input{input("a")}, limits{1, 1, 1}, func(input) (blocks, error) { return nil, failure })
	if err != failure {
		t.Errorf("got %v", err)
	}
}

func TestBlocksOf(t *testing.T) {
	got := blocksOf("mode: set\na.go:1.2,3.4 2 1\na.go:5.6,7.8 1 0\nb.go:1.1,2.2 1 1\n")
	if len(got) != 2 || !got["a.go:1.2,3.4"] || !got["b.go:1.1,2.2"] {
		t.Errorf("got %v", got)
	}
}

func TestNames(t *testing.T) {
	if got := input("go test fuzz v1\n").name(); got != input("go test fuzz v1\n").name() || len(got) != 16 {
		t.Errorf("got %s", got)
	}
}
