package events_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/upstream"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
	"github.com/bearergate/bearergate/revocation/events"
)

// TestE8936_1: a long poll for some SETs, which take effect (RFC 8936, section 2.2).
func TestE8936_1(t *testing.T) {
	w := newWorld(t)
	tr := newTransmitter(time.Hour)
	p := w.poller(tr, w.receiver(nil), func(c *events.PollConfig) {
		c.MaxEvents = 7
		c.Authorization = func(context.Context) (string, error) { return "Bearer own", nil }
	})
	token := w.token(nil)
	stop := run(t, p)
	until(t, "a poll", func() bool { return len(tr.requests()) == 1 })
	w.wantPass("while nothing has happened", token, true)
	tr.put("a", w.set(object{"jti": "a"}))
	until(t, "acknowledged", func() bool { return len(tr.outstanding()) == 0 })
	w.wantPass("once acknowledged", token, false)
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}

	first := tr.requests()[0]
	if *first.MaxEvents != 7 || *first.ReturnImmediately || first.Ack != nil || first.SetErrs != nil {
		t.Errorf("asked %v", first.raw)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json", "Authorization": "Bearer own", "Content-Language": "",
		"Idempotency-Key": "",
	} {
		if got := first.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if s := p.State(); !s.ContactAt.Equal(noon) || s.Err != nil || s.Failures != 0 || s.Unacknowledged != 0 {
		t.Errorf("state %+v", s)
	}
}

// TestE8936_2: what took effect is acknowledged, what cannot be taken reported, and what failed here neither, so that it
// comes again (sections 2.4 and 2.6).
func TestE8936_2(t *testing.T) {
	w := newWorld(t)
	tr := newTransmitter(time.Hour)
	var full atomic.Bool
	full.Store(true)
	r := w.receiver(func(c *events.Config) {
		c.MaxBytes = 2 << 10
		c.List = listFunc(func(ctx context.Context, r revocation.Revocation) error {
			if r.Subject == "bob" && full.Load() {
				return revocation.ErrFull
			}
			return w.list.Revoke(ctx, r)
		})
	})
	alice, bob := w.token(nil), w.token(object{"sub": "bob"})
	tr.put("good", w.set(object{"jti": "good"}))
	tr.put("unlucky", w.set(object{"jti": "unlucky", "sub_id": w.subject("bob")}))
	tr.put("bad", w.set(object{"jti": "bad", "exp": 1}))
	tr.put("forged", "SAID")
	tr.put("foreign", w.set(object{"jti": "foreign", "iss": "https://evil.example"}))
	tr.put("renamed", w.set(object{"jti": "another name"}))
	tr.put("", w.set(object{"jti": "nameless"}))
	tr.put("number", 7)
	tr.put("large", w.set(object{"jti": "large", "padding": strings.Repeat("x", 2<<10)}))

	p := w.poller(tr, r, nil)
	stop := run(t, p)
	until(t, "the rest", func() bool { return slices.Equal(tr.outstanding(), []string{"unlucky"}) })
	until(t, "tried again", func() bool { return p.State().Failures > 2 })
	w.wantPass("alice", alice, false)
	w.wantPass("bob, who is not acknowledged", bob, true)
	if s := p.State(); !errors.Is(s.Err, revocation.ErrFull) || !s.ContactAt.Equal(noon) {
		t.Errorf("state %+v", s)
	}
	full.Store(false)
	until(t, "bob's event", func() bool { return len(tr.outstanding()) == 0 })
	w.wantPass("bob", bob, false)
	until(t, "well again", func() bool { return p.State().Err == nil && p.State().Failures == 0 })
	_ = stop()

	acked, reported := map[string]int{}, map[string]string{}
	for _, asked := range tr.requests() {
		for _, jti := range asked.Ack {
			acked[jti]++
		}
		for jti, failure := range asked.SetErrs {
			reported[jti] = failure.Code
			if failure.Description == "" || asked.header.Get("Content-Language") != "en" {
				t.Errorf("%s: description %q in %q", jti, failure.Description, asked.header.Get("Content-Language"))
			}
		}
	}
	if acked["good"] != 1 || acked["unlucky"] == 0 || len(acked) != 2 { // the second one perhaps again, when Run ends
		t.Errorf("acknowledged %v", acked)
	}
	const want = "map[:invalid_request bad:invalid_request foreign:invalid_issuer forged:invalid_request " +
		"large:invalid_request number:invalid_request renamed:invalid_request]"
	if fmt.Sprint(reported) != want {
		t.Errorf("reported %v, want %s", reported, want)
	}
}

// TestE8936_3: a request that only reports says so twice, or it would be held back (section 2.4.2).
func TestE8936_3(t *testing.T) {
	w := newWorld(t)
	tr := newTransmitter(time.Hour)
	var p *events.Poller
	ctx, cancel := context.WithCancel(t.Context())
	r := w.receiver(func(c *events.Config) {
		c.OnEvent = func(context.Context, events.Event) error {
			cancel() // the service ends while there is something to acknowledge
			return nil
		}
	})
	p = w.poller(tr, r, nil)
	tr.put("a", w.set(object{"jti": "a"}))
	began := time.Now()
	if err := p.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the farewell took %v", took)
	}
	asked := tr.requests()
	last := asked[len(asked)-1]
	if len(asked) != 2 || *last.MaxEvents != 0 || !*last.ReturnImmediately || !slices.Equal(last.Ack, []string{"a"}) {
		t.Errorf("asked %d times, at last %v", len(asked), last.raw)
	}
	if len(tr.outstanding()) > 0 {
		t.Error("not acknowledged")
	}
	if s := r.State(); s.Accepted != 1 {
		t.Errorf("counts %+v", s.Counts)
	}
}

// What is refused counts as such, although the service ends meanwhile.
func TestPollRefusedAtTheEnd(t *testing.T) {
	w := newWorld(t)
	tr := newTransmitter(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	r := w.receiver(func(c *events.Config) {
		c.Verify = func(context.Context, string) ([]byte, error) {
			cancel()
			return nil, middleware.Reject(middleware.ReasonBadSignature, nil)
		}
	})
	tr.put("a", "forged")
	if err := w.poller(tr, r, nil).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
	if s := r.State(); s.Refused != 1 || len(tr.outstanding()) > 0 {
		t.Errorf("counts %+v, outstanding %v", s.Counts, tr.outstanding())
	}
}

// After an outage a poll resumes where it stopped: acknowledgements are sent until they are answered, SETs come again, and
// none takes effect twice.
func TestPollOutage(t *testing.T) {
	w := newWorld(t)
	tr := newTransmitter(10 * time.Millisecond)
	var hooked atomic.Int32
	r := w.receiver(func(c *events.Config) {
		c.OnEvent = func(context.Context, events.Event) error { hooked.Add(1); return nil }
	})
	p := w.poller(tr, r, nil)
	tokens := map[string]string{}
	offer := func(subs ...string) {
		for _, sub := range subs {
			tokens[sub] = w.token(object{"sub": sub})
			tr.put(sub, w.set(object{"jti": sub, "sub_id": w.subject(sub)}))
		}
	}
	offer("a", "b")
	run(t, p)
	until(t, "the first two", func() bool { return len(tr.outstanding()) == 0 })
	offer("c")
	until(t, "the third", func() bool { return len(tr.outstanding()) == 0 })

	tr.fail(drop, status(502), drop, status(503, "Retry-After", "0"), status(200, "Content-Type", "text/html"), drop)
	offer("d")
	until(t, "after the outage", func() bool { return len(tr.outstanding()) == 0 })
	until(t, "well", func() bool { return p.State().Err == nil })

	// The answer to an acknowledgement is lost: it is sent again, and so are the SETs.
	lost := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	offer("e")
	until(t, "seen", func() bool { return hooked.Load() == 5 })
	tr.fail(lost, lost)
	offer("f")
	until(t, "all", func() bool { return len(tr.outstanding()) == 0 })
	for sub, token := range tokens {
		w.wantPass(sub, token, false)
	}
	if hooked.Load() != 6 {
		t.Errorf("%d events, want 6", hooked.Load())
	}
}

// Whatever the transmitter answers, it is an error, is tried again, and does not get into our log.
func TestPollAnswers(t *testing.T) {
	const json = "application/json"
	body := func(mediaType, text string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", mediaType)
			fmt.Fprint(w, text)
		}
	}
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter)
		is     error
		says   string
	}{
		"unauthorized":       {status(401), events.ErrOwnCredentials, "status 401"},
		"forbidden":          {status(403), events.ErrOwnCredentials, "status 403"},
		"bad request":        {status(400), nil, "status 400"},
		"created":            {status(201), nil, "status 201"},
		"no content":         {status(204), nil, "status 204"},
		"redirect":           {status(307, "Location", "https://evil.example/SAID"), nil, "status 307"},
		"too many":           {status(429), nil, "status 429"},
		"dropped":            {drop, upstream.ErrAnswer, ""},
		"HTML":               {body("text/html", "SAID"), nil, "something else than SETs"},
		"JSON as HTML":       {body("text/html", `{"sets":{}}`), nil, "something else than SETs"},
		"broken media type":  {body("application/json; charset", `{"sets":{}}`), nil, "something else than SETs"},
		"another media type": {body("application/jsonx", `{"sets":{}}`), nil, "something else than SETs"},
		"no media type":      {body("", `{"sets":{}}`), nil, "something else than SETs"},
		"no JSON":            {body(json, "SAID"), nil, "something else than SETs"},
		"array":              {body(json, `["SAID"]`), nil, "something else than SETs"},
		"no sets":            {body(json, `{}`), nil, "something else than SETs"},
		"null sets":          {body(json, `{"sets":null}`), nil, "something else than SETs"},
		"array of sets":      {body(json, `{"sets":["SAID"]}`), nil, "something else than SETs"},
		"duplicate members":  {body(json, `{"sets":{"SAID":"a","SAID":"b"}}`), nil, "something else than SETs"},
		"other case":         {body(json, `{"Sets":{}}`), nil, "something else than SETs"},
		"endless":            {body(json, `{"sets":{},"x":"`+strings.Repeat("SAID", 1<<20)+`"}`), upstream.ErrTooLarge, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tr := newTransmitter(time.Hour)
			tr.fail(tt.answer)
			p := w.poller(tr, w.receiver(nil), func(c *events.PollConfig) {
				c.Endpoint += "/SAID"
				c.Backoff, c.MaxBackoff = time.Hour, time.Hour
			})
			run(t, p)
			until(t, "an error", func() bool { return p.State().Err != nil })
			s := p.State()
			if strings.Contains(s.Err.Error(), "SAID") || s.Failures != 1 || !s.ContactAt.IsZero() {
				t.Errorf("state %+v", s)
			}
			for _, err := range []error{events.ErrOwnCredentials, upstream.ErrAnswer, upstream.ErrTooLarge} {
				if errors.Is(s.Err, err) != (err == tt.is) {
					t.Errorf("error %v, want %v", s.Err, tt.is)
				}
			}
			if !strings.Contains(s.Err.Error(), tt.says) {
				t.Errorf("error %v, want %q", s.Err, tt.says)
			}
		})
	}
}

// A media type may have parameters, and be written in capitals.
func TestPollMediaType(t *testing.T) {
	w := newWorld(t)
	tr := newTransmitter(time.Hour)
	tr.fail(func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "Application/JSON; charset=utf-8")
		fmt.Fprint(w, `{"sets":{}}`)
	})
	p := w.poller(tr, w.receiver(nil), func(c *events.PollConfig) { c.Backoff, c.MaxBackoff = time.Hour, time.Hour })
	run(t, p)
	until(t, "an answer", func() bool { return len(tr.requests()) == 2 || p.State().Err != nil })
	if s := p.State(); s.Err != nil {
		t.Errorf("state %+v", s)
	}
}

// An answer has room for all the SETs that were asked for, each as large as it may be.
func TestPollFull(t *testing.T) {
	w := newWorld(t)
	tr := newTransmitter(time.Hour)
	for i := range 100 {
		tr.put(fmt.Sprintf("%d%s", i, strings.Repeat("x", 1000)), strings.Repeat("x", 16<<10))
	}
	r := w.receiver(nil)
	p := w.poller(tr, r, func(c *events.PollConfig) { c.Backoff, c.MaxBackoff = time.Hour, time.Hour })
	run(t, p)
	until(t, "all refused", func() bool { return len(tr.outstanding()) == 0 || p.State().Err != nil })
	if s := p.State(); s.Err != nil || r.State().Refused != 100 {
		t.Errorf("state %+v, %+v", s, r.State())
	}
}

// A poll whose connection turns out to be dead is sent again at once. That is no failure.
func TestPollDeadConnection(t *testing.T) {
	w := newWorld(t)
	tr := newTransmitter(time.Hour)
	tr.fail(tr.deliver, drop)
	p := w.poller(tr, w.receiver(nil), func(c *events.PollConfig) { c.Backoff, c.MaxBackoff = time.Hour, time.Hour })
	run(t, p)
	until(t, "the third request", func() bool { return len(tr.requests()) == 3 || p.State().Err != nil })
	if s := p.State(); s.Err != nil || s.Failures != 0 {
		t.Errorf("state %+v", s)
	}
}

// A Poller without an HTTPClient leaves no connection behind; that of the caller stays.
func TestPollConnections(t *testing.T) {
	for name, own := range map[string]bool{"a client of its own": true, "the caller's": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			server := httptest.NewUnstartedServer(newTransmitter(0))
			var opened, closed atomic.Int32
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				switch state {
				case http.StateNew:
					opened.Add(1)
				case http.StateClosed:
					closed.Add(1)
				}
			}
			server.Start()
			defer server.Close()
			cfg := events.PollConfig{Endpoint: server.URL, AllowLoopbackHTTP: true, Interval: time.Hour}
			if !own {
				cfg.HTTPClient = server.Client()
			}
			p, err := events.NewPoller(w.receiver(nil), cfg)
			w.must(err)
			stop := run(t, p)
			until(t, "an answer", func() bool { return !p.State().ContactAt.IsZero() })
			_ = stop()
			if own {
				until(t, "closed", func() bool { return closed.Load() == 1 })
				return
			}
			resp, err := server.Client().Post(server.URL, "application/json", strings.NewReader("{}"))
			w.must(err)
			_ = resp.Body.Close()
			if opened.Load() != 1 {
				t.Errorf("%d connections, want 1", opened.Load())
			}
		})
	}
}

// A transmitter that sends too much at once is asked for less, until that works.
func TestPollTooLarge(t *testing.T) {
	w := newWorld(t)
	tr := newTransmitter(10 * time.Millisecond)
	large := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"sets":{"a":"%s"}}`, strings.Repeat("x", 4<<20))
	}
	tr.fail(large, large)
	run(t, w.poller(tr, w.receiver(nil), nil))
	until(t, "well again", func() bool { return len(tr.requests()) > 3 })
	var asked []int
	for _, r := range tr.requests()[:4] {
		asked = append(asked, *r.MaxEvents)
	}
	if !slices.Equal(asked, []int{100, 50, 25, 100}) {
		t.Errorf("asked for %v", asked)
	}
}

// What a transmitter finds fault with is not told again in the same words. The SET comes again, and is known.
func TestPollRejectedAcknowledgement(t *testing.T) {
	w := newWorld(t)
	tr := newTransmitter(10 * time.Millisecond)
	var hooked atomic.Int32
	r := w.receiver(func(c *events.Config) {
		c.OnEvent = func(context.Context, events.Event) error { hooked.Add(1); return nil }
	})
	tr.put("a", w.set(object{"jti": "a"}))
	tr.fail(tr.deliver, status(400))
	run(t, w.poller(tr, r, nil))
	until(t, "acknowledged", func() bool { return len(tr.outstanding()) == 0 })
	asked := tr.requests()
	if !slices.Equal(asked[1].Ack, []string{"a"}) || len(asked[2].Ack) != 0 || !slices.Equal(asked[3].Ack, []string{"a"}) {
		t.Errorf("asked %v, %v, %v", asked[1].raw, asked[2].raw, asked[3].raw)
	}
	if hooked.Load() != 1 {
		t.Errorf("%d events", hooked.Load())
	}
}

// An acknowledgement is sent until it is answered, with a poll or without.
func TestPollRetriedAcknowledgement(t *testing.T) {
	w := newWorld(t)
	tr := newTransmitter(10 * time.Millisecond)
	tr.put("a", w.set(object{"jti": "a"}))
	tr.put("b", w.set(object{"jti": "b", "exp": 1}))
	tr.fail(tr.deliver, status(500), drop, status(503))
	run(t, w.poller(tr, w.receiver(nil), nil))
	until(t, "acknowledged", func() bool { return len(tr.outstanding()) == 0 })
	for i, asked := range tr.requests()[1:5] {
		if !slices.Equal(asked.Ack, []string{"a"}) || asked.SetErrs["b"].Code != "invalid_request" ||
			asked.header.Get("Content-Language") != "en" {
			t.Errorf("request %d: %v", i+1, asked.raw)
		}
	}
}

// Hundreds of SETs, some at a time.
func TestPollMany(t *testing.T) {
	w := newWorld(t)
	tr := newTransmitter(time.Hour)
	var tokens []string
	for i := range 250 {
		sub := fmt.Sprintf("user-%03d", i)
		tokens = append(tokens, w.token(object{"sub": sub}))
		tr.put(sub, w.set(object{"jti": sub, "sub_id": w.subject(sub)}))
	}
	p := w.poller(tr, w.receiver(nil), func(c *events.PollConfig) { c.MaxEvents, c.Interval = 20, time.Hour })
	run(t, p)
	until(t, "all", func() bool { return len(tr.outstanding()) == 0 })
	for _, token := range tokens {
		if w.passes(token) {
			t.Fatal("an acknowledged event did not take effect")
		}
	}
	if n := len(tr.requests()); n != 14 {
		t.Errorf("%d requests, want 14", n)
	}
}

// Our own credentials are ours: without them nothing is sent, and they get into no error.
func TestPollCredentials(t *testing.T) {
	down := errors.New("token endpoint down")
	for name, source := range map[string]func(context.Context) (string, error){
		"none":                   func(context.Context) (string, error) { return "", nil },
		"line break":             func(context.Context) (string, error) { return "Bearer hunter2\r\nX: y", nil },
		"tab":                    func(context.Context) (string, error) { return "Bearer\thunter2", nil },
		"space":                  func(context.Context) (string, error) { return "Bearer hunter2 ", nil },
		"failure":                func(context.Context) (string, error) { return "hunter2", down },
		"failure, nothing there": func(context.Context) (string, error) { return "", down },
		"panic":                  func(context.Context) (string, error) { panic("hunter2") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tr := newTransmitter(time.Hour)
			p := w.poller(tr, w.receiver(nil), func(c *events.PollConfig) { c.Authorization = source })
			run(t, p)
			until(t, "an error", func() bool { return p.State().Err != nil })
			if err := p.State().Err; strings.Contains(err.Error(), "hunter2") || len(tr.requests()) > 0 {
				t.Errorf("%d requests, %v", len(tr.requests()), err)
			}
			if err := p.State().Err; errors.Is(err, down) != strings.HasPrefix(name, "failure") {
				t.Errorf("the state says %v", err)
			}
		})
	}
}
