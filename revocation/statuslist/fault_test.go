package statuslist_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// TestColdCache: however many requests come first, one fetch serves them.
func TestColdCache(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.misbehave(page{latency: time.Second, body: f.claims(nil)})
		for _, err := range f.errs(1000, token(listURI, 0)) {
			if err != nil {
				f.Fatal(err)
			}
		}
		f.fetched(1)
	})
}

// TestFirstCallerLeaves: the request that caused the fetch goes away, and those that wait with it are served.
func TestFirstCallerLeaves(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.misbehave(page{latency: time.Second, body: f.claims(nil)})
		first, leave := context.WithCancel(f.Context())
		var all sync.WaitGroup
		all.Go(func() {
			_, err := f.checker.Validate(first, token(listURI, 0))
			wantOutcome(f, err, middleware.ErrUnavailable, middleware.ReasonRevocationsUnavailable)
			if !errors.Is(err, context.Canceled) {
				f.Errorf("got %v, want the cause", err)
			}
		})
		synctest.Wait()
		for range 10 {
			all.Go(func() { f.accepts(token(listURI, 0)) })
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
		f.misbehave(page{latency: 3 * time.Second, body: f.claims(nil)})
		impatient, cancel := context.WithTimeout(f.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := f.checker.Validate(impatient, token(listURI, 0))
		wantOutcome(f, err, middleware.ErrUnavailable, middleware.ReasonRevocationsUnavailable)
		if waited := time.Since(began); waited != time.Second || !errors.Is(err, context.DeadlineExceeded) {
			f.Errorf("gave up after %v with %v", waited, err)
		}
		f.accepts(token(listURI, 0))
		if waited := time.Since(began); waited != 3*time.Second {
			f.Errorf("the list came after %v, want 3s", waited)
		}
		f.fetched(1)
	})
}

// TestFetchTimeout: a fetch ends in time, whether the host or the verification takes too long.
func TestFetchTimeout(t *testing.T) {
	slowly := func(ctx context.Context, _ string) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for name, tt := range map[string]struct {
		change func(*statuslist.Config)
		want   time.Duration
	}{
		"default":      {func(*statuslist.Config) {}, 5 * time.Second},
		"configured":   {func(c *statuslist.Config) { c.FetchTimeout = time.Second }, time.Second},
		"verification": {func(c *statuslist.Config) { c.Verify = slowly }, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, tt.change, func(f *fixture) {
				f.misbehave(page{hang: name != "verification"})
				began := time.Now()
				f.cannotJudge(token(listURI, 0))
				if waited := time.Since(began); waited != tt.want {
					f.Errorf("the fetch took %v, want %v", waited, tt.want)
				}
			})
		})
	}
}

// TestRetryPacing: without a list, a host that keeps failing is asked once a second, and nobody waits. It does not matter
// whether what comes is nothing or a bad list.
func TestRetryPacing(t *testing.T) {
	for name, wants := range map[string]func(*fixture, string){"nothing": (*fixture).cannotJudge, "a bad list": refusesList} {
		t.Run(name, func(t *testing.T) {
			run(t, nil, func(f *fixture) {
				if name == "a bad list" {
					f.serve(object{"sub": "https://evil.example"})
				}
				began := time.Now()
				for range 100 {
					wants(f, token(listURI, 0))
				}
				f.fetched(2) // the first failure is forgiven
				if time.Since(began) != 0 {
					f.Error("a request was made to wait")
				}
				for range 50 {
					elapse(100 * time.Millisecond)
					wants(f, token(listURI, 0))
				}
				f.fetched(2 + 5)
				f.serve(nil)
				elapse(time.Second)
				f.accepts(token(listURI, 0))
			})
		})
	}
}

// TestRetryIsJoined: the pause between attempts keeps nobody from waiting for the one that is under way.
func TestRetryIsJoined(t *testing.T) {
	run(t, nil, func(f *fixture) {
		for range 2 {
			f.cannotJudge(token(listURI, 0))
		}
		f.misbehave(page{latency: 500 * time.Millisecond, body: f.claims(nil)})
		elapse(time.Second)
		for _, err := range f.errs(10, token(listURI, 0)) {
			if err != nil {
				f.Errorf("refused: %v", err)
			}
		}
		f.fetched(3)
	})
}

// TestForgivenAgain: after a success, the first failure is forgiven once more.
func TestForgivenAgain(t *testing.T) {
	run(t, nil, func(f *fixture) {
		for range 2 {
			f.misbehave(page{status: http.StatusBadGateway})
			before := len(f.host.requests())
			for range 3 {
				f.cannotJudge(token(listURI, 0))
			}
			f.fetched(before + 2)
			f.serve(nil)
			elapse(time.Second)
			f.accepts(token(listURI, 0))
			elapse(time.Hour)
		}
	})
}

// TestBadListNeverDisplacesGood: neither an outage nor a bad list takes effect while the last good one counts, nobody
// waits, and the host is asked once for each FetchTimeout at most.
func TestBadListNeverDisplacesGood(t *testing.T) {
	bad := map[string]func(*fixture) page{}
	for name, outage := range outages {
		bad[name] = func(*fixture) page { return outage }
	}
	for name, list := range badLists(t) {
		bad[name] = func(f *fixture) page { return page{body: f.claims(object{"status_list": list})} }
	}
	bad["other sub"] = func(f *fixture) page { return page{body: f.claims(object{"sub": prefix})} }
	bad["expired"] = func(f *fixture) page { return page{body: f.claims(object{"exp": 1})} }
	for name, answer := range bad {
		t.Run(name, func(t *testing.T) {
			run(t, func(c *statuslist.Config) { c.MaxListBytes = 1 << 10 }, func(f *fixture) {
				f.serve(nil)
				f.accepts(token(listURI, 0))
				f.misbehave(answer(f))
				for range 10 * 60 {
					elapse(time.Second)
					began := time.Now()
					f.accepts(token(listURI, 0))
					f.refuses(token(listURI, 1), middleware.ReasonRevoked)
					if waited := time.Since(began); waited != 0 {
						f.Fatalf("a request waited for %v", waited)
					}
				}
				if asked := len(f.host.requests()); asked < 80 || asked > 1+10*60/5 {
					f.Errorf("the host was asked %d times", asked)
				}
				f.serve(nil)
				elapse(6 * time.Second)
				f.accepts(token(listURI, 0))
				synctest.Wait()
				if err := f.checker.State().Lists[listURI].Err; err != nil {
					f.Errorf("no recovery: %v", err)
				}
			})
		})
	}
}

// TestForeverBad: a bad list counts for nothing once there is no good one.
func TestForeverBad(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.serve(nil)
		f.accepts(token(listURI, 0))
		f.serve(object{"sub": prefix})
		elapse(time.Hour)
		f.refuses(token(listURI, 0), statuslist.ReasonBadList)
	})
}

// TestRetryAfter: what a Guard makes of an outage.
func TestRetryAfter(t *testing.T) {
	listed := func(ctx context.Context, _ string) (*middleware.Token, error) { return honour(ctx, token(listURI, 0)) }
	run(t, func(c *statuslist.Config) { c.Validator = middleware.ValidatorFunc(listed) }, func(f *fixture) {
		guard, err := middleware.New(f.checker, middleware.Config{})
		if err != nil {
			f.Fatal(err)
		}
		ask := func() *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(f.Context(), http.MethodGet, "/", nil)
			r.Header.Set("Authorization", "Bearer opaque")
			w := httptest.NewRecorder()
			_, err := guard.Authorize(w.Header(), r, middleware.Policy{})
			middleware.WriteError(w, err)
			return w
		}
		for i, want := range []string{"5", "5", "1", "1"} {
			if i == 3 {
				elapse(900 * time.Millisecond)
			}
			w := ask()
			if got := w.Header().Get("Retry-After"); w.Code != http.StatusServiceUnavailable || got != want {
				f.Errorf("request %d: %d, Retry-After %q, want %q", i, w.Code, got, want)
			}
			if w.Header().Get("WWW-Authenticate") != "" {
				f.Error("503 with a challenge")
			}
		}
	})
}
