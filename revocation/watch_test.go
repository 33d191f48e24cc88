package revocation_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

var _ middleware.RevocationWatcher = (*revocation.List)(nil)

// A revocation ends the watches it means and no others.
func TestWatch(t *testing.T) {
	list, err := revocation.NewList(revocation.Config{})
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]error{}
	for _, subject := range []string{"alice", "bob"} {
		token := &middleware.Token{Issuer: "https://as.example.com", Subject: subject, IssuedAt: time.Now().Add(-time.Hour),
			Fingerprint: middleware.FingerprintOf(subject)}
		defer list.Watch(token, func(err error) { told[subject] = err })()
	}
	if err := list.Revoke(t.Context(), revocation.Revocation{Issuer: "https://as.example.com", Subject: "alice"}); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(told["alice"], middleware.ErrInvalidToken) || told["bob"] != nil {
		t.Errorf("told %v", told)
	}
}

// A revocation between the decision and the watch is not missed.
func TestWatchRevoked(t *testing.T) {
	list, err := revocation.NewList(revocation.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := list.Revoke(t.Context(), revocation.Revocation{Token: "a"}); err != nil {
		t.Fatal(err)
	}
	var told error
	list.Watch(&middleware.Token{Fingerprint: middleware.FingerprintOf("a")}, func(err error) { told = err })()
	if middleware.ReasonOf(told) != middleware.ReasonRevoked {
		t.Errorf("told %v", told)
	}
}

// Ten thousand open requests: the one whose token is revoked ends, and nothing is left when all have ended.
func TestOpenRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list, err := revocation.NewList(revocation.Config{})
		if err != nil {
			t.Fatal(err)
		}
		guard, err := middleware.New(middleware.ValidatorFunc(func(_ context.Context, accessToken string) (*middleware.Token, error) {
			return &middleware.Token{Subject: accessToken, ExpiresAt: time.Now().Add(time.Hour)}, nil
		}), middleware.Config{Revocations: list})
		if err != nil {
			t.Fatal(err)
		}
		ctx, done := context.WithCancel(t.Context())
		var open []context.Context
		for i := range 10_000 {
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
			r.Header.Set("Authorization", "Bearer "+strconv.Itoa(i))
			admitted, err := guard.Authorize(http.Header{}, r, middleware.Policy{EndWithToken: true})
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, admitted.Context())
		}
		if err := list.Revoke(t.Context(), revocation.Revocation{Token: "4711"}); err != nil {
			t.Fatal(err)
		}
		for i, ctx := range open {
			if ended := ctx.Err() != nil; ended != (i == 4711) {
				t.Fatalf("request %d ended: %t", i, ended)
			}
		}
		done()
		synctest.Wait()
		if n := list.Watching(); n != 0 {
			t.Errorf("%d watches left", n)
		}
	})
}
