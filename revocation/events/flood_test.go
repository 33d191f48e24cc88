package events_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation"
	"github.com/bearergate/bearergate/revocation/events"
)

// A flood of distinct subjects from many sides (attack A-93): whoever is told 202 finds the subject revoked at once and for
// as long as its tokens live, whoever is told 503 may come again, and nobody is told anything else.
func TestFlood(t *testing.T) {
	const senders, each, room = 8, 100, 300
	w := newWorldWith(t, revocation.Config{MaxEntries: room, MaxTokenLifetime: time.Hour})
	r := w.receiver(func(c *events.Config) {
		c.Verify = func(_ context.Context, jwt string) ([]byte, error) { return []byte(jwt), nil }
		c.MaxRemembered = 10
	})
	tokenOf := func(sub string) *middleware.Token {
		return &middleware.Token{Issuer: w.as.Issuer(), Subject: sub, IssuedAt: noon, Fingerprint: middleware.FingerprintOf(sub)}
	}
	var taken sync.Map
	var accepted atomic.Int32
	var all sync.WaitGroup
	for sender := range senders {
		all.Go(func() {
			for i := range each {
				sub := fmt.Sprintf("%d-%d", sender, i)
				switch got := w.push(r, string(encode(t, w.claims(object{"sub_id": w.subject(sub)})))); got.Code {
				case http.StatusAccepted:
					accepted.Add(1)
					taken.Store(sub, true)
					if w.list.Check(tokenOf(sub)) == nil {
						t.Errorf("%s passes right after the 202", sub)
					}
				case http.StatusServiceUnavailable:
				default:
					t.Errorf("answer %d %s", got.Code, got.Body)
				}
			}
		})
	}
	all.Wait()
	if accepted.Load() != room {
		t.Errorf("%d were accepted, want %d", accepted.Load(), room)
	}
	w.advance(time.Hour)
	taken.Range(func(sub, _ any) bool {
		if w.list.Check(tokenOf(sub.(string))) == nil {
			t.Errorf("%s passes later on", sub)
		}
		return true
	})
	if s := r.State(); s.Accepted != room || s.Failed != senders*each-room || !errors.Is(s.Err, revocation.ErrFull) {
		t.Errorf("counts %+v", s.Counts)
	}
	w.advance(time.Hour)
	w.takes(r, string(encode(t, w.claims(nil)))) // there is room again
}

// While keys cannot be had nothing is known of an event, so it is sent again, pushed or polled.
func TestKeysUnavailable(t *testing.T) {
	w := newWorld(t)
	w.as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Status: http.StatusBadGateway})
	r, l := w.receiver(nil), w.logout(nil)
	tr := newTransmitter(time.Hour)
	p := w.poller(tr, r, nil)
	set, token := w.set(object{"jti": "a"}), w.logoutToken(nil)
	wantAnswer(t, w.push(r, set), http.StatusServiceUnavailable, "")
	wantAnswer(t, w.logOut(l, token), http.StatusServiceUnavailable, "")
	tr.put("a", set)
	run(t, p)
	until(t, "a failure", func() bool { return p.State().Failures > 1 })
	if left := tr.outstanding(); len(left) != 1 || !errors.Is(p.State().Err, middleware.ErrUnavailable) {
		t.Errorf("%v are left, %v", left, p.State().Err)
	}
	w.as.Heal()
	w.advance(time.Minute) // the keys are asked for again
	until(t, "acknowledged", func() bool { return len(tr.outstanding()) == 0 })
	w.takes(r, set)
	w.takesLogout(l, token)
	if s := r.State(); s.Accepted != 1 || s.Repeated != 1 || s.Err != nil {
		t.Errorf("counts %+v", s.Counts)
	}
}

// An event that is not known to every replica holds here and comes again.
func TestNotShared(t *testing.T) {
	publish := errors.New("no connection")
	replicator := &replicator{err: func() error { return publish }}
	w := newWorldWith(t, revocation.Config{Replicator: replicator})
	r := w.receiver(nil)
	token, set := w.token(nil), w.set(nil)
	wantAnswer(t, w.push(r, set), http.StatusServiceUnavailable, "")
	w.wantPass("here", token, false)
	publish = nil
	w.takes(r, set)
	if replicator.published != 1 {
		t.Errorf("published %d times", replicator.published)
	}
}

type replicator struct {
	err       func() error
	published int
}

func (r *replicator) Publish(context.Context, revocation.Record) error {
	err := r.err()
	if err == nil {
		r.published++
	}
	return err
}

func (r *replicator) Follow(*revocation.List) error { return nil }

func (r *replicator) Err() error { return nil }
