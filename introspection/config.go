package introspection

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/bearergate/bearergate/internal/discovery"
	"github.com/bearergate/bearergate/internal/sanity"
	"github.com/bearergate/bearergate/internal/upstream"
)

// Config configures a [Validator]. ClientAuth is required, and one of Issuer and Endpoint. For durations zero means the
// default and a negative value means off.
type Config struct {
	// Issuer is the authorization server's issuer identifier. An answer that names another issuer refuses the token.
	// Without it any issuer is accepted, and a token whose answer names none has none.
	Issuer string
	// Endpoint is the URL of the introspection endpoint. Default: introspection_endpoint of the issuer's metadata
	// (RFC 8414, OpenID Connect Discovery).
	Endpoint string
	// ClientAuth is how this resource server authenticates there.
	ClientAuth Credentials

	// Audience is the identifier of this resource server, exactly as the authorization server writes it into aud. An
	// answer with an aud that does not name it refuses the token. An answer without aud passes unless Require says "aud",
	// and if Audience is empty, aud is not looked at: then a token meant for another resource server passes here.
	Audience string
	// OtherAudiences are further identifiers of this resource server. Identifiers are never normalised.
	OtherAudiences []string
	// Require names members that every answer about an active token must have, such as "aud", "exp", "sub" or
	// "token_type". A token whose answer lacks one is refused. Default: none but active, as in RFC 7662.
	Require []string

	// VerifyResponse asks for answers as signed JWTs (RFC 9701) and accepts no others. It returns the claims of a JWT
	// after it checked type, signature, issuer and audience, like the Verify method of jwks.NewVerifier for the type
	// "token-introspection+jwt". Such a JWT may have 16 KiB.
	VerifyResponse func(ctx context.Context, jwt string) (claims []byte, err error)

	// CacheTTL is how long an active token is believed to stay active, never past its exp. Default: 60 seconds; at most 24
	// hours. Off: the server is asked about every request, once for each.
	CacheTTL time.Duration
	// Answers keeps the server's answers about active tokens for all replicas of a service, so that each token is asked about
	// once and not once for each replica. CacheTTL counts from when the server was asked, whoever did; every replica judges an
	// answer by its own configuration. The replicas have to authenticate as the same client. Uncached routes and refused
	// tokens do not use it, and while it fails the server is asked. Default: none.
	Answers AnswerStore
	// NegativeTTL is how long a refused token is believed to stay so. Default: 10 seconds; at most 24 hours.
	NegativeTTL time.Duration
	// StaleIfError is how long after CacheTTL an active token is still believed, never past its exp, while the server
	// cannot be asked. It adds to what a revoked token can pass for. Default: off; at most 24 hours.
	StaleIfError time.Duration
	// MaxCacheBytes bounds the memory for active tokens, roughly. One takes half a KiB and one and a half times the size of
	// its answer. Default: 64 MiB, about 65,000 tokens of the usual size.
	MaxCacheBytes int
	// MaxNegativeEntries bounds the number of refused tokens that are remembered, at about 200 bytes each. They have room
	// of their own, so that a flood of invented tokens displaces no good one. Default: 10,000.
	MaxNegativeEntries int

	// Timeout bounds one call, and separately what a request waits for the outcome. While the server is down, a call has
	// half of it. Default: 3 seconds; at most 1 minute.
	Timeout time.Duration
	// MaxConcurrent bounds the calls under way. Further questions wait for their turn. Default: 64.
	MaxConcurrent int
	// BreakAfter is how many calls in a row have to fail for want of the server before one call at a time has to do until
	// one succeeds. Failures are timeouts, broken connections and the statuses 429 and 5xx. Default: 5; negative: off.
	BreakAfter int

	// Leeway is how far the server's clock may be ahead of ours when nbf is checked. There is none for exp: the server
	// said itself that the token has not expired. Default: 10 seconds; at most 5 minutes.
	Leeway time.Duration
	// HTTPClient makes the calls. It is copied; redirects are never followed. Its transport should keep as many idle
	// connections to a host as MaxConcurrent says. Default: a client of its own that does, and honours the proxy
	// environment.
	HTTPClient *http.Client
	// AllowLoopbackHTTP accepts http URLs whose host is loopback, for tests and local development.
	AllowLoopbackHTTP bool
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

const (
	maxLeeway     = 5 * time.Minute
	maxTTL        = 24 * time.Hour
	minCacheBytes = 1 << 20 // room for a few answers of the largest size
)

// withDefaults returns a checked copy with everything filled in.
func (c Config) withDefaults() (Config, error) {
	c.OtherAudiences = slices.Clone(c.OtherAudiences)
	c.Require = slices.Clone(c.Require)
	c.CacheTTL = orDefault(c.CacheTTL, time.Minute)
	c.NegativeTTL = orDefault(c.NegativeTTL, 10*time.Second)
	c.StaleIfError = max(c.StaleIfError, 0)
	c.Timeout = orDefault(c.Timeout, 3*time.Second)
	c.Leeway = orDefault(c.Leeway, 10*time.Second)
	for _, field := range []struct {
		value    *int
		fallback int
	}{
		{&c.MaxCacheBytes, 64 << 20}, {&c.MaxNegativeEntries, 10_000}, {&c.MaxConcurrent, 64}, {&c.BreakAfter, 5},
	} {
		if *field.value == 0 {
			*field.value = field.fallback
		}
	}
	if c.BreakAfter < 0 {
		c.BreakAfter = math.MaxInt
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, errors.Join(c.checkServer(), c.checkAnswers(), c.checkBounds())
}

func orDefault(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return max(d, 0)
}

func (c *Config) checkServer() error {
	if err := c.ClientAuth.Check(); err != nil {
		return fmt.Errorf("introspection: ClientAuth: %w", err)
	}
	if c.Endpoint != "" {
		if err := upstream.CheckURL(c.Endpoint, c.AllowLoopbackHTTP); err != nil {
			return fmt.Errorf("introspection: Endpoint: %w", err)
		}
		if err := sanity.Identifier(c.Issuer); err != nil {
			return fmt.Errorf("introspection: Issuer: %w", err)
		}
		return nil
	}
	if c.Issuer == "" {
		return errors.New("introspection: Endpoint or Issuer is required: where to ask, or whose metadata says where")
	}
	if err := discovery.CheckIssuer(c.Issuer, c.AllowLoopbackHTTP); err != nil {
		return fmt.Errorf("introspection: Issuer: %w", err)
	}
	return nil
}

func (c *Config) checkAnswers() error {
	switch {
	case c.Audience == "" && len(c.OtherAudiences) > 0:
		return errors.New("introspection: OtherAudiences needs an Audience: write the first of them there")
	case c.Audience == "" && slices.Contains(c.Require, "aud"):
		return errors.New("introspection: Require says aud, but there is no Audience to compare it with")
	case c.Issuer == "" && slices.Contains(c.Require, "iss"):
		return errors.New("introspection: Require says iss, but there is no Issuer to compare it with")
	case sanity.Identifier(c.Audience) != nil:
		return fmt.Errorf("introspection: Audience: %w", sanity.Identifier(c.Audience))
	case c.Answers != nil && sanity.IsNil(c.Answers):
		return errors.New("introspection: Answers is a nil pointer, as after an error that nobody looked at: set a store, or leave it out")
	}
	err := sanity.Identifiers("OtherAudiences", c.OtherAudiences)
	if err == nil {
		err = sanity.Identifiers("Require", c.Require)
	}
	if err != nil {
		return fmt.Errorf("introspection: %w", err)
	}
	return nil
}

func (c *Config) checkBounds() error {
	switch {
	case c.Leeway > maxLeeway:
		return errors.New("introspection: Leeway must be at most 5 minutes: more would let in tokens before their time")
	case c.Timeout == 0:
		return errors.New("introspection: Timeout cannot be off: a call without an end would block every request")
	case c.MaxConcurrent < 0:
		return errors.New("introspection: MaxConcurrent must not be negative")
	case c.MaxCacheBytes < minCacheBytes:
		return errors.New("introspection: MaxCacheBytes must be at least 1 MiB; switch the cache off with CacheTTL")
	case c.MaxNegativeEntries < 0:
		return errors.New("introspection: MaxNegativeEntries must not be negative; switch that cache off with NegativeTTL")
	case c.Answers != nil && c.CacheTTL == 0:
		return errors.New("introspection: Answers needs a CacheTTL: answers that are not believed again need not be kept")
	case c.StaleIfError > 0 && c.CacheTTL == 0:
		return errors.New("introspection: StaleIfError needs a CacheTTL: without one there is nothing to fall back on")
	}
	if err := upstream.CheckClient(c.HTTPClient); err != nil {
		return fmt.Errorf("introspection: HTTPClient: %w", err)
	}
	if err := c.checkDurations(); err != nil {
		return fmt.Errorf("introspection: %w", err)
	}
	return nil
}

func (c *Config) checkDurations() error {
	const revoked = "a token that was revoked would pass as long"
	return sanity.Durations(
		sanity.Duration{Name: "CacheTTL", Value: c.CacheTTL, Most: maxTTL, Because: revoked},
		sanity.Duration{Name: "StaleIfError", Value: c.StaleIfError, Most: maxTTL, Because: revoked},
		sanity.Duration{Name: "NegativeTTL", Value: c.NegativeTTL, Most: maxTTL, Because: "a token that became good would be refused as long"},
		sanity.Duration{Name: "Timeout", Value: c.Timeout, Most: time.Minute, Because: "requests wait as long"},
		sanity.Duration{Name: "Leeway", Value: c.Leeway},
	)
}
