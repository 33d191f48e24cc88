package adaptertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// scene is where a scenario plays: an authorization server and, in front of a handler, everything that protects it. The
// server starts with the first request; what a scenario sets counts from then on, or from the next restart.
type scene struct {
	*testing.T
	scenario
	adapter Adapter
	refused func(t *testing.T, name string, got answer)

	issuer *oauthtest.Server
	clock  *clock

	keys   jwks.Config
	asking *introspection.Config // if set, tokens are introspected rather than verified
	guard  middleware.Config
	groups []middleware.Policy
	policy middleware.Policy
	beside map[string]middleware.Policy // more routes, by path
	inner  http.HandlerFunc             // what the protected handlers do besides being counted

	answered func() // called when the authorization server has answered, before anybody knows

	handler      http.Handler
	server       *httptest.Server
	introspector *introspection.Validator // nil where tokens are verified

	calls    atomic.Int64 // of protected handlers
	judged   atomic.Int64 // tokens that reached the Validator
	outbound atomic.Int64 // requests of the Validator, to whomever
	log      log
}

func newScene(t *testing.T, adapter Adapter, played scenario, refused func(*testing.T, string, answer)) *scene {
	s := &scene{T: t, scenario: played, adapter: adapter, refused: refused, clock: newClock()}
	s.trust("ES256")
	return s
}

// trust replaces the authorization server by one that signs with the given algorithms.
func (s *scene) trust(algorithms ...string) {
	s.issuer = oauthtest.NewServer(s, oauthtest.Config{
		InMemory:   true,
		Audience:   audience,
		Algorithms: algorithms,
		Now:        s.clock.Now,
	})
}

const audience = "https://api.example.com"

// start builds the server unless it is there.
func (s *scene) start() {
	if s.handler != nil {
		return
	}
	s.mount(s.newGuard(s.validator()))
}

// newGuard returns a Guard as the scenario configures it, which counts the tokens that it has judged.
func (s *scene) newGuard(validator middleware.Validator) *middleware.Guard {
	config := s.guard
	config.Now = s.clock.Now
	config.OnDecision = middleware.LogDecisions(s.log.logger())
	guard, err := middleware.New(&counted{validator, &s.judged}, config)
	if err != nil {
		s.Fatal(err)
	}
	return guard
}

// restart makes the next request meet a server that was just started: no keys yet, and the scenario's settings of now.
func (s *scene) restart() { s.handler, s.introspector = nil, nil }

// validator returns a Validator as the scenario configures it.
func (s *scene) validator() middleware.Validator {
	if s.asking != nil {
		s.introspector = s.newIntrospector()
		return s.introspector
	}
	config := s.keys
	config.Issuer, config.Audience, config.Now = s.issuer.Issuer(), audience, s.clock.Now
	config.HTTPClient = s.httpClient()
	validator, err := jwks.New(config)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = validator.Close() })
	return validator
}

// httpClient returns a client that reaches the authorization server and counts its requests.
func (s *scene) httpClient() *http.Client {
	client := s.issuer.HTTPClient()
	client.Transport = &counter{client.Transport, &s.outbound, s.answered}
	return client
}

// mount builds the server around a Guard.
func (s *scene) mount(guard *middleware.Guard) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		if s.inner != nil {
			s.inner(w, r)
		}
	}
	routes := []Route{{protected, guard, s.groups, s.policy, handler}}
	for path, policy := range s.beside {
		routes = append(routes, Route{path, guard, nil, policy, handler})
	}
	if s.introspector != nil {
		routes = append(routes, Route{alwaysFresh, s.newGuard(s.introspector.Uncached()), nil, s.policy, handler})
	}
	s.handler = s.adapter(routes...)
	s.server = httptest.NewServer(s.handler)
	s.Cleanup(s.server.Close)
}

// expect sends requests one after the other, all of which get the scenario's answer.
func (s *scene) expect(requests ...request) {
	s.Helper()
	s.also("", s.want, requests...)
}

// also sends requests that differ from what the scenario is about in the way that twist says, and get another answer.
func (s *scene) also(twist string, w want, requests ...request) {
	s.Helper()
	for _, r := range requests {
		s.start()
		before := s.calls.Load()
		s.judge(twist, w, r, r.over(s.T, s.server))
		if called := s.calls.Load() != before; called != w.admitted() {
			s.Errorf("%s, %q: the handler was called: %t", s.name, twist, called)
		}
	}
}

// rush sends requests at once, all of which get the scenario's answer. It goes around the sockets, for numbers.
func (s *scene) rush(requests []request) {
	s.Helper()
	s.start()
	before := s.calls.Load()
	answers := make([]answer, len(requests))
	var group sync.WaitGroup
	for i, r := range requests {
		group.Go(func() { answers[i] = r.direct(s.T, s.handler) })
	}
	group.Wait()
	for i, r := range requests {
		s.judge("", s.want, r, answers[i])
	}
	called := int(s.calls.Load() - before)
	if s.want.admitted() && called != len(requests) || !s.want.admitted() && called != 0 {
		s.Errorf("the handler was called %d times for %d requests", called, len(requests))
	}
}

// judge compares an answer with what is wanted, and what every refusal has to be with what it is.
func (s *scene) judge(twist string, w want, r request, got answer) {
	s.Helper()
	name := s.name
	if twist != "" {
		name += ": " + twist
	}
	if got.Status != w.status {
		s.Errorf("%s: status %d, want %d; %s", name, got.Status, w.status, s.log.last())
		return
	}
	if err := matchChallenges(w.challenge, got.field("Www-Authenticate")); err != nil {
		s.Errorf("%s: %v", name, err)
	}
	if unavailable := got.Status == http.StatusServiceUnavailable; unavailable != (got.field("Retry-After") != nil) {
		s.Errorf("%s: status %d with Retry-After %q", name, got.Status, got.field("Retry-After"))
	}
	if !w.admitted() {
		s.wantDiscreet(name, r, got)
		s.refused(s.T, name, got)
	}
}

// wantDiscreet wants nothing of the credentials in a refusal and in the log, and no claim in the refusal.
func (s *scene) wantDiscreet(name string, r request, got answer) {
	s.Helper()
	shown := fmt.Sprint(got)
	for _, secret := range append(r.secrets(), clientSecret) {
		if strings.Contains(shown, secret) || strings.Contains(s.log.String(), secret) {
			s.Errorf("%s: a part of the credentials is in the answer or in the log", name)
		}
	}
	for _, claim := range []string{subject, client, s.issuer.Issuer()} {
		if strings.Contains(shown, claim) {
			s.Errorf("%s: a claim is in the answer", name)
		}
	}
}

// quiet fails the test if the Validator makes a request while f runs.
func (s *scene) quiet(f func()) {
	s.Helper()
	before := s.outbound.Load()
	f()
	if made := s.outbound.Load() - before; made != 0 {
		s.Errorf("%d requests to the authorization server, want none", made)
	}
}

// wantJudged compares how many tokens have reached the Validator.
func (s *scene) wantJudged(want int) {
	s.Helper()
	if got := int(s.judged.Load()); got != want {
		s.Errorf("the Validator saw %d tokens, want %d", got, want)
	}
}

// fetches returns how often the key set was asked for.
func (s *scene) fetches() int { return s.issuer.Requests(oauthtest.EndpointJWKS) }

// wantFetches compares how often the key set was asked for since there were before.
func (s *scene) wantFetches(before, want int) {
	s.Helper()
	if made := s.fetches() - before; made != want {
		s.Errorf("the key set was fetched %d times, want %d", made, want)
	}
}
