package jwks_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// TestNewAsksNobody: a service starts without its authorization server.
func TestNewAsksNobody(t *testing.T) {
	run(t, nil, func(f *fixture) {
		elapse(time.Hour)
		if got := f.as.Requests(oauthtest.EndpointAny); got != 0 {
			f.Errorf("%d requests before the first token", got)
		}
		if state := f.v.State(); state.Usable || state.Keys != 0 || state.Err != nil || !state.AttemptedAt.IsZero() {
			f.Errorf("state: %+v", state)
		}
	})
}

func TestReady(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.breakKeys(oauthtest.Fault{Status: http.StatusBadGateway})
		wantOutcome(f, f.v.Ready(f.Context()), middleware.ErrUnavailable, middleware.ReasonKeysUnavailable)
		f.as.Heal()
		if err := f.v.Ready(f.Context()); err != nil {
			f.Error(err)
		}
		f.fetched(2)
		if err := f.v.Ready(f.Context()); err != nil {
			f.Error(err)
		}
		f.fetched(2)
	})
}

func TestReadyHonoursItsContext(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.breakKeys(oauthtest.Fault{Hang: true})
		ctx, cancel := context.WithTimeout(f.Context(), time.Second)
		defer cancel()
		began := time.Now()
		wantOutcome(f, f.v.Ready(ctx), middleware.ErrUnavailable, middleware.ReasonKeysUnavailable)
		if waited := time.Since(began); waited != time.Second {
			f.Errorf("waited %v, want 1s", waited)
		}
	})
}

func TestState(t *testing.T) {
	run(t, nil, func(f *fixture) {
		began := time.Now()
		f.accepts(f.mint())
		want := jwks.State{
			Usable: true, Keys: 1, FetchedAt: began, AttemptedAt: began,
			StaleAt: began.Add(10 * time.Minute), UnusableAt: began.Add(70 * time.Minute),
		}
		wantState(f, want)

		f.breakKeys(oauthtest.Fault{Status: http.StatusBadGateway})
		elapse(10 * time.Minute)
		f.accepts(f.mint())
		want.AttemptedAt = time.Now()
		wantState(f, want)
		if f.v.State().Err == nil {
			f.Error("the state hides the error")
		}

		elapse(time.Hour)
		want.Usable = false
		wantState(f, want)
	})
}

// wantState compares everything but Err.
func wantState(f *fixture, want jwks.State) {
	f.Helper()
	got := f.v.State()
	same := got.Usable == want.Usable && got.Keys == want.Keys && len(got.Skipped) == len(want.Skipped) &&
		got.FetchedAt.Equal(want.FetchedAt) && got.StaleAt.Equal(want.StaleAt) &&
		got.UnusableAt.Equal(want.UnusableAt) && got.AttemptedAt.Equal(want.AttemptedAt)
	if !same {
		f.Errorf("state:\n%+v, want\n%+v", got, want)
	}
}

// TestCloseEndsTheFetch: whoever waits for it is told, and no goroutine stays behind.
func TestCloseEndsTheFetch(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.breakKeys(oauthtest.Fault{Hang: true})
		began := time.Now()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { f.cannotJudge(f.mint()) })
		}
		synctest.Wait()
		if err := f.v.Close(); err != nil {
			f.Error(err)
		}
		all.Wait()
		if waited := time.Since(began); waited != 0 {
			f.Errorf("closing took %v", waited)
		}
		f.cannotJudge(f.mint())
		if err := f.v.Close(); err != nil {
			f.Errorf("closing twice: %v", err)
		}
		f.fetched(1)
	})
}

// TestClosedValidator judges with the keys at hand until these are too old, and asks for no others.
func TestClosedValidator(t *testing.T) {
	run(t, nil, func(f *fixture) {
		token := f.mintLong()
		f.accepts(token)
		_ = f.v.Close()
		f.as.Rotate()
		f.refuses(f.mintLong(), middleware.ReasonUnknownKey)
		elapse(9*time.Minute + 30*time.Second) // due
		f.accepts(token)
		elapse(time.Hour) // out of date
		f.accepts(token)
		elapse(time.Minute) // too old
		f.cannotJudge(token)
		f.fetched(1)
	})
}

func TestStaticKeysAreAlwaysReady(t *testing.T) {
	v := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, HTTPClient: trap(t),
		Keys: parseKeys(t, `{"keys":[{"kty":"AKP","kid":"pq"},`+string(encode(t, signerOf(t, "EdDSA").JWK()))+`]}`),
	})
	if err := v.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	state := v.State()
	if !state.Usable || state.Keys != 1 || len(state.Skipped) != 1 || state.Skipped[0].KeyID != "pq" {
		t.Errorf("state: %+v", state)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
}
