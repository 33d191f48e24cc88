package events

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bearergate/bearergate/internal/sanity"
	"github.com/bearergate/bearergate/internal/upstream"
)

// PollConfig configures a [Poller]. Endpoint is required.
type PollConfig struct {
	// Endpoint is the transmitter's polling endpoint, an https URL: the endpoint_url of the stream (SSF, section 6.1.2).
	Endpoint string
	// Authorization returns the value of the Authorization field, such as "Bearer " and an access token. It is called for
	// each request and should keep the token until it expires; it must honour ctx, and its errors must not contain the
	// token. Default: no such field, as with a client certificate in HTTPClient.
	Authorization func(ctx context.Context) (string, error)
	// MaxEvents is how many SETs are asked for at once. Default: 100; at most 10,000.
	MaxEvents int

	// Timeout bounds one poll as a whole. It must be longer than the transmitter holds a poll back until there is an
	// event, and it is how long a connection can be dead before that shows. Default: 2 minutes; at most 1 hour.
	Timeout time.Duration
	// Interval is the shortest time from one poll that brings nothing new to the next, for transmitters that do not hold
	// polls back. Default: 1 second; at most 1 hour.
	Interval time.Duration
	// Backoff is about how long to wait after something went wrong. It doubles with each failure, up to MaxBackoff.
	// Default: 1 second; at most 1 hour.
	Backoff time.Duration
	// MaxBackoff is the longest such time, unless the transmitter asks for a longer one. Default: 1 minute; at most 24 hours.
	MaxBackoff time.Duration
	// HTTPClient makes the requests. It is copied; redirects are never followed. Default: a client of its own that honours
	// the proxy environment.
	HTTPClient *http.Client
	// AllowLoopbackHTTP accepts an http Endpoint whose host is loopback, for tests and local development.
	AllowLoopbackHTTP bool
}

// withDefaults returns a checked copy with everything filled in.
func (c PollConfig) withDefaults() (PollConfig, error) {
	c.MaxEvents = cmp.Or(c.MaxEvents, 100)
	c.Timeout = cmp.Or(c.Timeout, 2*time.Minute)
	c.Interval = cmp.Or(c.Interval, time.Second)
	c.Backoff = cmp.Or(c.Backoff, time.Second)
	c.MaxBackoff = cmp.Or(c.MaxBackoff, max(c.Backoff, time.Minute))
	if err := upstream.CheckURL(c.Endpoint, c.AllowLoopbackHTTP); err != nil {
		return c, fmt.Errorf("events: Endpoint: %w", err)
	}
	switch {
	case c.MaxEvents < 0 || c.MaxEvents > maxEvents:
		return c, errors.New("events: MaxEvents must be between 1 and 10000; zero is 100")
	case c.Timeout < 0:
		return c, errors.New("events: Timeout cannot be off: a dead connection would never show")
	case c.Interval < 0 || c.Backoff < 0 || c.MaxBackoff < 0:
		return c, errors.New("events: Interval and Backoff cannot be off: the transmitter would be flooded")
	case c.MaxBackoff < c.Backoff:
		return c, errors.New("events: MaxBackoff must not be shorter than Backoff")
	}
	if err := upstream.CheckClient(c.HTTPClient); err != nil {
		return c, fmt.Errorf("events: HTTPClient: %w", err)
	}
	if err := c.checkDurations(); err != nil {
		return c, fmt.Errorf("events: %w", err)
	}
	return c, nil
}

const maxEvents = 10_000

func (c *PollConfig) checkDurations() error {
	const late = "revocations could be learnt of as late"
	return sanity.Durations(
		sanity.Duration{Name: "Timeout", Value: c.Timeout, Most: time.Hour, Because: "a dead connection would not show for as long"},
		sanity.Duration{Name: "Interval", Value: c.Interval, Most: time.Hour, Because: late},
		sanity.Duration{Name: "Backoff", Value: c.Backoff, Most: time.Hour, Because: late},
		sanity.Duration{Name: "MaxBackoff", Value: c.MaxBackoff, Most: 24 * time.Hour, Because: late},
	)
}
