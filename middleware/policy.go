package middleware

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Policy is what one route asks of a token. The zero Policy asks for a valid token and nothing else. Policies of several
// layers on one request all have to hold.
type Policy struct {
	// Scopes are all required.
	Scopes []string
	// AnyScopes are groups of alternatives: at least one scope of every group is required.
	AnyScopes [][]string
	// ACRValues are the acceptable authentication context classes; the token's acr must be one of them (RFC 9470).
	// Empty: any.
	ACRValues []string
	// MaxAge is the longest time since the user actively authenticated, in whole seconds (RFC 9470). A token without
	// auth_time fails it. Zero: no limit; less than a second: in this very second. Negative is a mistake and lets nobody
	// pass.
	MaxAge time.Duration
	// RequireBinding refuses tokens that are bound to no key, as Config.RequireBinding does for all routes.
	RequireBinding bool
	// RefuseDelegated refuses tokens with an actor (RFC 8693, section 4.1).
	RefuseDelegated bool
	// AllowAnonymous lets requests without credentials pass, without a token in their context. Bad credentials are
	// refused all the same, and so are credentials of another scheme.
	AllowAnonymous bool
	// EndWithToken ends the request's context when its token expires or is revoked, for requests that outlast it: server-sent
	// events, WebSockets, long polls. context.Cause then matches ErrInvalidToken, and [ReasonOf] says which of the two it
	// was. Revocations are noticed if Config.Revocations is a [RevocationWatcher]. Handlers must watch their context.
	EndWithToken bool
	// Check is called last, for what the other fields cannot say. An error refuses the request: as 503 if it matches
	// ErrUnavailable, as invalid_token if it matches ErrInvalidToken, as insufficient_scope otherwise. Unless it has a reason
	// of its own (see [Reject] and [Unavailable]), the reason is ReasonCheckFailed. It runs on every request and must be safe
	// for concurrent use.
	Check func(context.Context, Token) error
}

var (
	errNoAlternative = errors.New("a route requires one of no scopes, so no token can satisfy it")
	errMaxAge        = errors.New("a route has a negative MaxAge")
	errNoACR         = errors.New("acr is none of those the route accepts")
	errNoAuthTime    = errors.New("auth_time is missing, too long ago or in the future")
)

// maxAuthTimeAhead tolerates clocks that differ, as FAPI 2.0 does for other times.
const maxAuthTimeAhead = time.Minute

// evaluate holds a valid token against the policy. Authentication comes before scope, so that one answer names both.
func (p *Policy) evaluate(ctx context.Context, t *Token, c *Config) error {
	if p.MaxAge < 0 {
		return refuse(ErrMisconfigured, ReasonMisconfigured, errMaxAge)
	}
	if p.RequireBinding && t.Confirmation.IsZero() {
		return Reject(ReasonNotBound, errUnbound)
	}
	if len(p.ACRValues) > 0 && (t.ACR == "" || !slices.Contains(p.ACRValues, t.ACR)) {
		if err := p.unspeakable(); err != nil {
			return refuse(ErrMisconfigured, ReasonMisconfigured, err)
		}
		return refuse(ErrInsufficientAuthentication, ReasonAuthenticationTooWeak, errNoACR)
	}
	if p.MaxAge != 0 && !p.recent(t.AuthTime, c.Now()) {
		return refuse(ErrInsufficientAuthentication, ReasonAuthenticationTooOld, errNoAuthTime)
	}
	if !p.granted(t.Scopes, c.Implies) {
		if err := p.impossible(); err != nil {
			return refuse(ErrMisconfigured, ReasonMisconfigured, err)
		}
		return refuse(ErrInsufficientScope, ReasonInsufficientScope, nil)
	}
	if p.RefuseDelegated && t.Actor != (Actor{}) {
		return refuse(ErrInsufficientScope, ReasonDelegated, nil)
	}
	return p.check(ctx, t)
}

func (p *Policy) recent(authenticated, now time.Time) bool {
	if authenticated.IsZero() || authenticated.After(now.Add(maxAuthTimeAhead)) {
		return false
	}
	return now.Unix()-authenticated.Unix() <= p.maxAgeSeconds()
}

func (p *Policy) maxAgeSeconds() int64 { return int64(p.MaxAge / time.Second) }

func (p *Policy) granted(scopes Scopes, implies func(granted, required string) bool) bool {
	for _, scope := range p.Scopes {
		if !scopes.include(scope, implies) {
			return false
		}
	}
	for _, group := range p.AnyScopes {
		included := func(scope string) bool { return scopes.include(scope, implies) }
		if !slices.ContainsFunc(group, included) {
			return false
		}
	}
	return true
}

// impossible describes a requirement that no token can meet, nil if there is none. It is asked only when a token did not, so
// that it costs nothing on a request that passes.
func (p *Policy) impossible() error {
	for _, group := range append([][]string{p.Scopes}, p.AnyScopes...) {
		for _, scope := range group {
			if !isScopeToken(scope) {
				return fmt.Errorf("a route requires %q, which is no scope, so no token can satisfy it; "+
					"name each scope by itself", scope)
			}
		}
	}
	if slices.ContainsFunc(p.AnyScopes, func(group []string) bool { return len(group) == 0 }) {
		return errNoAlternative
	}
	return nil
}

// unspeakable describes an acr that the challenge could not ask for, nil if there is none: the client would try for ever. It is
// asked only when a token did not satisfy the policy.
func (p *Policy) unspeakable() error {
	for _, acr := range p.ACRValues {
		if !isScopeToken(acr) {
			return fmt.Errorf("a route accepts the acr %q, which no challenge can ask for; name each by itself, without white space "+
				"and quotes", acr)
		}
	}
	return nil
}

func (p *Policy) check(ctx context.Context, t *Token) error {
	if p.Check == nil {
		return nil
	}
	err := p.Check(ctx, *t)
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrInvalidToken):
		return refuse(ErrInsufficientScope, ReasonCheckFailed, err)
	case ReasonOf(err) == "":
		return refuse(outcomeOf(err).kind, ReasonCheckFailed, err)
	}
	return err
}

// scopeParam lists everything the route may ask for, in the order it was declared, each scope once.
func (p *Policy) scopeParam() string {
	all := slices.Concat(p.Scopes, slices.Concat(p.AnyScopes...))
	var unique []string
	for _, scope := range all {
		if !slices.Contains(unique, scope) {
			unique = append(unique, scope)
		}
	}
	return joinTokens(unique)
}

// stepUpParams names what the user's authentication lacks (RFC 9470, section 3).
func (p *Policy) stepUpParams(params map[string]string) {
	if len(p.ACRValues) > 0 {
		params["acr_values"] = strings.Join(p.ACRValues, " ")
	}
	if p.MaxAge != 0 {
		params["max_age"] = strconv.FormatInt(p.maxAgeSeconds(), 10)
	}
}
