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
	layers      layers
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
	admitted, seen, err := g.decide(h, r, &p)
	d := newDecision(seen.token, err, time.Since(start))
	d.Scheme = g.bindings.nameOf(seen.schemes)
	g.config.OnDecision(r.Context(), d)
	return admitted, err
}

// sighting is what was seen of a request's credentials: the schemes, and the token as soon as it is known to be valid, whether
// or not it is good enough.
type sighting struct {
	schemes schemes
	token   *Token
}

// decide takes the steps in an order that never changes: find the credentials, validate, ask for revocations, check
// bindings, then the policy.
func (g *Guard) decide(h http.Header, r *http.Request, p *Policy) (*http.Request, sighting, error) {
	if g.config.AllowPreflight && isPreflight(r) {
		return anonymous(r), sighting{}, nil
	}
	found, r, err := g.findCredential(r)
	seen := sighting{schemes: found.schemes}
	if err != nil {
		if p.AllowAnonymous && ReasonOf(err) == ReasonNoCredentials {
			return anonymous(r), sighting{}, nil
		}
		return nil, seen, g.refusal(err, p, found.schemes)
	}
	var a admission
	before := g.admitted(r.Context(), &found)
	if before != nil {
		a = *before
	} else {
		token, err := g.validate(h, r, &found)
		if err != nil {
			return nil, seen, g.refusal(err, p, found.schemes)
		}
		a = admission{by: &g.layers[found.schemes], credential: found.token, token: token}
	}
	seen.token = a.token
	if err := p.evaluate(r.Context(), a.token, &g.config); err != nil {
		return nil, seen, g.refusal(err, p, found.schemes)
	}
	g.setSuccess(h, &found)
	return g.admit(r, p, a, before != nil), seen, nil
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

var errNoToken = errors.New("the validator returned neither a token nor an error")

// validate asks the Validator, then the revocation list, and then for proof of every binding.
func (g *Guard) validate(h http.Header, r *http.Request, found *credential) (*Token, error) {
	token, err := g.validator.Validate(r.Context(), found.token)
	if err != nil {
		if syntax := checkSyntax(found.token); syntax != nil {
			return nil, syntax // no token of any kind
		}
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
