package oauthtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// service is one that passes, unless it has a flaw.
type service struct {
	// validator replaces the one that the service has.
	validator func(*oauthtest.Server, middleware.Validator) middleware.Validator
	// wrap puts something around the whole; called counts a call of a handler.
	wrap func(service http.Handler, called func()) http.Handler
}

// start is what the tests give to those under test.
type start = func(*oauthtest.Server) (oauthtest.Subject, error)

func (s service) start(as *oauthtest.Server) (oauthtest.Subject, error) {
	verifier, err := jwks.New(jwks.Config{Issuer: as.Issuer(), Audience: audience, HTTPClient: as.HTTPClient()})
	if err != nil {
		return oauthtest.Subject{}, err
	}
	var validator middleware.Validator = verifier
	if s.validator != nil {
		validator = s.validator(as, verifier)
	}
	guard, err := middleware.New(validator, middleware.Config{})
	if err != nil {
		return oauthtest.Subject{}, err
	}
	var calls atomic.Int64
	called := func() { calls.Add(1) }
	var handler http.Handler = s.mux(guard, called)
	if s.wrap != nil {
		handler = s.wrap(handler, called)
	}
	return oauthtest.Subject{
		Handler: handler,
		Routes: []oauthtest.Route{
			{Path: "/any"},
			{Path: "/any", Method: http.MethodPost},
			{Path: "/one", Scopes: []string{"read"}},
			{Path: "/both", Scopes: []string{"read", "write"}},
			{Path: "/strong", ACR: "gold"},
			{Path: "/recent", MaxAge: maxAge},
			{Path: "/open", Public: true},
		},
		Calls: func() int { return int(calls.Load()) },
		Close: func() { _ = verifier.Close() },
	}, nil
}

const (
	audience = "https://api.example.com"
	maxAge   = 5 * time.Minute
)

func (s service) mux(guard *middleware.Guard, called func()) *http.ServeMux {
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called() })
	mux := http.NewServeMux()
	for path, policy := range map[string]middleware.Policy{
		"/any":    {},
		"/one":    {Scopes: []string{"read"}},
		"/both":   {Scopes: []string{"read", "write"}},
		"/strong": {ACRValues: []string{"gold"}},
		"/recent": {MaxAge: maxAge},
	} {
		mux.Handle(path, oauthhttp.Enforce(guard, policy)(handler))
	}
	mux.Handle("/open", handler)
	return mux
}

// TestRunConformance holds a service that has no flaw against everything, over TLS and with RSA.
func TestRunConformance(t *testing.T) {
	oauthtest.RunConformance(t, oauthtest.ConformanceConfig{}, service{}.start)
}

// TestRunConformanceFails runs this test program again, with a service that lets everybody in.
func TestRunConformanceFails(t *testing.T) {
	if os.Getenv("OAUTHTEST_OPEN_SERVICE") != "" {
		open := around(func(_ http.Handler, called func()) http.HandlerFunc {
			return func(http.ResponseWriter, *http.Request) { called() }
		})
		oauthtest.RunConformance(t, oauthtest.ConformanceConfig{Server: inMemory}, open.start)
		return
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^TestRunConformanceFails$/^B0[12]$")
	again.Env = append(os.Environ(), "OAUTHTEST_OPEN_SERVICE=1")
	output, err := again.CombinedOutput()
	if err == nil {
		t.Error("the run passes")
	}
	for _, want := range []string{
		"--- PASS: TestRunConformanceFails/B01", "--- FAIL: TestRunConformanceFails/B02",
		"a token that expired ten minutes ago: status 200, want 401", "source: RFC 9068 section 4",
		`claims {"aud":"https://api.example.com"`, "> GET /any", "> Authorization: Bearer ey", "< 200 OK",
		"not run, it needs a service with the capability introspection: A-80.text, ", "conformance_test.go:",
	} {
		if !strings.Contains(string(output), want) {
			t.Errorf("the output lacks %q:\n%s", want, output)
		}
	}
}

// TestConformanceAtURL checks a service that the check did not start, and that cannot be started anew.
func TestConformanceAtURL(t *testing.T) {
	var stop func()
	cfg := oauthtest.ConformanceConfig{Server: inMemory, StartOnce: true}
	results := check(t, cfg, func(as *oauthtest.Server) (oauthtest.Subject, error) {
		subject, err := service{}.start(as)
		if err != nil {
			return subject, err
		}
		server := httptest.NewServer(subject.Handler)
		stop = server.Close
		subject.Handler, subject.URL = nil, server.URL+"/"
		return subject, nil
	})
	stop()
	for id, result := range results {
		if result.Problems != nil {
			t.Errorf("%s: %q", id, result.Problems)
		}
	}
	if results["B01"].NotRun != "" || results["C01"].NotRun != "it needs a new service" {
		t.Errorf("B01 %q, C01 %q", results["B01"].NotRun, results["C01"].NotRun)
	}
}

// inMemory is quicker.
var inMemory = oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}}

// check returns the results by ID.
func check(t *testing.T, cfg oauthtest.ConformanceConfig, start start) map[string]oauthtest.CaseResult {
	t.Helper()
	results, err := oauthtest.CheckConformance(t.Context(), cfg, start)
	if err != nil {
		t.Fatal(err)
	}
	byID := make(map[string]oauthtest.CaseResult)
	for _, result := range results {
		byID[result.ID] = result
	}
	return byID
}

func TestConformanceOmits(t *testing.T) {
	cfg := oauthtest.ConformanceConfig{Server: inMemory, StartOnce: true, Skip: map[string]string{"B01": "for a test"}}
	starts := 0
	results := check(t, cfg, func(as *oauthtest.Server) (oauthtest.Subject, error) {
		starts++
		subject, err := service{}.start(as)
		subject.Routes = subject.Routes[:1]
		return subject, err
	})
	if starts != 1 {
		t.Errorf("started %d times", starts)
	}
	for id, want := range map[string]string{
		"B01":        "for a test",
		"B02":        "",
		"C01":        "it needs a new service",
		"E01":        "no route of the kind scope",
		"H02":        "no route of the kind max-age",
		"A19":        "no route of the kind post",
		"D06":        "it needs a service with the capability introspection",
		"A-04.ps256": "it needs an authorization server that signs with RS256",
	} {
		if got := results[id].NotRun; want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s is not run because %q, want %q", id, got, want)
		}
	}
}

// TestConformanceAlgorithms signs with other keys than the rest of the tests.
func TestConformanceAlgorithms(t *testing.T) {
	for algorithm, trailing := range map[string]string{
		"EdDSA": "",
		"ES384": "it is not for an authorization server that signs with ES384",
		"ES512": "it is not for an authorization server that signs with ES512",
	} {
		cfg := oauthtest.ConformanceConfig{Server: oauthtest.Config{InMemory: true, Algorithms: []string{algorithm}}}
		results := check(t, cfg, service{}.start)
		for id, result := range results {
			if result.Problems != nil {
				t.Errorf("%s: %s: %q", algorithm, id, result.Problems)
			}
		}
		if got := results["A-17"].NotRun; got != trailing {
			t.Errorf("%s: trailing bits are not run because %q, want %q", algorithm, got, trailing)
		}
	}
}

// TestConformanceMustOnly runs no recommendation, and of a case that is none only what is required.
func TestConformanceMustOnly(t *testing.T) {
	cfg := oauthtest.ConformanceConfig{Server: inMemory, MustOnly: true}
	nameless := rewriting(func(_ *http.Request, answer *httptest.ResponseRecorder) {
		answer.Header().Del("Retry-After")
		if badToken(answer) {
			answer.Header().Set("WWW-Authenticate", `Bearer realm="api"`)
		}
	})
	for id, result := range check(t, cfg, nameless.start) {
		if result.Must == (result.NotRun == "it is a recommendation") {
			t.Errorf("%s, must %t: not run because %q", id, result.Must, result.NotRun)
		}
		if result.Problems != nil {
			t.Errorf("%s: %q", id, result.Problems)
		}
	}
}

// TestConformanceStartsOnlyOnce goes on with a service that cannot be started anew although nobody said so.
func TestConformanceStartsOnlyOnce(t *testing.T) {
	started := false
	cfg := oauthtest.ConformanceConfig{Server: inMemory}
	results := check(t, cfg, func(as *oauthtest.Server) (oauthtest.Subject, error) {
		if started {
			return oauthtest.Subject{}, errors.New("the port is taken")
		}
		started = true
		return service{}.start(as)
	})
	for id, failed := range map[string]bool{"B01": false, "C01": true, "X-03": true} {
		got := strings.Join(results[id].Problems, "")
		if (got != "") != failed || failed && !strings.Contains(got, "the port is taken") {
			t.Errorf("%s: %s", id, got)
		}
	}
}

func TestConformanceMistakes(t *testing.T) {
	type config = oauthtest.ConformanceConfig
	const nowhere = "http://127.0.0.1:1"
	fine, routes := service{}.start, []oauthtest.Route{{Path: "/"}}
	subject := func(s oauthtest.Subject, err error) start {
		return func(*oauthtest.Server) (oauthtest.Subject, error) { return s, err }
	}
	onRoute := func(route oauthtest.Route) start {
		return subject(oauthtest.Subject{URL: nowhere, Routes: []oauthtest.Route{route}}, nil)
	}
	for want, test := range map[string]struct {
		cfg   config
		start start
	}{
		`no "saml"`:         {config{Capabilities: []oauthtest.Capability{"saml"}}, fine},
		`no case "B0"`:      {config{Skip: map[string]string{"B0": "x"}}, fine},
		"no reason":         {config{Skip: map[string]string{"B01": ""}}, fine},
		"Algorithms":        {config{Server: oauthtest.Config{Algorithms: []string{"none"}}}, fine},
		"broken":            {config{}, subject(oauthtest.Subject{}, errors.New("broken"))},
		"start is nil":      {config{}, nil},
		"wants jwt":         {config{Capabilities: []oauthtest.Capability{oauthtest.RequiresRFC9068, oauthtest.Introspects}}, fine},
		"or both":           {config{Capabilities: []oauthtest.Capability{}}, fine},
		"Routes":            {config{}, subject(oauthtest.Subject{URL: nowhere}, nil)},
		"is protected":      {config{}, onRoute(oauthtest.Route{Path: "/", Public: true})},
		"begins with":       {config{}, onRoute(oauthtest.Route{Path: "orders"})},
		"without query":     {config{}, onRoute(oauthtest.Route{Path: "/orders?page=1"})},
		"a public route":    {config{}, onRoute(oauthtest.Route{Path: "/", Public: true, Scopes: []string{"read"}})},
		"one scope in each": {config{}, onRoute(oauthtest.Route{Path: "/", Scopes: []string{"read write"}})},
		"or URL":            {config{}, subject(oauthtest.Subject{Routes: routes}, nil)},
		"either": {config{}, subject(oauthtest.Subject{
			Routes: routes, URL: nowhere, Handler: http.NotFoundHandler(),
		}, nil)},
	} {
		if test.cfg.Server.Algorithms == nil {
			test.cfg.Server = inMemory
		}
		if _, err := oauthtest.CheckConformance(t.Context(), test.cfg, test.start); !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestConformanceClosesRefused closes a service that the cases cannot be played with.
func TestConformanceClosesRefused(t *testing.T) {
	closed := false
	cfg := oauthtest.ConformanceConfig{Server: inMemory}
	_, err := oauthtest.CheckConformance(t.Context(), cfg, func(*oauthtest.Server) (oauthtest.Subject, error) {
		return oauthtest.Subject{Handler: http.NotFoundHandler(), Close: func() { closed = true }}, nil
	})
	if err == nil || !closed {
		t.Errorf("closed: %t, %v", closed, err)
	}
}

// TestConformanceEnds stops when its context does, and says what it has.
func TestConformanceEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ending := around(func(next http.Handler, _ func()) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			cancel()
			next.ServeHTTP(w, r)
		}
	})
	results, err := oauthtest.CheckConformance(ctx, oauthtest.ConformanceConfig{Server: inMemory}, ending.start)
	if len(results) != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d results, %v", len(results), err)
	}
}

// TestConformanceHangs gives up on a service that answers nothing, and does not wait for its handlers.
func TestConformanceHangs(t *testing.T) {
	over := make(chan struct{})
	defer close(over)
	requests := 0
	results := check(t, oauthtest.ConformanceConfig{Server: inMemory}, func(*oauthtest.Server) (oauthtest.Subject, error) {
		return oauthtest.Subject{
			Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }),
			Client:  &http.Client{Timeout: 50 * time.Millisecond, Transport: countRequests(&requests)},
			Routes:  []oauthtest.Route{{Path: "/"}},
		}, nil
	})
	if requests != 3 {
		t.Errorf("%d requests were sent, want 3", requests)
	}
	for id, want := range map[string]string{"B01": "no answer", "A07.lower": "not sent", "X-03": "not sent"} {
		if got := strings.Join(results[id].Problems, ""); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func countRequests(n *int) transport {
	return func(r *http.Request) (*http.Response, error) {
		*n++
		return http.DefaultTransport.RoundTrip(r)
	}
}

// TestConformanceTakesSeveralChallenges wants one of the challenges to be right, wherever it stands.
func TestConformanceTakesSeveralChallenges(t *testing.T) {
	several := rewriting(func(_ *http.Request, answer *httptest.ResponseRecorder) {
		if said := answer.Header().Get("WWW-Authenticate"); said != "" {
			answer.Header().Set("WWW-Authenticate", `Bearer error="other", Basic realm="x", `+said+", Bearer")
		}
	})
	for id, result := range check(t, oauthtest.ConformanceConfig{Server: inMemory}, several.start) {
		if result.Problems != nil {
			t.Errorf("%s: %q", id, result.Problems)
		}
	}
}

// TestConformanceTakesHiding lets a service hide what a token does not open (RFC 9110, section 15.5.4).
func TestConformanceTakesHiding(t *testing.T) {
	hiding := rewriting(func(_ *http.Request, answer *httptest.ResponseRecorder) {
		if answer.Code == http.StatusForbidden {
			answer.Code = http.StatusNotFound
			answer.Header().Del("WWW-Authenticate")
		}
	})
	for id, result := range check(t, oauthtest.ConformanceConfig{Server: inMemory}, hiding.start) {
		if result.Problems != nil {
			t.Errorf("%s: %q", id, result.Problems)
		}
	}
}

// TestConformanceMisroutes notices a service that has nothing where its routes are said to be.
func TestConformanceMisroutes(t *testing.T) {
	lost := func(*oauthtest.Server) (oauthtest.Subject, error) {
		return oauthtest.Subject{
			Handler: http.NotFoundHandler(),
			Routes:  []oauthtest.Route{{Path: "/any"}, {Path: "/one", Scopes: []string{"read"}}},
		}, nil
	}
	results := check(t, oauthtest.ConformanceConfig{Server: inMemory}, lost)
	for _, id := range []string{"B01", "E01.good"} {
		if results[id].Problems == nil {
			t.Errorf("%s passes", id)
		}
	}
}
