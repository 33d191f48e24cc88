package events_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
	"github.com/bearergate/bearergate/revocation/events"
)

// TestE8935_1: POST of a bare SET as application/secevent+jwt (RFC 8935, section 2.1).
func TestE8935_1(t *testing.T) {
	w := newWorld(t)
	r := w.receiver(nil)
	for mediaType, status := range map[string]int{
		"application/secevent+jwt":                202,
		"Application/SecEvent+JWT; charset=utf-8": 202,
		"":                                415,
		"application/jwt":                 415,
		"application/json":                415,
		"application/secevent+jwt; q=\"1": 415,
	} {
		if got := send(r, mediaType, w.set(nil)); got.Code != status {
			t.Errorf("%q: %d, want %d", mediaType, got.Code, status)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodHead, "PROPFIND"} {
		recorder := httptest.NewRecorder()
		r.ServeHTTP(recorder, httptest.NewRequest(method, "/events", nil))
		if recorder.Code != http.StatusMethodNotAllowed || recorder.Header().Get("Allow") != http.MethodPost {
			t.Errorf("%s: %d, Allow: %s", method, recorder.Code, recorder.Header().Get("Allow"))
		}
	}
	w.refuses(r, "\""+w.set(nil)+"\"", "invalid_request")
	w.refuses(r, w.set(nil)+"\n", "invalid_request")
	w.refuses(r, "", "invalid_request")
}

// TestE8935_2: success is 202 without a body (section 2.2).
func TestE8935_2(t *testing.T) {
	w := newWorld(t)
	got := w.push(w.receiver(nil), w.set(nil))
	if got.Code != http.StatusAccepted || got.Body.Len() != 0 || got.Header().Get("Content-Type") != "" {
		t.Errorf("%d %s %v", got.Code, got.Body, got.Header())
	}
}

// TestE8935_3: failures, those of authentication too, are 400 with err, description and language (section 2.3).
func TestE8935_3(t *testing.T) {
	w := newWorld(t)
	const secret = "Bearer hunter2"
	r := w.receiver(func(c *events.Config) { c.Authorization = secret })
	push := func(authorization ...string) *httptest.ResponseRecorder {
		req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(w.set(nil)))
		req.Header.Set("Content-Type", "application/secevent+jwt")
		req.Header["Authorization"] = authorization
		recorder := httptest.NewRecorder()
		r.ServeHTTP(recorder, req)
		return recorder
	}
	for _, wrong := range [][]string{nil, {""}, {"Bearer hunter"}, {"bearer hunter2"}, {secret + "x"}, {secret, secret}, {secret, "x"}} {
		got := push(wrong...)
		wantAnswer(t, got, http.StatusBadRequest, "authentication_failed")
		if got.Header().Get("WWW-Authenticate") != "" {
			t.Error("challenges")
		}
	}
	if got := push(secret); got.Code != http.StatusAccepted {
		t.Errorf("the right value: %d", got.Code)
	}

	got := w.push(w.receiver(nil), "x")
	const body = `{"description":"The body is not a signed JWT of the type that is taken here","err":"invalid_request"}` + "\n"
	if got.Code != http.StatusBadRequest || got.Body.String() != body {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Content-Language": "en", "Cache-Control": "no-store",
	} {
		if field := got.Header().Get(name); field != want {
			t.Errorf("%s: %s", name, field)
		}
	}
}

// TestE8935_4: the code says what was wrong (section 2.4), and what is ours is no code but 503.
func TestE8935_4(t *testing.T) {
	for _, tt := range []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"key", middleware.Reject(middleware.ReasonUnknownKey, nil), 400, "invalid_key"},
		{"signature", middleware.Reject(middleware.ReasonBadSignature, nil), 400, "invalid_key"},
		{"algorithm", middleware.Reject(middleware.ReasonAlgorithmNotAllowed, nil), 400, "invalid_key"},
		{"issuer", middleware.Reject(middleware.ReasonUntrustedIssuer, nil), 400, "invalid_issuer"},
		{"audience", middleware.Reject(middleware.ReasonWrongAudience, nil), 400, "invalid_audience"},
		{"type", middleware.Reject(middleware.ReasonWrongType, nil), 400, "invalid_request"},
		{"form", middleware.Reject(middleware.ReasonMalformedToken, nil), 400, "invalid_request"},
		{"a reason of its own", middleware.Reject("dislike", nil), 400, "invalid_request"},
		{"keys", middleware.Unavailable(middleware.ReasonKeysUnavailable, 0, nil), 503, ""},
		{"anything else", errors.New("hunter2"), 503, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.receiver(func(c *events.Config) {
				c.Verify = func(context.Context, string) ([]byte, error) { return nil, tt.err }
			})
			got := w.push(r, "x")
			wantAnswer(t, got, tt.status, tt.code)
			if strings.Contains(got.Body.String(), "hunter2") {
				t.Errorf("the error is in the body %s", got.Body)
			}
		})
	}
}

// TestE8935_5: a repeat gets the same answer and has no effect (section 2).
func TestE8935_5(t *testing.T) {
	w := newWorld(t)
	calls := 0
	r := w.receiver(func(c *events.Config) {
		c.MaxRemembered = 3
		c.OnEvent = func(context.Context, events.Event) error { calls++; return nil }
		c.List = listFunc(func(ctx context.Context, r revocation.Revocation) error { calls++; return w.list.Revoke(ctx, r) })
	})
	set, state := w.set(object{"jti": "a"}), w.set(object{"events": object{events.TypeVerification: object{"state": "other"}}})
	for range 3 {
		w.takes(r, set)
		w.takes(r, w.set(object{"jti": "a"})) // signed again
		w.refuses(r, state, "invalid_state")
	}
	if calls != 2 {
		t.Errorf("%d effects, want 2: one revocation, one hook", calls)
	}
	if s := r.State(); s.Accepted != 1 || s.Repeated != 5 || s.Refused != 3 {
		t.Errorf("counts %+v", s.Counts)
	}

	// Another event under the same jti is no repeat: what is answered with 202 holds.
	bob := w.token(object{"sub": "bob"})
	w.takes(r, w.set(object{"jti": "a", "sub_id": w.subject("bob")}))
	w.wantPass("bob", bob, false)

	var later []string
	for range 3 { // more than is remembered
		later = append(later, w.set(nil))
		w.takes(r, later[len(later)-1])
	}
	calls = 0
	for _, known := range later {
		w.takes(r, known)
	}
	if calls != 0 {
		t.Error("the newest were forgotten first")
	}
	w.takes(r, set)
	if calls != 2 {
		t.Errorf("forgotten, yet %d effects", calls)
	}
}

// TestE8935_5_Oldest: the oldest is forgotten, however often all that is remembered was replaced.
func TestE8935_5_Oldest(t *testing.T) {
	w := newWorld(t)
	hooked := 0
	r := w.receiver(func(c *events.Config) {
		c.MaxRemembered = 3
		c.OnEvent = func(context.Context, events.Event) error { hooked++; return nil }
	})
	var sets []string
	for range 10 {
		sets = append(sets, w.set(nil))
		w.takes(r, sets[len(sets)-1])
	}
	for _, set := range sets[7:] {
		w.takes(r, set)
	}
	if hooked != 10 {
		t.Errorf("%d events, want 10: one of the last three was forgotten", hooked)
	}
	w.takes(r, sets[6])
	if hooked != 11 {
		t.Errorf("%d events, want 11: more than three are remembered", hooked)
	}
}

// TestE8935_5_Default: ten thousand are remembered by default.
func TestE8935_5_Default(t *testing.T) {
	w := newWorld(t)
	hooked := 0
	r := w.receiver(func(c *events.Config) {
		c.Verify = func(_ context.Context, jwt string) ([]byte, error) { return []byte(jwt), nil }
		c.OnEvent = func(context.Context, events.Event) error { hooked++; return nil }
	})
	set := func(n int) string {
		return fmt.Sprintf(`{"iss":%q,"aud":%q,"iat":1800000000,"jti":"%d","events":{"urn:event":{}}}`, w.as.Issuer(), receiver, n)
	}
	for n := range 10_001 {
		w.takes(r, set(n))
	}
	w.takes(r, set(1))
	if hooked != 10_001 {
		t.Errorf("%d events: the ten-thousandth is forgotten", hooked)
	}
	w.takes(r, set(0))
	if hooked != 10_002 {
		t.Errorf("%d events: one more is remembered", hooked)
	}
}

// TestE8935_5_Failure: after a 503 nothing is remembered.
func TestE8935_5_Failure(t *testing.T) {
	w := newWorld(t)
	var failure error
	hooked := 0
	r := w.receiver(func(c *events.Config) {
		c.OnEvent = func(context.Context, events.Event) error { hooked++; return failure }
	})
	set := w.set(nil)
	failure = errors.New("database down")
	wantAnswer(t, w.push(r, set), http.StatusServiceUnavailable, "")
	failure = nil
	w.takes(r, set)
	w.takes(r, set)
	if hooked != 2 {
		t.Errorf("the hook was called %d times, want 2", hooked)
	}
	if s := r.State(); s.Err != nil || s.Failed != 1 || !s.AcceptedAt.Equal(noon) {
		t.Errorf("state %+v", s)
	}
}

// TestE8935_5_Concurrent: of the same SET at the same time one takes effect, and all wait for it.
func TestE8935_5_Concurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		token := w.token(nil)
		var effects, attempts, taken, failed atomic.Int32
		release := make(chan struct{})
		r := w.receiver(func(c *events.Config) {
			c.OnEvent = func(context.Context, events.Event) error {
				<-release
				if attempts.Add(1) == 1 {
					return errors.New("the first one fails")
				}
				effects.Add(1)
				return nil
			}
		})
		set := w.set(nil)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				switch got := w.push(r, set); got.Code {
				case http.StatusAccepted:
					taken.Add(1)
					w.wantPass("after 202", token, false)
				case http.StatusServiceUnavailable:
					failed.Add(1)
				default:
					t.Errorf("answer %d", got.Code)
				}
			})
		}
		synctest.Wait()
		close(release)
		all.Wait()
		if effects.Load() != 1 || failed.Load() != 1 || taken.Load() != 19 {
			t.Errorf("%d effects, %d failed, %d taken", effects.Load(), failed.Load(), taken.Load())
		}
	})
}

// TestE8935_6: what is answered with 202 holds, and what does not hold everywhere is sent again (section 2).
func TestE8935_6(t *testing.T) {
	w := newWorld(t)
	r := w.receiver(nil)
	before := w.token(nil)
	w.wantPass("before", before, true)
	w.takes(r, w.set(nil))
	w.wantPass("right after the 202", before, false)
	w.advance(2 * time.Second)
	w.wantPass("issued since", w.token(nil), true)

	for _, tt := range []struct {
		name  string
		err   error
		retry string
	}{
		{"full", revocation.ErrFull, "60"},
		{"not shared", errors.Join(revocation.ErrNotShared, errors.New("redis: hunter2")), "5"},
		{"anything", errors.New("hunter2"), "5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			failing := w.receiver(func(c *events.Config) {
				c.List = listFunc(func(context.Context, revocation.Revocation) error { return tt.err })
			})
			got := w.push(failing, w.set(nil))
			wantAnswer(t, got, http.StatusServiceUnavailable, "")
			if got.Header().Get("Retry-After") != tt.retry || got.Body.Len() > 0 {
				t.Errorf("Retry-After %s, body %s", got.Header().Get("Retry-After"), got.Body)
			}
			if s := failing.State(); !errors.Is(s.Err, tt.err) || s.Failed != 1 {
				t.Errorf("state %+v", s)
			}
		})
	}
}

// TestE8935_6_Gone: what the transmitter does not wait for is done all the same.
func TestE8935_6_Gone(t *testing.T) {
	w := newWorld(t)
	token := w.token(nil)
	ctx, cancel := context.WithCancel(t.Context())
	r := w.receiver(func(c *events.Config) {
		c.Verify = func(_ context.Context, jwt string) ([]byte, error) {
			cancel()
			return w.sets(t.Context(), jwt)
		}
		c.List = listFunc(func(ctx context.Context, r revocation.Revocation) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return w.list.Revoke(ctx, r)
		})
	})
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(w.set(nil)))
	req.Header.Set("Content-Type", "application/secevent+jwt")
	r.ServeHTTP(httptest.NewRecorder(), req)
	w.wantPass("the token", token, false)
}

// TestE8935_7: the body and what is done at once are bounded (section 5.4), a flood fills the List at most, and no event
// of it is dropped silently.
func TestE8935_7(t *testing.T) {
	w := newWorldWith(t, revocation.Config{MaxEntries: 100})
	r := w.receiver(nil)
	large := w.push(r, strings.Repeat("x", 16<<10+1))
	if large.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", large.Code)
	}
	if at := w.push(r, strings.Repeat("x", 16<<10)); at.Code != http.StatusBadRequest {
		t.Errorf("just not too large: %d", at.Code)
	}

	taken := map[string]bool{}
	for i := range 150 {
		sub := strconv.Itoa(i)
		token := w.token(object{"sub": sub})
		switch got := w.push(r, w.set(object{"sub_id": w.subject(sub)})); got.Code {
		case http.StatusAccepted:
			taken[token] = true
		case http.StatusServiceUnavailable:
			taken[token] = false
		default:
			t.Fatalf("answer %d %s", got.Code, got.Body)
		}
	}
	accepted := 0
	for token, holds := range taken {
		if holds {
			accepted++
		}
		w.wantPass("a token of the flood", token, !holds)
	}
	if accepted != 100 {
		t.Errorf("%d were accepted, want 100", accepted)
	}
}

// TestE8935_7_Busy: more than MaxConcurrent at once are sent away, and strangers take no place.
func TestE8935_7_Busy(t *testing.T) {
	w := newWorld(t)
	entered, release := make(chan struct{}), make(chan struct{})
	r := w.receiver(func(c *events.Config) {
		c.MaxConcurrent, c.Authorization = 2, "secret"
		c.OnEvent = func(context.Context, events.Event) error {
			entered <- struct{}{}
			<-release
			return nil
		}
	})
	push := func(authorization string) *httptest.ResponseRecorder {
		req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(w.set(nil)))
		req.Header.Set("Content-Type", "application/secevent+jwt")
		req.Header.Set("Authorization", authorization)
		recorder := httptest.NewRecorder()
		r.ServeHTTP(recorder, req)
		return recorder
	}
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() { wantAnswer(t, push("secret"), http.StatusAccepted, "") })
		<-entered
	}
	got := push("secret")
	wantAnswer(t, got, http.StatusServiceUnavailable, "")
	if got.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After %s", got.Header().Get("Retry-After"))
	}
	wantAnswer(t, push("guess"), http.StatusBadRequest, "authentication_failed")
	if s := r.State(); s.Failed != 1 || s.Refused != 1 || s.Err == nil {
		t.Errorf("state %+v", s)
	}
	close(release)
	all.Wait()
	all.Go(func() { wantAnswer(t, push("secret"), http.StatusAccepted, "") })
	<-entered
	all.Wait()
}

// TestE8935_7_Default: 64 are processed at once by default, of SETs and of logout tokens.
func TestE8935_7_Default(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		release := make(chan struct{})
		verify := func(context.Context, string) ([]byte, error) {
			<-release
			return nil, middleware.Reject(middleware.ReasonMalformedToken, nil)
		}
		var all sync.WaitGroup
		for mediaType, h := range map[string]http.Handler{
			"application/secevent+jwt":          w.receiver(func(c *events.Config) { c.Verify = verify }),
			"application/x-www-form-urlencoded": w.logout(func(c *events.LogoutConfig) { c.Verify = verify }),
		} {
			for range 64 {
				all.Go(func() { wantAnswer(t, send(h, mediaType, "logout_token=x"), http.StatusBadRequest, "invalid_request") })
			}
			synctest.Wait()
			wantAnswer(t, send(h, mediaType, "logout_token=x"), http.StatusServiceUnavailable, "")
		}
		close(release)
		all.Wait()
	})
}

// A panic of a function of the configuration is a failure like any other: the event is sent again.
func TestPanics(t *testing.T) {
	w := newWorld(t)
	set := w.set(object{"sub_id": object{"format": "email", "email": "alice@example.com"}})
	for name, change := range map[string]func(*events.Config){
		"Verify": func(c *events.Config) { c.Verify = func(context.Context, string) ([]byte, error) { panic(1) } },
		"Resolve": func(c *events.Config) {
			c.Resolve = func(context.Context, events.Subject) ([]revocation.Revocation, error) { panic(1) }
		},
		"OnEvent": func(c *events.Config) {
			c.Resolve = func(context.Context, events.Subject) ([]revocation.Revocation, error) { return nil, nil }
			c.OnEvent = func(context.Context, events.Event) error { panic(1) }
		},
	} {
		r := w.receiver(change)
		for range 2 { // nobody waits for the first one for ever
			if got := w.push(r, set); got.Code != http.StatusServiceUnavailable {
				t.Errorf("%s: %d", name, got.Code)
			}
		}
	}
}

// Nothing of an event gets into the log but what the List writes about the revocation.
func TestLog(t *testing.T) {
	w := newWorld(t)
	r := w.receiver(func(c *events.Config) { c.Authorization = "" })
	w.refuses(r, w.set(object{"sub_id": object{"format": "email", "email": "SAID"}}), "invalid_request")
	w.refuses(r, w.set(object{"jti": "SAID", "exp": "SAID"}), "invalid_request")
	w.refuses(r, "SAID", "invalid_request")
	w.takes(r, w.set(object{"jti": "SAID", "txn": "SAID", "events": object{"urn:SAID": object{"SAID": "SAID"}}}))
	logged := w.logs.String()
	if strings.Contains(logged, "SAID") || strings.Count(logged, "oauth event refused") != 2 || strings.Contains(logged, "fail") {
		t.Errorf("logged:\n%s", logged)
	}
	w.takes(r, w.set(nil))
	want := `by=` + w.as.Issuer() + ` reason=` + events.TypeSessionRevoked
	if logged := w.logs.String(); !strings.Contains(logged, want) {
		t.Errorf("logged:\n%s\nwithout %s", logged, want)
	}
}

// A failure is logged when it begins, not for each event that it hits.
func TestLogFailure(t *testing.T) {
	w := newWorld(t)
	var failure error
	r := w.receiver(func(c *events.Config) {
		c.List = listFunc(func(context.Context, revocation.Revocation) error { return failure })
	})
	down := errors.New("down")
	for _, failure = range []error{down, down, down, nil, down, down, down} {
		w.push(r, w.set(nil))
	}
	if n := strings.Count(w.logs.String(), "oauth events fail"); n != 2 {
		t.Errorf("%d lines, want 2:\n%s", n, w.logs)
	}
}

// panicky is a log handler that should not be trusted with a process.
type panicky struct{ slog.Handler }

func (panicky) Handle(context.Context, slog.Record) error { panic(1) }

func TestLoggerPanics(t *testing.T) {
	w := newWorld(t)
	r := w.receiver(func(c *events.Config) { c.Logger = slog.New(panicky{slog.NewTextHandler(io.Discard, nil)}) })
	w.refuses(r, w.set(object{"events": object{}}), "invalid_request")
	w.takes(r, w.set(nil))
}
