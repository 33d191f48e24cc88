package playground_test

import (
	"bufio"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/examples/quickstart/playground"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

var frameworks = []string{"net/http", "Echo", "Gin"}

// want is what has to come of a token on a route.
type want struct {
	status string
	code   string
	reason string
	path   string // of the decision, see paths
}

func (w want) refused() bool { return w.reason != "" }

// decided is the status of the decision: what a handler answers is not its business.
func (w want) decided() int {
	status, _ := strconv.Atoi(w.status[:3])
	if w.refused() {
		return status
	}
	return http.StatusOK
}

// paths are decision paths, one letter for a step: passed, stopped, needless, unreached.
var paths = map[byte]string{'p': "passed", 's': "stopped", 'n': "not needed", 'u': "not reached"}

var stepNames = []string{"found", "validated", "not revoked", "bound", "scope"}

var (
	badToken = func(reason, path string) map[string]want {
		refused := want{"401 Unauthorized", "invalid_token", reason, path}
		return map[string]want{"read": refused, "write": refused, "public": refused}
	}
	goodToken = func(path string) map[string]want {
		return map[string]want{
			"read":   {"200 OK", "", "", path + "p"},
			"write":  {"201 Created", "", "", path + "p"},
			"public": {"200 OK", "", "", path + "n"},
		}
	}
)

// matrix has a row for each token and a cell for each route.
var matrix = map[string]map[string]want{
	"good":           goodToken("pppn"),
	"old-key":        goodToken("pppn"),
	"new-key":        goodToken("pppn"),
	"dpop":           goodToken("pppp"),
	"expired":        badToken("expired", "psuuu"),
	"other-audience": badToken("wrong_audience", "psuuu"),
	"revoked":        badToken("revoked", "ppsuu"),
	"dpop-as-bearer": badToken("binding_downgrade", "pppsu"),
	"wrong-scope": {
		"read":   {"403 Forbidden", "insufficient_scope", "insufficient_scope", "pppns"},
		"write":  {"403 Forbidden", "insufficient_scope", "insufficient_scope", "pppns"},
		"public": {"200 OK", "", "", "pppnn"},
	},
	"none": {
		"read":   {"401 Unauthorized", "", "no_credentials", "suuuu"},
		"write":  {"401 Unauthorized", "", "no_credentials", "suuuu"},
		"public": {"200 OK", "", "", "nnnnn"},
	},
}

func TestTrace(t *testing.T) {
	d := start(t)
	for token, row := range matrix {
		for route, cell := range row {
			for _, framework := range frameworks {
				o := order{token, route, framework}
				t.Run(token+" "+route+" "+framework, func(t *testing.T) { check(t, d.send(t, o), o, cell) })
			}
		}
	}
}

func check(t *testing.T, got trace, o order, cell want) {
	t.Helper()
	if got.order != o {
		t.Errorf("a trace of %+v", got.order)
	}
	if got.Status != cell.status || got.Decision.Code != cell.code || got.Decision.Reason != cell.reason ||
		got.Decision.Status != cell.decided() || got.Decision.Allowed == cell.refused() {
		t.Errorf("got %s, %+v; want %+v", got.Status, got.Decision, cell)
	}
	checkSteps(t, got, cell)
	checkMessages(t, got, cell)
}

func checkSteps(t *testing.T, got trace, cell want) {
	t.Helper()
	if len(got.Decision.Steps) != len(stepNames) {
		t.Fatalf("steps %+v", got.Decision.Steps)
	}
	for i, step := range got.Decision.Steps {
		if step.Name != stepNames[i] || step.Outcome != paths[cell.path[i]] {
			t.Errorf("step %+v, want %s %s", step, stepNames[i], paths[cell.path[i]])
		}
		if step.Outcome == "stopped" && !strings.Contains(step.Detail, cell.reason) {
			t.Errorf("step %+v does not say %s", step, cell.reason)
		}
		if want := details[step.Name+" "+step.Outcome]; cell.path != "nnnnn" && !strings.Contains(step.Detail, want) {
			t.Errorf("step %+v does not say %s", step, want)
		}
	}
}

// details are parts of what a step says of a request with a token, where it is the same for all of them.
var details = map[string]string{
	"found passed":       "one token",
	"not revoked passed": "no entry",
	"bound passed":       "the key that the token names",
	"bound not needed":   "bound to no key",
	"scope passed":       "this route needs orders:",
	"scope not needed":   "this route needs no scope",
}

var routes = map[string]string{"read": "GET /orders", "write": "POST /orders", "public": "GET /catalogue"}

var longToken = regexp.MustCompile(`eyJ[\w-]{20,}`)

func checkMessages(t *testing.T, got trace, cell want) {
	t.Helper()
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(got.Request)))
	if err != nil {
		t.Fatal(err)
	}
	if line := request.Method + " " + request.URL.Path; line != routes[got.Route] || request.Header.Get("X-Request-Id") != got.ID {
		t.Errorf("request %s with ID %q, not of %q", line, request.Header.Get("X-Request-Id"), got.ID)
	}
	scheme, _, _ := strings.Cut(request.Header.Get("Authorization"), " ")
	proof := request.Header.Get("DPoP")
	if scheme != schemeOf(got.Token) || (proof != "") != (scheme == "DPoP") {
		t.Errorf("scheme %q, proof %q", scheme, proof)
	}
	response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(got.Response)), request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	challenges := response.Header.Values("WWW-Authenticate")
	if response.Status != cell.status || (len(challenges) == 2) != cell.refused() {
		t.Errorf("%s with challenges %q", response.Status, challenges)
	}
	kind, caching := "application/json", ""
	if cell.refused() {
		kind, caching = "application/problem+json", "no-store"
	}
	if h := response.Header; h.Get("Content-Type") != kind || h.Get("Cache-Control") != caching {
		t.Errorf("fields %v, want Content-Type %s and Cache-Control %q", h, kind, caching)
	}
	if cell.code != "" && !strings.Contains(challenges[0], `error="`+cell.code+`"`) {
		t.Errorf("challenges %q do not say %s", challenges, cell.code)
	}
	if all := got.Request + got.Response; longToken.MatchString(all) {
		t.Errorf("a token at full length in %s", all)
	}
}

func schemeOf(token string) string {
	switch token {
	case "none":
		return ""
	case "dpop":
		return "DPoP"
	}
	return "Bearer"
}

// Two tabs, or twenty: everybody gets the decision about their own request.
func TestTraceConcurrent(t *testing.T) {
	d := start(t)
	d.send(t, order{"good", "read", "Gin"}) // fetches the keys
	type result struct {
		order order
		trace trace
		err   error
	}
	results := make(chan result)
	var group sync.WaitGroup
	for range 5 {
		for token := range matrix {
			for i, framework := range frameworks {
				o := order{token, []string{"read", "write", "public"}[i], framework}
				group.Go(func() {
					got, err := d.ask(t.Context(), o)
					results <- result{o, got, err}
				})
			}
		}
	}
	go func() { group.Wait(); close(results) }()
	ids := map[string]bool{}
	for r := range results {
		if r.err != nil {
			t.Errorf("%+v: %v", r.order, r.err)
			continue
		}
		check(t, r.trace, r.order, matrix[r.order.Token][r.order.Route])
		ids[r.trace.ID] = true
	}
	if want := 5 * len(matrix) * len(frameworks); len(ids) != want {
		t.Errorf("%d requests, want %d", len(ids), want)
	}
}

// A rotation is noticed by the first token with the new key, and the tokens before it stay good.
func TestRotation(t *testing.T) {
	d := start(t)
	good := d.send(t, order{"good", "read", "Echo"})
	before := d.send(t, order{"old-key", "read", "Echo"})
	after := d.send(t, order{"new-key", "read", "Echo"})
	again := d.send(t, order{"new-key", "read", "net/http"})
	if good.Keys.ID != "key-1" || before.Keys.ID != "key-1" || after.Keys.ID != "key-2" || again.Keys.ID != "key-2" {
		t.Errorf("keys %+v %+v %+v %+v", good.Keys, before.Keys, after.Keys, again.Keys)
	}
	if good.Keys.Fetches != 1 || before.Keys.Fetches != 1 || after.Keys.Fetches != 2 || again.Keys.Fetches != 2 {
		t.Errorf("fetches %+v %+v %+v %+v", good.Keys, before.Keys, after.Keys, again.Keys)
	}
}

// An outage of the authorization server is not the fault of the token, and shows as what it is.
func TestOutage(t *testing.T) {
	d := start(t)
	d.as.Break(oauthtest.EndpointAny, oauthtest.Fault{Status: http.StatusInternalServerError})
	got := d.send(t, order{"good", "read", "Gin"})
	outcome := got.Decision.Steps[1].Outcome
	if got.Status != "503 Service Unavailable" || got.Decision.Reason != "keys_unavailable" || outcome != "stopped" {
		t.Errorf("got %s, %+v", got.Status, got.Decision)
	}
}

// Some refusals no choice on the page leads to.
func TestSteps(t *testing.T) {
	cause := errors.New("a cause")
	tests := []struct {
		err  error
		stop string
	}{
		{middleware.Reject(middleware.ReasonBadSignature, cause), "validated"},
		{middleware.Unavailable(middleware.ReasonKeysUnavailable, time.Second, cause), "validated"},
		{middleware.Reject(middleware.ReasonRevoked, nil), "not revoked"},
		{middleware.Unavailable(middleware.ReasonRevocationsUnavailable, 0, nil), "not revoked"},
		{middleware.Reject(middleware.ReasonUnverifiedBinding, nil), "bound"},
		{middleware.RejectProof(dpop.ReasonNoProof, nil), "bound"},
		{middleware.DemandNonce("n"), "bound"},
		{middleware.Reject(dpop.ReasonWrongKey, nil), "bound"},
		{middleware.Unavailable(dpop.ReasonReplaysUnavailable, 0, cause), "bound"},
		{middleware.ErrInvalidRequest, "found"},
		{middleware.ErrInsufficientAuthentication, "scope"},
	}
	for _, tt := range tests {
		t.Run(tt.err.Error(), func(t *testing.T) {
			reached := true
			for _, step := range playground.StepsOf(middleware.Decision{Err: tt.err}, "orders:read") {
				switch {
				case step.Name == tt.stop:
					reached = false
					if step.Outcome != "stopped" || step.Detail != tt.err.Error() {
						t.Errorf("got %+v", step)
					}
				case reached == (step.Outcome == "not reached"):
					t.Errorf("got %+v, stopped at %s", step, tt.stop)
				}
			}
		})
	}
}
