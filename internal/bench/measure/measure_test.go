package measure_test

import (
	"context"
	"errors"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/bench/measure"
)

var quick = measure.Options{Rounds: 3, Time: time.Millisecond}

func TestCompare(t *testing.T) {
	var ops atomic.Int64
	prepared := 0
	var sink []byte
	patient := quick
	patient.Time = time.Minute // however busy the machine is, MaxOps come first
	c, err := measure.Compare(t.Context(), patient, "name", "about", []measure.Case{
		{Name: "nothing", MaxOps: 10, Worker: measure.Each(1, func(int) error { return nil })},
		{Name: "allocates", Peer: true, MaxOps: 10, Prepare: func(n int) error { prepared += n; return nil },
			Worker: measure.Each(1, func(int) error { sink = make([]byte, 1024); return nil })},
		{Name: "on two CPUs", CPUs: 2, MaxOps: 10, Worker: measure.Each(1, func(int) error { ops.Add(1); return nil })},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Rows) != 3 || len(c.Rows[0].Nanos) != quick.Rounds || c.FastestPeer() != &c.Rows[1] {
		t.Errorf("%+v", c)
	}
	if r := c.Row("allocates"); r.Bytes < 1024 || r.Allocs < 1 || prepared < 10*quick.Rounds || len(sink) == 0 {
		t.Errorf("%v B, %v allocations, %d prepared", r.Bytes, r.Allocs, prepared)
	}
	if n := ops.Load(); n < 2*10*3 || n%2 != 0 {
		t.Errorf("%d operations on two CPUs", n)
	}
}

func TestCandidates(t *testing.T) {
	o := quick
	o.Candidates = regexp.MustCompile("^b")
	idle := measure.Each(1, func(int) error { return nil })
	cases := []measure.Case{{Name: "ab", Worker: idle}, {Name: "ba", Worker: idle}}
	c, err := measure.Compare(t.Context(), o, "name", "", cases)
	if err != nil || len(c.Rows) != 1 || c.Rows[0].Name != "ba" {
		t.Errorf("%+v: %v", c.Rows, err)
	}
}

// Indices come in turn, also from one round to the next.
func TestEach(t *testing.T) {
	var got []int
	worker := measure.Each(3, func(i int) error { got = append(got, i); return nil })()
	for range 2 {
		if err := worker(2); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 4 || got[2] != 2 || got[3] != 0 {
		t.Error(got)
	}
}

// What fails was not measured.
func TestCompareFails(t *testing.T) {
	failure := errors.New("failure")
	calls := 0
	late := func(int) error {
		if calls++; calls > 50 {
			return failure
		}
		return nil
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		ctx  context.Context
		c    measure.Case
		want error
	}{
		"at once": {t.Context(), measure.Case{Worker: measure.Each(1, func(int) error { return failure })}, failure},
		"later":   {t.Context(), measure.Case{MaxOps: 20, Worker: measure.Each(1, late)}, failure},
		"unprepared": {t.Context(), measure.Case{
			Prepare: func(int) error { return failure }, Worker: measure.Each(1, nil),
		}, failure},
		"interrupted": {ended, measure.Case{Worker: measure.Each(1, func(int) error { return nil })}, context.Canceled},
	}
	for name, test := range tests {
		if _, err := measure.Compare(test.ctx, quick, name, "", []measure.Case{test.c}); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
