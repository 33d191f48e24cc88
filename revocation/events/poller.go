package events

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/internal/upstream"
)

// Poller fetches the Security Event Tokens of a transmitter and hands them to a [Receiver] (RFC 8936). What took effect
// is acknowledged, what cannot be taken is reported, and what failed here is neither, so that the transmitter sends it
// again. Its methods are safe for concurrent use.
type Poller struct {
	receiver *Receiver
	config   PollConfig
	client   *http.Client
	running  atomic.Bool

	// Run alone uses these.
	report    report
	ask       int  // how many SETs to ask for
	fruitless bool // the last poll brought nothing new

	mu    sync.Mutex
	state PollState
}

// PollState describes a [Poller], for readiness and metrics.
type PollState struct {
	// ContactAt is when the transmitter last answered as it should; zero if it never did.
	ContactAt time.Time
	// Failures is how many polls in a row went wrong, there or here, and Err what did with the last one; zero and nil if
	// it went well.
	Failures int
	Err      error
	// Unacknowledged is how many SETs were dealt with that the transmitter may not know of yet.
	Unacknowledged int
}

// NewPoller returns a Poller. It does no I/O before Run. It returns an error for a configuration that would be unsafe
// or could not work.
func NewPoller(receiver *Receiver, cfg PollConfig) (*Poller, error) {
	if receiver == nil || receiver.config.Now == nil {
		return nil, errors.New("events: a Poller needs the Receiver that takes what it fetches, made with New")
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Poller{receiver: receiver, config: cfg, client: upstream.Client(cfg.HTTPClient), ask: cfg.MaxEvents}, nil
}

var errRunning = errors.New("events: the Poller runs already")

// Run polls until ctx ends, and returns its error. Whatever goes wrong on the way is tried again. Before it returns it
// acknowledges what it has not yet, which takes 5 seconds at most. There is no second Run at the same time.
func (p *Poller) Run(ctx context.Context) error {
	if !p.running.CompareAndSwap(false, true) {
		return errRunning
	}
	defer p.running.Store(false)
	if p.config.HTTPClient == nil {
		defer p.client.CloseIdleConnections()
	}
	for ctx.Err() == nil {
		pause(ctx, p.round(ctx))
	}
	farewell, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = p.acknowledge(farewell) // or else the SETs come again
	return ctx.Err()
}

// State describes where p stands. It does no I/O.
func (p *Poller) State() PollState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// round polls once, and returns how long to wait before the next time.
func (p *Poller) round(ctx context.Context) time.Duration {
	began := time.Now()
	batch, err := p.poll(ctx)
	if err != nil {
		return p.failed(ctx, err)
	}
	p.contacted()
	fresh, err := p.receive(ctx, batch.sets)
	if err != nil {
		// Polling again at once would bring the same again, so the rest is acknowledged now.
		return p.failed(ctx, errors.Join(err, p.acknowledge(ctx)))
	}
	p.succeeded()
	wasFruitless := p.fruitless
	p.fruitless = fresh == 0
	if fresh > 0 || batch.more && !wasFruitless {
		return 0
	}
	return p.config.Interval - time.Since(began)
}

// receive has SETs take effect, and returns how many of them were new and what failed here.
func (p *Poller) receive(ctx context.Context, sets map[string]string) (fresh int, failed error) {
	for _, jti := range slices.Sorted(maps.Keys(sets)) {
		repeat, err := p.receiver.receive(ctx, delivery{jwt: sets[jti], polled: true, name: jti})
		if !remembered(err) {
			failed = err
			continue
		}
		p.report.add(jti, err)
		if !repeat {
			fresh++
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Unacknowledged = p.report.len()
	return fresh, failed
}

func (p *Poller) contacted() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.ContactAt = p.receiver.config.Now()
}

func (p *Poller) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Failures, p.state.Err = 0, nil
}

// failed returns how long to wait: longer each time, not the same for all replicas, and no less than was asked for.
func (p *Poller) failed(ctx context.Context, err error) time.Duration {
	if ctx.Err() != nil {
		return 0 // that is why
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Failures++
	p.state.Err = err
	wait := p.config.backoff(p.state.Failures)
	if e, ok := errors.AsType[*pollError](err); ok {
		wait = max(wait, e.retryAfter)
	}
	return wait
}

// backoff returns at least half of the time that goes with so many failures.
func (c *PollConfig) backoff(failures int) time.Duration {
	longest := c.Backoff
	for i := 1; i < failures && longest < c.MaxBackoff; i++ {
		longest *= 2
	}
	longest = min(longest, c.MaxBackoff)
	return longest/2 + rand.N(longest/2+1)
}

func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
