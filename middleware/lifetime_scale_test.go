package middleware_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// openRequests is how many requests the tests and benchmarks of this file hold open at a time.
const openRequests = 10_000

// streams are requests that last, as from one server, and the deny-list that may end them.
type streams struct {
	testing.TB
	list   *revocation.List
	guard  *middleware.Guard
	tokens *[]weak.Pointer[middleware.Token] // every token that was accepted; nil for nobody cares
}

// newStreams returns a service whose access tokens are the names of their users. They are good for an hour.
func newStreams(t testing.TB) *streams {
	t.Helper()
	list, err := revocation.NewList(revocation.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s := &streams{TB: t, list: list}
	s.guard = newGuard(t, middleware.ValidatorFunc(s.validate), middleware.Config{Revocations: list})
	return s
}

func (s *streams) validate(_ context.Context, accessToken string) (*middleware.Token, error) {
	now := time.Now()
	token := &middleware.Token{
		Issuer: "https://login.example", Subject: accessToken, IssuedAt: now, ExpiresAt: now.Add(time.Hour),
		Fingerprint: middleware.FingerprintOf(accessToken),
	}
	if s.tokens != nil {
		*s.tokens = append(*s.tokens, weak.Make(token))
	}
	return token, nil
}

// request returns a request with a context of its own, as a server makes it.
func (s *streams) request(user string) (*http.Request, context.CancelFunc) {
	s.Helper()
	ctx, done := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/events", nil)
	if err != nil {
		s.Fatal(err)
	}
	return with(r, "Authorization", "Bearer "+user), done
}

// admit lets a request pass and returns its context, on whose end a handler waits.
func (s *streams) admit(r *http.Request, p middleware.Policy) context.Context {
	s.Helper()
	admitted, err := s.guard.Authorize(http.Header{}, r, p)
	if err != nil {
		s.Fatal(err)
	}
	admitted.Context().Done() // a channel that is made when it is first asked for
	return admitted.Context()
}

// open opens a request that ends with its token.
func (s *streams) open(user string) (context.Context, context.CancelFunc) {
	s.Helper()
	r, done := s.request(user)
	return s.admit(r, middleware.Policy{EndWithToken: true}), done
}

// openMany opens openRequests of them. done ends all.
func (s *streams) openMany(user func(int) string) (opened []context.Context, done func()) {
	s.Helper()
	var ends []context.CancelFunc
	for i := range openRequests {
		ctx, end := s.open(user(i))
		opened, ends = append(opened, ctx), append(ends, end)
	}
	return opened, func() {
		for _, end := range ends {
			end()
		}
	}
}

func (s *streams) revoke(user string) {
	s.Helper()
	r := revocation.Revocation{Issuer: "https://login.example", Subject: user}
	if err := s.list.Revoke(s.Context(), r); err != nil {
		s.Fatal(err)
	}
}

// remembered counts the tokens that something still holds: a timer, a watch or a context.
func (s *streams) remembered() (n int) {
	runtime.GC()
	for _, token := range *s.tokens {
		if token.Value() != nil {
			n++
		}
	}
	return n
}

// goroutines counts them once those that are ending have ended, for which the collector waits.
func goroutines() int {
	runtime.GC()
	return runtime.NumGoroutine()
}

func userNo(i int) string { return fmt.Sprintf("user-%d", i) }

// TestEndedRequestsLeaveNothing, however they ended: no watch, no goroutine, no timer.
func TestEndedRequestsLeaveNothing(t *testing.T) {
	for name, end := range map[string]func(s *streams, done func()){
		"expiry":               func(*streams, func()) { <-time.After(time.Hour) },
		"revocation":           func(s *streams, _ func()) { s.revoke("alice") },
		"end of the request":   func(_ *streams, done func()) { done() },
		"all three":            func(s *streams, done func()) { done(); s.revoke("alice"); <-time.After(time.Hour) },
		"revocation, then end": func(s *streams, done func()) { s.revoke("alice"); done() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				before, s := goroutines(), newStreams(t)
				s.tokens = new([]weak.Pointer[middleware.Token])
				opened, done := s.openMany(func(int) string { return "alice" })
				if s.list.Watching() != openRequests || goroutines() > before {
					t.Errorf("%d watches, %d goroutines", s.list.Watching(), goroutines()-before)
				}
				end(s, done)
				<-time.After(time.Second) // the runtime forgets stopped timers a little later
				synctest.Wait()
				for i, ctx := range opened {
					if ctx.Err() == nil {
						t.Fatalf("request %d goes on", i)
					}
				}
				if n := s.list.Watching(); n != 0 {
					t.Errorf("%d watches left", n)
				}
				if n := goroutines() - before; n > 0 {
					t.Errorf("%d goroutines left", n)
				}
				if n := s.remembered(); n != 0 {
					t.Errorf("%d tokens are still held", n)
				}
			})
		})
	}
}

// BenchmarkStreamMemory reports what EndWithToken adds to an open request.
func BenchmarkStreamMemory(b *testing.B) {
	held := func(p middleware.Policy) float64 {
		s := newStreams(b)
		requests := make([]*http.Request, openRequests)
		contexts := make([]context.Context, openRequests)
		for i := range requests {
			var done context.CancelFunc
			requests[i], done = s.request(userNo(i))
			defer done()
		}
		before := heap()
		for i, r := range requests {
			contexts[i] = s.admit(r, p)
		}
		after := heap()
		runtime.KeepAlive(requests)
		runtime.KeepAlive(contexts)
		return float64(after-before) / openRequests
	}
	for b.Loop() {
		without := held(middleware.Policy{})
		b.ReportMetric(held(middleware.Policy{EndWithToken: true})-without, "bytes/stream")
		b.ReportMetric(without, "bytes/request-without")
	}
	b.ReportMetric(0, "ns/op")
}

// heap returns the bytes in use. It collects twice, since a sync.Pool survives one collection.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// BenchmarkStreamEndOne revokes the user of one request while openRequests of others are open, until its context ends.
func BenchmarkStreamEndOne(b *testing.B) {
	s := newStreams(b)
	_, done := s.openMany(userNo)
	defer done()
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		user := userNo(openRequests + i)
		ctx, end := s.open(user)
		b.StartTimer()
		s.revoke(user)
		<-ctx.Done()
		b.StopTimer()
		end()
		b.StartTimer()
	}
}

// BenchmarkStreamEndAll revokes the user of all openRequests, until the last context has ended. The other metric says
// when nothing was left of them.
func BenchmarkStreamEndAll(b *testing.B) {
	s := newStreams(b)
	var released time.Duration
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		user := userNo(i)
		opened, done := s.openMany(func(int) string { return user })
		b.StartTimer()
		start := time.Now()
		s.revoke(user)
		for _, ctx := range opened {
			<-ctx.Done()
		}
		b.StopTimer()
		for s.list.Watching() != 0 {
			runtime.Gosched()
		}
		released += time.Since(start)
		done()
		b.StartTimer()
	}
	perRun := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(b.N) }
	b.ReportMetric(perRun(b.Elapsed())/openRequests, "ns/stream")
	b.ReportMetric(perRun(released), "ns/until-released")
}
