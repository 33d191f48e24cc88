package introspection_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
)

// shelf is an AnswerStore. Before Get returns, it calls reading.
type shelf struct {
	mu      sync.Mutex
	answers map[[32]byte][]byte
	ttls    []time.Duration
	calls   int
	puts    int
	drops   int
	err     error
	reading func()
	panics  bool
}

func (s *shelf) Get(ctx context.Context, key [32]byte) ([]byte, error) {
	s.mu.Lock()
	s.calls++
	answer, err, reading := s.answers[key], s.err, s.reading
	s.mu.Unlock()
	if s.panics {
		panic("shelf")
	}
	if reading != nil {
		reading()
	}
	return answer, cmp.Or(err, ctx.Err())
}

func (s *shelf) Put(_ context.Context, key [32]byte, answer []byte, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	s.puts++
	if s.answers == nil {
		s.answers = map[[32]byte][]byte{}
	}
	if s.err == nil {
		s.answers[key] = answer
		s.ttls = append(s.ttls, ttl)
	}
	return s.err
}

func (s *shelf) Drop(_ context.Context, key [32]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drops++
	if s.err == nil {
		delete(s.answers, key)
	}
	return s.err
}

func (s *shelf) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.answers)
}

// counting is an endpoint that counts its calls.
func counting(calls *atomic.Int32, body string) endpointFunc {
	return func(*http.Request) *http.Response {
		calls.Add(1)
		return reply(http.StatusOK, "application/json", body)
	}
}

const active = `{"active":true,"sub":"alice","aud":"https://api.example.com","exp":1800000600}`

func subjectOf(t testing.TB, v middleware.Validator, accessToken string) string {
	t.Helper()
	token, err := v.Validate(t.Context(), accessToken)
	if err != nil {
		return string(middleware.ReasonOf(err))
	}
	return token.Subject
}

// settled closes a validator, so that what it passes on to others has arrived.
func settled(v *introspection.Validator) { _ = v.Close() }

// A token is asked about once for all replicas, and for as long as one of them would believe the answer.
func TestAnswersAreShared(t *testing.T) {
	var calls atomic.Int32
	c, s := newClock(), &shelf{}
	config := introspection.Config{Answers: s, Now: c.Now, Audience: audience}
	one, two := asking(t, counting(&calls, active), config), asking(t, counting(&calls, active), config)
	if got := subjectOf(t, one, "token"); got != "alice" {
		t.Fatal(got)
	}
	settled(one)
	c.advance(50 * time.Second)
	for range 3 {
		if got := subjectOf(t, two, "token"); got != "alice" || calls.Load() != 1 {
			t.Errorf("%s after %d calls", got, calls.Load())
		}
	}
	if s := two.State(); s.SharedHits != 1 || s.Hits != 2 || s.Calls != 0 {
		t.Errorf("%d answers of another, %d hits, %d calls", s.SharedHits, s.Hits, s.Calls)
	}
	c.advance(10 * time.Second) // a minute since the server was asked, though not by this replica
	if got := subjectOf(t, two, "token"); got != "alice" || calls.Load() != 2 {
		t.Errorf("%s after %d calls", got, calls.Load())
	}
	settled(two)
	if s.ttls[0] != time.Minute {
		t.Errorf("kept for %v", s.ttls[0])
	}
}

// Every replica judges for itself: by its own audience, its own demands, and the time it is.
func TestSharedAnswersAreJudged(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config introspection.Config
		after  time.Duration
		want   string
		calls  int32
	}{
		{"the same", introspection.Config{Audience: audience}, 0, "alice", 1},
		{"another audience", introspection.Config{Audience: "https://other.example.com"}, 0, "wrong_audience", 2},
		{"more demands", introspection.Config{Audience: audience, Require: []string{"client_id"}}, 0, "missing_claim", 2},
		{"expired meanwhile", introspection.Config{Audience: audience, CacheTTL: time.Hour}, 601 * time.Second, "expired", 2},
		{"another issuer", introspection.Config{Audience: audience, Issuer: issuer}, 0, "alice", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var calls atomic.Int32
			c, s := newClock(), &shelf{}
			one := asking(t, counting(&calls, active), introspection.Config{
				Answers: s, Now: c.Now, Audience: audience, CacheTTL: time.Hour,
			})
			subjectOf(t, one, "token")
			settled(one)
			c.advance(tt.after)
			tt.config.Answers, tt.config.Now = s, c.Now
			if got := subjectOf(t, asking(t, counting(&calls, active), tt.config), "token"); got != tt.want || calls.Load() != tt.calls {
				t.Errorf("%s after %d calls, want %s after %d", got, calls.Load(), tt.want, tt.calls)
			}
		})
	}
}

// What is no answer about an active token is nobody else's business.
func TestRefusalsAreNotShared(t *testing.T) {
	for _, body := range []string{`{"active":false}`, `{}`, `{"active":true,"aud":"other"}`} {
		s := &shelf{}
		v := asking(t, say(body), introspection.Config{Answers: s, Audience: audience})
		subjectOf(t, v, "token")
		_, _ = v.Uncached().Validate(t.Context(), "token")
		settled(v)
		if s.puts != 0 {
			t.Errorf("%s was kept", body)
		}
	}
}

// An uncached route keeps nothing for others, and drops nothing as long as tokens are active; a refusal on any other route is
// no reason to drop what nobody kept.
func TestUncachedAnswersAreNotShared(t *testing.T) {
	s := &shelf{}
	v := asking(t, say(active), introspection.Config{Answers: s, Audience: audience})
	subjectOf(t, v.Uncached(), "token")
	settled(v)
	refusing := asking(t, say(`{"active":false}`), introspection.Config{Answers: s, Audience: audience})
	subjectOf(t, refusing, "token")
	settled(refusing)
	if s.puts != 0 || s.drops != 0 {
		t.Errorf("%d answers were kept and %d dropped", s.puts, s.drops)
	}
}

// A token that is forgotten while the server is asked about it is not passed on.
func TestForgottenAnswersAreNotShared(t *testing.T) {
	for _, forgotten := range []string{"token", "another"} {
		s, first := &shelf{}, true
		var v *introspection.Validator
		v = asking(t, func(*http.Request) *http.Response {
			if first {
				first = false
				v.Forget(forgotten)
			}
			return reply(http.StatusOK, "application/json", active)
		}, introspection.Config{Answers: s, Audience: audience})
		_, _ = v.Validate(t.Context(), "token")
		settled(v)
		if want := map[string]int{"token": 1, "another": 0}[forgotten]; s.puts != want {
			t.Errorf("%s was forgotten: %d answers were kept, want %d", forgotten, s.puts, want)
		}
	}
}

// Nor is an answer that an uncached refusal has overtaken.
func TestOvertakenAnswersAreNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		s := &shelf{}
		v := asking(t, func(*http.Request) *http.Response {
			if calls.Add(1) > 1 {
				return reply(http.StatusOK, "application/json", `{"active":false}`)
			}
			<-time.After(time.Second) // of the bubble
			return reply(http.StatusOK, "application/json", active)
		}, introspection.Config{Answers: s})
		var before crowd
		before.add(1, func() string { return validate(t, v, "token") })
		synctest.Wait()
		want(t, v.Uncached(), "token", "refused inactive")
		before.want(t, "refused inactive", 1)
		settled(v)
		if s.puts != 0 {
			t.Errorf("%d answers were kept", s.puts)
		}
	})
}

// An answer that took its time is kept for what is left of CacheTTL, and not at all if nothing is.
func TestSharedForTheRest(t *testing.T) {
	for took, want := range map[time.Duration][]time.Duration{
		5 * time.Second: {55 * time.Second}, time.Minute - 1: {1}, time.Minute: nil, time.Hour: nil,
	} {
		c, s := newClock(), &shelf{}
		v := asking(t, func(*http.Request) *http.Response {
			c.advance(took)
			return reply(http.StatusOK, "application/json", `{"active":true}`)
		}, introspection.Config{Answers: s, Now: c.Now})
		_, _ = v.Validate(t.Context(), "token")
		settled(v)
		if !slices.Equal(s.ttls, want) {
			t.Errorf("after %v: kept for %v, want %v", took, s.ttls, want)
		}
	}
}

// Replicas of different configurations have nothing in common: another server, another endpoint of it, or another form of
// answers.
func TestSharedKeysTellServersApart(t *testing.T) {
	s := &shelf{}
	verified := func(context.Context, string) ([]byte, error) {
		return []byte(`{"iat":1800000000,"token_introspection":{"active":true}}`), nil
	}
	configs := []introspection.Config{
		{}, {Issuer: issuer}, {Issuer: "https://other.example.com"}, {Endpoint: issuer + "/other"}, {VerifyResponse: verified},
		{Endpoint: issuer + "/instrument"}, // as long as the first one
	}
	for i, cfg := range configs {
		cfg.Answers, cfg.Now = s, atNoon
		mediaType := "application/json"
		if cfg.VerifyResponse != nil {
			mediaType = "application/token-introspection+jwt"
		}
		if cfg.Endpoint == "" {
			cfg.Endpoint = endpoint
		}
		cfg.HTTPClient = endpointFunc(func(*http.Request) *http.Response { return reply(200, mediaType, `{"active":true}`) }).client()
		v := newValidator(t, cfg)
		want(t, v, "token", "active")
		settled(v)
		if s.len() != i+1 {
			t.Errorf("configuration %d: %d answers are kept", i, s.len())
		}
	}
}

// What another replica was told at a time that is still to come, by the clock here, counts as told now: it is kept no longer
// than anything else, and looked at again then.
func TestSharedByAnotherClock(t *testing.T) {
	var calls atomic.Int32
	c, s := newClock(), &shelf{}
	ahead := func() time.Time { return c.Now().Add(10 * time.Second) }
	one := asking(t, counting(&calls, active), introspection.Config{Answers: s, Now: ahead, Audience: audience})
	subjectOf(t, one, "token")
	settled(one)
	two := asking(t, counting(&calls, active), introspection.Config{Answers: s, Now: c.Now, Audience: audience})
	for _, tt := range []struct {
		later  time.Duration
		shared uint64
		calls  int32
	}{{0, 1, 1}, {time.Minute - 1, 1, 1}, {1, 2, 1}, {10 * time.Second, 2, 2}} {
		c.advance(tt.later)
		if got := subjectOf(t, two, "token"); got != "alice" || calls.Load() != tt.calls || two.State().SharedHits != tt.shared {
			t.Errorf("%v later: %s after %d calls, and %d shared answers", tt.later, got, calls.Load(), two.State().SharedHits)
		}
	}
}

// What a store returns beside an error is not believed.
func TestSharedAnswerWithAnError(t *testing.T) {
	var calls atomic.Int32
	s := &shelf{}
	config := introspection.Config{Answers: s, Now: atNoon, Audience: audience}
	one := asking(t, counting(&calls, active), config)
	subjectOf(t, one, "token")
	settled(one)
	s.err = errors.New("half an answer")
	if got := subjectOf(t, asking(t, counting(&calls, active), config), "token"); got != "alice" || calls.Load() != 2 {
		t.Errorf("%s after %d calls", got, calls.Load())
	}
}

// A store that failed is left alone for a second, by a clock that may be set back.
func TestStoreRests(t *testing.T) {
	for later, want := range map[time.Duration]int{
		time.Second - 1: 1, time.Second: 2, 0: 1, -time.Millisecond: 2, -1500 * time.Millisecond: 2,
	} {
		c, s := newClock(), &shelf{err: errors.New("down")}
		v := asking(t, say(active), introspection.Config{Answers: s, Now: c.Now, Audience: audience})
		subjectOf(t, v, "one")
		c.advance(later)
		subjectOf(t, v, "two")
		settled(v)
		if s.calls != want {
			t.Errorf("%v later: asked %d times, want %d", later, s.calls, want)
		}
	}
}

// hanging is a store that answers nothing.
type hanging struct{ shelf }

func (*hanging) Get(ctx context.Context, _ [32]byte) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// A store has a quarter of a second.
func TestStoreHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := asking(t, say(`{"active":true}`), introspection.Config{Answers: &hanging{}, Now: time.Now})
		start := time.Now()
		want(t, v, "token", "active")
		if took := time.Since(start); took != 250*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

// A store that fails, panics or holds rubbish costs calls of the server, not requests, and is left alone for a while.
func TestStoreFails(t *testing.T) {
	failing := map[string]*shelf{
		"error": {err: errors.New("down")},
		"panic": {panics: true},
	}
	for name, s := range failing {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			c := newClock()
			v := asking(t, counting(&calls, active), introspection.Config{Answers: s, Now: c.Now, Audience: audience})
			for i := range int32(20) {
				if got := subjectOf(t, v, fmt.Sprint("token", i)); got != "alice" {
					t.Fatal(got)
				}
			}
			settled(v)
			if calls.Load() != 20 || s.calls != 1 {
				t.Errorf("%d calls of the server and %d of the store", calls.Load(), s.calls)
			}
		})
	}
	for _, rubbish := range [][]byte{{}, {1}, make([]byte, 8), append(make([]byte, 8), `{"active":true}`...),
		append(binary.BigEndian.AppendUint64(nil, uint64(noon.UnixNano())), `{"active":`...)} {
		var calls atomic.Int32
		s := &shelf{}
		config := introspection.Config{Answers: s, Now: atNoon, Audience: audience}
		one := asking(t, counting(&calls, active), config)
		subjectOf(t, one, "token")
		settled(one)
		for key := range s.answers {
			s.answers[key] = rubbish
		}
		if got := subjectOf(t, asking(t, counting(&calls, active), config), "token"); got != "alice" || calls.Load() != 2 {
			t.Errorf("%q: %s after %d calls", rubbish, got, calls.Load())
		}
	}
}

// A token that is forgotten is asked about again, here and by replicas that have not asked yet, also if an answer was on
// its way.
func TestForgetShared(t *testing.T) {
	var calls atomic.Int32
	s := &shelf{}
	config := introspection.Config{Answers: s, Now: atNoon, Audience: audience}
	one := asking(t, counting(&calls, active), config)
	subjectOf(t, one, "token")
	settled(one)
	two := asking(t, counting(&calls, active), config)
	s.reading = func() { two.Forget("token") }
	if got := subjectOf(t, two, "token"); got != "alice" || calls.Load() != 2 {
		t.Errorf("%s after %d calls: the answer came back", got, calls.Load())
	}
	s.reading = nil
	two.Forget("token")
	if s.len() != 0 {
		t.Error("still on the shelf")
	}
}

// What an uncached route finds out counts for the others too.
func TestUncachedDropsSharedAnswers(t *testing.T) {
	var revoked atomic.Bool
	e := func(*http.Request) *http.Response {
		if revoked.Load() {
			return reply(http.StatusOK, "application/json", `{"active":false}`)
		}
		return reply(http.StatusOK, "application/json", active)
	}
	s := &shelf{}
	v := asking(t, e, introspection.Config{Answers: s, Now: atNoon, Audience: audience})
	subjectOf(t, v, "token")
	revoked.Store(true)
	if got := subjectOf(t, v.Uncached(), "token"); got != "inactive" {
		t.Error(got)
	}
	settled(v)
	if s.len() != 0 {
		t.Error("still on the shelf")
	}
}

// A client that goes away says nothing about the store.
func TestStoreOutlivesRequests(t *testing.T) {
	read := 0
	s := &shelf{reading: func() { read++ }}
	v := asking(t, say(active), introspection.Config{Answers: s, Now: atNoon, Audience: audience})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = v.Validate(gone, "token")
	subjectOf(t, v, "another")
	if read != 2 {
		t.Errorf("the store was asked %d times, want 2", read)
	}
}

// A token that could not be dropped from the store is asked about all the same, until nobody would believe what is there.
func TestForgetWithoutStore(t *testing.T) {
	var calls atomic.Int32
	c, s := newClock(), &shelf{}
	config := introspection.Config{Answers: s, Now: c.Now, Audience: audience}
	one := asking(t, counting(&calls, active), config)
	subjectOf(t, one, "token")
	settled(one)
	two := asking(t, counting(&calls, active), config)
	subjectOf(t, two, "token")
	s.err = errors.New("down")
	two.Forget("token")
	s.err = nil
	c.advance(2 * time.Second) // the store is not left alone any more
	if got := subjectOf(t, two, "token"); got != "alice" || calls.Load() != 2 {
		t.Errorf("%s after %d calls: the answer came back", got, calls.Load())
	}
	settled(two)
	c.advance(time.Minute)
	three := asking(t, counting(&calls, active), config)
	subjectOf(t, three, "other")
	settled(three)
	if got := subjectOf(t, two, "other"); got != "alice" || calls.Load() != 3 {
		t.Errorf("%s after %d calls: the store is still not believed", got, calls.Load())
	}
}

func TestAnswersNeedACache(t *testing.T) {
	_, err := introspection.New(introspection.Config{
		Endpoint: endpoint, ClientAuth: introspection.SecretBasic("api", "s"), Answers: &shelf{}, CacheTTL: -1,
	})
	if err == nil {
		t.Error("no error")
	}
}
