package events

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/sanity"
	"github.com/bearergate/bearergate/revocation"
)

// List is where revocations go: a *revocation.List. An error means that the transmitter has to send the event again.
type List interface {
	Revoke(ctx context.Context, r revocation.Revocation) error
}

// Verify checks typ, algorithm and signature of a JWT of one issuer and returns its claims, like the Verify method of
// a jwks.Verifier. An error that matches middleware.ErrInvalidToken says that the JWT is not to be believed, and
// middleware.ReasonOf of it why; any other error that this could not be found out. It must honour ctx and be safe for
// concurrent use.
type Verify = func(ctx context.Context, jwt string) (claims []byte, err error)

// Config configures a [Receiver]. Issuer, Audience, Verify and List are required.
type Config struct {
	// Issuer is the transmitter's issuer identifier, exactly as it stands in iss.
	Issuer string
	// Audience is who this receiver is to the transmitter, exactly as it stands in aud.
	Audience string
	// Verify trusts nobody but the transmitter, and wants the type "secevent+jwt".
	Verify Verify
	// List is where the revocations go.
	List List

	// TokenIssuers are the issuers whose tokens the transmitter may revoke. An opaque subject or session, which does not
	// say whose it is, is taken for one of each. Default: Issuer alone.
	TokenIssuers []string
	// Authorization is the value of the Authorization field that the transmitter sends, the authorization_header of its
	// stream configuration (SSF, section 6.1.1). Default: any or none, and the signature is all that is checked.
	Authorization string
	// CriticalMembers are the members of complex subjects that must not be ignored, the critical_subject_members of the
	// transmitter's metadata (SSF, section 7.1). An event that would revoke is refused if its subject has one that is
	// neither used nor left to Resolve.
	CriticalMembers []string
	// HookOnly are event types that revoke by default, but are to be left to OnEvent.
	HookOnly []string
	// AllowLegacySubject accepts events whose subject is inside of the event, named by subject_type or format, where there
	// is no sub_id: those of Google and of transmitters that are older than SSF 1.0.
	AllowLegacySubject bool

	// Resolve says what a subject means that a Receiver cannot map itself, such as an e-mail address or somebody of a
	// foreign issuer. Each revocation names one of TokenIssuers, or a Token; none at all means that nobody here is the
	// subject. Before is filled in where a Subject or ClientID is revoked, By and Reason always are. An error that matches
	// ErrSubject refuses the event for good; any other has it sent again. Default: such events are refused.
	Resolve func(ctx context.Context, s Subject) ([]revocation.Revocation, error)
	// OnEvent learns of each event once it took effect, unknown types included, before the transmitter is answered. It
	// is called concurrently, and once for each event as far as that is remembered. An error has the event sent again.
	OnEvent func(ctx context.Context, e Event) error
	// AcceptState reports whether the state of a verification event is one that this service asked for, in another
	// process or by hand. Default: only what AwaitVerification waits for.
	AcceptState func(state string) bool

	// Timeout bounds the processing of one SET as a whole, if the functions above honour their ctx. Default: 10 seconds; at
	// most 5 minutes.
	Timeout time.Duration
	// MaxBytes bounds one SET. Default: 16 KiB; at most 1 MiB.
	MaxBytes int
	// MaxConcurrent bounds the SETs that are processed at once; more are answered with 503. Default: 64.
	MaxConcurrent int
	// MaxRemembered is how many SETs are remembered, so that repeats take effect once. Default: 10,000, about 2 MB.
	MaxRemembered int
	// Logger receives the events that are lost or delayed. Default: slog.Default().
	Logger *slog.Logger
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

const (
	defaultTimeout    = 10 * time.Second
	defaultConcurrent = 64
	defaultRemembered = 10_000
)

// withDefaults returns a checked copy with everything filled in.
func (c Config) withDefaults() (Config, error) {
	c.CriticalMembers = slices.Clone(c.CriticalMembers)
	c.HookOnly = slices.Clone(c.HookOnly)
	c.TokenIssuers = slices.Clone(c.TokenIssuers)
	if len(c.TokenIssuers) == 0 && c.Issuer != "" {
		c.TokenIssuers = []string{c.Issuer}
	}
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.MaxBytes = cmp.Or(c.MaxBytes, jose.MaxTokenBytes)
	c.MaxConcurrent = cmp.Or(c.MaxConcurrent, defaultConcurrent)
	c.MaxRemembered = cmp.Or(c.MaxRemembered, defaultRemembered)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, errors.Join(c.checkParts(), c.checkOptions())
}

func (c *Config) checkParts() error {
	switch {
	case c.Issuer == "":
		return errors.New("events: Issuer is required: the iss of the transmitter")
	case c.Audience == "":
		return errors.New("events: Audience is required: without it events for others could be replayed here")
	case c.Verify == nil:
		return errors.New("events: Verify is required: make it with jwks.NewVerifier for the type secevent+jwt")
	case sanity.IsNil(c.List):
		return errors.New("events: List is required: without it revoked tokens would stay good here")
	case sanity.Identifier(c.Issuer) != nil:
		return fmt.Errorf("events: Issuer: %w", sanity.Identifier(c.Issuer))
	case sanity.Identifier(c.Audience) != nil:
		return fmt.Errorf("events: Audience: %w", sanity.Identifier(c.Audience))
	}
	return nil
}

func (c *Config) checkOptions() error {
	unknown := func(eventType string) bool {
		return actions[eventType] != revoke && actions[eventType] != revokeSession
	}
	if err := sanity.Identifiers("TokenIssuers", c.TokenIssuers); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	if err := sanity.Identifiers("CriticalMembers", c.CriticalMembers); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	switch {
	case !sendable(c.Authorization):
		return errors.New("events: Authorization must be a field value without control characters or white space around it")
	case slices.ContainsFunc(c.HookOnly, unknown):
		return errors.New("events: HookOnly must name event types that revoke, such as TypeCredentialChange")
	case c.Timeout < 0:
		return errTimeout
	case c.MaxBytes < 0 || c.MaxConcurrent < 0 || c.MaxRemembered < 0:
		return errors.New("events: MaxBytes, MaxConcurrent and MaxRemembered must not be negative")
	case c.MaxBytes > maxBytes:
		return errMaxBytes
	}
	return checkTimeout(c.Timeout)
}

const maxBytes = 1 << 20

var (
	errTimeout  = errors.New("events: Timeout cannot be off: what hangs would take up places for ever")
	errMaxBytes = errors.New("events: MaxBytes must be at most 1 MiB")
)

func checkTimeout(timeout time.Duration) error {
	err := sanity.Durations(sanity.Duration{
		Name: "Timeout", Value: timeout, Most: 5 * time.Minute, Because: "what hangs takes up a place as long",
	})
	if err != nil {
		return fmt.Errorf("events: %w", err)
	}
	return nil
}

// sendable reports whether a field value arrives as it was sent (RFC 9110, section 5.5).
func sendable(value string) bool {
	control := func(c rune) bool { return c < ' ' || c == 0x7f }
	return value == strings.TrimSpace(value) && !strings.ContainsFunc(value, control)
}
