package events_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation"
	"github.com/bearergate/bearergate/revocation/events"
)

// exampleService is an authorization server, what verifies its JWTs, and an API whose Guard asks a List.
func exampleService() (*oauthtest.Server, *jwks.Validator, *revocation.List, http.Handler) {
	as, _ := oauthtest.Start(oauthtest.Config{InMemory: true})
	validator, _ := jwks.New(jwks.Config{Issuer: as.Issuer(), Audience: "https://api.example.com", HTTPClient: as.HTTPClient()})
	list, _ := revocation.NewList(revocation.Config{Logger: slog.New(slog.DiscardHandler)})
	guard, _ := middleware.New(validator, middleware.Config{Revocations: list})
	orders := oauthhttp.Require(guard)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	return as, validator, list, orders
}

func order(api http.Handler, token string) int {
	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w.Code
}

// The authorization server pushes a Security Event Token, and the user's access token is good no more.
func ExampleReceiver() {
	as, validator, list, api := exampleService()
	defer as.Close()
	defer validator.Close()

	sets, err := validator.Verifier(jwks.VerifierConfig{Type: "secevent+jwt", Audience: "https://api.example.com/events"})
	if err != nil {
		fmt.Println(err)
		return
	}
	receiver, err := events.New(events.Config{
		Issuer:   as.Issuer(),
		Audience: "https://api.example.com/events",
		Verify:   sets.Verify,
		List:     list,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/events", receiver)

	token := as.Mint(oauthtest.Token{Subject: "alice"})
	fmt.Println("before:", order(api, token))
	claims, _ := json.Marshal(map[string]any{
		"iss": as.Issuer(), "aud": "https://api.example.com/events", "iat": time.Now().Unix(), "jti": "756e6971",
		"sub_id": map[string]any{"format": "iss_sub", "iss": as.Issuer(), "sub": "alice"},
		"events": map[string]any{events.TypeAccountDisabled: map[string]any{"reason": "hijacking"}},
	})
	r := httptest.NewRequest(http.MethodPost, "/events", strings.NewReader(as.Sign(map[string]any{"typ": "secevent+jwt"}, claims)))
	r.Header.Set("Content-Type", "application/secevent+jwt")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println("event:", w.Code)
	fmt.Println("after:", order(api, token))
	// Output:
	// before: 200
	// event: 202
	// after: 401
}

// The OpenID provider sends a logout token, and the access tokens of that session are good no more.
func ExampleLogout() {
	as, validator, list, api := exampleService()
	defer as.Close()
	defer validator.Close()

	logoutTokens, err := validator.Verifier(jwks.VerifierConfig{Type: "logout+jwt", AllowUntyped: true, Audience: "shop"})
	if err != nil {
		fmt.Println(err)
		return
	}
	logout, err := events.NewLogout(events.LogoutConfig{
		Issuer:   as.Issuer(),
		ClientID: "shop",
		Verify:   logoutTokens.Verify,
		List:     list,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/backchannel-logout", logout)

	laptop := as.Mint(oauthtest.Token{Claims: map[string]any{"sid": "laptop"}})
	phone := as.Mint(oauthtest.Token{Claims: map[string]any{"sid": "phone"}})
	claims, _ := json.Marshal(map[string]any{
		"iss": as.Issuer(), "aud": "shop", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "jti": "bWJq",
		"sid": "laptop", "events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	})
	form := url.Values{"logout_token": {as.Sign(map[string]any{"typ": "logout+jwt"}, claims)}}
	r := httptest.NewRequest(http.MethodPost, "/backchannel-logout", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println("logout:", w.Code)
	fmt.Println("laptop:", order(api, laptop))
	fmt.Println("phone:", order(api, phone))
	// Output:
	// logout: 200
	// laptop: 401
	// phone: 200
}
