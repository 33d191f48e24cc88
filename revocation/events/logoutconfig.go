package events

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/sanity"
)

// LogoutConfig configures a [Logout]. Issuer, ClientID, Verify and List are required.
type LogoutConfig struct {
	// Issuer is the OpenID provider's issuer identifier, exactly as it stands in iss, of logout tokens and access tokens
	// alike.
	Issuer string
	// ClientID is the client whose back-channel logout URI this is, exactly as it stands in aud.
	ClientID string
	// Verify trusts nobody but the provider, and wants the type "logout+jwt"; it may let tokens without type pass.
	Verify Verify
	// List is where the revocations go.
	List List

	// Leeway is how far the provider's clock may differ. Default: 10 seconds; at most 5 minutes; negative: not at all.
	Leeway time.Duration
	// Timeout bounds the processing of one logout token as a whole. Default: 10 seconds; at most 5 minutes.
	Timeout time.Duration
	// MaxBytes bounds a logout token. Default: 16 KiB; at most 1 MiB.
	MaxBytes int
	// MaxConcurrent bounds the logout tokens that are processed at once; more are answered with 503. Default: 64.
	MaxConcurrent int
	// Logger receives the logouts that are lost or delayed. Default: slog.Default().
	Logger *slog.Logger
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

const (
	defaultLeeway = 10 * time.Second
	maxLeeway     = 5 * time.Minute
)

// withDefaults returns a checked copy with everything filled in.
func (c LogoutConfig) withDefaults() (LogoutConfig, error) {
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.MaxBytes = cmp.Or(c.MaxBytes, jose.MaxTokenBytes)
	c.MaxConcurrent = cmp.Or(c.MaxConcurrent, defaultConcurrent)
	c.Leeway = max(cmp.Or(c.Leeway, defaultLeeway), 0)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, c.check()
}

func (c *LogoutConfig) check() error {
	switch {
	case c.Issuer == "":
		return errors.New("events: Issuer is required: the iss of the OpenID provider")
	case c.ClientID == "":
		return errors.New("events: ClientID is required: without it logout tokens for others could be replayed here")
	case c.Verify == nil:
		return errors.New("events: Verify is required: make it with jwks.Validator.Verifier for the type logout+jwt")
	case sanity.IsNil(c.List):
		return errors.New("events: List is required: without it tokens of ended sessions would stay good here")
	case c.Leeway > maxLeeway:
		return errors.New("events: Leeway must be at most 5 minutes: more would keep old logout tokens alive")
	case sanity.Identifier(c.Issuer) != nil:
		return fmt.Errorf("events: Issuer: %w", sanity.Identifier(c.Issuer))
	case sanity.Identifier(c.ClientID) != nil:
		return fmt.Errorf("events: ClientID: %w", sanity.Identifier(c.ClientID))
	case c.Timeout < 0:
		return errTimeout
	case c.MaxBytes < 0 || c.MaxConcurrent < 0:
		return errors.New("events: MaxBytes and MaxConcurrent must not be negative")
	case c.MaxBytes > maxBytes:
		return errMaxBytes
	}
	if err := sanity.Durations(sanity.Duration{Name: "Leeway", Value: c.Leeway}); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	return checkTimeout(c.Timeout)
}
