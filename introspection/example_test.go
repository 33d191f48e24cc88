package introspection_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// get requests a path with an access token and prints the status.
func get(handler http.Handler, path, accessToken string) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer "+accessToken)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(path, w.Code)
}

// Most routes live with an answer that may be a minute old. One always asks.
func Example() {
	as, err := oauthtest.Start(oauthtest.Config{Algorithms: []string{"ES256"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()

	validator, err := introspection.New(introspection.Config{
		Issuer:     as.Issuer(),
		Audience:   "https://api.example.com",
		Require:    []string{"aud", "exp"},
		ClientAuth: introspection.SecretBasic("orders", "secret"),
		HTTPClient: as.HTTPClient(), // the test server's certificate; leave it out in production
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
	fresh, err := middleware.New(validator.Uncached(), middleware.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}

	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	mux := http.NewServeMux()
	mux.Handle("GET /orders", oauthhttp.Require(guard, "orders:read")(handler))
	mux.Handle("GET /payout", oauthhttp.Require(fresh, "orders:read")(handler))

	token := as.Mint(oauthtest.Token{Opaque: true, Scope: "orders:read"})
	get(mux, "/orders", token)
	as.Revoke(token)
	get(mux, "/orders", token) // still cached
	get(mux, "/payout", token) // asks, and drops the token from the cache
	get(mux, "/orders", token)
	// Output:
	// /orders 200
	// /orders 200
	// /payout 401
	// /orders 401
}

// An application that learns of a revocation says so, and the next request is refused.
func ExampleValidator_Forget() {
	as, err := oauthtest.Start(oauthtest.Config{Algorithms: []string{"ES256"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()
	validator, err := introspection.New(introspection.Config{
		Issuer:     as.Issuer(),
		ClientAuth: introspection.SecretPost("orders", "secret"),
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
	handler := oauthhttp.Require(guard)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))

	token := as.Mint(oauthtest.Token{Opaque: true})
	get(handler, "/", token)
	as.Revoke(token)
	validator.Forget(token)
	get(handler, "/", token)
	// Output:
	// / 200
	// / 401
}

// Answers as signed JWTs cannot be forged between the authorization server and here (RFC 9701).
func ExampleConfig_signedAnswers() {
	verifier, err := jwks.NewVerifier("token-introspection+jwt", jwks.Config{
		Issuer:   "https://login.example.com",
		Audience: "orders", // what the authorization server calls this resource server, usually its client ID
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = introspection.New(introspection.Config{
		Issuer:         "https://login.example.com",
		ClientAuth:     introspection.SecretBasic("orders", "secret"),
		VerifyResponse: verifier.Verify,
	})
	fmt.Println(err)
	// Output: <nil>
}

// Clients get 503 when our own credentials are wrong. Operators should hear of it.
func ExampleErrOwnCredentials() {
	alert := func(d middleware.Decision) {
		if errors.Is(d.Err, introspection.ErrOwnCredentials) {
			fmt.Println("the introspection endpoint does not take our credentials")
		}
	}
	alert(middleware.Decision{Err: fmt.Errorf("refused: %w", introspection.ErrOwnCredentials)})
	// Output: the introspection endpoint does not take our credentials
}
