package events

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

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
	// MaxEvents is how many SETs are asked for at once. Default: 100.
	MaxEvents int

	// Timeout bounds one poll as a whole. It must be longer than the transmitter holds a poll back until there is an
	// event, and it is how long a connection can be dead before that shows. Default: 2 minutes.
	Timeout time.Duration
	// Interval is the shortest time from one poll that brings nothing new to the next, for transmitters that do not hold
	// polls back. Default: 1 second.
	Interval time.Duration
	// Backoff is about how long to wait after something went wrong. It doubles with each failure, up to MaxBackoff.
	// Default: 1 second.
	Backoff time.Duration
	// MaxBackoff is the longest such time, unless the transmitter asks for a longer one. Default: 1 minute.
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
	case c.MaxEvents < 0:
		return c, errors.New("events: MaxEvents must not be negative")
	case c.Timeout < 0:
		return c, errors.New("events: Timeout cannot be off: a dead connection would never show")
	case c.Interval < 0 || c.Backoff < 0 || c.MaxBackoff < 0:
		return c, errors.New("events: Interval and Backoff cannot be off: the transmitter would be flooded")
	case c.MaxBackoff < c.Backoff:
		return c, errors.New("events: MaxBackoff must not be shorter than Backoff")
	}
	return c, nil
}
