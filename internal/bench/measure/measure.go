// Package measure times candidates against each other: in one process, in rounds. In a round they take turns, in random order
// each time and so short that a machine that is slow for a while is slow for all of them. What counts is the ratio of two
// candidates in the same round.
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
	// Prepare is called before each turn of n operations, and takes none of its time. It may be nil.
	Prepare func(n int) error
	// CPUs is for how many goroutines at once, each with a CPU. Default: one, with the garbage collector on the others.
	CPUs int
	// MaxOps bounds the operations of a round. Default: as many as the time allows.
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
	shared := new(litter)
	for i := range cases {
		if o.Candidates != nil && !o.Candidates.MatchString(cases[i].Name) {
			continue
		}
		r, err := start(&cases[i], o.Time, shared)
		if err != nil {
			return c, fmt.Errorf("%s: %s: %w", name, cases[i].Name, err)
		}
		all = append(all, r)
	}
	for range o.Rounds {
		if err := round(ctx, all, max(int(o.Time/turnTime), 1)); err != nil {
			return c, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, r := range all {
		c.Rows = append(c.Rows, r.row())
	}
	return c, nil
}

// turnTime is about how long a turn is.
const turnTime = 10 * time.Millisecond

// round lets all candidates take some turns.
func round(ctx context.Context, all []*running, turns int) error {
	for _, r := range all {
		r.now = total{}
	}
	for turn := range turns {
		for _, i := range rand.Perm(len(all)) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := all[i].turn(turn, turns); err != nil {
				return fmt.Errorf("%s: %w", all[i].Name, err)
			}
		}
	}
	for _, r := range all {
		r.note()
	}
	return nil
}

// running is a candidate with the measurements so far.
type running struct {
	*Case
	ops                int // of each worker in a round
	workers            []func(int) error
	now                total // of this round
	litter             *litter
	nanos, bytes, news []float64
}

// total is what some turns took.
type total struct {
	ops, bytes, news uint64
	took             time.Duration
}

// start warms up and calibrates.
func start(c *Case, d time.Duration, shared *litter) (*running, error) {
	r := &running{Case: c, ops: 1, litter: shared}
	for range max(c.CPUs, 1) {
		r.workers = append(r.workers, c.Worker())
	}
	if _, err := r.run(r.ops); err != nil {
		return nil, err
	}
	for {
		took, err := r.run(r.ops)
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

// run lets each worker do some operations and returns how long that took.
func (r *running) run(ops int) (time.Duration, error) {
	if r.Prepare != nil {
		if err := r.Prepare(ops); err != nil {
			return 0, err
		}
	}
	if r.CPUs > 0 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(r.CPUs))
	}
	if len(r.workers) == 1 {
		began := time.Now()
		err := r.workers[0](ops)
		return time.Since(began), err
	}
	var group errgroup.Group
	began := time.Now()
	for _, worker := range r.workers {
		group.Go(func() error { return worker(ops) })
	}
	err := group.Wait()
	return time.Since(began), err
}

// turn does its part of the operations of a round. What others left to the garbage collector is collected before.
func (r *running) turn(turn, turns int) error {
	ops := r.ops*(turn+1)/turns - r.ops*turn/turns
	if ops == 0 {
		return nil
	}
	var before, after runtime.MemStats
	r.litter.collect(&before)
	took, err := r.run(ops)
	runtime.ReadMemStats(&after)
	r.now.ops += uint64(ops * len(r.workers))
	r.now.took += took
	r.now.bytes += after.TotalAlloc - before.TotalAlloc
	r.now.news += after.Mallocs - before.Mallocs
	return err
}

// litter is the garbage of all candidates.
type litter struct{ collected uint64 }

// littleLitter is left for later. Collecting takes long where much is alive, but those who look at much make no garbage.
const littleLitter = 1 << 20

// collect collects garbage, unless there is little of it, and reports how things stand then.
func (l *litter) collect(stats *runtime.MemStats) {
	if runtime.ReadMemStats(stats); stats.TotalAlloc-l.collected > littleLitter {
		runtime.GC()
		runtime.ReadMemStats(stats)
		l.collected = stats.TotalAlloc
	}
}

func (r *running) note() {
	ops := float64(r.now.ops)
	r.nanos = append(r.nanos, float64(r.now.took)/ops)
	r.bytes = append(r.bytes, float64(r.now.bytes)/ops)
	r.news = append(r.news, float64(r.now.news)/ops)
}

func (r *running) row() report.Row {
	return report.Row{
		Name: r.Name, Peer: r.Peer, Lacks: r.Lacks, Base: r.Base, Nanos: r.nanos,
		Bytes: slices.Min(r.bytes), Allocs: slices.Min(r.news),
	}
}
