package jwks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/sanity"
	"github.com/bearergate/bearergate/middleware"
)

// VerifierConfig says which JWTs a [Verifier] takes. Type is required; the zero value of the rest is the strict default.
type VerifierConfig struct {
	// Type is their typ header, such as "token-introspection+jwt"; a leading "application/" does not matter.
	Type string
	// AllowUntyped accepts JWTs without typ, and with "JWT", too: OpenID logout tokens may have none. An ID token could then
	// pass, so whoever reads the claims has to ask for one that only this kind of JWT has.
	AllowUntyped bool
	// Audience is what the JWTs say in aud about whom they are meant for. Default: the audiences of the Validator.
	Audience string
	// AnyAudience does not look at aud, and at iss only if there is one: for JWTs that are meant for everybody and known by
	// where they were found, such as status lists. It excludes Audience.
	AnyAudience bool
	// MaxBytes bounds a JWT. Default: 16 KiB.
	MaxBytes int
}

// Verifier verifies signed JWTs of one issuer that are no access tokens, such as introspection answers (RFC 9701). It is
// safe for concurrent use.
type Verifier struct {
	config    VerifierConfig
	audiences []string
	validator *Validator
}

// NewVerifier returns a Verifier for JWTs whose typ header is typ, with keys of its own. cfg is that of a Validator, whose
// Audience is what the JWTs say in aud; Profile is not looked at. It does no I/O.
func NewVerifier(typ string, cfg Config) (*Verifier, error) {
	validator, err := New(cfg)
	if err != nil {
		return nil, err
	}
	return validator.Verifier(VerifierConfig{Type: typ})
}

// Verifier returns a Verifier for other JWTs of the same issuer, with the keys of v. Closing either closes both.
func (v *Validator) Verifier(cfg VerifierConfig) (*Verifier, error) {
	cfg.Type = jose.MediaTypeOf(cfg.Type)
	switch {
	case !v.made():
		return nil, errors.New("jwks: a Verifier needs a Validator that was made with New")
	case strings.ContainsFunc(cfg.Type, func(c rune) bool { return c <= ' ' || c > '~' }):
		return nil, errors.New("jwks: Type must be a media type without white space, such as logout+jwt")
	case slices.Contains([]string{"", "jwt", "at+jwt"}, cfg.Type):
		return nil, errors.New("jwks: a Verifier needs a Type that tells its JWTs from access tokens")
	case cfg.AnyAudience && (cfg.Audience != "" || cfg.AllowUntyped):
		return nil, errors.New("jwks: AnyAudience excludes Audience and AllowUntyped: typ is all that tells such JWTs from others")
	case cfg.MaxBytes < 0:
		return nil, errors.New("jwks: MaxBytes must not be negative")
	case sanity.Identifier(cfg.Audience) != nil:
		return nil, fmt.Errorf("jwks: Audience: %w", sanity.Identifier(cfg.Audience))
	case cfg.MaxBytes == 0:
		cfg.MaxBytes = jose.MaxTokenBytes
	}
	audiences := v.audiences
	if cfg.Audience != "" {
		audiences = []string{cfg.Audience}
	}
	return &Verifier{cfg, audiences, v}, nil
}

// Verify returns the claims of a JWT, a strict JSON object, after it checked typ, algorithm, issuer, audience and
// signature. Times are left to the caller, since each kind of JWT has its own rules for them. The error is that of
// [Validator.Validate].
func (v *Verifier) Verify(ctx context.Context, jwt string) ([]byte, error) {
	parts, err := jose.Split(jwt, v.config.MaxBytes)
	if err != nil {
		return nil, parseVerdict(err)
	}
	var t unverified
	if err := t.parse(parts, v.validator.keys.headers()); err != nil {
		return nil, err
	}
	switch {
	case !slices.Contains(v.validator.allowed, t.jws.Algorithm):
		return nil, middleware.Reject(middleware.ReasonAlgorithmNotAllowed, nil)
	case !v.isOurKind(t.jws.MediaType):
		return nil, middleware.Reject(middleware.ReasonWrongType, nil)
	}
	if err := v.checkParties(&t.wire); err != nil {
		return nil, err
	}
	signed := candidate{jws: &t.jws, allowed: v.validator.allowed, party: markOf("", "")}
	if _, err := v.validator.keys.verify(ctx, v.validator.now(), &signed); err != nil {
		return nil, err
	}
	return t.jws.Payload, nil
}

func (v *Verifier) isOurKind(typ string) bool {
	return typ == v.config.Type || v.config.AllowUntyped && (typ == "" || typ == "jwt")
}

func (v *Verifier) checkParties(w *wireClaims) error {
	var d claim.Decoder
	issuer, audience := d.Text(w[iss]), d.Audience(w[aud])
	anybody := v.config.AnyAudience
	silent := anybody && w[iss] == nil
	switch {
	case d.Failed():
		return middleware.Reject(middleware.ReasonMalformedClaim, errWrongJSON)
	case issuer != v.validator.issuer && !silent:
		return middleware.Reject(middleware.ReasonUntrustedIssuer, nil)
	case !anybody && !isFor(v.audiences, audience):
		return middleware.Reject(middleware.ReasonWrongAudience, nil)
	}
	return nil
}

// Ready is [Validator.Ready].
func (v *Verifier) Ready(ctx context.Context) error { return v.validator.Ready(ctx) }

// State is [Validator.State].
func (v *Verifier) State() State { return v.validator.State() }

// Close is [Validator.Close].
func (v *Verifier) Close() error { return v.validator.Close() }
