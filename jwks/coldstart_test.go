package jwks_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// TestColdCache: however many requests come first, one fetch serves them, whether it takes long or no time at all.
func TestColdCache(t *testing.T) {
	for name, latency := range map[string]time.Duration{"slow": time.Second, "immediate": 0} {
		t.Run(name, func(t *testing.T) {
			run(t, nil, func(f *fixture) {
				f.breakKeys(oauthtest.Fault{Latency: latency})
				for _, err := range f.errs(times(1000, f.mint)) {
					if err != nil {
						f.Fatal(err)
					}
				}
				f.fetched(1)
				if got := f.as.Requests(oauthtest.EndpointAny); got != 2 {
					f.Errorf("%d requests in all, want one for metadata and one for keys", got)
				}
			})
		})
	}
}

// TestFirstCallerLeaves: the request that caused the fetch goes away, and those that wait with it are served.
func TestFirstCallerLeaves(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.breakKeys(oauthtest.Fault{Latency: time.Second})
		first, leave := context.WithCancel(f.Context())
		var all sync.WaitGroup
		all.Go(func() {
			_, err := f.v.Validate(first, f.mint())
			wantOutcome(f, err, middleware.ErrUnavailable, middleware.ReasonKeysUnavailable)
			if !errors.Is(err, context.Canceled) {
				f.Errorf("got %v, want the cause", err)
			}
		})
		synctest.Wait()
		for range 10 {
			all.Go(func() { f.accepts(f.mint()) })
		}
		synctest.Wait()
		leave()
		all.Wait()
		f.fetched(1)
	})
}

// TestWaiterLeavesOnItsOwnDeadline: nobody waits longer than they want to, and the fetch goes on without them.
func TestWaiterLeavesOnItsOwnDeadline(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.breakKeys(oauthtest.Fault{Latency: 3 * time.Second})
		impatient, cancel := context.WithTimeout(f.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := f.v.Validate(impatient, f.mint())
		wantOutcome(f, err, middleware.ErrUnavailable, middleware.ReasonKeysUnavailable)
		if waited := time.Since(began); waited != time.Second || !errors.Is(err, context.DeadlineExceeded) {
			f.Errorf("gave up after %v with %v", waited, err)
		}
		f.accepts(f.mint())
		if waited := time.Since(began); waited != 3*time.Second {
			f.Errorf("the keys came after %v, want 3s", waited)
		}
		f.fetched(1)
	})
}

// TestFetchTimeout: a fetch ends after five seconds as a whole, discovery included, however the answer is delayed.
func TestFetchTimeout(t *testing.T) {
	for name, fault := range map[string]oauthtest.Fault{
		"hang": {Hang: true},
		"drip": {Drip: 100 * time.Millisecond},
		"slow": {Latency: 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, nil, func(f *fixture) {
				f.as.Break(oauthtest.EndpointMetadata, oauthtest.Fault{Latency: 2 * time.Second})
				f.breakKeys(fault)
				began := time.Now()
				f.cannotJudge(f.mint())
				if waited := time.Since(began); waited != 5*time.Second {
					f.Errorf("the fetch took %v, want 5s", waited)
				}
				f.fetched(1)
			})
		})
	}
}

func TestConfiguredFetchTimeout(t *testing.T) {
	run(t, func(c *jwks.Config) { c.FetchTimeout = time.Second }, func(f *fixture) {
		f.breakKeys(oauthtest.Fault{Hang: true})
		began := time.Now()
		f.cannotJudge(f.mint())
		if waited := time.Since(began); waited != time.Second {
			f.Errorf("the fetch took %v, want 1s", waited)
		}
	})
}

// TestRecovery: the request after a restart of the issuer succeeds at once.
func TestRecovery(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.breakKeys(oauthtest.Fault{Status: http.StatusServiceUnavailable})
		f.cannotJudge(f.mint())
		f.as.Heal()
		f.accepts(f.mint())
		f.fetched(2)
	})
}

// TestRetryPacing: without any keys, an issuer that keeps failing is asked once a second, and nobody sleeps.
func TestRetryPacing(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.breakKeys(oauthtest.Fault{Status: http.StatusServiceUnavailable})
		began := time.Now()
		for range 100 {
			f.cannotJudge(f.mint())
		}
		f.fetched(2) // the first failure is forgiven
		if time.Since(began) != 0 {
			f.Error("a request was made to wait")
		}
		for range 50 {
			elapse(100 * time.Millisecond)
			f.cannotJudge(f.mint())
		}
		f.fetched(2 + 5)
		f.as.Heal()
		elapse(time.Second)
		f.accepts(f.mint())
	})
}

// TestPatience: without any keys, requests wait for an issuer as long as a fetch may take, until it has failed twice.
func TestPatience(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.breakKeys(oauthtest.Fault{Hang: true})
		for _, want := range []time.Duration{5 * time.Second, 5 * time.Second, time.Second} {
			elapse(time.Second)
			began := time.Now()
			f.cannotJudge(f.mint())
			if waited := time.Since(began); waited != want {
				f.Errorf("waited %v, want %v", waited, want)
			}
		}
	})
}

// TestFirstFailureAfterSuccess is forgiven again, whatever failed before.
func TestFirstFailureAfterSuccess(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.breakKeys(oauthtest.Fault{Status: http.StatusServiceUnavailable, Times: 3})
		f.cannotJudge(f.mint())
		f.cannotJudge(f.mint())
		elapse(time.Second)
		f.cannotJudge(f.mint())
		elapse(time.Second)
		f.accepts(f.mint())
		elapse(24 * time.Hour)
		f.breakKeys(oauthtest.Fault{Status: http.StatusServiceUnavailable, Times: 1})
		f.cannotJudge(f.mint())
		f.accepts(f.mint())
	})
}

// TestRetryAfter: what a paced request is told is when the next attempt will be made.
func TestRetryAfter(t *testing.T) {
	run(t, nil, func(f *fixture) {
		guard, err := middleware.New(f.v, middleware.Config{})
		if err != nil {
			f.Fatal(err)
		}
		f.breakKeys(oauthtest.Fault{Status: http.StatusServiceUnavailable})
		f.cannotJudge(f.mint())
		f.cannotJudge(f.mint())
		elapse(400 * time.Millisecond)
		r := request(f, f.mint())
		_, err = guard.Authorize(http.Header{}, r, middleware.Policy{})
		var refusal *middleware.Error
		if !errors.As(err, &refusal) || refusal.StatusCode() != http.StatusServiceUnavailable {
			f.Fatalf("got %v, want 503", err)
		}
		if got := refusal.RetryAfter(); got != 600*time.Millisecond {
			f.Errorf("retry after %v, want 600ms", got)
		}
	})
}

func request(f *fixture, accessToken string) *http.Request {
	f.Helper()
	r, err := http.NewRequestWithContext(f.Context(), http.MethodGet, audience+"/orders", nil)
	if err != nil {
		f.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+accessToken)
	return r
}
