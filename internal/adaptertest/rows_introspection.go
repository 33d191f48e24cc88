package adaptertest

import (
	"crypto/rand"
	"net/http"
	"slices"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

const (
	// defaultTTL is the CacheTTL of introspection.Config.
	defaultTTL = time.Minute
	// impatient is a timeout that ends while the test waits, and that an endpoint in memory never needs.
	impatient = 200 * time.Millisecond
)

// introspectionRows play the rows D: tokens that the authorization server is asked about.
var introspectionRows = map[string]func(*scene){
	"D01": func(s *scene) {
		s.introspect(introspection.Config{})
		s.policy = reading
		s.inner = s.wantToken
		s.expect(s.opaque())
		s.expect(s.valid()) // a JWT is as good as any token
		s.wantQuestions(0, 2)
	},
	"D02": func(s *scene) {
		s.introspect(introspection.Config{})
		unknown := bearer(rand.Text())
		s.expect(unknown, unknown)
		s.wantQuestions(0, 1)
		revoked := s.issuer.Mint(oauthtest.Token{Opaque: true})
		s.issuer.Revoke(revoked)
		s.expect(bearer(revoked), s.mint(oauthtest.Token{Opaque: true, ExpiresIn: -time.Hour}))
	},
	"D03": playOutages,
	"D06": func(s *scene) {
		s.introspect(introspection.Config{})
		for _, ago := range []time.Duration{0, time.Second, time.Hour} {
			s.expect(s.answering(map[string]any{"exp": s.in(-ago)}))
		}
		s.also("a second left", ok, s.answering(map[string]any{"exp": s.in(time.Second)}))
		s.also("no exp", ok, s.answering(map[string]any{"exp": nil}))
	},
	"D07": func(s *scene) {
		const lifetime = defaultTTL / 2
		for _, window := range []time.Duration{0, time.Hour} {
			s.introspect(introspection.Config{StaleIfError: window})
			token := s.answering(map[string]any{"exp": s.in(lifetime)}) // the server goes on to call it active
			s.also("asked", ok, token)
			s.clock.advance(lifetime - 1)
			s.quiet(func() { s.also("cached", ok, token) })
			s.clock.advance(1)
			s.expect(token)
			s.fail(down)
			s.expect(token)
			s.issuer.Heal()
		}
	},
	"D09": func(s *scene) {
		s.introspect(introspection.Config{})
		s.policy = middleware.Policy{Scopes: []string{"bar"}}
		s.beside = map[string]middleware.Policy{protectedToo: {Scopes: []string{"foo"}}}
		token := s.mint(oauthtest.Token{Opaque: true, Scope: "foo"})
		for range 2 {
			s.also("route 1", ok, token.to(protectedToo))
			s.expect(token)
		}
		s.wantQuestions(0, 1)
		s.restart()
		s.expect(token) // a refusal by one route is none by another
		s.quiet(func() { s.also("route 1", ok, token.to(protectedToo)) })
	},
	"D11": func(s *scene) {
		s.introspect(introspection.Config{})
		token := s.issuer.Mint(oauthtest.Token{Opaque: true, Scope: "read"})
		s.expect(bearer(token))
		s.issuer.Revoke(token)
		s.clock.advance(defaultTTL - 1)
		s.quiet(func() { s.expect(bearer(token), bearer(token)) })
		s.clock.advance(1)
		s.also("TTL over", invalidToken, bearer(token))
		s.wantQuestions(0, 2)
	},
	"D12": playRevocations,
	"D13": func(s *scene) {
		s.introspect(introspection.Config{})
		token := s.issuer.Mint(oauthtest.Token{Opaque: true, Scope: "read"})
		cached, fresh := bearer(token), bearer(token).to(alwaysFresh)
		s.also("active, cached", ok, cached)
		s.also("active, fresh", ok, fresh, fresh)
		s.wantQuestions(0, 3)
		s.issuer.Revoke(token)
		s.quiet(func() { s.also("revoked, cached", ok, cached) })
		before := s.questions()
		s.expect(fresh, fresh)
		s.rush(slices.Repeat([]request{fresh}, 20))
		s.wantQuestions(before, 22)
		s.quiet(func() { s.also("revoked, no longer cached", invalidToken, cached) })
	},
	"D14": func(s *scene) {
		for _, n := range []int{100, 256} {
			s.introspect(introspection.Config{})
			token := s.opaque()
			s.fail(oauthtest.Fault{Status: http.StatusInternalServerError})
			s.also("failed", unavailable, token)
			s.fail(slow)
			before := s.questions()
			s.rush(slices.Repeat([]request{token}, n))
			s.wantQuestions(before, 1)
		}
	},
	"D15": playInventedTokens,
}

// playOutages plays an endpoint without an answer. Nothing is learnt from that, so each token is good right after.
func playOutages(s *scene) {
	s.introspect(introspection.Config{Timeout: impatient})
	for _, fault := range []oauthtest.Fault{
		{Hang: true}, {Drip: time.Hour}, down,
		{Status: 500}, {Status: 502}, {Status: 503}, {Status: 504}, {Status: 429},
	} {
		token, before := s.opaque(), s.questions()
		s.fail(fault)
		s.expect(token)
		s.wantQuestions(before, 1)
		s.issuer.Heal()
		s.also("recovered", ok, token)
	}
	s.introspect(introspection.Config{})
	token := s.opaque()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		s.fail(oauthtest.Fault{Status: status, Header: http.Header{"Retry-After": {"17"}}})
		s.also("asked to wait", unavailable, token)
		if got := token.over(s.T, s.server).field("Retry-After"); !slices.Equal(got, []string{"17"}) {
			s.Errorf("Retry-After %q, want the 17 of the server", got)
		}
	}
	s.fail(down)
	s.expect(slices.Repeat([]request{token}, 3)...) // and the breaker opens
	s.issuer.Heal()
	s.also("recovered", ok, token)
}

// playInventedTokens plays more tokens than fit in the room for refused ones. Only a few are looked at closely, since the
// log is searched for each of them.
func playInventedTokens(s *scene) {
	const room, good, few, distinct = 100, 50, 50, 2000
	s.introspect(introspection.Config{MaxNegativeEntries: room})
	kept := make([]request, good)
	for i := range kept {
		kept[i] = s.opaque()
	}
	s.also("good", ok, kept...)
	questions, calls := s.questions(), s.calls.Load()
	invented := make([]request, few)
	for i := range invented {
		invented[i] = bearer(rand.Text())
	}
	s.rush(invented)
	for range distinct - few {
		if got := bearer(rand.Text()).direct(s.T, s.handler); got.Status != s.want.status {
			s.Fatalf("status %d for an invented token", got.Status)
		}
	}
	s.wantQuestions(questions, distinct)
	if called := s.calls.Load() - calls; called != 0 {
		s.Errorf("the handler was called %d times", called)
	}
	s.quiet(func() { s.also("good", ok, kept...) })
	// Entries are evicted by a goroutine of the cache, which has to have its turn.
	deadline := time.After(10 * time.Second)
	for {
		state := s.introspector.State()
		if state.NegativeEntries <= 2*room && state.Entries == good {
			return
		}
		select {
		case <-deadline:
			s.Fatalf("%d refused and %d active tokens are held", state.NegativeEntries, state.Entries)
		case <-time.After(time.Millisecond):
		}
	}
}
