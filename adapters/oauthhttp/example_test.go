package oauthhttp_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

func Example() {
	// Yours is an authorization server that exists.
	as, err := oauthtest.Start(oauthtest.Config{InMemory: true, Audience: "https://orders.example.com"})
	if err != nil {
		log.Fatal(err)
	}
	defer as.Close()

	validator, err := jwks.New(jwks.Config{
		Issuer:     as.Issuer(),
		Audience:   "https://orders.example.com",
		HTTPClient: as.HTTPClient(),
	})
	if err != nil {
		log.Fatal(err)
	}
	guard, err := middleware.New(validator, middleware.Config{})
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.Handle("GET /orders", oauthhttp.Require(guard, "orders:read")(http.HandlerFunc(listOrders)))

	get(mux, "")
	get(mux, as.Mint(oauthtest.Token{Scope: "orders:write"}))
	get(mux, as.Mint(oauthtest.Token{Scope: "orders:read"}))

	// Output:
	// 401 [Bearer realm="api"]
	// {"title":"Unauthorized","status":401}
	//
	// 403 [Bearer realm="api", error="insufficient_scope", error_description="The access token does not grant what this request needs", scope="orders:read"]
	// {"title":"Forbidden","status":403,"detail":"The access token does not grant what this request needs","error":"insufficient_scope","scope":"orders:read"}
	//
	// 200 []
	// the orders of alice
}

// All it takes with a real issuer: six lines, and what you do about errors. Nothing is fetched before a token arrives.
func Example_wiring() {
	mux := http.NewServeMux()

	validator, err := jwks.New(jwks.Config{
		Issuer:   "https://login.example.com",
		Audience: "https://orders.example.com",
	})
	exitOn(err)
	guard, err := middleware.New(validator, middleware.Config{})
	exitOn(err)
	mux.Handle("GET /orders", oauthhttp.Require(guard, "orders:read")(http.HandlerFunc(listOrders)))

	get(mux, "")
	// Output:
	// 401 [Bearer realm="api"]
	// {"title":"Unauthorized","status":401}
}

func exitOn(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func listOrders(w http.ResponseWriter, r *http.Request) {
	token, _ := middleware.FromContext(r.Context())
	fmt.Fprintln(w, "the orders of", token.Subject)
}

// get plays the client.
func get(server http.Handler, accessToken string) {
	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	if accessToken != "" {
		r.Header.Set("Authorization", "Bearer "+accessToken)
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Values("WWW-Authenticate"))
	fmt.Println(w.Body)
}
