package middleware_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// watched is a revocation list that revokes when told to.
type watched struct {
	mu      sync.Mutex
	revoked error
	waiting map[int]func(error)
}

func (w *watched) Check(*middleware.Token) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.revoked
}

func (w *watched) Watch(_ *middleware.Token, revoked func(error)) func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting == nil {
		w.waiting = map[int]func(error){}
	}
	id := len(w.waiting)
	w.waiting[id] = revoked
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.waiting, id)
	}
}

func (w *watched) watching() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting)
}

func (w *watched) revokeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.revoked = middleware.Reject(middleware.ReasonRevoked, nil)
	for _, revoked := range w.waiting {
		revoked(w.revoked)
	}
}

// TestEndWithToken shows what ends the context of a request that asked for it, and that nothing is left behind.
func TestEndWithToken(t *testing.T) {
	for _, tt := range []struct {
		name   string
		end    func(*watched, context.CancelFunc)
		reason middleware.Reason // "" if the request ended by itself
	}{
		{"expiry", func(*watched, context.CancelFunc) { <-time.After(time.Minute) }, middleware.ReasonExpired},
		{"revocation", func(w *watched, _ context.CancelFunc) { w.revokeAll() }, middleware.ReasonRevoked},
		{"end of the request", func(_ *watched, done context.CancelFunc) { done() }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				list := &watched{}
				ctx, done := context.WithCancel(t.Context())
				defer done()
				admitted := admitFor(t, ctx, list, middleware.Policy{EndWithToken: true})
				if err := admitted.Context().Err(); err != nil {
					t.Fatalf("ended at once: %v", err)
				}
				if _, ok := middleware.FromContext(admitted.Context()); !ok {
					t.Error("the context lost its token")
				}
				tt.end(list, done)
				synctest.Wait()
				cause := context.Cause(admitted.Context())
				if got := middleware.ReasonOf(cause); got != tt.reason || cause == nil {
					t.Errorf("cause %v, want reason %q", cause, tt.reason)
				}
				if wantInvalid := tt.reason != ""; errors.Is(cause, middleware.ErrInvalidToken) != wantInvalid {
					t.Errorf("cause %v matches ErrInvalidToken: want %v", cause, wantInvalid)
				}
				if list.watching() != 0 {
					t.Error("the watch was not given up")
				}
			})
		})
	}
}

// admitFor lets a request pass that carries a token good for a minute.
func admitFor(t *testing.T, ctx context.Context, list *watched, p middleware.Policy) *http.Request {
	t.Helper()
	token := middleware.Token{Subject: "alice", ExpiresAt: time.Now().Add(time.Minute)}
	guard := newGuard(t, honour(token), middleware.Config{Revocations: list})
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer a")
	admitted, err := guard.Authorize(http.Header{}, r, p)
	if err != nil {
		t.Fatal(err)
	}
	return admitted
}

// TestEndOfLateTokens shows how long a request goes on whose token is past its end, for a Validator that tolerates that.
func TestEndOfLateTokens(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{
		-time.Second: time.Minute, 0: time.Minute, 1: 1, time.Second: time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			guard := newGuard(t, honour(middleware.Token{Subject: "alice", ExpiresAt: start.Add(left)}), middleware.Config{})
			admitted, err := guard.Authorize(http.Header{}, bearer("a"), middleware.Policy{EndWithToken: true})
			if err != nil {
				t.Fatal(err)
			}
			<-admitted.Context().Done()
			if got := time.Since(start); got != want {
				t.Errorf("%v before its end: went on for %v, want %v", left, got, want)
			}
		})
	}
}

// TestNoEndWithToken shows that a request which does not ask keeps its context.
func TestNoEndWithToken(t *testing.T) {
	list := &watched{}
	admitted := admitFor(t, t.Context(), list, middleware.Policy{})
	guard := newGuard(t, honour(middleware.Token{Subject: "alice", ExpiresAt: time.Now().Add(time.Minute)}), middleware.Config{Revocations: list})
	for range 2 { // neither at the first layer nor at the second
		var err error
		if admitted, err = guard.Authorize(http.Header{}, admitted, middleware.Policy{}); err != nil {
			t.Fatal(err)
		}
	}
	if list.watching() != 0 {
		t.Error("a request that did not ask is watched")
	}
	list.revokeAll()
	if list.watching() != 0 || admitted.Context().Err() != nil {
		t.Error("a request that did not ask is watched")
	}
}

// TestEndWithTokenTakesNoGoroutine opens many requests and counts.
func TestEndWithTokenTakesNoGoroutine(t *testing.T) {
	list := &watched{}
	ctx, done := context.WithCancel(t.Context())
	defer done()
	before := runtime.NumGoroutine()
	for range 1000 {
		admitFor(t, ctx, list, middleware.Policy{EndWithToken: true})
	}
	if after := runtime.NumGoroutine(); after > before+10 {
		t.Errorf("%d goroutines for 1000 requests", after-before)
	}
}
