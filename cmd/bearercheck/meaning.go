package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/bearergate/bearergate/internal/reasons"
	"github.com/bearergate/bearergate/middleware"
)

// String writes a challenge with its parameters in the order of their names.
func (c challenge) String() string {
	var params []string
	for _, name := range slices.Sorted(maps.Keys(c.Params)) {
		params = append(params, name+"="+quote(c.Params[name]))
	}
	return strings.TrimSpace(c.Scheme + " " + strings.Join(params, ", "))
}

// code returns the error code of the challenges, "" if they have none.
func (a *answerView) code() middleware.Code {
	for _, c := range a.Challenges {
		if code := c.Params["error"]; code != "" {
			return middleware.Code(code)
		}
	}
	return ""
}

func (a *answerView) param(name string) string {
	for _, c := range a.Challenges {
		if value := c.Params[name]; value != "" {
			return value
		}
	}
	return ""
}

func outcomeWithout(a *answerView) string {
	switch {
	case a.Problem != "" || a.Status >= http.StatusInternalServerError:
		return outcomeUnknown
	case a.Status == http.StatusUnauthorized && len(a.Challenges) > 0:
		return outcomeAccepted
	}
	return outcomeRefused
}

func outcomeWith(a *answerView) string {
	switch {
	case a.Problem != "" || a.Status >= http.StatusInternalServerError:
		return outcomeUnknown
	case a.Status >= 200 && a.Status < 300:
		return outcomeAccepted
	case a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed || a.Status < 400:
		return outcomeUnknown
	}
	return outcomeRefused
}

// meaningWithout says what the answer to a request without a token means. judged says whether a token is judged here too.
func meaningWithout(a *answerView, judged bool) []string {
	switch {
	case a.Problem != "":
		return []string{"The service could not be asked." + trustHint(a.Problem)}
	case a.Status == http.StatusUnauthorized && len(a.Challenges) == 0:
		return []string{"A 401 needs a challenge (RFC 9110, section 15.5.2). The kit always sends one, so something in " +
			"front of it answers, or removes the field."}
	case a.Status == http.StatusUnauthorized && a.code() != "":
		return []string{"There were no credentials, and the challenge names an error: it should not (RFC 6750, section 3.1)."}
	case a.Status == http.StatusUnauthorized:
		return []string{"That is as it should be: no token, no answer. Schemes: " + strings.Join(a.schemes(), ", ") + "."}
	case a.Status >= 200 && a.Status < 300:
		return []string{"The route answers without a token: no Guard is in front of it, or its policy says AllowAnonymous."}
	case a.Status < 400:
		return []string{"The service sends clients elsewhere, to " + orNone(a.Location) + ": to a login page, or to " +
			"another URL of itself. Clients drop the Authorization field on the way to another host, so name the URL that answers."}
	case a.Status >= http.StatusInternalServerError:
		return explain(a.Status, a.code(), judged)
	}
	return []string{"That says nothing about tokens: the URL or the method is not one that a Guard protects, or something " +
		"in front of it answers."}
}

// meaningWith says what the answer to a request with the token means.
func meaningWith(a *answerView, judged bool) []string {
	switch {
	case a.Problem != "":
		return []string{"The service could not be asked." + trustHint(a.Problem)}
	case a.Status >= 200 && a.Status < 300:
		return []string{"The service accepts the token."}
	case a.Status == http.StatusUnauthorized && len(a.Challenges) > 0 && a.code() == "":
		return []string{"The service saw no credentials that it understands, although they were sent: a proxy removes the " +
			"Authorization field, or the scheme Bearer is not accepted. Schemes: " + strings.Join(a.schemes(), ", ") + "."}
	case a.Status == http.StatusForbidden && a.code() == "":
		return []string{"The token was accepted, or not looked at, and something else refuses the request: the handler, or a proxy."}
	}
	lines := explain(a.Status, a.code(), judged)
	if scope := a.param("scope"); scope != "" {
		lines = append(lines, "The route asks for the scopes "+quote(scope)+".")
	}
	for _, name := range []string{"acr_values", "max_age"} {
		if value := a.param(name); value != "" {
			lines = append(lines, "The user has to authenticate with "+name+" "+quote(value)+".")
		}
	}
	return lines
}

func (a *answerView) schemes() []string {
	var names []string
	for _, c := range a.Challenges {
		if name := quote(c.Scheme); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// explain lists the reasons that lead to an answer.
func explain(status int, code middleware.Code, judged bool) []string {
	candidates := reasons.With(status, code)
	switch len(candidates) {
	case 0:
		return []string{"The kit answers nothing like that: something else does."}
	case 1:
		return []string{string(candidates[0].Reason) + ": " + candidates[0].Cause, "fix: " + candidates[0].Fix}
	}
	codes := make([]string, len(candidates))
	for i, e := range candidates {
		codes[i] = string(e.Reason)
	}
	lines := []string{"The log of the service has the reason, one of " + strings.Join(codes, ", ") + "."}
	if !judged {
		lines = append(lines, "To find it from here, say with -issuer and -audience how the service is configured.")
	}
	return lines
}

// compare holds what the service says of itself against the flags.
func (p *prober) compare(s *serviceView) {
	m, o := s.Metadata, p.options
	if m == nil || m.Problem != "" {
		return
	}
	if o.issuer != "" && len(m.Servers) > 0 && !slices.Contains(m.Servers, o.issuer) {
		s.Notes = append(s.Notes, fmt.Sprintf("The service honours tokens of %s, and -issuer is %s.", quoteAll(m.Servers), quote(o.issuer)))
	}
	if len(o.audiences) > 0 && !slices.Contains(o.audiences, m.Resource) {
		s.Notes = append(s.Notes, fmt.Sprintf("The service calls itself %s, and -audience is %s. They may differ, and "+
			"usually do not.",
			quote(m.Resource), quoteAll(o.audiences)))
	}
}

// relate compares the judgement here with what the service answered.
func (r *report) relate() {
	if r.Verdict == nil || r.Service.WithToken == nil || r.Service.WithToken.Problem != "" {
		return
	}
	here, there := r.Verdict, r.Service.WithToken
	note := fmt.Sprintf("The service answers otherwise than the kit does here (%d and %d): it is configured otherwise, "+
		"the token was revoked, or something in front of it answers.", there.Status, here.Status)
	switch {
	case here.Outcome == r.Service.Outcome && here.Outcome == outcomeAccepted:
		note = "Service and judgement agree."
	case here.Status == there.Status && here.Code == there.code():
		note = fmt.Sprintf("The judgement here explains the answer: %s.", here.Reason)
	}
	r.Service.Notes = append(r.Service.Notes, note)
}
