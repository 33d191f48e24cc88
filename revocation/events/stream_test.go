package events_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/revocation/events"
)

func verification(payload object) object {
	return object{"sub_id": opaque("stream-1"), "events": object{events.TypeVerification: payload}}
}

func updated(payload object) object {
	return object{"sub_id": opaque("stream-1"), "events": object{events.TypeStreamUpdated: payload}}
}

// TestECAEP_6: the state of a verification is one that was asked for, and what is said of the stream shows (SSF, sections
// 8.1.4 and 8.1.5).
func TestECAEP_6(t *testing.T) {
	w := newWorld(t)
	if events.TypeVerification != ssf+"verification" || events.TypeStreamUpdated != ssf+"stream-updated" {
		t.Error("the URIs are wrong")
	}
	r := w.receiver(func(c *events.Config) { c.AcceptState = func(state string) bool { return state == "by hand" } })
	w.takes(r, w.set(verification(object{})))
	if !r.State().VerifiedAt.Equal(noon) {
		t.Errorf("state %+v", r.State())
	}
	w.takes(r, w.set(verification(object{"state": "by hand"})))
	w.takes(r, w.set(object{"sub_id": nil, "events": object{risc + "verification": object{"state": "by hand"}}}))
	for _, state := range []any{"other", "", "by hand ", 7, null, object{}} {
		w.refuses(r, w.set(verification(object{"state": state})), "invalid_state")
	}
	w.refuses(w.receiver(nil), w.set(verification(object{"state": "by hand"})), "invalid_state")
	lenient := w.receiver(func(c *events.Config) { c.AcceptState = func(string) bool { return true } })
	w.refuses(lenient, w.set(verification(object{"state": 7})), "invalid_state")

	for i, status := range []string{"paused", "enabled", "disabled"} {
		w.takes(r, w.set(with(updated(object{"status": status}), object{"iat": noon.Unix() + int64(i)})))
		if got := r.State().Stream; got != status {
			t.Errorf("stream %s, want %s", got, status)
		}
	}
	w.takes(r, w.set(with(updated(object{"status": "enabled"}), object{"iat": noon.Unix()})))
	if got := r.State().Stream; got != "disabled" {
		t.Errorf("an older event has the last word: %s", got)
	}
	for _, payload := range []object{{}, {"status": "asleep"}, {"status": 1}} {
		w.refuses(r, w.set(updated(payload)), "invalid_request")
	}
	if w.list.Len() != 0 {
		t.Error("something was revoked")
	}
}

func TestAwaitVerification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.receiver(nil)
		done := make(chan error)
		asked := make(chan struct{})
		go func() {
			done <- r.AwaitVerification(t.Context(), "state-1", func(context.Context) error { close(asked); return nil })
		}()
		<-asked
		if err := r.AwaitVerification(t.Context(), "state-1", nil); !errors.Is(err, events.ErrState) {
			t.Errorf("the same state twice: %v", err)
		}
		w.takes(r, w.set(nil))
		w.refuses(r, w.set(verification(object{"state": "state-2"})), "invalid_state")
		w.takes(r, w.set(verification(object{})))
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("returned too early: %v", err)
		default:
		}
		w.takes(r, w.set(verification(object{"state": "state-1"})))
		w.push(r, w.set(verification(object{"state": "state-1"}))) // once more makes no difference
		if err := <-done; err != nil {
			t.Error(err)
		}
		w.refuses(r, w.set(verification(object{"state": "state-1"})), "invalid_state")

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := r.AwaitVerification(ctx, "state-3", func(context.Context) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nothing came: %v", err)
		}
		w.refuses(r, w.set(verification(object{"state": "state-3"})), "invalid_state")
		refused := errors.New("429")
		if err := r.AwaitVerification(ctx, "state-4", func(context.Context) error { return refused }); !errors.Is(err, refused) {
			t.Errorf("could not ask: %v", err)
		}
		if err := r.AwaitVerification(ctx, "", nil); !errors.Is(err, events.ErrState) {
			t.Errorf("empty state: %v", err)
		}
	})
}
