package jwks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/middleware"
)

// Router validates the tokens of several issuers. It implements middleware.Validator and is safe for concurrent use.
type Router struct {
	byIssuer map[string]*Validator
	tokens   *verified
	headers  jose.Headers
}

// Issuers puts the validators of several issuers behind one. A token is judged only by the validator of the issuer it
// names, with that issuer's keys, profile and audience (RFC 8725, section 3.8); a token of any other issuer is refused
// without a request to anybody. Two validators of one issuer are an error.
func Issuers(validators ...*Validator) (*Router, error) {
	if len(validators) == 0 {
		return nil, errors.New("jwks: Issuers needs at least one Validator")
	}
	byIssuer, cacheBytes := make(map[string]*Validator, len(validators)), 0
	for _, v := range validators {
		if !v.made() {
			return nil, errors.New("jwks: a Validator given to Issuers is nil or was not made with New")
		}
		if byIssuer[v.issuer] != nil {
			return nil, fmt.Errorf("jwks: two Validators for issuer %q", v.issuer)
		}
		byIssuer[v.issuer] = v
		if v.tokens != nil {
			cacheBytes = max(cacheBytes, v.tokens.maxBytes)
		}
	}
	return &Router{byIssuer: byIssuer, tokens: newVerified(cacheBytes)}, nil
}

// Validate implements middleware.Validator. Tokens of all issuers are remembered in one cache, as large as the largest of
// the validators.
func (r *Router) Validate(ctx context.Context, accessToken string) (*middleware.Token, error) {
	return r.tokens.validate(ctx, accessToken, r.judge)
}

// Forget implements middleware.Forgetter.
func (r *Router) Forget(accessToken string) { r.tokens.forget(accessToken) }

func (r *Router) judge(ctx context.Context, accessToken string) (*entry, error) {
	parts, err := split(accessToken)
	if err != nil {
		return nil, err
	}
	var t unverified
	if err := t.parse(parts, &r.headers); err != nil {
		return nil, err
	}
	issuer, _ := t.issuer()
	v := r.byIssuer[issuer]
	if v == nil {
		return nil, middleware.Reject(middleware.ReasonUntrustedIssuer, nil)
	}
	judged, err := v.accept(ctx, &t)
	if err == nil {
		r.headers.Remember(&t.jws)
	}
	return judged, err
}

// Ready returns nil once the tokens of every issuer can be judged. Otherwise its error names the issuers whose tokens
// cannot; those of the others can all the same.
func (r *Router) Ready(ctx context.Context) error {
	issuers := slices.Collect(maps.Keys(r.byIssuer))
	return everyReady(issuers, func(issuer string) error { return r.byIssuer[issuer].Ready(ctx) })
}

// States returns the state of every issuer's keys.
func (r *Router) States() map[string]State {
	states := make(map[string]State, len(r.byIssuer))
	for issuer, v := range r.byIssuer {
		states[issuer] = v.State()
	}
	return states
}

// Close closes every validator.
func (r *Router) Close() error {
	for _, v := range r.byIssuer {
		_ = v.Close()
	}
	return nil
}
