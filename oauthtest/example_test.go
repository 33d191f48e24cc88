package oauthtest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// A protected route, called with tokens of every sort. In a test NewServer takes the place of Start and Close.
func Example() {
	as, err := oauthtest.Start(oauthtest.Config{InMemory: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()

	validator, err := jwks.New(jwks.Config{
		Issuer:     as.Issuer(),
		Audience:   "https://api.example.com",
		HTTPClient: as.HTTPClient(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer validator.Close()
	guard, err := middleware.New(validator, middleware.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	orders := oauthhttp.Require(guard, "orders:read")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
	}))

	call := func(what, token string) {
		r := httptest.NewRequest(http.MethodGet, "/orders", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		orders.ServeHTTP(w, r)
		fmt.Println(what, w.Code)
	}
	call("good", as.Mint(oauthtest.Token{Scope: "orders:read"}))
	call("no scope", as.Mint(oauthtest.Token{}))
	call("expired", as.Mint(oauthtest.Token{Scope: "orders:read", ExpiresIn: -time.Minute}))
	as.Rotate()
	call("new key", as.Mint(oauthtest.Token{Scope: "orders:read"}))
	// Output:
	// good 200
	// no scope 403
	// expired 401
	// new key 200
}

// A service that validates tokens, and forgets what the route is for. In a test RunConformance takes the place of
// CheckConformance, and each case is a subtest.
func ExampleCheckConformance() {
	start := func(as *oauthtest.Server) (oauthtest.Subject, error) {
		validator, err := jwks.New(jwks.Config{
			Issuer:     as.Issuer(),
			Audience:   "https://api.example.com",
			HTTPClient: as.HTTPClient(),
		})
		if err != nil {
			return oauthtest.Subject{}, err
		}
		guard, err := middleware.New(validator, middleware.Config{})
		return oauthtest.Subject{
			Handler: oauthhttp.Require(guard)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})),
			Routes:  []oauthtest.Route{{Path: "/orders", Scopes: []string{"orders:read"}}},
			Close:   func() { _ = validator.Close() },
		}, err
	}
	config := oauthtest.ConformanceConfig{Server: oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}}}
	results, err := oauthtest.CheckConformance(context.Background(), config, start)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, result := range results {
		if len(result.Problems) > 0 {
			fmt.Println(result.ID, result.Title)
		}
	}
	// Output:
	// E01 a token for another scope
	// E01.longer a scope that begins like the right one
	// E01.within a scope that ends like the right one
	// E02 a token without scope
}

// An endpoint that is down, then drops one connection, then works again.
func ExampleServer_Break() {
	as, err := oauthtest.Start(oauthtest.Config{InMemory: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()

	get := func() {
		answer, err := as.HTTPClient().Get(as.URL(oauthtest.EndpointJWKS))
		if err != nil {
			fmt.Println("no answer")
			return
		}
		defer answer.Body.Close()
		fmt.Printf("%d %q\n", answer.StatusCode, answer.Header.Get("Retry-After"))
	}
	as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Status: 503, Header: http.Header{"Retry-After": {"5"}}})
	get()
	as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Drop: true, Times: 1})
	get()
	get()
	fmt.Println(as.Requests(oauthtest.EndpointJWKS), "requests")
	// Output:
	// 503 "5"
	// no answer
	// 200 ""
	// 3 requests
}

// A handler can be tested without any server: the token it reads is the one in its context.
func ExampleClaims() {
	handler := func(w http.ResponseWriter, r *http.Request) {
		token, _ := middleware.FromContext(r.Context())
		claims, err := middleware.Claims[struct {
			Tenant string `json:"tenant"`
		}](token)
		fmt.Println(token.Subject, claims.Tenant, err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	handler(httptest.NewRecorder(), r.WithContext(middleware.NewContext(r.Context(), middleware.Token{
		Subject: "alice",
		Claims:  oauthtest.Claims(map[string]any{"tenant": "acme"}),
	})))
	// Output:
	// alice acme <nil>
}
