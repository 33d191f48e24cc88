package oauthhttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// BenchmarkRequire is a request with a token that was verified before, and one with a token that was not.
func BenchmarkRequire(b *testing.B) {
	as, err := oauthtest.Start(oauthtest.Config{InMemory: true, Audience: "https://orders.example.com", Algorithms: []string{"RS256"}})
	if err != nil {
		b.Fatal(err)
	}
	defer as.Close()
	token := as.Mint(oauthtest.Token{Scope: "orders:read orders:write", Claims: map[string]any{"padding": strings.Repeat("x", 180)}})
	type key struct{}
	value := &middleware.Token{}
	b.Run("nothing but a context", func(b *testing.B) { // the least that anything costs that hands on a token
		handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/orders", nil)
		b.ReportAllocs()
		for b.Loop() {
			handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, value)))
		}
	})
	for name, bytes := range map[string]int{"remembered": 0, "new": -1} {
		validator, err := jwks.New(jwks.Config{
			Issuer: as.Issuer(), Audience: "https://orders.example.com", HTTPClient: as.HTTPClient(), CacheBytes: bytes,
		})
		if err != nil {
			b.Fatal(err)
		}
		guard, err := middleware.New(validator, middleware.Config{})
		if err != nil {
			b.Fatal(err)
		}
		handler := oauthhttp.Require(guard, "orders:read")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/orders", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(w, r)
			}
		})
	}
	b.Logf("a token of %d octets", len(token))
}
