package introspection_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/oauthtest"
)

// A hanging endpoint costs a bounded number of calls and goroutines; every request leaves on its own deadline, and the
// first one after the recovery passes.
func TestHangingEndpoint(t *testing.T) {
	const limit, requests = 64, 2000
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		token := as.Mint(oauthtest.Token{Opaque: true})
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Hang: true})
		v := trusting(t, as, introspection.Config{MaxConcurrent: limit})
		before, start := runtime.NumGoroutine(), time.Now()
		var c crowd
		for i := range requests {
			c.add(1, func() string {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				got := outcome(v.Validate(ctx, fmt.Sprint("token-", i)))
				return fmt.Sprintf("%s after %v", got, time.Since(start))
			})
		}
		synctest.Wait()
		if n := runtime.NumGoroutine() - before - requests; n > limit {
			t.Errorf("%d goroutines besides those of the requests", n)
		}
		wantCalls(t, as, limit)
		if s := v.State(); s.InFlight != limit || s.Waiting != requests-limit {
			t.Errorf("state %+v", s)
		}
		c.want(t, "unavailable after 1s", requests)
		if s := v.State(); s.Waiting != 0 {
			t.Errorf("%d questions wait for nobody", s.Waiting)
		}
		as.Heal()
		want(t, v, token, "active")
	})
}

// stuck is an endpoint whose calls hang for good, even after it has recovered for later ones.
type stuck struct{ well, asked atomic.Int64 }

func (s *stuck) endpoint(r *http.Request) *http.Response {
	s.asked.Add(1)
	if s.well.Load() == 0 {
		<-r.Context().Done()
		return nil
	}
	return reply(200, "application/json", `{"active":true}`)
}

// Calls that were lost in the outage hold their places for their own time only, and nobody takes their failure for an
// answer who came after the recovery: not even a request with the very token that a lost call is about.
func TestRecoveryWithLostCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s stuck
		v := asking(t, s.endpoint, introspection.Config{MaxConcurrent: 8})
		var lost, next crowd
		for i := range 20 {
			lost.add(1, func() string {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				return outcome(v.Validate(ctx, fmt.Sprint(i)))
			})
		}
		lost.want(t, "unavailable", 20)
		s.well.Store(1)
		for i := range 20 {
			next.add(1, func() string { return validate(t, v, fmt.Sprint(i)) })
		}
		next.want(t, "active", 20)
	})
}

// While the endpoint hangs, one call at a time probes it. A request that comes during a lost probe waits for the next.
func TestRecoveryDuringProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s stuck
		v := asking(t, s.endpoint, introspection.Config{MaxConcurrent: 8})
		var outage, next crowd
		for i := range 8 {
			outage.add(1, func() string { return validate(t, v, fmt.Sprint(i)) })
		}
		outage.want(t, "unavailable", 8)
		synctest.Wait() // the calls themselves end at the same time
		if state := v.State(); state.Breaker != "open" {
			t.Errorf("the breaker is %s", state.Breaker)
		}
		before := s.asked.Load()
		outage.add(1, func() string { return validate(t, v, "probe") })
		<-time.After(time.Second) // the bubble's
		s.well.Store(1)
		for i := range 5 {
			next.add(1, func() string { return validate(t, v, fmt.Sprint("next-", i)) })
		}
		synctest.Wait()
		if n := s.asked.Load() - before; n != 1 {
			t.Errorf("%d probes at once", n)
		}
		next.want(t, "active", 5)
		outage.want(t, "unavailable", 9)
		if state := v.State(); state.Breaker != "closed" {
			t.Errorf("the breaker is %s", state.Breaker)
		}
	})
}

// An endpoint that refuses connections is asked ten times a second, whatever the demand; requests learn quickly that
// it is down, and the first one after it is back passes.
func TestDeadEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		token := as.Mint(oauthtest.Token{Opaque: true})
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Drop: true})
		v := trusting(t, as, introspection.Config{})
		start := time.Now()
		var n atomic.Int64
		for time.Since(start) < 10*time.Second {
			var c crowd
			asked := time.Now()
			c.add(10, func() string { return validate(t, v, fmt.Sprint(n.Add(1))) })
			c.want(t, "unavailable", 10)
			if took := time.Since(asked); took > 150*time.Millisecond {
				t.Fatalf("a request waited for %v", took)
			}
			<-time.After(10 * time.Millisecond) // the bubble's
		}
		if calls := as.Requests(oauthtest.EndpointIntrospection); calls > 10*10+10 {
			t.Errorf("%d calls in 10 seconds", calls)
		}
		as.Heal()
		want(t, v, token, "active")
	})
}

// Failures that follow each other by an instant: the one after the recovery passes all the same.
func TestRecoveryAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		token := as.Mint(oauthtest.Token{Opaque: true})
		v := trusting(t, as, introspection.Config{})
		for range 20 {
			as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Status: 503})
			for range 7 {
				want(t, v, token, "unavailable")
			}
			as.Heal()
			want(t, v.Uncached(), token, "active")
		}
	})
}

// One failure is no outage: it is not held against the questions behind it.
func TestOneFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		token := as.Mint(oauthtest.Token{Opaque: true})
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Status: 500, Latency: time.Second, Times: 1})
		v := trusting(t, as, introspection.Config{MaxConcurrent: 1})
		var first, behind crowd
		first.add(1, func() string { return validate(t, v, "first") })
		synctest.Wait()
		behind.add(10, func() string { return validate(t, v, token) })
		behind.add(10, func() string { return validate(t, v.Uncached(), token) })
		first.want(t, "unavailable", 1)
		behind.want(t, "active", 20)
	})
}

// Nor is it held against one that arrived before it was put.
func TestOneFailureOfTwoInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := asking(t, func(r *http.Request) *http.Response {
			if formOf(t, r).Get("token") == "chokes" {
				return reply(500, "", "")
			}
			<-time.After(time.Second) // of the bubble
			return reply(200, "application/json", `{"active":true}`)
		}, introspection.Config{MaxConcurrent: 1})
		var good, bad crowd
		good.add(1, func() string { return validate(t, v, "first") })
		synctest.Wait()
		bad.add(1, func() string { return validate(t, v, "chokes") })
		synctest.Wait()
		good.add(1, func() string { return validate(t, v, "last") })
		good.want(t, "active", 2)
		bad.want(t, "unavailable", 1)
	})
}

// It takes as many failures in a row as the configuration says, by default five.
func TestBreakAfter(t *testing.T) {
	for configured, want := range map[int]int{0: 5, 1: 1, 3: 3} {
		v := asking(t, always(500, "", ""), introspection.Config{BreakAfter: configured})
		failures := 0
		for ; v.State().Breaker == "closed" && failures < 10; failures++ {
			validate(t, v, fmt.Sprint(failures))
		}
		if failures != want {
			t.Errorf("BreakAfter %d: open after %d failures", configured, failures)
		}
	}
}

// An answer that comes when the endpoint is already thought to be down is that token's alone: the others wait for a probe.
func TestAnswerAfterTheBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := asking(t, func(r *http.Request) *http.Response {
			switch token := formOf(t, r).Get("token"); token {
			case "slow":
				<-time.After(1050 * time.Millisecond) // of the bubble, like the next
			case "late":
			default:
				<-time.After(time.Second)
				return reply(500, "", "")
			}
			return reply(200, "application/json", `{"active":true}`)
		}, introspection.Config{BreakAfter: 5})
		var failing, others crowd
		for i := range 5 {
			failing.add(1, func() string { return validate(t, v, fmt.Sprint(i)) })
		}
		others.add(1, func() string { return validate(t, v, "slow") })
		failing.want(t, "unavailable", 5)
		if state := v.State(); state.Breaker != "open" {
			t.Fatalf("the breaker is %s", state.Breaker)
		}
		others.add(1, func() string { return validate(t, v, "late") })
		others.want(t, "active", 2)
	})
}

// A request without a deadline of its own waits for its turn and the answer together no longer than the timeout.
func TestTimeoutCountsTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Hang: true})
		v := trusting(t, as, introspection.Config{MaxConcurrent: 1, Timeout: time.Second})
		var first crowd
		first.add(1, func() string { return validate(t, v, "first") })
		<-time.After(time.Second / 2) // the bubble's
		start := time.Now()
		want(t, v, "second", "unavailable")
		if took := time.Since(start); took != time.Second {
			t.Errorf("waited %v", took)
		}
		first.want(t, "unavailable", 1)
	})
}

// What the endpoint says about one token does not keep the others from being asked about.
func TestOddTokensDoNotBreakTheCircuit(t *testing.T) {
	for _, resp := range []func() *http.Response{
		func() *http.Response { return reply(400, "application/json", `{"error":"unsupported_token_type"}`) },
		func() *http.Response { return reply(200, "text/html", "") },
		func() *http.Response { return reply(200, "application/json", `{"active":true,"sub":7}`) },
	} {
		v := asking(t, func(r *http.Request) *http.Response {
			if formOf(t, r).Get("token") == "good" {
				return reply(200, "application/json", `{"active":true}`)
			}
			return resp()
		}, introspection.Config{})
		for i := range 50 {
			want(t, v, fmt.Sprint("odd-", i), "unavailable")
		}
		if state := v.State(); state.Breaker != "closed" {
			t.Errorf("the breaker is %s", state.Breaker)
		}
		want(t, v, "good", "active")
	}
}

func TestBreakerOff(t *testing.T) {
	as := server(t, nil)
	as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Status: 500})
	v := trusting(t, as, introspection.Config{BreakAfter: -1})
	for i := range 50 {
		want(t, v, fmt.Sprint(i), "unavailable")
	}
	wantCalls(t, as, 50)
}

// socketServer counts its connections.
type socketServer struct {
	*httptest.Server
	opened, open, most atomic.Int64
	idle               chan struct{}
}

func newSocketServer(t testing.TB, handler http.HandlerFunc) *socketServer {
	t.Helper()
	s := &socketServer{idle: make(chan struct{}, 1000)}
	s.Server = httptest.NewUnstartedServer(handler)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.opened.Add(1)
			s.most.Store(max(s.most.Load(), s.open.Add(1)))
		case http.StateClosed, http.StateHijacked:
			s.open.Add(-1)
			s.idle <- struct{}{}
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// wantIdle waits until all connections are closed.
func (s *socketServer) wantIdle(t testing.TB) {
	t.Helper()
	ctx := within(t)
	for s.open.Load() > 0 {
		select {
		case <-s.idle:
		case <-ctx.Done():
			t.Fatalf("%d connections are still open", s.open.Load())
		}
	}
}

func answer(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"active":true}`))
}

// The same as TestHangingEndpoint over sockets, with the client that a Validator makes for itself.
func TestHangingSockets(t *testing.T) {
	const limit, requests = 16, 500
	var well atomic.Bool
	as := newSocketServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does net/http notice that a client has left
		if !well.Load() {
			<-r.Context().Done() // lost for good
			return
		}
		answer(w)
	})
	v := newValidator(t, introspection.Config{
		Endpoint: as.URL, AllowLoopbackHTTP: true, MaxConcurrent: limit, Timeout: 2 * time.Second,
	})
	before := runtime.NumGoroutine()
	var c crowd
	for i := range requests {
		c.add(1, func() string {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return outcome(v.Validate(ctx, fmt.Sprint("token-", i)))
		})
	}
	c.want(t, "unavailable", requests)
	// Calls, connections on both sides with two goroutines each, and dials.
	if n := runtime.NumGoroutine() - before; n > 8*limit {
		t.Errorf("%d goroutines more than before", n)
	}
	well.Store(true)
	want(t, v, "token-0", "active")
	if n := as.most.Load(); n > 2*limit { // a server notices late that a connection was closed
		t.Errorf("%d connections at once", n)
	}
}

// A server that accepts connections and does not answer the handshake is left within the time of a call, and not kept as a
// connection for later ones.
func TestHangingHandshake(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	left := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			_, err = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}
		left <- err
	}()
	v := newValidator(t, introspection.Config{Endpoint: "https://" + listener.Addr().String(), Timeout: 100 * time.Millisecond})
	want(t, v, "opaque", "unavailable")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // half of what a handshake has by default
	defer cancel()
	select {
	case err := <-left:
		if err != nil {
			t.Error(err)
		}
	case <-ctx.Done():
		t.Error("still connected")
	}
}

// A bug in a function of the configuration is an outage, not the end of the process.
func TestPanickingSource(t *testing.T) {
	v, err := introspection.New(introspection.Config{
		Endpoint:   "https://as.example.com/introspect",
		ClientAuth: introspection.BearerToken(func(context.Context) (string, error) { panic("a bug of the program") }),
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, v, "a", "unavailable")
}

// flaky is a transport that panics once.
type flaky struct {
	http.RoundTripper
	panicked atomic.Bool
}

func (f *flaky) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.panicked.CompareAndSwap(false, true) {
		panic("a bug of the program")
	}
	return f.RoundTripper.RoundTrip(r)
}

// A panic during discovery does not keep later questions from discovering.
func TestPanickingDiscovery(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}})
	v, err := introspection.New(introspection.Config{
		Issuer:     as.Issuer(),
		ClientAuth: introspection.SecretBasic("orders", "secret"),
		HTTPClient: &http.Client{Transport: &flaky{RoundTripper: as.HTTPClient().Transport}},
	})
	if err != nil {
		t.Fatal(err)
	}
	token := as.Mint(oauthtest.Token{Opaque: true})
	want(t, v, token, "unavailable")
	want(t, v, token, "active")
}
