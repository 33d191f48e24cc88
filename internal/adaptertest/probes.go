package adaptertest

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// clock stands still until it is told to move.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.set(time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC))
	return c
}

// Now returns the time.
func (c *clock) Now() time.Time { return time.Unix(0, c.nanos.Load()) }

func (c *clock) set(t time.Time) { c.nanos.Store(t.UnixNano()) }

func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

// counted counts the tokens that reach a Validator.
type counted struct {
	middleware.Validator
	n *atomic.Int64
}

// Validate implements [middleware.Validator].
func (c *counted) Validate(ctx context.Context, accessToken string) (*middleware.Token, error) {
	c.n.Add(1)
	return c.Validator.Validate(ctx, accessToken)
}

// Forget implements [middleware.Forgetter] for a Validator that does.
func (c *counted) Forget(accessToken string) {
	if cache, ok := c.Validator.(middleware.Forgetter); ok {
		cache.Forget(accessToken)
	}
}

// Describe implements [middleware.Describer] for a Validator that does. What is no token68 is no business of one that
// counts.
func (c *counted) Describe() middleware.Acceptance {
	a := middleware.Acceptance{Unknown: true}
	if describer, ok := c.Validator.(middleware.Describer); ok {
		a = describer.Describe()
	}
	a.Token68 = false
	return a
}

// counter counts requests on their way.
type counter struct {
	http.RoundTripper
	n        *atomic.Int64
	answered func() // called before an answer is handed over; nil for nothing
}

// RoundTrip implements [http.RoundTripper].
func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	resp, err := c.RoundTripper.RoundTrip(r)
	if c.answered != nil {
		c.answered()
	}
	return resp, err
}

// log keeps what is logged.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write implements [io.Writer].
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns the log so far.
func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// last returns the last line.
func (l *log) last() string {
	lines := strings.Split(strings.TrimSpace(l.String()), "\n")
	return lines[len(lines)-1]
}
