// Command nethttp is the smallest protected API on net/http:
//
//	ISSUER=https://login.example.com AUDIENCE=https://orders.example.com go run ./examples/nethttp
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

func main() {
	validator, err := jwks.New(jwks.Config{
		Issuer:   os.Getenv("ISSUER"),
		Audience: os.Getenv("AUDIENCE"),
	})
	if err != nil {
		log.Fatal(err)
	}
	guard, err := middleware.New(validator, middleware.Config{})
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.Handle("GET /orders", oauthhttp.Require(guard, "orders:read")(listOrders))

	server := &http.Server{Addr: "127.0.0.1:8080", Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

var listOrders = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	token, _ := middleware.FromContext(r.Context())
	fmt.Fprintf(w, "Orders of %s\n", token.Subject)
})
