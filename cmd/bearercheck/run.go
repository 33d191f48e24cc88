package main

import (
	"cmp"
	"context"
	"net/http"

	"github.com/bearergate/bearergate/middleware"
)

// run judges the token and fills in the report.
func (c *check) run(ctx context.Context, r *report) {
	r.Token = c.view
	r.Issuer = c.inspectIssuer(ctx)
	r.Clock = c.clock
	met, last := c.walk(ctx)
	r.Steps = c.steps(met)
	for _, o := range met {
		r.Findings = append(r.Findings, newFinding(o.reason, c.here(o)))
	}
	r.Verdict = c.verdict(met)
	r.Suggestion = c.suggest(met, last)
}

// verdict is what a service in the given situation answers.
func (c *check) verdict(met []obstacle) *verdict {
	if len(met) == 0 && len(c.options.audiences) == 0 {
		note := "Everything but the audience is right. Say with -audience who the service is: the token is for " +
			cmp.Or(quoteAll(c.audience(c.given.config.Profile)), "nobody") + "."
		if why := c.whyNotAudience(c.given.config.Audience); why != "" {
			note += " " + why
		}
		return &verdict{Outcome: outcomeUnknown, Note: note}
	}
	if len(met) == 0 {
		return &verdict{Outcome: outcomeAccepted, Status: http.StatusOK}
	}
	first := met[0].outcome
	v := &verdict{Outcome: outcomeRefused, Status: first.status, Code: first.code, Reason: first.reason}
	if first.status >= http.StatusInternalServerError {
		v.Outcome = outcomeUnknown
	}
	if first.reason == middleware.ReasonKeysUnavailable && c.issuer.unreachable() {
		v.Note = "Nothing was found out about the token: the fault is not the token's, and clients are told to come back."
	}
	return v
}
