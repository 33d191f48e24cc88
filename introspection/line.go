package introspection

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/sony/gobreaker/v2"
)

// probePause is the longest time between two probes while the endpoint is down.
const probePause = 100 * time.Millisecond

var errClosed = errors.New("the validator is closed")

// line is the queue in front of the introspection endpoint. Questions about one token are one flight; a flight runs in a
// goroutine of its own, detached from the requests that wait for it, once it is its turn. A question that nobody waits
// for any more leaves the queue. While the endpoint is down, one flight at a time probes it.
type line struct {
	limit    int
	timeout  time.Duration
	pause    time.Duration // between two probes
	question func(ctx context.Context, accessToken string) (*middleware.Token, error)
	cache    *cache
	now      func() time.Time
	breaker  *gobreaker.TwoStepCircuitBreaker[any] // all calls under mu

	// shared is told of every flight once it has ended; nil without other replicas.
	shared *shared
	// forgotten counts how often a token was forgotten. It changes under mu.
	forgotten atomic.Uint64

	mu      sync.Mutex
	clock   uint64 // orders arrivals and starts
	joined  map[key]*flight
	pending list.List // of *flight, in the order of arrival
	running int
	probe   *time.Timer // when the next probe is due; nil before the first outage
	counts  counts
	closed  bool

	lifetime context.Context
	end      context.CancelFunc
	flights  sync.WaitGroup
}

// counts are the figures of State that only grow, and the last failure.
type counts struct {
	calls, failures uint64
	err             error
}

func newLine(c *Config, cache *cache, question func(context.Context, string) (*middleware.Token, error)) *line {
	lifetime, end := context.WithCancel(context.Background())
	l := &line{
		limit:    c.MaxConcurrent,
		timeout:  c.Timeout,
		pause:    min(probePause, c.Timeout/8),
		question: question,
		cache:    cache,
		now:      c.Now,
		joined:   map[key]*flight{},
		lifetime: lifetime,
		end:      end,
	}
	breakAfter := uint64(c.BreakAfter)
	l.breaker = gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
		Timeout:      l.pause,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return uint64(c.ConsecutiveFailures) >= breakAfter },
		IsSuccessful: func(err error) bool { return !isOutage(err) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				l.scheduleProbe()
			}
		},
	})
	return l
}

// isOutage: an endpoint that answers is well, whatever it answers. Otherwise a token that it chokes on could be used to
// keep others from being asked about.
func isOutage(err error) bool {
	_, down := errors.AsType[*outage](err)
	return down
}

// scheduleProbe has the queue looked at again once the breaker lets a probe through. The caller holds mu.
func (l *line) scheduleProbe() {
	pause := l.pause + time.Millisecond // the breaker wants it to be over
	switch {
	case l.closed:
	case l.probe != nil:
		l.probe.Reset(pause)
	default:
		l.probe = time.AfterFunc(pause, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.dispatch()
		})
	}
}

// arrive marks the moment a request arrives; see flight.late.
func (l *line) arrive() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clock++
	return l.clock
}

// join returns the flight that asks about a token, and makes one if there is none or if it is to be private. It returns nil
// if another flight has brought the answer since the cache was asked.
func (l *line) join(k key, accessToken string, private bool) (*flight, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.joined[k]
	if private {
		f = nil
	}
	switch {
	case l.closed:
		return nil, errClosed
	case f != nil:
		f.waiters++
		return f, nil
	case !private && l.cache.knows(k):
		return nil, nil
	}
	f = &flight{key: k, accessToken: accessToken, private: private, waiters: 1, done: make(chan struct{})}
	if !private {
		l.joined[k] = f
	}
	f.turn = l.pending.PushBack(f)
	l.dispatch()
	return f, nil
}

// leave is for a waiter that does not wait for the end of the flight.
func (l *line) leave(f *flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.waiters--
	if f.waiters == 0 && f.turn != nil {
		l.remove(f)
	}
}

// remove takes a flight that has not begun out of the queue. The caller holds mu.
func (l *line) remove(f *flight) {
	l.pending.Remove(f.turn)
	f.turn = nil
	l.disband(f)
}

// disband has the next request about the token begin a new flight. The caller holds mu.
func (l *line) disband(f *flight) {
	if l.joined[f.key] == f {
		delete(l.joined, f.key)
	}
}

// dispatch lets as many flights begin as may. The caller holds mu.
func (l *line) dispatch() {
	for l.running < l.limit && l.pending.Len() > 0 && !l.closed {
		report, err := l.breaker.Allow()
		if err != nil {
			return
		}
		f := l.pending.Remove(l.pending.Front()).(*flight)
		f.turn = nil
		l.clock++
		f.began = l.clock
		l.running++
		l.counts.calls++
		patience := l.patience()
		l.flights.Go(func() { l.fly(f, patience, report) })
	}
}

// patience is how long a call may take. A probe gets half of what a request waits, so that a request which comes during a
// lost probe still sees the next one. The caller holds mu.
func (l *line) patience() time.Duration {
	if l.breaker.State() != gobreaker.StateClosed {
		return l.timeout / 2
	}
	return l.timeout
}

func (l *line) fly(f *flight, patience time.Duration, report func(error)) {
	ctx, cancel := context.WithTimeout(l.lifetime, patience)
	defer cancel()
	asked, forgotten := l.now(), l.forgotten.Load()
	f.token, f.err = l.ask(ctx, f.accessToken)
	l.land(f, asked, report)
	l.shared.tell(l.lifetime, f, asked, forgotten)
}

// land ends a flight.
func (l *line) land(f *flight, asked time.Time, report func(error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
	report(f.err)
	l.record(f, asked)
	l.disband(f)
	close(f.done)
	if isOutage(f.err) && l.breaker.State() != gobreaker.StateClosed {
		l.refuse(f.err, f.began)
	}
	l.dispatch()
}

var errPanicked = errors.New("a function or transport of the configuration panicked")

// ask puts the question. A panic of the caller's code must not end the process: no HTTP server stands above this goroutine.
func (l *line) ask(ctx context.Context, accessToken string) (t *middleware.Token, err error) {
	defer func() {
		if recover() != nil {
			t, err = nil, unavailable(errPanicked)
		}
	}()
	return l.question(ctx, accessToken)
}

// record keeps what a flight has found out. Keeping and forgetting exclude each other: what was asked before the token
// was forgotten is not kept. The caller holds mu.
func (l *line) record(f *flight, asked time.Time) {
	refused := errors.Is(f.err, middleware.ErrInvalidToken)
	if f.token == nil && !refused {
		l.counts.failures++
		l.counts.err = f.err
		return
	}
	l.counts.err = nil
	if f.private && refused {
		l.overtake(f.key)
	}
	if refused || !f.private && !f.overtaken {
		l.cache.put(f.key, f.token, f.err, asked)
	}
}

// refuse ends the pending flights with the failure of one that began at a certain time. Requests that arrived later do
// not take it for an answer. The caller holds mu.
func (l *line) refuse(err error, began uint64) {
	for l.pending.Len() > 0 {
		f := l.pending.Front().Value.(*flight)
		l.remove(f)
		f.began, f.err = began, err
		close(f.done)
	}
}

// forget drops what is known about a token, and what is being found out.
func (l *line) forget(k key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgotten.Add(1)
	l.overtake(k)
	l.cache.drop(k)
}

// adopt keeps what another replica has found out, unless a token was forgotten since a certain count: it may be this one.
func (l *line) adopt(k key, t *middleware.Token, asked time.Time, forgotten uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.forgotten.Load() != forgotten {
		return false
	}
	l.cache.put(k, t, nil, asked)
	return true
}

// overtake marks a flight whose question was put before now. The caller holds mu.
func (l *line) overtake(k key) {
	if f := l.joined[k]; f != nil && f.turn == nil {
		f.overtaken = true
		delete(l.joined, k)
	}
}

// close ends the flights in progress and waits for them; those that wait for their turn fail.
func (l *line) close() {
	l.mu.Lock()
	l.closed = true
	if l.probe != nil {
		l.probe.Stop()
	}
	l.refuse(unavailable(errClosed), l.clock)
	l.mu.Unlock()
	l.end()
	l.flights.Wait()
}
