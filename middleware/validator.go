package middleware

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Validator finds out what an access token says.
type Validator interface {
	// Validate returns what the token says if it may be honoured, an error matching ErrInvalidToken if it may not, and
	// one matching ErrUnavailable if that could not be found out; any other error counts as the latter. Implementations
	// use [Reject] and [Unavailable], honour ctx, and are safe for concurrent use. The returned Token may be shared
	// between requests: callers that change something change a copy.
	Validate(ctx context.Context, accessToken string) (*Token, error)
}

// ValidatorFunc lets a function be a Validator.
type ValidatorFunc func(ctx context.Context, accessToken string) (*Token, error)

// Validate calls f.
func (f ValidatorFunc) Validate(ctx context.Context, accessToken string) (*Token, error) {
	return f(ctx, accessToken)
}

// ByFormat returns a Validator that sends tokens with the form of a signed JWT (RFC 7515, section 3.1) to jwt and all
// others to opaque. The form is no promise: each of the two must be safe for any string. Nil for either refuses the
// tokens of that form.
func ByFormat(jwt, opaque Validator) Validator {
	return byFormat{syntaxFirst(jwt), syntaxFirst(opaque)}
}

type byFormat struct{ jwt, opaque Validator }

func (v byFormat) choose(accessToken string) Validator {
	if looksLikeJWT(accessToken) {
		return v.jwt
	}
	return v.opaque
}

func (v byFormat) Validate(ctx context.Context, accessToken string) (*Token, error) {
	chosen := v.choose(accessToken)
	if chosen == nil {
		return nil, Reject(ReasonMalformedToken, nil)
	}
	return chosen.Validate(ctx, accessToken)
}

func (v byFormat) Forget(accessToken string) { forget(v.choose(accessToken), accessToken) }

var (
	errNobodyAsked = errors.New("no validator was given")
	errAll         = errors.New("oauth: All needs validators, and none of them nil: look at the errors of those who made them")
	errByFormat    = errors.New("oauth: ByFormat needs a Validator for JWTs, one for opaque tokens, or both")
	errDisagree    = errors.New("the validators describe different tokens")
)

// All returns a Validator that honours a token only if every one of validators does, asking them in order and stopping
// at the first refusal; put the cheap one first. Use it to check a JWT locally and then ask whether it is still active.
//
// The first Validator says what the token means. What the others add can only narrow it: the earliest expiry counts, and
// all bindings count. A Validator that names another issuer, subject or binding than the first refuses the token.
func All(validators ...Validator) Validator {
	every := all(slices.Clone(validators))
	for i, each := range every {
		if isNil(each) {
			every[i] = nil
		}
	}
	return every
}

type all []Validator

func (v all) Validate(ctx context.Context, accessToken string) (*Token, error) {
	if len(v) == 0 || slices.Contains(v, nil) {
		return nil, refuse(ErrMisconfigured, ReasonMisconfigured, errNobodyAsked)
	}
	first, err := v[0].Validate(ctx, accessToken)
	if err != nil {
		return nil, err
	}
	if first == nil {
		return nil, nil
	}
	merged := *first
	for _, next := range v[1:] {
		other, err := next.Validate(ctx, accessToken)
		if err != nil || other == nil {
			return nil, err
		}
		if !narrow(&merged, other) {
			return nil, Reject(ReasonConflict, errDisagree)
		}
	}
	return &merged, nil
}

func (v all) Forget(accessToken string) {
	for _, each := range v {
		forget(each, accessToken)
	}
}

// checkParts says what is wrong with a Validator that is put together of others, nil if nothing is.
func checkParts(v Validator) error {
	switch v := v.(type) {
	case checked:
		return checkParts(v.Validator)
	case byFormat:
		if v.jwt == nil && v.opaque == nil {
			return errByFormat
		}
		return errors.Join(checkParts(v.jwt), checkParts(v.opaque))
	case all:
		if len(v) == 0 || slices.Contains(v, nil) {
			return errAll
		}
		for _, each := range v {
			if err := checkParts(each); err != nil {
				return err
			}
		}
	}
	return nil
}

// narrow adds what another Validator knows to a token and reports whether both speak of the same one.
func narrow(t, other *Token) bool {
	if differ(t.Issuer, other.Issuer) || differ(t.Subject, other.Subject) || differ(t.ClientID, other.ClientID) {
		return false
	}
	members := map[string]string{}
	for method, value := range t.Confirmation.All() {
		members[method] = value
	}
	for method, value := range other.Confirmation.All() {
		if known, ok := members[method]; ok && known != value {
			return false
		}
		members[method] = value
	}
	t.Confirmation = NewConfirmation(members)
	t.ExpiresAt = earliest(t.ExpiresAt, other.ExpiresAt)
	return true
}

// differ ignores what one of the two leaves open: introspection answers may omit any of these members (RFC 7662).
func differ(a, b string) bool { return a != "" && b != "" && a != b }

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
