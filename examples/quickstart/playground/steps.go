package playground

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
)

// step is one step of a decision, in words. The Guard takes them in this order and stops at the first that fails.
type step struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome"` // passed, stopped, not needed or not reached
	Detail  string `json:"detail"`
}

const (
	passed     = "passed"
	stopped    = "stopped"
	notNeeded  = "not needed"
	notReached = "not reached"
)

// The steps by their index.
const (
	found = iota
	validated
	notRevoked
	bound
	scope
	end // of a request that may pass
)

// stepsOf retells a decision about a request to a route that needs a scope, or none.
func stepsOf(d middleware.Decision, needs string) []step {
	steps := []step{
		found:      {"found", passed, "one token, in the Authorization field"},
		validated:  {"validated", passed, "signature, issuer, audience and times are right"},
		notRevoked: {"not revoked", passed, "no entry of the deny-list names it"},
		bound:      {"bound", passed, ""},
		scope:      {"scope", passed, ""},
	}
	stop := stopOf(d)
	if stop >= scope {
		describe(steps, d, needs)
	}
	for i := stop; i < end; i++ {
		steps[i].Outcome, steps[i].Detail = notReached, ""
	}
	if stop < end {
		steps[stop].Outcome, steps[stop].Detail = stopped, d.Err.Error()
	}
	return steps
}

// describe adds what the decision says about a token that was found valid.
func describe(steps []step, d middleware.Decision, needs string) {
	if d.Token.Fingerprint == [32]byte{} {
		for i := range steps {
			steps[i].Outcome, steps[i].Detail = notNeeded, ""
		}
		steps[found].Detail = "no token, and this route needs none"
		return
	}
	steps[validated].Detail = fmt.Sprintf("issued to %s for %s, grants %s, good until %s", d.Token.ClientID, d.Token.Subject,
		strings.Join(slices.Collect(d.Token.Scopes.All()), " "), d.Token.ExpiresAt.Local().Format(time.TimeOnly))
	if thumbprint, ok := d.Token.Confirmation.Value("jkt"); ok {
		steps[bound].Detail = "the proof is signed with the key that the token names, " + Shorten(thumbprint, thumbprint)
	} else {
		steps[bound].Outcome, steps[bound].Detail = notNeeded, "the token is bound to no key"
	}
	steps[scope].Detail = "this route needs " + needs
	if needs == "" {
		steps[scope].Outcome, steps[scope].Detail = notNeeded, "this route needs no scope"
	}
}

// stopOf returns the index of the step that refused a request, told by the kind of the refusal and its reason.
func stopOf(d middleware.Decision) int {
	is := func(kinds ...error) bool {
		return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(d.Err, kind) })
	}
	reason := middleware.ReasonOf(d.Err)
	switch {
	case d.Allowed:
		return end
	case is(middleware.ErrMissingToken, middleware.ErrInvalidRequest):
		return found
	case is(middleware.ErrInsufficientScope, middleware.ErrInsufficientAuthentication):
		return scope
	case is(middleware.ErrInvalidProof, middleware.ErrNonceRequired), slices.Contains(ofBindings, reason):
		return bound
	case reason == middleware.ReasonRevoked, reason == middleware.ReasonRevocationsUnavailable:
		return notRevoked
	}
	return validated
}

// ofBindings are the reasons of bindings that refuse the token rather than its proof, or that know neither.
var ofBindings = []middleware.Reason{
	middleware.ReasonUnverifiedBinding, middleware.ReasonBindingDowngrade, middleware.ReasonNotBound,
	dpop.ReasonWrongKey, dpop.ReasonReplaysUnavailable, dpop.ReasonURLUnavailable,
}
