package interop_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

// expectation is what has to be drawn for a token on a route, on every framework.
type expectation struct {
	status       string
	challenge    string // of the Bearer scheme; empty when none at all is expected
	reason, code string
	steps        string // a letter for each: passed, stopped, needless, unreached
}

// expectations say what becomes of a token on a route: "read", "write" or "public".
var expectations = map[string]func(route string) expectation{
	"good":           func(route string) expectation { return allowed(route, "ppp-") },
	"old-key":        func(route string) expectation { return allowed(route, "ppp-") },
	"new-key":        func(route string) expectation { return allowed(route, "ppp-") },
	"dpop":           func(route string) expectation { return allowed(route, "pppp") },
	"expired":        func(string) expectation { return invalid("expired", "ps...") },
	"other-audience": func(string) expectation { return invalid("wrong_audience", "ps...") },
	"revoked":        func(string) expectation { return invalid("revoked", "pps..") },
	"dpop-as-bearer": func(string) expectation { return invalid("binding_downgrade", "ppps.") },
	"wrong-scope": func(route string) expectation {
		if route == "public" {
			return allowed(route, "ppp-")
		}
		return expectation{"403 Forbidden", `Bearer realm="api", error="insufficient_scope", ` +
			`error_description="The access token does not grant what this request needs", scope="orders:` + route + `"`,
			"insufficient_scope", "insufficient_scope", "ppp-s"}
	},
	"none": func(route string) expectation {
		if route == "public" {
			return expectation{"200 OK", "", "none", "none", "-----"}
		}
		return expectation{"401 Unauthorized", `Bearer realm="api"`, "no_credentials", "none", "s...."}
	},
}

// allowed is the expectation of a request that passes, by its steps up to the last.
func allowed(route, steps string) expectation {
	switch route {
	case "write":
		return expectation{"201 Created", "", "none", "none", steps + "p"}
	case "public":
		return expectation{"200 OK", "", "none", "none", steps + "-"}
	}
	return expectation{"200 OK", "", "none", "none", steps + "p"}
}

func invalid(reason, steps string) expectation {
	return expectation{"401 Unauthorized", `Bearer realm="api", error="invalid_token", ` +
		`error_description="The access token is not valid here"`, reason, "invalid_token", steps}
}

// counter is the row that counts such a decision.
func (e expectation) counter() string {
	if e.challenge == "" {
		return "allowed"
	}
	return e.status[:3] + " " + e.reason
}

var (
	stepNames = []string{"found", "validated", "not revoked", "bound", "scope"}
	outcomes  = map[byte]string{'p': "passed", 's': "stopped", '-': "not needed", '.': "not reached"}
	marks     = map[byte]string{'p': "✓", 's': "✕", '-': "–", '.': "–"}

	proofChallenge = `DPoP realm="api", algs="RS256 ES256 EdDSA PS256 RS384 RS512 PS384 PS512 ES384 ES512"`
	requestLines   = map[string]string{"read": "GET /orders", "write": "POST /orders", "public": "GET /catalogue"}
	bodies         = map[string]string{"read": `{"customer":"alice"`, "write": `"ordered":"1 hammer"`, "public": `"items":[`}
	longToken      = regexp.MustCompile(`eyJ[\w-]{20,}`)
)

// differences returns a sentence for everything that is drawn otherwise.
func (e expectation) differences(c pick, got drawing) (all []string) {
	differ := func(what, got, want string) {
		if got != want {
			all = append(all, fmt.Sprintf("%s: drawn %q, want %q", what, got, want))
		}
	}
	differ("reason", got.Reason, e.reason)
	differ("code", got.Code, e.code)
	all = append(all, e.stepDifferences(got.Steps)...)
	all = append(all, e.summaryDifferences(c, got)...)

	head, body, _ := strings.Cut(got.ResponseText, "\n\n")
	lines := strings.Split(head, "\n")
	differ("status line", lines[0], "HTTP/1.1 "+e.status)
	differ("challenges", strings.Join(challengesOf(lines), "\n"), e.challenges())
	if want := e.body(c); !strings.Contains(body, want) {
		all = append(all, fmt.Sprintf("body: drawn %q, want %s in it", body, want))
	}
	differ("request line", strings.Split(got.Request, "\n")[0], requestLines[c.route]+" HTTP/1.1")
	differ("credentials", strings.Join(credentialsOf(got.Request), ", "), strings.Join(credentials(c.token), ", "))
	differ("key", got.Key, keyOf(c.token, got.Key))
	if trace := got.Trace; trace != nil {
		differ("time", got.Took, fmt.Sprintf("%d µs", trace.Decision.Microseconds))
		differ("fetches", got.Fetches, strconv.Itoa(trace.Keys.Fetches))
		differ("request", got.Request, asDrawn(trace.Request))
		differ("response", got.ResponseText, asDrawn(trace.Response))
	}
	differ("long token", longToken.FindString(got.Request+got.ResponseText), "")
	return all
}

// asDrawn is a message as an element shows it.
func asDrawn(message string) string {
	return strings.TrimSpace(strings.ReplaceAll(message, "\r\n", "\n"))
}

func (e expectation) stepDifferences(got []drawnStep) (all []string) {
	for i, name := range stepNames {
		want := drawnStep{Mark: marks[e.steps[i]], Name: name, Outcome: outcomes[e.steps[i]]}
		if i >= len(got) {
			return append(all, fmt.Sprintf("%d steps drawn", len(got)))
		}
		detail := got[i].Detail
		got[i].Detail = ""
		if got[i] != want {
			all = append(all, fmt.Sprintf("step %d: drawn %+v, want %+v", i+1, got[i], want))
		}
		if e.steps[i] == 's' && !strings.Contains(detail, e.reason) || e.steps[i] == 'p' && detail == "" {
			all = append(all, fmt.Sprintf("step %d: %s, because %q", i+1, want.Outcome, detail))
		}
	}
	if len(got) != len(stepNames) {
		all = append(all, fmt.Sprintf("%d steps drawn", len(got)))
	}
	return all
}

func (e expectation) summaryDifferences(c pick, got drawing) (all []string) {
	outcome, why := "allowed", "allowed, the handler answered"
	if stop := strings.IndexByte(e.steps, 's'); stop >= 0 {
		outcome, why = "refused", fmt.Sprintf("refused at “%s”, reason %s", stepNames[stop], e.reason)
	}
	if want := fmt.Sprintf(": %s answers %s: %s.", c.framework, e.status, why); !strings.HasSuffix(got.Summary, want) {
		all = append(all, fmt.Sprintf("summary: drawn %q, want %q", got.Summary, want))
	}
	if got.Outcome != outcome {
		all = append(all, fmt.Sprintf("colour: drawn as %s, want %s", got.Outcome, outcome))
	}
	return all
}

func (e expectation) challenges() string {
	if e.challenge == "" {
		return ""
	}
	return e.challenge + "\n" + proofChallenge
}

func (e expectation) body(c pick) string {
	switch {
	case e.code != "none":
		return `"error":"` + e.code + `"`
	case e.challenge != "":
		return `"status":401`
	}
	return bodies[c.route]
}

func challengesOf(lines []string) (challenges []string) {
	for _, line := range lines {
		if value, ok := strings.CutPrefix(line, "Www-Authenticate: "); ok {
			challenges = append(challenges, value)
		}
	}
	return challenges
}

// credentials are the fields that say who is asking, with the scheme of the token.
func credentials(token string) []string {
	switch token {
	case "none":
		return nil
	case "dpop":
		return []string{"Authorization: DPoP", "Dpop:"}
	}
	return []string{"Authorization: Bearer"}
}

func credentialsOf(request string) (fields []string) {
	for line := range strings.Lines(request) {
		if words := strings.Fields(line); strings.HasPrefix(line, "Authorization: ") {
			fields = append(fields, strings.Join(words[:2], " "))
		} else if strings.HasPrefix(line, "Dpop: ") {
			fields = append(fields, words[0])
		}
	}
	return fields
}

// keyOf returns the key that has to be drawn. The quickstart rotates once before the page is there, and the page once.
func keyOf(token, drawn string) string {
	switch token {
	case "none":
		return "none"
	case "old-key":
		return "key-2"
	case "new-key":
		return "key-3"
	}
	if slices.Contains([]string{"key-2", "key-3"}, drawn) {
		return drawn
	}
	return "key-2 or key-3"
}

// The comparison above sees what is drawn wrongly, be it by the server or by the page.
func TestPlaygroundDifferences(t *testing.T) {
	tests := []struct{ name, mutation string }{
		{"another reason", `alter(trace => { trace.decision.reason = "bad_signature" })`},
		{"another code", `alter(trace => { trace.decision.code = "invalid_request" })`},
		{"allowed", `alter(trace => { trace.decision.allowed = true })`},
		{"a step earlier", `alter(trace => { trace.decision.steps[1].outcome = "stopped" })`},
		{"a step unreached", `alter(trace => { trace.decision.steps[1].outcome = "not reached" })`},
		{"a step less", `alter(trace => { trace.decision.steps.pop() })`},
		{"steps in another order", `alter(trace => { trace.decision.steps.reverse() })`},
		{"another status", `alter(trace => { trace.response = trace.response.replace("401 Unauthorized", "403 Forbidden") })`},
		{"no challenge", `alter(trace => { trace.response = trace.response.replace(/Www-Authenticate: Bearer.*\r\n/, "") })`},
		{"another framework", `alter(trace => { trace.framework = "Echo" })`},
		{"another request", `alter(trace => { trace.request = trace.request.replace("/orders", "/catalogue") })`},
		{"a whole token", `alter(trace => { trace.request = trace.request.replace("eyJ", "eyJ0123456789012345678901234567890") })`},
		{"another time", `draw = (draw => trace => { draw(trace); at("took").textContent = "7 s" })(draw)`},
		{"other fetches", `draw = (draw => trace => { draw(trace); at("fetches").textContent = "99" })(draw)`},
		{"a field less", `drawMessage = (draw => (into, message) => draw(into, message.replace(/Cache-Control.*\r\n/, "")))(drawMessage)`},
		{"steps not drawn", `drawSteps = () => {}`},
		{"steps drawn as passed", `drawSteps = (draw => steps => draw(steps.map(step => ({...step, outcome: "passed"}))))(drawSteps)`},
		{"request for response", `drawMessage = (draw => (into, message) => draw(at("request"), message))(drawMessage)`},
	}
	p := openPlayground(t)
	page := harness.Evaluate[string](t, p.Tab, `location.href`)
	c := pick{"revoked", "read", "Gin"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p.Open(t, page)
			p.sent = 0
			harness.Evaluate[bool](t, p.Tab, noteTrace+";"+alter+tt.mutation+`; true`)
			if found := expectations[c.token](c.route).differences(c, p.send(t, c)); len(found) == 0 {
				t.Error("drawn wrongly, and nobody noticed")
			}
		})
	}
}

// alter is a function that changes what the page gets from the server.
const alter = `var alter = change => {
	const fetch = window.fetch;
	window.fetch = async (...request) => {
		const trace = await (await fetch(...request)).json();
		change(trace);
		return Response.json(trace);
	};
};`
