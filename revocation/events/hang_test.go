package events_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/revocation"
	"github.com/bearergate/bearergate/revocation/events"
)

// What hangs is given up after Timeout, and the event comes again.
func TestTimeout(t *testing.T) {
	hang := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	list := listFunc(func(ctx context.Context, _ revocation.Revocation) error { return hang(ctx) })
	verify := func(ctx context.Context, _ string) ([]byte, error) { return nil, hang(ctx) }
	for name, change := range map[string]func(*events.Config){
		"Verify": func(c *events.Config) { c.Verify = verify },
		"List":   func(c *events.Config) { c.List = list },
		"OnEvent": func(c *events.Config) {
			c.OnEvent = func(ctx context.Context, _ events.Event) error { return hang(ctx) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				r := w.receiver(change)
				began := time.Now()
				wantAnswer(t, w.push(r, w.set(nil)), http.StatusServiceUnavailable, "")
				if took := time.Since(began); took != 10*time.Second || r.State().Failed != 1 {
					t.Errorf("took %v, %+v", took, r.State())
				}
			})
		})
	}
	t.Run("Logout", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			began := time.Now()
			for _, l := range []*events.Logout{
				w.logout(func(c *events.LogoutConfig) { c.Verify = verify }),
				w.logout(func(c *events.LogoutConfig) { c.List = list }),
			} {
				wantAnswer(t, w.logOut(l, w.logoutToken(nil)), http.StatusServiceUnavailable, "")
			}
			if took := time.Since(began); took != 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	})
}

// A Poller that waits for the same SET to be processed, or for a function that honours its ctx, ends when it is told to. That
// is nobody's failure.
func TestPollCancelWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		tr := newTransmitter(time.Hour)
		release := make(chan struct{})
		r := w.receiver(func(c *events.Config) {
			c.OnEvent = func(context.Context, events.Event) error { <-release; return nil }
		})
		p, err := events.NewPoller(r, events.PollConfig{
			Endpoint: "https://transmitter.example/poll", HTTPClient: &http.Client{Transport: tr},
		})
		w.must(err)
		set := w.set(object{"jti": "a"})
		pushed := make(chan int)
		go func() { pushed <- w.push(r, set).Code }()
		synctest.Wait()
		tr.put("a", set)
		stop := run(t, p)
		synctest.Wait()
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		close(release)
		if code := <-pushed; code != http.StatusAccepted {
			t.Errorf("answer %d", code)
		}
		if s := r.State(); s.Failed != 0 || s.Accepted != 1 || len(tr.outstanding()) != 1 {
			t.Errorf("counts %+v, outstanding %v", s.Counts, tr.outstanding())
		}
		if strings.Contains(w.logs.String(), "fail") {
			t.Errorf("logged:\n%s", w.logs)
		}
	})
}

// A body that breaks off is the other side's fault.
func TestBrokenBody(t *testing.T) {
	w := newWorld(t)
	for mediaType, h := range map[string]http.Handler{
		"application/secevent+jwt":          w.receiver(nil),
		"application/x-www-form-urlencoded": w.logout(nil),
	} {
		r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader("logout_token="), broken{}))
		r.Header.Set("Content-Type", mediaType)
		recorder := httptest.NewRecorder()
		h.ServeHTTP(recorder, r)
		if body := recorder.Body.String(); !strings.Contains(body, "could not be read") {
			t.Errorf("answer %s", body)
		}
		wantAnswer(t, recorder, http.StatusBadRequest, "invalid_request")
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
