// Package measure times candidates against each other: in one process, in rounds. In a round they take turns, in random order
// each time and so short that a machine that is slow for a while is slow for all of them. What counts is the ratio of two
// candidates in the same round.
package measure

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"runtime"
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
	// Turn is how long a turn is. It has to be long for candidates that take time to get going, such as several goroutines.
	// Default: 2 ms.
	Turn time.Duration
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
	runtime.GC()
	for range o.Rounds {
		if err := round(ctx, all, max(int(o.Time/cmp.Or(o.Turn, turnTime)), 1)); err != nil {
			return c, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, r := range all {
		c.Rows = append(c.Rows, r.row())
	}
	return c, nil
}

const turnTime = 2 * time.Millisecond

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
	ops         int // of each worker in a round
	workers     []func(int) error
	bytes, news float64 // of an operation
	litter      *litter
	now         total // of this round
	nanos       []float64
}

// total is what some turns took.
type total struct {
	ops  int
	took time.Duration
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
	if err := r.calibrate(d); err != nil {
		return nil, err
	}
	return r, r.weigh(max(r.ops/8, 1))
}

// calibrate finds out how many operations a round has time for.
func (r *running) calibrate(d time.Duration) error {
	for {
		took, err := r.run(r.ops)
		if err != nil {
			return err
		}
		if took >= d/8 || r.limited() {
			perOp := max(took/time.Duration(r.ops), 1)
			r.ops = max(int(d/perOp), 1)
			r.limited()
			return nil
		}
		r.ops *= 2
	}
}

// weigh finds out what an operation allocates: the least that it was seen to, since others may have allocated meanwhile. It is
// no part of what is timed, because asking for it costs whoever allocates next.
func (r *running) weigh(ops int) error {
	all := float64(ops * len(r.workers))
	r.bytes, r.news = math.Inf(1), math.Inf(1)
	for range 3 {
		if err := r.prepare(ops); err != nil {
			return err
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := r.work(ops); err != nil {
			return err
		}
		runtime.ReadMemStats(&after)
		r.bytes = min(r.bytes, float64(after.TotalAlloc-before.TotalAlloc)/all)
		r.news = min(r.news, float64(after.Mallocs-before.Mallocs)/all)
	}
	return nil
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
	if err := r.prepare(ops); err != nil {
		return 0, err
	}
	return r.work(ops)
}

func (r *running) prepare(ops int) error {
	if r.Prepare == nil {
		return nil
	}
	return r.Prepare(ops)
}

func (r *running) work(ops int) (time.Duration, error) {
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

// turn does its part of the operations of a round.
func (r *running) turn(turn, turns int) error {
	ops := r.ops*(turn+1)/turns - r.ops*turn/turns
	if ops == 0 {
		return nil
	}
	r.litter.collect()
	if err := r.warmUp(ops / 4); err != nil {
		return err
	}
	took, err := r.run(ops)
	r.now.ops += ops * len(r.workers)
	r.now.took += took
	r.litter.bytes += r.bytes * float64(ops*len(r.workers))
	return err
}

// warmUp does some operations that are not timed, since what a turn finds in the caches of the processor is what others left.
func (r *running) warmUp(ops int) error {
	if r.Prepare != nil || ops == 0 {
		return nil
	}
	r.litter.bytes += r.bytes * float64(ops*len(r.workers))
	_, err := r.run(ops)
	return err
}

// litter is the garbage of all candidates since it was collected.
type litter struct{ bytes float64 }

// muchLitter is collected between two turns, so that hardly a turn is spent on that of others. It is so much that few turns come
// right after a collection, with nothing in the caches of the processor. Where the heap is small, the garbage collector starts by
// itself before that, as it does in a server, and mostly in the turns of those that allocate.
const muchLitter = 8 << 20

func (l *litter) collect() {
	if l.bytes > muchLitter {
		runtime.GC()
		l.bytes = 0
	}
}

func (r *running) note() { r.nanos = append(r.nanos, float64(r.now.took)/float64(r.now.ops)) }

func (r *running) row() report.Row {
	return report.Row{
		Name: r.Name, Peer: r.Peer, Lacks: r.Lacks, Base: r.Base, Nanos: r.nanos,
		Bytes: r.bytes, Allocs: r.news,
	}
}
