package events_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/internal/upstream"
	"github.com/bearergate/bearergate/revocation"
	"github.com/bearergate/bearergate/revocation/events"
)

// inBubble runs a test with a Poller on the clock of a synctest bubble. At its end the bubble finds goroutines that were left
// behind.
func inBubble(t *testing.T, hold time.Duration, change func(*events.PollConfig), test func(w *world, tr *transmitter, p *events.Poller)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		tr := newTransmitter(hold)
		cfg := events.PollConfig{Endpoint: "https://transmitter.example/poll", HTTPClient: &http.Client{Transport: tr}}
		if change != nil {
			change(&cfg)
		}
		p, err := events.NewPoller(w.receiver(nil), cfg)
		w.must(err)
		test(w, tr, p)
	})
}

func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// gaps are the times between requests.
func gaps(tr *transmitter) []time.Duration {
	asked := tr.requests()
	var gaps []time.Duration
	for i := 1; i < len(asked); i++ {
		gaps = append(gaps, asked[i].at.Sub(asked[i-1].at))
	}
	return gaps
}

// noRoomForBob has revocations of one subject fail.
func noRoomForBob(c *events.Config) {
	c.List = listFunc(func(_ context.Context, r revocation.Revocation) error {
		if r.Subject == "bob" {
			return revocation.ErrFull
		}
		return nil
	})
}

// TestE8936_3_Failure: when something failed here, the rest is acknowledged before the wait, and not with the next poll.
func TestE8936_3_Failure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		tr := newTransmitter(time.Hour)
		r := w.receiver(noRoomForBob)
		p, err := events.NewPoller(r, events.PollConfig{
			Endpoint: "https://transmitter.example/poll", HTTPClient: &http.Client{Transport: tr}, Backoff: time.Minute,
		})
		w.must(err)
		tr.put("good", w.set(object{"jti": "good"}))
		tr.put("unlucky", w.set(object{"jti": "unlucky", "sub_id": w.subject("bob")}))
		stop := run(t, p)
		synctest.Wait()
		asked := tr.requests()
		if len(asked) != 2 {
			t.Fatalf("%d requests", len(asked))
		}
		last := asked[1]
		if *last.MaxEvents != 0 || !*last.ReturnImmediately || !slices.Equal(last.Ack, []string{"good"}) || last.SetErrs != nil {
			t.Errorf("asked %v", last.raw)
		}
		if s := p.State(); s.Unacknowledged != 0 || !errors.Is(s.Err, revocation.ErrFull) {
			t.Errorf("state %+v", s)
		}
		_ = stop()
	})
}

// TestE8936_3_Answers: any 2xx settles a request that only acknowledges, and so does 400; after anything else it is sent again,
// and not before the transmitter wants it.
func TestE8936_3_Answers(t *testing.T) {
	for _, tt := range []struct {
		status  int
		settled bool
	}{{200, true}, {202, true}, {204, true}, {299, true}, {300, false}, {400, true}, {404, false}, {503, false}} {
		t.Run(strconv.Itoa(tt.status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tr := newTransmitter(time.Hour)
				r := w.receiver(noRoomForBob)
				p, err := events.NewPoller(r, events.PollConfig{
					Endpoint: "https://transmitter.example/poll", HTTPClient: &http.Client{Transport: tr}, Backoff: time.Second,
				})
				w.must(err)
				tr.put("good", w.set(object{"jti": "good"}))
				tr.put("unlucky", w.set(object{"jti": "unlucky", "sub_id": w.subject("bob")}))
				tr.fail(tr.deliver, status(tt.status, "Retry-After", "90"))
				stop := run(t, p)
				synctest.Wait()
				s := p.State()
				if (s.Unacknowledged == 0) != tt.settled || !errors.Is(s.Err, revocation.ErrFull) {
					t.Errorf("state %+v", s)
				}
				failed := tt.status/100 != 2
				if says := fmt.Sprintf("status %d", tt.status); strings.Contains(s.Err.Error(), says) != failed {
					t.Errorf("the state says %v", s.Err)
				}
				elapse(2 * time.Minute)
				if got := gaps(tr); (got[1] == 90*time.Second) != failed {
					t.Errorf("waits %v", got)
				}
				if again := tr.requests()[2].Ack; slices.Equal(again, []string{"good"}) == tt.settled {
					t.Errorf("acknowledged then: %v", again)
				}
				_ = stop()
			})
		})
	}
}

// The more often something goes wrong, the longer the wait, never less than half of it, and no longer than MaxBackoff.
func TestPollBackoff(t *testing.T) {
	inBubble(t, 30*time.Second, nil, func(w *world, tr *transmitter, p *events.Poller) {
		const failures = 70 // for which a time that doubled each time would overflow
		for range failures {
			tr.fail(status(500))
		}
		stop := run(w, p)
		elapse(failures * time.Minute)
		got := gaps(tr)
		if len(got) < failures {
			w.Fatalf("%d requests", len(got))
		}
		jitter := map[time.Duration]bool{}
		for i, gap := range got[:failures] {
			longest := min(time.Second<<min(i, 6), time.Minute)
			if gap < longest/2 || gap > longest {
				w.Errorf("wait %d: %v, want about %v", i, gap, longest)
			}
			jitter[gap-longest] = true
		}
		if len(jitter) < 5 {
			w.Errorf("no jitter: %v", got)
		}
		if p.State().Failures != 0 || p.State().Err != nil {
			w.Errorf("state %+v", p.State())
		}
		_ = stop()
	})
}

func TestPollRetryAfter(t *testing.T) {
	inBubble(t, time.Hour, nil, func(w *world, tr *transmitter, p *events.Poller) {
		tr.fail(status(503, "Retry-After", "90"), status(429, "Retry-After", "86400"), status(503, "Retry-After", "soon"))
		stop := run(w, p)
		elapse(2 * time.Hour)
		got := gaps(tr)
		if got[0] != 90*time.Second || got[1] != time.Hour || got[2] > 4*time.Second {
			w.Errorf("waits %v", got[:3])
		}
		_ = stop()
	})
}

// A transmitter that does not hold polls back is not flooded.
func TestPollInterval(t *testing.T) {
	inBubble(t, 0, func(c *events.PollConfig) { c.Interval = 10 * time.Second }, func(w *world, tr *transmitter, p *events.Poller) {
		stop := run(w, p)
		elapse(105 * time.Second)
		if n := len(tr.requests()); n != 11 {
			w.Errorf("%d requests in 105 seconds", n)
		}
		_ = stop()
	})
}

// Without an Interval of the caller's it is asked once a second.
func TestPollDefaultInterval(t *testing.T) {
	inBubble(t, 0, nil, func(w *world, tr *transmitter, p *events.Poller) {
		stop := run(w, p)
		elapse(10500 * time.Millisecond)
		if n := len(tr.requests()); n != 11 {
			w.Errorf("%d requests in 10.5 seconds", n)
		}
		_ = stop()
	})
}

// What is refused is reported with the next poll, which does not wait: the transmitter is rid of it at once.
func TestPollRefusedIsNews(t *testing.T) {
	for name, offer := range map[string]func(w *world, tr *transmitter){
		"forged":    func(_ *world, tr *transmitter) { tr.put("a", "forged") },
		"large":     func(_ *world, tr *transmitter) { tr.put("a", strings.Repeat("x", 17<<10)) },
		"malformed": func(w *world, tr *transmitter) { tr.put("a", w.set(object{"jti": "a", "exp": 1})) },
		"renamed":   func(w *world, tr *transmitter) { tr.put("a", w.set(object{"jti": "b"})) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(c *events.PollConfig) { c.Interval = time.Hour }, func(w *world, tr *transmitter, p *events.Poller) {
				offer(w, tr)
				stop := run(w, p)
				synctest.Wait()
				if n, left := len(tr.requests()), tr.outstanding(); n != 2 || len(left) > 0 {
					w.Errorf("%d requests, outstanding %v", n, left)
				}
				_ = stop()
			})
		})
	}
}

// A single SET may be asked for at a time.
func TestPollOneByOne(t *testing.T) {
	inBubble(t, time.Hour, func(c *events.PollConfig) { c.MaxEvents = 1 }, func(w *world, tr *transmitter, p *events.Poller) {
		for _, jti := range []string{"a", "b", "c"} {
			tr.put(jti, w.set(object{"jti": jti}))
		}
		stop := run(w, p)
		synctest.Wait()
		if s := p.State(); s.Err != nil || len(tr.outstanding()) > 0 {
			w.Errorf("state %+v, outstanding %v", s, tr.outstanding())
		}
		_ = stop()
	})
}

// Every answer is read or given up, so that its connection is free again.
func TestPollClosesAnswers(t *testing.T) {
	tr := newTransmitter(0)
	bodies := &bodies{RoundTripper: tr}
	inBubble(t, 0, func(c *events.PollConfig) { c.HTTPClient = &http.Client{Transport: bodies} }, func(w *world, _ *transmitter, p *events.Poller) {
		tr.fail(status(503), status(200, "Content-Type", "text/html"))
		stop := run(w, p)
		elapse(time.Minute)
		_ = stop()
		if bodies.opened.Load() < 10 || bodies.opened.Load() != bodies.closed.Load() {
			w.Errorf("%d answers, of which %d were closed", bodies.opened.Load(), bodies.closed.Load())
		}
	})
}

// bodies counts those of answers.
type bodies struct {
	http.RoundTripper
	opened, closed atomic.Int32
}

func (b *bodies) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		b.opened.Add(1)
		resp.Body = &countedBody{resp.Body, b}
	}
	return resp, err
}

type countedBody struct {
	io.ReadCloser
	bodies *bodies
}

func (b *countedBody) Close() error {
	b.bodies.closed.Add(1)
	return b.ReadCloser.Close()
}

// One that holds them back is asked again at once.
func TestPollHeldBack(t *testing.T) {
	inBubble(t, 30*time.Second, nil, func(w *world, tr *transmitter, p *events.Poller) {
		stop := run(w, p)
		elapse(100 * time.Second)
		for _, gap := range gaps(tr) {
			if gap != 30*time.Second {
				w.Errorf("waits %v", gaps(tr))
			}
		}
		_ = stop()
	})
}

// One that forgets acknowledgements, and says that there is more, is not flooded either.
func TestPollDeaf(t *testing.T) {
	inBubble(t, 0, func(c *events.PollConfig) { c.Interval = 10 * time.Second }, func(w *world, tr *transmitter, p *events.Poller) {
		tr.put("a", w.set(object{"jti": "a"}))
		tr.put("b", w.set(object{"jti": "b"}))
		for range 100 {
			tr.fail(tr.deliver)
		}
		stop := run(w, p)
		elapse(55 * time.Second)
		if n := len(tr.requests()); n != 8 { // the first, two more at once, and then one each ten seconds
			w.Errorf("%d requests in 55 seconds: %v", n, gaps(tr))
		}
		_ = stop()
	})
}

// A transmitter that falls silent is noticed after Timeout.
func TestPollTimeout(t *testing.T) {
	inBubble(t, time.Hour, func(c *events.PollConfig) { c.Timeout = 45 * time.Second }, func(w *world, tr *transmitter, p *events.Poller) {
		stop := run(w, p)
		elapse(44 * time.Second)
		if s := p.State(); s.Err != nil {
			w.Errorf("too early: %+v", s)
		}
		elapse(time.Second)
		if s := p.State(); !errors.Is(s.Err, upstream.ErrTimeout) || s.Failures != 1 {
			w.Errorf("state %+v", s)
		}
		_ = stop()
	})
}

// Run ends at once, whatever it waits for, and leaves nothing behind.
func TestPollCancel(t *testing.T) {
	for name, prepare := range map[string]func(tr *transmitter){
		"held back": func(*transmitter) {},
		"backing off": func(tr *transmitter) {
			tr.fail(status(503, "Retry-After", "3600"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, nil, func(w *world, tr *transmitter, p *events.Poller) {
				prepare(tr)
				stop := run(w, p)
				synctest.Wait()
				if err := p.Run(w.Context()); err == nil || errors.Is(err, context.Canceled) {
					w.Errorf("a second Run: %v", err)
				}
				began := time.Now()
				failures := p.State().Failures
				if err := stop(); !errors.Is(err, context.Canceled) || time.Since(began) != 0 {
					w.Errorf("%v after %v", err, time.Since(began))
				}
				if p.State().Failures != failures {
					w.Error("the end counts as a failure")
				}
				ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
				defer cancel()
				if err := p.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
					w.Errorf("running again: %v", err)
				}
			})
		})
	}
}

// A farewell that is not answered keeps the service from ending for 5 seconds, no longer.
func TestPollFarewell(t *testing.T) {
	inBubble(t, time.Hour, nil, func(w *world, tr *transmitter, p *events.Poller) {
		tr.put("a", w.set(object{"jti": "a"}))
		stop := run(w, p)
		synctest.Wait()
		if s := p.State(); s.Unacknowledged != 1 || len(tr.outstanding()) != 0 {
			w.Errorf("state %+v", s)
		}
		silent := make(chan struct{})
		defer close(silent)
		tr.fail(func(http.ResponseWriter) { <-silent })
		began := time.Now()
		if _ = stop(); time.Since(began) != 5*time.Second {
			w.Errorf("took %v", time.Since(began))
		}
	})
}

// What is acknowledged and what is refused are both to be reported, and are before Run ends.
func TestPollFarewellOfBoth(t *testing.T) {
	inBubble(t, time.Hour, nil, func(w *world, tr *transmitter, p *events.Poller) {
		tr.put("a", w.set(object{"jti": "a"}))
		tr.put("b", w.set(object{"jti": "b", "exp": 1}))
		silent := make(chan struct{})
		tr.fail(tr.deliver, func(http.ResponseWriter) { <-silent })
		stop := run(w, p)
		synctest.Wait()
		if s := p.State(); s.Unacknowledged != 2 {
			w.Errorf("state %+v", s)
		}
		_ = stop()
		close(silent)
		if left := tr.outstanding(); len(left) > 0 {
			w.Errorf("outstanding %v", left)
		}
	})
}

// A transport of the caller that panics does not end the process.
func TestPollPanic(t *testing.T) {
	transport := roundTripper(func(*http.Request) (*http.Response, error) { panic("hunter2") })
	inBubble(t, 0, func(c *events.PollConfig) { c.HTTPClient = &http.Client{Transport: transport} }, func(w *world, _ *transmitter, p *events.Poller) {
		stop := run(w, p)
		elapse(time.Minute)
		if s := p.State(); s.Failures < 3 {
			w.Errorf("state %+v", s)
		}
		_ = stop()
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
