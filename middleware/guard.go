package middleware

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Guard decides which requests may pass. It is safe for concurrent use; one Guard serves any number of routes. Nothing that
// it decides by ever changes. The zero Guard, like a nil one, refuses everything with 500.
type Guard struct {
	validator Validator
	config    Config
	bindings  bindings
	// metadataURL is nil without Metadata.
	metadataURL *url.URL
	routes      *declared
}

// Authorize decides whether r may pass under policy p. If so, it returns the request to hand on: its context carries the
// token (see [FromContext]), and a form body that was searched can be read again. Otherwise the error is an [*Error]. h
// is the header of the response; Authorize sets on it only what a success needs.
//
// A token that this Guard already accepted for the same request is not validated again, nor is its proof of possession;
// every policy is evaluated. A request that a handler makes from the context of its own, with the same credentials, counts as
// the same.
func (g *Guard) Authorize(h http.Header, r *http.Request, p Policy) (*http.Request, error) {
	if g == nil || g.validator == nil {
		return nil, newError(refuse(ErrMisconfigured, ReasonMisconfigured, errNobodyAsked))
	}
	if g.config.OnDecision == nil {
		admitted, _, err := g.decide(h, r, &p)
		return admitted, err
	}
	start := time.Now()
	admitted, token, err := g.decide(h, r, &p)
	g.config.OnDecision(r.Context(), newDecision(token, err, time.Since(start)))
	return admitted, err
}

// decide takes the steps in an order that never changes: find the credentials, validate, ask for revocations, check
// bindings, then the policy. The token is returned as soon as it is known to be valid, whether or not it is good enough.
func (g *Guard) decide(h http.Header, r *http.Request, p *Policy) (*http.Request, *Token, error) {
	if g.config.AllowPreflight && isPreflight(r) {
		return anonymous(r), nil, nil
	}
	found, r, err := g.findCredential(r)
	if err != nil {
		if p.AllowAnonymous && ReasonOf(err) == ReasonNoCredentials {
			return anonymous(r), nil, nil
		}
		return nil, nil, g.refusal(err, p, found.schemes)
	}
	admitted := g.admitted(r.Context(), &found)
	again := admitted != nil
	if !again {
		token, err := g.validate(h, r, &found)
		if err != nil {
			return nil, nil, g.refusal(err, p, found.schemes)
		}
		admitted = &admission{r.Context(), g, found.token, found.schemes, token, g.ending(token)}
	}
	if err := p.evaluate(r.Context(), admitted.token, &g.config); err != nil {
		return nil, admitted.token, g.refusal(err, p, found.schemes)
	}
	g.setSuccess(h, &found)
	return g.admit(r, p, admitted, again), admitted.token, nil
}

// setSuccess sets the header fields of an answer that is not a refusal.
func (g *Guard) setSuccess(h http.Header, found *credential) {
	if found.inQuery && !strings.Contains(h.Get("Cache-Control"), "no-store") {
		h.Set("Cache-Control", "private")
	}
	if g.config.ExposeChallenges {
		exposeChallenges(h)
	}
}

// grace is how long a token goes on that was already past its end when it was accepted, because a Validator tolerates
// clocks that differ.
const grace = time.Minute

// ending returns when what was accepted now ends; zero if the token does not.
func (g *Guard) ending(t *Token) time.Time {
	if t.ExpiresAt.IsZero() {
		return t.ExpiresAt
	}
	if now := g.config.Now(); !now.Before(t.ExpiresAt) {
		return now.Add(grace)
	}
	return t.ExpiresAt
}

// stillGood reports whether what may have changed since a token was accepted has not: requests can be made from the
// context of one that lasts.
func (g *Guard) stillGood(a *admission) bool {
	expired := !a.until.IsZero() && !g.config.Now().Before(a.until)
	return !expired && (g.config.Revocations == nil || g.config.Revocations.Check(a.token) == nil)
}

// admit returns the request to hand on. A second layer finds its context as the first one left it.
func (g *Guard) admit(r *http.Request, p *Policy, a *admission, again bool) *http.Request {
	ctx, changed := r.Context(), true
	switch {
	case !again:
		ctx = a
	case a.token != current(ctx): // another Guard has been there since
		ctx = &admission{ctx, a.guard, a.credential, a.schemes, a.token, a.until}
	default:
		changed = false
	}
	if p.EndWithToken {
		ctx, changed = g.bind(ctx, a), true
	}
	if !changed {
		return r
	}
	return r.WithContext(ctx)
}

var errNoToken = errors.New("the validator returned neither a token nor an error")

// validate asks the Validator, then the revocation list, and then for proof of every binding.
func (g *Guard) validate(h http.Header, r *http.Request, found *credential) (*Token, error) {
	token, err := g.validator.Validate(r.Context(), found.token)
	if err != nil {
		return nil, g.unjudged(verdictOf(err, ErrInvalidToken, ErrUnavailable, ErrMisconfigured), found.token)
	}
	if token == nil {
		return nil, Unavailable(ReasonValidatorFailed, 0, errNoToken)
	}
	if token, err = g.checkRevoked(token, found.token); err != nil {
		return nil, err
	}
	if err := g.bindings.verify(h, r, found, token); err != nil {
		return nil, err
	}
	return token, nil
}

// verdictOf takes from a part of ours what is its to say. Anything else means that nothing was found out.
func verdictOf(err error, kinds ...error) error {
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return err
		}
	}
	return Unavailable(ReasonValidatorFailed, 0, err)
}
