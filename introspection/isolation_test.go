package introspection_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
)

// The isolation property: whatever happens in whatever order, a Guard in front of a caching Validator answers like one in
// front of a Validator that always asks would have answered at some moment within the documented staleness.

// fact is what the world's authorization server knows about a token, from a certain time on.
type fact struct {
	since    time.Time
	active   bool
	expires  time.Time
	audience string
	scope    string
}

// world is an authorization server with a history.
type world struct {
	*clock
	random  *rand.Rand
	history map[string][]fact
	down    bool
}

const (
	worldTokens = 4
	scopeA      = "a"
	scopeB      = "b"
)

var audiences = []string{"https://one.example", "https://two.example"}

func (w *world) change(token string) {
	w.history[token] = append(w.history[token], fact{
		since:    w.Now(),
		active:   w.random.IntN(4) > 0,
		expires:  w.Now().Add(time.Duration(w.random.IntN(120)) * time.Second),
		audience: audiences[w.random.IntN(2)],
		scope:    []string{"", scopeA, scopeB, scopeA + " " + scopeB}[w.random.IntN(4)],
	})
}

func (w *world) current(token string) fact {
	known := w.history[token]
	return known[len(known)-1]
}

func (w *world) endpoint(r *http.Request) *http.Response {
	if w.down {
		return reply(503, "application/json", "")
	}
	if err := r.ParseForm(); err != nil {
		return nil
	}
	f := w.current(r.PostForm.Get("token"))
	if !f.active {
		return reply(200, "application/json", `{"active":false}`)
	}
	return reply(200, "application/json", fmt.Sprintf(
		`{"active":true,"exp":%d,"aud":%q,"scope":%q}`, f.expires.Unix(), f.audience, f.scope))
}

// answer is what a resource server that always asks says at a given time if the world is as in f.
func (f fact) answer(now time.Time, audience, scope string) string {
	switch {
	case !f.active || f.audience != audience || now.Unix() >= f.expires.Unix():
		return "401 invalid_token"
	case !middleware.Scopes(f.scope).Has(scope):
		return "403 insufficient_scope"
	}
	return "200"
}

// subject is a caching validator under test, and a twin that always asks.
type subject struct {
	name            string
	audience        string
	positive, stale time.Duration
	negative        time.Duration
	caching, asking *introspection.Validator
	forgotten       map[string]time.Time
}

func newSubject(t *testing.T, w *world, name, audience string, cfg introspection.Config) *subject {
	cfg.Audience, cfg.Now, cfg.BreakAfter = audience, w.Now, -1
	twin := cfg
	twin.CacheTTL, twin.NegativeTTL, twin.StaleIfError = -1, -1, 0
	return &subject{
		name: name, audience: audience, positive: cfg.CacheTTL, stale: cfg.StaleIfError, negative: cfg.NegativeTTL,
		caching: asking(t, w.endpoint, cfg), asking: asking(t, w.endpoint, twin), forgotten: map[string]time.Time{},
	}
}

// allowed reports whether an answer about a token was right at some moment that still counts.
func (s *subject) allowed(w *world, token, scope, got string) bool {
	window := s.positive
	switch {
	case got == "401 invalid_token":
		window = s.negative
	case got == "503":
		return w.down
	case w.down:
		window += s.stale
	}
	now := w.Now()
	oldest := now.Add(-window)
	if forgotten := s.forgotten[token]; forgotten.After(oldest) {
		oldest = forgotten
	}
	known := w.history[token]
	for i, f := range known {
		ended := i+1 < len(known) && known[i+1].since.Before(oldest)
		if !ended && f.answer(now, s.audience, scope) == got {
			return true
		}
	}
	return false
}

func TestIsolation(t *testing.T) {
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &world{clock: newClock(), random: rand.New(rand.NewPCG(seed, 1)), history: map[string][]fact{}}
			for i := range worldTokens {
				w.change(fmt.Sprint("token-", i))
			}
			subjects := []*subject{
				newSubject(t, w, "one", audiences[0], introspection.Config{CacheTTL: time.Minute, NegativeTTL: 10 * time.Second}),
				newSubject(t, w, "two", audiences[1], introspection.Config{CacheTTL: 20 * time.Second, NegativeTTL: -1}),
				newSubject(t, w, "stale", audiences[0], introspection.Config{
					CacheTTL: 10 * time.Second, NegativeTTL: 5 * time.Second, StaleIfError: 30 * time.Second,
				}),
			}
			for _, s := range subjects {
				s.negative = max(s.negative, 0)
			}
			for range 200 {
				w.step(t, subjects)
			}
		})
	}
}

// step lets something happen and has everybody asked.
func (w *world) step(t *testing.T, subjects []*subject) {
	t.Helper()
	token := fmt.Sprint("token-", w.random.IntN(worldTokens))
	switch w.random.IntN(6) {
	case 0:
		w.change(token)
	case 1:
		s := subjects[w.random.IntN(len(subjects))]
		s.caching.Forget(token)
		s.forgotten[token] = w.Now()
	case 2:
		w.down = w.random.IntN(4) == 0
	case 3, 4:
		w.advance(time.Duration(w.random.IntN(15_000)) * time.Millisecond)
	}
	scope := []string{scopeA, scopeB}[w.random.IntN(2)]
	for _, s := range subjects {
		policy := middleware.Policy{Scopes: []string{scope}}
		expected := w.current(token).answer(w.Now(), s.audience, scope)
		if w.down {
			expected = "503"
		}
		if got := through(t, s.asking, token, policy); got != expected {
			t.Fatalf("%s without cache: %s, want %s", s.name, got, expected)
		}
		if got := through(t, s.caching, token, policy); !s.allowed(w, token, scope, got) {
			t.Fatalf("%s: %s for %s at %v, which no state in the window %+v explains", s.name, got, token, w.Now(), w.history[token])
		}
	}
}
