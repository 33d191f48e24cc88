package adaptertest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// Guard returns a Guard for tests that are about something else than tokens: a token is nothing but its scopes, joined
// by dots, and the token "expired" is refused.
func Guard(tb testing.TB) *middleware.Guard {
	tb.Helper()
	validator := middleware.ValidatorFunc(func(_ context.Context, accessToken string) (*middleware.Token, error) {
		if accessToken == "expired" {
			return nil, middleware.Reject(middleware.ReasonExpired, nil)
		}
		scopes := middleware.NewScopes(strings.Split(accessToken, ".")...)
		return &middleware.Token{Subject: subject, Scopes: scopes, ExpiresAt: time.Now().Add(time.Hour)}, nil
	})
	guard, err := middleware.New(validator, middleware.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	return guard
}

// Get asks a handler for a path with that access token, or without one if it is empty.
func Get(handler http.Handler, path, accessToken string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, path, nil)
	if accessToken != "" {
		req.Header.Set("Authorization", "Bearer "+accessToken)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, req)
	return recorder
}

// Require is Require or RequireAny of an adapter: it protects the root of the server that it returns, whose handler
// answers 200.
type Require func(guard *middleware.Guard, scopes ...string) http.Handler

// RunRequire holds the two against the policies that they stand for.
func RunRequire(t *testing.T, all, anyOf Require) {
	t.Helper()
	for _, tt := range []struct {
		name        string
		require     Require
		scopes      []string
		accessToken string
		want        int
	}{
		{"Require nothing", all, nil, "x", http.StatusOK},
		{"Require nothing, no token", all, nil, "", http.StatusUnauthorized},
		{"Require nothing, expired", all, nil, "expired", http.StatusUnauthorized},
		{"Require both, has both", all, []string{"read", "write"}, "write.read", http.StatusOK},
		{"Require both, has one", all, []string{"read", "write"}, "read", http.StatusForbidden},
		{"RequireAny, has one", anyOf, []string{"read", "write"}, "write", http.StatusOK},
		{"RequireAny, has none", anyOf, []string{"read", "write"}, "readwrite", http.StatusForbidden},
		{"RequireAny, expired", anyOf, []string{"read", "write"}, "expired", http.StatusUnauthorized},
		{"RequireAny of nothing", anyOf, nil, "read", http.StatusInternalServerError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			handler := tt.require(Guard(t), tt.scopes...)
			for i := range tt.scopes {
				tt.scopes[i] = "changed" // the caller's slice is the caller's
			}
			if got := Get(handler, "/", tt.accessToken).Code; got != tt.want {
				t.Errorf("status %d, want %d", got, tt.want)
			}
			if got := Get(tt.require(nil, "read"), "/", "read").Code; got != http.StatusInternalServerError {
				t.Errorf("nil Guard: status %d, want 500", got)
			}
		})
	}
}
