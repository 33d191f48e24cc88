package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// step is one step of the decision, in the order of the kit.
type step struct {
	Name string `json:"name"`
	// State is ok, failed, not reached or not checked.
	State string `json:"state"`
	// Reason is the code of a failed step.
	Reason middleware.Reason `json:"reason,omitempty"`
	Detail string            `json:"detail,omitempty"`
}

// The states of a step.
const (
	stateOK         = "ok"
	stateFailed     = "failed"
	stateNotReached = "not reached"
	stateNotChecked = "not checked"
)

// path names the steps and says what each is about. One that covers several stages is over after the last of them.
var path = []struct {
	name   string
	stages []stage
	// detail is about the situation in which the step was judged.
	detail func(*check, situation) string
}{
	{"found", []stage{stageFound}, func(c *check, _ situation) string { return fmt.Sprintf("%d bytes", c.view.Bytes) }},
	{"parsed", []stage{stageParsed}, func(c *check, _ situation) string { return c.view.Form }},
	{"algorithm", []stage{stageAlgorithm}, func(c *check, s situation) string {
		return orNone(c.view.Algorithm) + ", accepted: " + accepted(s)
	}},
	{"type", []stage{stageType}, func(c *check, s situation) string {
		return orNone(c.view.Type) + ", profile " + string(s.config.Profile)
	}},
	{"kind", []stage{stageKind}, func(*check, situation) string { return "judged by its claims" }},
	{"issuer", []stage{stageIssuer}, func(c *check, _ situation) string {
		return orNone(c.view.Issuer) + ", configured: " + quote(c.options.issuer)
	}},
	{"claims", []stage{stageReadable, stageClaims}, func(_ *check, s situation) string {
		return "those that profile " + string(s.config.Profile) + " requires"
	}},
	{"audience", []stage{stageAudience}, (*check).audienceDetail},
	{"time", []stage{stageTime}, (*check).timeDetail},
	{"keys", []stage{stageKeyID, stageKeys}, func(c *check, _ situation) string { return "kid " + orNone(c.view.KeyID) }},
	{"signature", []stage{stageSignature}, func(*check, situation) string { return "" }},
	{"revocation", nil, func(*check, situation) string { return "the deny-list is the service's" }},
	{"binding", []stage{stageBinding}, (*check).bindingDetail},
	{"scope", []stage{stageScope}, (*check).scopeDetail},
}

// steps shows what the walk found. The steps after a failed one are judged as if that had been put right.
func (c *check) steps(met []obstacle) []step {
	reached := stageAccepted
	if !overcome(met) {
		reached = progress(met[len(met)-1].outcome)
	}
	steps := make([]step, 0, len(path))
	for _, p := range path {
		s, judged := step{Name: p.name, State: stateOK}, c.before(p.stages, met)
		failed := slices.IndexFunc(met, func(o obstacle) bool { return slices.Contains(p.stages, progress(o.outcome)) })
		switch {
		case failed >= 0:
			s.State, s.Reason, judged = stateFailed, met[failed].reason, met[failed].in
		case p.stages == nil:
			s.State = stateNotChecked
		case p.stages[len(p.stages)-1] > reached:
			s.State = stateNotReached
		case p.name == "audience" && len(c.options.audiences) == 0:
			s.State = stateNotChecked
		}
		if s.State != stateNotReached {
			s.Detail = p.detail(c, judged)
		}
		steps = append(steps, s)
	}
	return steps
}

// before returns the situation after the obstacles that come before a step.
func (c *check) before(stages []stage, met []obstacle) situation {
	s := c.given
	for _, o := range met {
		if o.past != nil && len(stages) > 0 && progress(o.outcome) < stages[0] {
			s = o.past.to
		}
	}
	return s
}

func stepLines(steps []step) []string {
	lines := make([]string, len(steps))
	for i, s := range steps {
		what := s.Detail
		if s.Reason != "" {
			what = string(s.Reason) + ": " + what
		}
		lines[i] = fmt.Sprintf("%-11s %-10s %s", marks[s.State], s.Name, what)
	}
	return lines
}

var marks = map[string]string{
	stateOK: "ok", stateFailed: "FAILED", stateNotReached: "not reached", stateNotChecked: "not checked",
}

// accepted lists the algorithms of a configuration.
func accepted(s situation) string {
	config := s.config
	if len(config.Algorithms) > 0 {
		return strings.Join(config.Algorithms, " ")
	}
	if config.Secret != nil {
		return "HS256"
	}
	return "RS, PS and ES with 256, 384 and 512, EdDSA"
}

func (c *check) audienceDetail(s situation) string {
	configured := quoteAll(c.options.audiences)
	if configured == "" {
		configured = "none, say it with -audience"
	}
	return cmp.Or(quoteAll(c.audience(s.config.Profile)), "none") + ", configured: " + configured
}

// timeDetail says when the token is good, by the clock here.
func (c *check) timeDetail(situation) string {
	v := c.view
	var parts []string
	for _, start := range []struct {
		name string
		at   *stamp
	}{{"issued", v.IssuedAt}, {"valid from", v.NotBefore}} {
		if start.at != nil {
			parts = append(parts, fmt.Sprintf("%s %s", start.name, relative(start.at.Sub(c.now))))
		}
	}
	if v.Expires != nil {
		verb := "expires"
		if !c.now.Before(v.Expires.Time) {
			verb = "expired"
		}
		parts = append(parts, fmt.Sprintf("%s %s", verb, relative(v.Expires.Sub(c.now))))
	}
	return cmp.Or(strings.Join(parts, ", "), "the token states no times") + fmt.Sprintf("; leeway %s", c.leeway())
}

// leeway returns the leeway that the kit uses.
func (c *check) leeway() time.Duration {
	switch leeway := c.given.config.Leeway; {
	case leeway == 0:
		return defaultLeeway
	case leeway < 0:
		return 0
	default:
		return leeway
	}
}

// defaultLeeway is that of jwks.Config.Leeway.
const defaultLeeway = 10 * time.Second

func relative(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < 0:
		return (-d).String() + " ago"
	case d == 0:
		return "now"
	}
	return "in " + d.String()
}

func (c *check) bindingDetail(situation) string {
	if len(c.view.BoundBy) == 0 {
		return "the token is bound to no key"
	}
	return "bound by " + quoteAll(c.view.BoundBy) + "; a proof cannot be made here"
}

func (c *check) scopeDetail(situation) string {
	if len(c.options.scopes) == 0 {
		return "none required, say with -scope what the route asks for"
	}
	return "required: " + quoteAll(c.options.scopes)
}

// profileOf names a profile as the package does.
func profileOf(p jwks.Profile) string { return "jwks." + profileIdentifiers[p] }

var profileIdentifiers = map[jwks.Profile]string{
	jwks.RFC9068: "RFC9068", jwks.Keycloak: "Keycloak", jwks.Entra: "Entra", jwks.Okta: "Okta", jwks.Auth0: "Auth0",
	jwks.Cognito: "Cognito", jwks.Generic: "Generic",
}
