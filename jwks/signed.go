package jwks

import (
	"context"
	"errors"
	"slices"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/middleware"
)

// Verifier verifies signed JWTs of one issuer that are no access tokens, such as introspection answers (RFC 9701). It is
// safe for concurrent use and keeps its keys as a [Validator] does.
type Verifier struct {
	typ       string
	validator *Validator
}

// NewVerifier returns a Verifier for JWTs whose typ header is typ, such as "token-introspection+jwt"; a leading
// "application/" does not matter. cfg is that of a Validator: Audience is what the JWTs say in aud about whom they are
// meant for, and Profile is not looked at. It does no I/O.
func NewVerifier(typ string, cfg Config) (*Verifier, error) {
	if slices.Contains([]string{"", "jwt", "at+jwt"}, mediaType(typ)) {
		return nil, errors.New("jwks: a Verifier needs a typ that tells its JWTs from access tokens")
	}
	validator, err := New(cfg)
	if err != nil {
		return nil, err
	}
	return &Verifier{mediaType(typ), validator}, nil
}

// Verify returns the claims of a JWT, a strict JSON object, after it checked typ, algorithm, issuer, audience and
// signature. Times are left to the caller, since each kind of JWT has its own rules for them. The error is that of
// [Validator.Validate].
func (v *Verifier) Verify(ctx context.Context, jwt string) ([]byte, error) {
	t, err := parse(jwt)
	if err != nil {
		return nil, err
	}
	switch {
	case !slices.Contains(v.validator.allowed, t.jws.Algorithm):
		return nil, middleware.Reject(middleware.ReasonAlgorithmNotAllowed, nil)
	case mediaType(t.jws.Type) != v.typ:
		return nil, middleware.Reject(middleware.ReasonWrongType, nil)
	}
	if err := v.checkParties(t.wire); err != nil {
		return nil, err
	}
	signed := &candidate{t.jws, &claims{issuer: v.validator.issuer}, v.validator.allowed}
	if err := v.validator.keys.verify(ctx, signed); err != nil {
		return nil, err
	}
	return t.jws.Payload, nil
}

func (v *Verifier) checkParties(w *wireClaims) error {
	var d claim.Decoder
	issuer, audience := d.Text(w.Issuer), d.List(w.Audience)
	isOurs := func(identifier string) bool { return slices.Contains(v.validator.audiences, identifier) }
	switch {
	case d.Failed():
		return middleware.Reject(middleware.ReasonMalformedClaim, errWrongJSON)
	case issuer != v.validator.issuer:
		return middleware.Reject(middleware.ReasonUntrustedIssuer, nil)
	case !slices.ContainsFunc(audience, isOurs):
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
