package oauthredis_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthredis"
	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
)

// wantState compares what can be told in advance, and whether something is wrong.
func wantState(t *testing.T, got oauthredis.StoreState, calls, failures uint64, failing bool) {
	t.Helper()
	if got.Calls != calls || got.Failures != failures || (got.Err != nil) != failing {
		t.Errorf("got %+v, want %d calls, %d failures, failing: %t", got, calls, failures, failing)
	}
}

func TestReplaysState(t *testing.T) {
	s := startRedis(t)
	replays := newReplays(t, s.client(), oauthredis.ReplaysConfig{Timeout: patience})
	wantState(t, replays.State(), 0, 0, false)
	for range 2 { // the second is a replay, which is an answer
		if _, err := replays.Add(t.Context(), [32]byte{1}, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	wantState(t, replays.State(), 2, 0, false)
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, _ = replays.Add(gone, [32]byte{2}, time.Minute)
	wantState(t, replays.State(), 2, 0, false)

	s.kill()
	_, err := replays.Add(t.Context(), [32]byte{2}, time.Minute)
	if got := replays.State(); err == nil || got.Err != err {
		t.Errorf("got %+v, want %v", got, err)
	}
	wantState(t, replays.State(), 3, 1, true)
}

// Ready asks Redis to do what it will have to do.
func TestReplaysReady(t *testing.T) {
	s := startRedis(t)
	client := s.client()
	replays := newReplays(t, client, oauthredis.ReplaysConfig{Timeout: patience})
	for range 2 {
		if err := replays.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "what it remembers is forgotten", func() bool { return client.DBSize(t.Context()).Val() == 0 })

	for name, s := range map[string]*server{
		"gone": s,
		"full": startRedis(t, "--maxmemory", "1", "--maxmemory-policy", "noeviction"),
	} {
		if name == "gone" {
			s.kill()
		}
		err := newReplays(t, s.client(), oauthredis.ReplaysConfig{}).Ready(t.Context())
		if !errors.Is(err, middleware.ErrUnavailable) || middleware.ReasonOf(err) != dpop.ReasonReplaysUnavailable {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAnswersState(t *testing.T) {
	s, key := startRedis(t), [32]byte{1}
	answers := newAnswers(t, s, secret())
	wantState(t, answers.State(), 0, 0, false)
	get := func(a *oauthredis.Answers) { _, _ = a.Get(t.Context(), key) }
	get(answers) // nothing there, which is an answer
	if err := answers.Put(t.Context(), key, []byte("x"), time.Hour); err != nil {
		t.Fatal(err)
	}
	get(answers)
	wantState(t, answers.State(), 3, 0, false)

	// A replica with another key shows, although it goes on working.
	stranger := newAnswers(t, s, secret())
	get(stranger)
	wantState(t, stranger.State(), 1, 1, true)

	if err := answers.Drop(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	wantState(t, answers.State(), 4, 0, false)
	get(stranger)
	wantState(t, stranger.State(), 2, 1, false)

	s.kill()
	get(answers)
	_ = answers.Put(t.Context(), key, []byte("x"), time.Hour)
	_ = answers.Drop(t.Context(), key)
	wantState(t, answers.State(), 7, 3, true)
}
