package adaptertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/mtls"
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
	others []Route                      // more routes that the scenario describes itself, but for their handlers
	prefix string                       // below which the server is mounted in another one
	inner  http.HandlerFunc             // what the protected handlers do besides being counted

	proofs       *dpop.Config // if set, DPoP proofs are verified
	certificates *mtls.Config // if set, client certificates are, and the server has TLS
	holder       *jose.Signer // the key that tokens are bound to

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
	s.holder = s.signer(jose.ES256, "")
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
	config.Bindings, config.Now = s.bindings(), s.clock.Now
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
	return s.newValidator(s.keyConfig())
}

func (s *scene) newValidator(config jwks.Config) *jwks.Validator {
	s.Helper()
	validator, err := jwks.New(config)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = validator.Close() })
	return validator
}

// keyConfig returns the scenario's, completed for the authorization server.
func (s *scene) keyConfig() jwks.Config {
	config := s.keys
	config.Issuer, config.Audience, config.Now = s.issuer.Issuer(), audience, s.clock.Now
	config.HTTPClient = s.httpClient()
	return config
}

// httpClient returns a client that reaches the authorization server and counts its requests.
func (s *scene) httpClient() *http.Client {
	client := s.issuer.HTTPClient()
	client.Transport = &counter{client.Transport, &s.outbound, s.answered}
	return client
}

// mount builds the server around a Guard.
func (s *scene) mount(guard *middleware.Guard) {
	s.handler = http.StripPrefix(s.prefix, s.adapter(s.routes(guard)...))
	s.server = httptest.NewUnstartedServer(s.handler)
	if s.certificates == nil {
		s.server.Start()
	} else {
		s.server.TLS = mtls.TLSConfig(nil)
		s.server.StartTLS()
	}
	s.Cleanup(s.server.Close)
}

// routes returns the protected ones, and the metadata of a Guard that has some.
func (s *scene) routes(guard *middleware.Guard) []Route {
	routes := append([]Route{{Path: protected, Guard: guard, Groups: s.groups, Policy: s.policy}}, s.others...)
	for path, policy := range s.beside {
		routes = append(routes, Route{Path: path, Guard: guard, Policy: policy})
	}
	if s.introspector != nil {
		fresh := s.newGuard(s.introspector.Uncached())
		routes = append(routes, Route{Path: alwaysFresh, Guard: fresh, Policy: s.policy})
	}
	for i := range routes {
		routes[i].Handler = s.counting(func(w http.ResponseWriter, r *http.Request) {
			if s.inner != nil {
				s.inner(w, r)
			}
		})
	}
	if path := guard.MetadataPath(); path != "" {
		routes = append(routes, Route{Path: path, Open: true, Handler: s.counting(guard.MetadataHandler().ServeHTTP)})
	}
	return routes
}

func (s *scene) counting(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		handler(w, r)
	}
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

// send returns the answer to a request, whatever it is.
func (s *scene) send(r request) answer {
	s.Helper()
	s.start()
	return r.over(s.T, s.server)
}

// rush sends requests at once, all of which get the scenario's answer. It goes around the sockets, for numbers.
func (s *scene) rush(requests []request) {
	s.Helper()
	s.start()
	before := s.calls.Load()
	for i, got := range s.atOnce(requests) {
		s.judge("", s.want, requests[i], got)
	}
	called := int(s.calls.Load() - before)
	if s.want.admitted() && called != len(requests) || !s.want.admitted() && called != 0 {
		s.Errorf("the handler was called %d times for %d requests", called, len(requests))
	}
}

// race sends copies of a request at once. One is admitted, whichever it is; the others get the scenario's answer.
func (s *scene) race(r request, copies int) {
	s.Helper()
	s.start()
	before := s.calls.Load()
	passed := 0
	for _, got := range s.atOnce(slices.Repeat([]request{r}, copies)) {
		if got.Status == http.StatusOK {
			passed++
			continue
		}
		s.judge("", s.want, r, got)
	}
	if called := int(s.calls.Load() - before); passed != 1 || called != 1 {
		s.Errorf("of %d copies %d passed and %d reached the handler, want 1", copies, passed, called)
	}
}

// atOnce returns the answers to requests that are all under way together.
func (s *scene) atOnce(requests []request) []answer {
	answers := make([]answer, len(requests))
	var group sync.WaitGroup
	for i, r := range requests {
		group.Go(func() { answers[i] = r.direct(s.T, s.handler) })
	}
	group.Wait()
	return answers
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
	if strings.Contains(w.challenge, "use_dpop_nonce") && len(got.field("Dpop-Nonce")) != 1 {
		s.Errorf("%s: a nonce is asked for, and the answer has %q", name, got.field("Dpop-Nonce"))
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
	for _, claim := range []string{subject, client, s.issuer.Issuer(), s.holder.Key().Thumbprint()} {
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
