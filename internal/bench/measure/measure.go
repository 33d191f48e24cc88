// Package measure times candidates against each other: in one process, in rounds, in random order within a round. What
// counts is the ratio of two candidates in the same round, because a machine that is slow for a while is slow for both.
package measure

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bearergate/bearergate/internal/bench/report"
)

// Case is a candidate.
type Case struct {
	Name string
	// Peer says that it is not ours and no yardstick either.
	Peer bool
	// Lacks names what the candidate cannot check, for the reader.
	Lacks string
	// Base is the candidate on top of which this one does its work, if any.
	Base string
	// Worker returns a function that does n operations. Each goroutine has one of its own, with its own state.
	Worker func() func(n int) error
	// Prepare is called before each measurement of n operations, and takes none of its time. It may be nil.
	Prepare func(n int) error
	// CPUs is for how many goroutines at once, each with a CPU. Default: one, with the garbage collector on the others.
	CPUs int
	// MaxOps bounds the operations of a measurement. Default: as many as the time allows.
	MaxOps int
}

// Each is a worker that calls op for the indices 0 to n-1 again and again.
func Each(n int, op func(i int) error) func() func(int) error {
	return func() func(int) error {
		i := 0
		return func(ops int) error {
			for range ops {
				if err := op(i); err != nil {
					return err
				}
				if i++; i == n {
					i = 0
				}
			}
			return nil
		}
	}
}

// Options say how long to measure.
type Options struct {
	Rounds int
	Time   time.Duration // of each candidate in each round
	// Candidates selects by name, which profiles need. Default: all.
	Candidates *regexp.Regexp
}

// Compare measures the candidates. It returns an error if one of them fails, since then it did something else.
func Compare(ctx context.Context, o Options, name, about string, cases []Case) (report.Comparison, error) {
	c := report.Comparison{Name: name, About: about}
	var all []*running
	for i := range cases {
		if o.Candidates != nil && !o.Candidates.MatchString(cases[i].Name) {
			continue
		}
		r, err := start(&cases[i], o.Time)
		if err != nil {
			return c, fmt.Errorf("%s: %s: %w", name, cases[i].Name, err)
		}
		all = append(all, r)
	}
	for range o.Rounds {
		for _, i := range rand.Perm(len(all)) {
			if err := ctx.Err(); err != nil {
				return c, err
			}
			if err := all[i].round(); err != nil {
				return c, fmt.Errorf("%s: %s: %w", name, all[i].Name, err)
			}
		}
	}
	for _, r := range all {
		c.Rows = append(c.Rows, r.row())
	}
	return c, nil
}

// running is a candidate with the measurements so far.
type running struct {
	*Case
	ops                int // of each worker in a round
	workers            []func(int) error
	nanos, bytes, news []float64
}

// start warms up and calibrates.
func start(c *Case, d time.Duration) (*running, error) {
	r := &running{Case: c, ops: 1}
	for range max(c.CPUs, 1) {
		r.workers = append(r.workers, c.Worker())
	}
	if _, err := r.run(); err != nil {
		return nil, err
	}
	for {
		took, err := r.run()
		if err != nil {
			return nil, err
		}
		if took >= d/8 || r.limited() {
			perOp := max(took/time.Duration(r.ops), 1)
			r.ops = max(int(d/perOp), 1)
			r.limited()
			return r, nil
		}
		r.ops *= 2
	}
}

// limited bounds the operations and reports whether that was necessary.
func (r *running) limited() bool {
	if r.MaxOps == 0 || r.ops < r.MaxOps {
		return false
	}
	r.ops = r.MaxOps
	return true
}

// run does the operations of a round and returns how long they took.
func (r *running) run() (time.Duration, error) {
	if r.Prepare != nil {
		if err := r.Prepare(r.ops); err != nil {
			return 0, err
		}
	}
	if r.CPUs > 0 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(r.CPUs))
	}
	if len(r.workers) == 1 {
		began := time.Now()
		err := r.workers[0](r.ops)
		return time.Since(began), err
	}
	var group errgroup.Group
	began := time.Now()
	for _, worker := range r.workers {
		group.Go(func() error { return worker(r.ops) })
	}
	err := group.Wait()
	return time.Since(began), err
}

func (r *running) round() error {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	took, err := r.run()
	runtime.ReadMemStats(&after)
	all := float64(r.ops * len(r.workers))
	r.nanos = append(r.nanos, float64(took)/all)
	r.bytes = append(r.bytes, float64(after.TotalAlloc-before.TotalAlloc)/all)
	r.news = append(r.news, float64(after.Mallocs-before.Mallocs)/all)
	return err
}

func (r *running) row() report.Row {
	return report.Row{
		Name: r.Name, Peer: r.Peer, Lacks: r.Lacks, Base: r.Base, Nanos: r.nanos,
		Bytes: slices.Min(r.bytes), Allocs: slices.Min(r.news),
	}
}
