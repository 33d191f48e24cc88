package revocation_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation"
)

// A token that everything is right with is refused from the moment on that its session is revoked.
func Example() {
	as, err := oauthtest.Start(oauthtest.Config{InMemory: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()
	validator, err := jwks.New(jwks.Config{Issuer: as.Issuer(), Audience: "https://api.example.com", HTTPClient: as.HTTPClient()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer validator.Close()

	list, err := revocation.NewList(revocation.Config{MaxTokenLifetime: time.Hour, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		return
	}
	guard, err := middleware.New(validator, middleware.Config{Revocations: list})
	if err != nil {
		fmt.Println(err)
		return
	}
	orders := oauthhttp.Require(guard)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))

	token := as.Mint(oauthtest.Token{Claims: map[string]any{"sid": "laptop"}})
	fmt.Println(call(orders, token, ""))
	err = list.Revoke(context.Background(), revocation.Revocation{Issuer: as.Issuer(), SessionID: "laptop"})
	fmt.Println(err, call(orders, token, ""))
	// Output:
	// 200
	// <nil> 401
}

// call posts a form with an access token and returns the status.
func call(h http.Handler, token, form string) int {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

// An application's own logout endpoint: the token is revoked at the authorization server, and refused here at once.
func ExampleHandler() {
	as, err := oauthtest.Start(oauthtest.Config{InMemory: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()
	validator, err := jwks.New(jwks.Config{Issuer: as.Issuer(), Audience: "https://api.example.com", HTTPClient: as.HTTPClient()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer validator.Close()

	list, err := revocation.NewList(revocation.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := revocation.NewClient(revocation.ClientConfig{
		Endpoint:   as.URL(oauthtest.EndpointRevocation),
		ClientAuth: revocation.SecretBasic("orders", "s3cr3t"),
		List:       list,
		HTTPClient: as.HTTPClient(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	guard, err := middleware.New(validator, middleware.Config{Revocations: list})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("POST /", oauthhttp.Require(guard)(revocation.Handler(client)))

	token := as.Mint(oauthtest.Token{})
	fmt.Println("log out:", call(mux, token, "token="+token))
	fmt.Println("asked the server:", as.Requests(oauthtest.EndpointRevocation))
	fmt.Println("again:", call(mux, token, "token="+token))
	// Output:
	// log out: 200
	// asked the server: 1
	// again: 401
}

// Administrators revoke by name. In a service the handler is behind a Guard, as in
//
//	mux.Handle("POST /admin/revocations", oauthhttp.Require(guard, "revocations:write")(revocation.ListHandler(list)))
func ExampleListHandler() {
	withoutTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Value.Kind() == slog.KindTime {
			return slog.Attr{}
		}
		return a
	}
	list, err := revocation.NewList(revocation.Config{
		Logger: slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime})),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	body := `{"iss": "https://as.example.com", "sub": "alice", "reason": "left the company"}`
	r := httptest.NewRequest(http.MethodPost, "/admin/revocations", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r = r.WithContext(middleware.NewContext(r.Context(), middleware.Token{Issuer: "https://as.example.com", ClientID: "console"}))
	w := httptest.NewRecorder()
	revocation.ListHandler(list).ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output:
	// level=INFO msg="oauth revocation" target=subject by="client \"console\", subject \"\", issuer \"https://as.example.com\"" reason="left the company" iss=https://as.example.com sub=alice
	// 204
}
