package introspection_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// crowd has n requests validate a token at once and returns their outcomes when all are done.
type crowd struct {
	group    sync.WaitGroup
	mu       sync.Mutex
	outcomes map[string]int
}

func (c *crowd) add(n int, ask func() string) {
	for range n {
		c.group.Go(func() {
			got := ask()
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.outcomes == nil {
				c.outcomes = map[string]int{}
			}
			c.outcomes[got]++
		})
	}
}

// want waits for all of them.
func (c *crowd) want(t testing.TB, expected string, n int) {
	t.Helper()
	c.group.Wait()
	if c.outcomes[expected] != n {
		t.Errorf("outcomes %v, want %d times %q", c.outcomes, n, expected)
	}
}

func TestSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		active := as.Mint(oauthtest.Token{Opaque: true})
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Latency: 5 * time.Millisecond})
		v := trusting(t, as, introspection.Config{})
		calls := 0
		for token, expected := range map[string]string{active: "active", "unknown": "refused inactive"} {
			for range 2 {
				var c crowd
				c.add(256, func() string { return validate(t, v, token) })
				c.want(t, expected, 256)
			}
			calls++
			wantCalls(t, as, calls)
		}
	})
}

// A request that found nothing in the cache, and then nobody on the way to the server because the one who was has just come
// back, does not ask again. The store stands for whatever keeps the request for so long.
func TestAnswerArrivesBeforeFlight(t *testing.T) {
	as := server(t, nil)
	for _, test := range []struct{ token, expected string }{
		{as.Mint(oauthtest.Token{Opaque: true}), "active"},
		{"unknown", "refused inactive"},
	} {
		s := &shelf{err: errors.New("down")}
		v := trusting(t, as, introspection.Config{Answers: s})
		before := as.Requests(oauthtest.EndpointIntrospection)
		s.reading = func() {
			s.reading = nil
			want(t, v, test.token, test.expected)
		}
		want(t, v, test.token, test.expected)
		if calls := as.Requests(oauthtest.EndpointIntrospection) - before; calls != 1 {
			t.Errorf("%s: %d calls", test.expected, calls)
		}
		if state := v.State(); state.Hits+state.NegativeHits != 1 {
			t.Errorf("%s: %d hits", test.expected, state.Hits+state.NegativeHits)
		}
	}
}

// Requests that come at once share a refusal, whether or not it is kept for later ones.
func TestSharedRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Latency: 5 * time.Millisecond})
		v := trusting(t, as, introspection.Config{NegativeTTL: -1})
		for round := range 2 {
			var c crowd
			c.add(100, func() string { return validate(t, v, "unknown") })
			c.want(t, "refused inactive", 100)
			wantCalls(t, as, round+1)
		}
	})
}

func TestUncachedSharesNoCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		token := as.Mint(oauthtest.Token{Opaque: true})
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Latency: 5 * time.Millisecond})
		v := trusting(t, as, introspection.Config{})
		var c crowd
		c.add(10, func() string { return validate(t, v.Uncached(), token) })
		c.want(t, "active", 10)
		wantCalls(t, as, 10)
	})
}

// A request that goes away takes nobody along, and what it caused is not lost.
func TestFirstCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		token := as.Mint(oauthtest.Token{Opaque: true})
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Latency: time.Second})
		v := trusting(t, as, introspection.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		var first, others crowd
		first.add(1, func() string { return outcome(v.Validate(ctx, token)) })
		synctest.Wait()
		others.add(10, func() string { return validate(t, v, token) })
		synctest.Wait()
		cancel()
		first.want(t, "unavailable", 1)
		others.want(t, "active", 10)
		wantCalls(t, as, 1)

		ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		want(t, v, token, "active")
		if _, err := v.Validate(ctx, "unknown"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the deadline of the request", err)
		}
		<-time.After(time.Second) // the bubble's: the call goes on
		synctest.Wait()
		want(t, v, "unknown", "refused inactive")
		wantCalls(t, as, 2)
	})
}

// A revocation that arrives while the server is answering wins: the late answer is neither kept nor given to anybody
// who asked for it (the requests before it included), and whoever comes later asks again.
func TestForgetDuringFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		token := as.Mint(oauthtest.Token{Opaque: true})
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Latency: time.Second, Times: 1})
		v := trusting(t, as, introspection.Config{})
		var before crowd
		before.add(10, func() string { return validate(t, v, token) })
		synctest.Wait() // the server has made up its mind: active
		wantCalls(t, as, 1)
		as.Revoke(token)
		v.Forget(token)
		start := time.Now()
		want(t, v, token, "refused inactive")
		if took := time.Since(start); took != 0 {
			t.Errorf("the request after the revocation waited %v for the answer before it", took)
		}
		wantCalls(t, as, 2)
		before.want(t, "refused inactive", 10)
		want(t, v, token, "refused inactive")
		wantCalls(t, as, 2)
	})
}

// The same with nobody coming in between: the late answer must not fill the cache.
func TestForgetDuringFlightAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		token := as.Mint(oauthtest.Token{Opaque: true})
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Latency: time.Second, Times: 1})
		v := trusting(t, as, introspection.Config{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if got := outcome(v.Validate(ctx, token)); got != "unavailable" {
			t.Fatal(got)
		}
		as.Revoke(token)
		v.Forget(token)
		<-time.After(2 * time.Second) // the bubble's: the answer has come
		synctest.Wait()
		want(t, v, token, "refused inactive")
	})
}

// The Guard's own list of revocations forgets as well; the next request finds nothing of the old answer.
func TestForgetWaitsForItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		token := as.Mint(oauthtest.Token{Opaque: true})
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Latency: time.Second, Times: 1})
		v := trusting(t, as, introspection.Config{MaxConcurrent: 1})
		var waiting crowd
		waiting.add(1, func() string { return validate(t, v, "other") })
		synctest.Wait()
		waiting.add(1, func() string { return validate(t, v, token) })
		synctest.Wait()
		v.Forget(token) // its question has not been put yet
		waiting.want(t, "active", 1)
		wantCalls(t, as, 2)
	})
}

// An uncached refusal overtakes an answer that was asked for before it.
func TestUncachedRefusalOvertakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		token := as.Mint(oauthtest.Token{Opaque: true})
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Latency: time.Second, Times: 1})
		v := trusting(t, as, introspection.Config{})
		var before crowd
		before.add(1, func() string { return validate(t, v, token) })
		synctest.Wait()
		as.Revoke(token)
		want(t, v.Uncached(), token, "refused inactive")
		before.want(t, "refused inactive", 1)
		want(t, v, token, "refused inactive")
	})
}

// One that finds the token active leaves everybody else's question alone.
func TestUncachedAnswerOvertakesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		token := as.Mint(oauthtest.Token{Opaque: true})
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Latency: time.Second, Times: 1})
		v := trusting(t, as, introspection.Config{})
		var before crowd
		before.add(1, func() string { return validate(t, v, token) })
		synctest.Wait()
		want(t, v.Uncached(), token, "active")
		before.want(t, "active", 1)
		wantCalls(t, as, 2)
	})
}

// The refusal that was asked for before a token was forgotten says nothing about the answer that was asked for after.
func TestOldRefusalOvertakesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		v := asking(t, func(*http.Request) *http.Response {
			if calls.Add(1) == 1 {
				<-time.After(time.Second) // of the bubble, like the next
				return reply(http.StatusOK, "application/json", `{"active":false}`)
			}
			<-time.After(2 * time.Second)
			return reply(http.StatusOK, "application/json", `{"active":true}`)
		}, introspection.Config{})
		var before, after crowd
		before.add(1, func() string { return validate(t, v, "opaque") })
		synctest.Wait()
		v.Forget("opaque")
		after.add(1, func() string { return validate(t, v, "opaque") })
		before.want(t, "refused inactive", 1)
		after.want(t, "active", 1)
		if n := calls.Load(); n != 2 {
			t.Errorf("%d calls", n)
		}
	})
}

// A question in the queue is put as long as somebody waits for it, whoever else has left.
func TestOneOfTwoLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		token := as.Mint(oauthtest.Token{Opaque: true})
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Latency: time.Second, Times: 1})
		v := trusting(t, as, introspection.Config{MaxConcurrent: 1})
		ctx, leave := context.WithCancel(t.Context())
		var first, leaving, staying crowd
		first.add(1, func() string { return validate(t, v, "other") })
		synctest.Wait()
		leaving.add(1, func() string { return outcome(v.Validate(ctx, token)) })
		synctest.Wait()
		staying.add(1, func() string { return validate(t, v, token) })
		synctest.Wait()
		leave()
		leaving.want(t, "unavailable", 1)
		staying.want(t, "active", 1)
		first.want(t, "refused inactive", 1)
		wantCalls(t, as, 2)
	})
}

// Close waits for the calls that it ends, and afterwards there are none.
func TestCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls, ended atomic.Int32
		v := asking(t, func(r *http.Request) *http.Response {
			calls.Add(1)
			<-r.Context().Done()
			<-time.After(time.Second) // of the bubble: cleaning up takes a while
			ended.Add(1)
			return nil
		}, introspection.Config{})
		var c crowd
		c.add(1, func() string { return validate(t, v, "a") })
		synctest.Wait()
		if err := v.Close(); err != nil || ended.Load() != 1 {
			t.Errorf("%v, and %d calls have ended", err, ended.Load())
		}
		c.want(t, "unavailable", 1)
		if _, err := v.Validate(t.Context(), "b"); err == nil || !strings.Contains(err.Error(), "the validator is closed") || calls.Load() != 1 {
			t.Errorf("%v after %d calls", err, calls.Load())
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		token := as.Mint(oauthtest.Token{Opaque: true})
		v := trusting(t, as, introspection.Config{MaxConcurrent: 1})
		want(t, v, token, "active")
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Hang: true})
		var c crowd
		c.add(1, func() string { return validate(t, v, "a") })
		synctest.Wait()
		c.add(1, func() string { return validate(t, v, "b") })
		synctest.Wait()
		start := time.Now()
		if err := v.Close(); err != nil {
			t.Error(err)
		}
		c.want(t, "unavailable", 2)
		if took := time.Since(start); took != 0 {
			t.Errorf("Close took %v", took)
		}
		as.Heal()
		want(t, v, token, "active")
		want(t, v, "c", "unavailable")
		want(t, v.Uncached(), token, "unavailable")
		if err := v.Close(); err != nil {
			t.Error(err)
		}
		if s := v.State(); s.InFlight != 0 || s.Waiting != 0 {
			t.Errorf("state %+v", s)
		}
	})
}

// A client of our own uses its connections again, all of them, and leaves none behind.
func TestConnections(t *testing.T) {
	const together = 8
	arrived := make(chan struct{}, together)
	var proceed atomic.Pointer[chan struct{}]
	as := newSocketServer(t, func(w http.ResponseWriter, _ *http.Request) {
		next := *proceed.Load()
		arrived <- struct{}{}
		<-next
		answer(w)
	})
	v := newValidator(t, introspection.Config{Endpoint: as.URL, AllowLoopbackHTTP: true})
	for round := range 3 {
		next := make(chan struct{})
		proceed.Store(&next)
		var c crowd
		for i := range together {
			c.add(1, func() string { return validate(t, v, fmt.Sprint(round, "-", i)) })
		}
		for range together {
			<-arrived
		}
		close(next)
		c.want(t, "active", together)
	}
	if n := as.opened.Load(); n != together {
		t.Errorf("%d connections for %d calls at once", n, together)
	}
	_ = v.Close()
	as.wantIdle(t)
}

func TestState(t *testing.T) {
	as := server(t, nil)
	token := as.Mint(oauthtest.Token{Opaque: true})
	v := trusting(t, as, introspection.Config{})
	if s := v.State(); s != (introspection.State{Breaker: "closed"}) {
		t.Errorf("at first %+v", s)
	}
	want(t, v, token, "active")
	want(t, v, token, "active")
	want(t, v, "unknown", "refused inactive")
	want(t, v, "unknown", "refused inactive")
	want(t, v, "unknown", "refused inactive")
	as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Status: 401})
	want(t, v, "other", "unavailable")
	s := v.State()
	if !errors.Is(s.Err, introspection.ErrOwnCredentials) {
		t.Errorf("Err is %v", s.Err)
	}
	s.Err = nil
	expected := introspection.State{Calls: 3, Failures: 1, Hits: 1, NegativeHits: 2, Entries: 1, NegativeEntries: 1, Breaker: "closed"}
	if s != expected {
		t.Errorf("got %+v, want %+v", s, expected)
	}
	as.Heal()
	want(t, v, "other", "refused inactive")
	if err := v.State().Err; err != nil {
		t.Errorf("Err is %v after an answer", err)
	}
}

// Readiness costs a call only as long as nothing else shows that the endpoint works.
func TestReady(t *testing.T) {
	as := server(t, nil)
	v := trusting(t, as, introspection.Config{})
	as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Status: 403})
	for range 2 {
		err := v.Ready(t.Context())
		if !errors.Is(err, introspection.ErrOwnCredentials) || !errors.Is(err, middleware.ErrUnavailable) {
			t.Errorf("Ready: %v", err)
		}
	}
	as.Heal()
	for range 2 {
		if err := v.Ready(t.Context()); err != nil {
			t.Errorf("Ready: %v", err)
		}
	}
	wantCalls(t, as, 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Status: 503})
	want(t, v, "a", "unavailable")
	if err := v.Ready(ctx); !errors.Is(err, middleware.ErrUnavailable) {
		t.Errorf("Ready: %v", err)
	}
}
