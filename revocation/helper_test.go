package revocation_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

const (
	issuer      = "https://as.example.com"
	otherIssuer = "https://other.example.com"
)

// noon is when the tests begin.
var noon = time.Unix(1_800_000_000, 0)

// clock is a clock that tests move. It may be read while it is moved.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time          { return noon.Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }
func (c *clock) set(t time.Time)         { c.offset.Store(int64(t.Sub(noon))) }

func newList(t testing.TB, c *clock, cfg revocation.Config) *revocation.List {
	t.Helper()
	cfg.Now = c.now
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	list, err := revocation.NewList(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func revoke(t testing.TB, list *revocation.List, r revocation.Revocation) {
	t.Helper()
	if err := list.Revoke(t.Context(), r); err != nil {
		t.Errorf("Revoke: %v", err)
	}
}

const aliceToken = "YWxpY2U"

// alice is the token most tests revoke, one minute old at noon, with every claim that a revocation can name.
func alice() middleware.Token {
	return middleware.Token{
		Issuer:      issuer,
		Subject:     "alice",
		ClientID:    "shop",
		ID:          "token-1",
		SessionID:   "session-1",
		IssuedAt:    noon.Add(-time.Minute),
		ExpiresAt:   noon.Add(time.Hour),
		Fingerprint: middleware.FingerprintOf(aliceToken),
	}
}

// aliceBut is alice with changes.
func aliceBut(change func(*middleware.Token)) *middleware.Token {
	token := alice()
	change(&token)
	return &token
}

// verdict says "good", "revoked" or "misconfigured".
func verdict(t testing.TB, list *revocation.List, token *middleware.Token) string {
	t.Helper()
	err := list.Check(token)
	switch {
	case err == nil:
		return "good"
	case errors.Is(err, middleware.ErrInvalidToken) && middleware.ReasonOf(err) == middleware.ReasonRevoked:
		return "revoked"
	case errors.Is(err, middleware.ErrMisconfigured):
		return "misconfigured"
	}
	return err.Error()
}

func wantVerdict(t testing.TB, list *revocation.List, token *middleware.Token, want string) {
	t.Helper()
	if got := verdict(t, list, token); got != want {
		t.Errorf("the token is %s, want %s", got, want)
	}
}

// nth is a token of its own for every n.
func nth(n int) string { return fmt.Sprintf("token-%d", n) }

// holding is what validation would make of that token.
func holding(accessToken string) *middleware.Token {
	return aliceBut(func(t *middleware.Token) { t.Fingerprint = middleware.FingerprintOf(accessToken) })
}

// honour is a Validator for which every access token says the same.
func honour(token middleware.Token) middleware.ValidatorFunc {
	return func(context.Context, string) (*middleware.Token, error) { return &token, nil }
}

func newGuard(t testing.TB, v middleware.Validator, list *revocation.List) *middleware.Guard {
	t.Helper()
	guard, err := middleware.New(v, middleware.Config{Revocations: list})
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

// authorize says "200", or the status and the reason of the refusal, for a request with that token.
func authorize(t testing.TB, guard *middleware.Guard, accessToken string) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	r.Header.Set("Authorization", "Bearer "+accessToken)
	_, err := guard.Authorize(http.Header{}, r, middleware.Policy{})
	if err == nil {
		return "200"
	}
	refusal, ok := errors.AsType[*middleware.Error](err)
	if !ok {
		t.Fatalf("refused with a %T", err)
	}
	return fmt.Sprintf("%d %s", refusal.StatusCode(), refusal.Reason)
}
