package statuslist

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bearergate/bearergate/internal/sanity"
	"github.com/bearergate/bearergate/internal/upstream"
	"github.com/bearergate/bearergate/middleware"
)

// Config configures a [Checker]. Validator, Verify and Prefixes are required. For durations zero means the default and a
// negative value means off.
type Config struct {
	// Validator judges a token first. What it refuses causes no fetch.
	Validator middleware.Validator
	// Verify checks typ ("statuslist+jwt"), algorithm and signature of a status list token and returns its claims, like the
	// Verify method of a jwks.Verifier with AnyAudience. It trusts nobody but the issuer whose tokens Validator accepts. An
	// error that matches middleware.ErrInvalidToken says that the token is not to be believed, any other that this could
	// not be found out. It must honour ctx and be safe for concurrent use, and is called once for each fetch. A list that it
	// finds too large is a bad one: give it MaxBytes of twice MaxListBytes.
	Verify func(ctx context.Context, jwt string) (claims []byte, err error)
	// Prefixes are the URL prefixes that lists may be fetched from, such as "https://login.example.com/statuslists": that
	// URL and everything below it. They compare as text, without any normalisation. Below a prefix a URI may have letters,
	// digits, slashes and "-._~", no empty or dot segments, no percent-encoding and no query.
	Prefixes []string
	// Require refuses tokens without a status claim. By default they pass.
	Require bool

	// MinTTL is the shortest time a list is used without asking again, whatever it says of ttl and exp. Default: 10 seconds.
	MinTTL time.Duration
	// MaxTTL is the longest such time, and the time for lists that name none. Default: 5 minutes; at most 24 hours.
	MaxTTL time.Duration
	// MaxStale is how long after that a list is still used while no newer one can be had, never past its exp. It adds to
	// what a revoked token can pass for. Default: 10 minutes; at most 24 hours.
	MaxStale time.Duration
	// MaxLists bounds the lists that are kept, and the fetches under way. When it is reached, the list that was not used
	// for longest makes room. Default: 100.
	MaxLists int
	// MaxListBytes bounds one list in memory, after decompression; the token that carries it may have twice that. A larger
	// list is a bad one. Default: 4 MiB, which holds 33,554,432 one-bit entries; at most 1 GiB.
	MaxListBytes int

	// FetchTimeout bounds one fetch as a whole, verification included. Default: 5 seconds; at most 1 minute.
	FetchTimeout time.Duration
	// HTTPClient fetches lists. It is copied; redirects are never followed. Default: a client of its own that honours the
	// proxy environment.
	HTTPClient *http.Client
	// AllowLoopbackHTTP accepts http URLs whose host is loopback, for tests and local development.
	AllowLoopbackHTTP bool
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

const (
	maxListBytes = 1 << 30
	maxTTL       = 24 * time.Hour
)

// withDefaults returns a checked copy with everything filled in.
func (c Config) withDefaults() (Config, error) {
	c.MinTTL = orDefault(c.MinTTL, 10*time.Second)
	c.MaxTTL = orDefault(c.MaxTTL, 5*time.Minute)
	c.MaxStale = orDefault(c.MaxStale, 10*time.Minute)
	c.FetchTimeout = orDefault(c.FetchTimeout, 5*time.Second)
	if c.MaxLists == 0 {
		c.MaxLists = 100
	}
	if c.MaxListBytes == 0 {
		c.MaxListBytes = 4 << 20
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, errors.Join(c.checkParts(), c.checkBounds())
}

func orDefault(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return max(d, 0)
}

func (c *Config) checkParts() error {
	switch {
	case sanity.IsNil(c.Validator):
		return errors.New("statuslist: Validator is required: it says what a token means, its status list only whether it still counts")
	case c.Verify == nil:
		return errors.New("statuslist: Verify is required: make it with the Verifier method of a jwks.Validator, for the type statuslist+jwt")
	case len(c.Prefixes) == 0:
		return errors.New("statuslist: Prefixes is required: where lists are fetched from must not be left to tokens")
	}
	return nil
}

func (c *Config) checkBounds() error {
	switch {
	case c.MinTTL == 0:
		return errors.New("statuslist: MinTTL cannot be off: a list without lifetime would be fetched for every request")
	case c.MaxTTL < c.MinTTL:
		return errors.New("statuslist: MaxTTL must not be shorter than MinTTL")
	case c.FetchTimeout == 0:
		return errors.New("statuslist: FetchTimeout cannot be off: a fetch without an end would block every request")
	case c.MaxLists < 0 || c.MaxListBytes < 0:
		return errors.New("statuslist: MaxLists and MaxListBytes must not be negative")
	case c.MaxListBytes > maxListBytes:
		return errors.New("statuslist: MaxListBytes must be at most 1 GiB: a host that is trusted with lists could have this one fetch as much")
	}
	if err := upstream.CheckClient(c.HTTPClient); err != nil {
		return fmt.Errorf("statuslist: HTTPClient: %w", err)
	}
	if err := c.checkDurations(); err != nil {
		return fmt.Errorf("statuslist: %w", err)
	}
	return nil
}

func (c *Config) checkDurations() error {
	const revoked = "a token that was revoked would pass as long"
	return sanity.Durations(
		sanity.Duration{Name: "MinTTL", Value: c.MinTTL},
		sanity.Duration{Name: "MaxTTL", Value: c.MaxTTL, Most: maxTTL, Because: revoked},
		sanity.Duration{Name: "MaxStale", Value: c.MaxStale, Most: maxTTL, Because: revoked},
		sanity.Duration{Name: "FetchTimeout", Value: c.FetchTimeout, Most: time.Minute, Because: "requests wait as long"},
	)
}
