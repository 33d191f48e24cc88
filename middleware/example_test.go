package middleware_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/bearergate/bearergate/middleware"
)

// decodable is the ClaimSet of the examples' tokens. Those of real validators come with them.
type decodable []byte

func (d decodable) Decode(v any) error { return json.Unmarshal(d, v) }

// validate stands for the validators of jwks and introspection.
func validate(_ context.Context, accessToken string) (*middleware.Token, error) {
	if accessToken != "mF_9.B5f-4.1JqM" {
		return nil, middleware.Reject(middleware.ReasonMalformedToken, nil)
	}
	return &middleware.Token{
		Issuer:  "https://login.example",
		Subject: "alice",
		Scopes:  middleware.NewScopes("orders:read"),
		Claims:  decodable(`{"tenant":"acme"}`),
	}, nil
}

func ExampleNew() {
	_, err := middleware.New(middleware.ValidatorFunc(validate), middleware.Config{
		Realm:            "orders",
		ResourceMetadata: "http://orders.example/.well-known/oauth-protected-resource",
	})
	fmt.Println(err)
	// Output:
	// oauth: ResourceMetadata must be an absolute https URL without credentials and fragment; http only for loopback hosts
}

// Adapters do what protect does: ask, and either hand the request on or write the refusal.
func ExampleGuard() {
	guard, err := middleware.New(middleware.ValidatorFunc(validate), middleware.Config{Realm: "orders"})
	if err != nil {
		fmt.Println(err)
		return
	}
	protect := func(policy middleware.Policy, next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			admitted, err := guard.Authorize(w.Header(), r, policy)
			if err != nil {
				middleware.WriteError(w, err)
				return
			}
			next(w, admitted)
		}
	}
	handler := protect(middleware.Policy{Scopes: []string{"orders:read"}}, func(w http.ResponseWriter, r *http.Request) {
		token, _ := middleware.FromContext(r.Context())
		fmt.Fprintln(w, "orders of", token.Subject)
	})

	for _, authorization := range []string{"", "Bearer stolen", "Bearer mF_9.B5f-4.1JqM"} {
		r := httptest.NewRequest(http.MethodGet, "/orders", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		handler(w, r)
		fmt.Printf("%d %q\n%v", w.Code, w.Header()["Www-Authenticate"], w.Body)
	}
	// Output:
	// 401 ["Bearer realm=\"orders\""]
	// {"title":"Unauthorized","status":401}
	// 401 ["Bearer realm=\"orders\", error=\"invalid_token\", error_description=\"The access token is not valid here\""]
	// {"title":"Unauthorized","status":401,"detail":"The access token is not valid here","error":"invalid_token"}
	// 200 []
	// orders of alice
}

// A test of a handler needs no Guard and no authorization server: NewContext puts the token where a Guard would.
func ExampleFromContext() {
	greet := func(ctx context.Context) string {
		token, ok := middleware.FromContext(ctx)
		if !ok {
			return "hello, stranger"
		}
		return "hello, " + token.Subject
	}
	fmt.Println(greet(context.Background()))
	fmt.Println(greet(middleware.NewContext(context.Background(), middleware.Token{Subject: "alice"})))
	// Output:
	// hello, stranger
	// hello, alice
}

func ExampleClaims() {
	type private struct {
		Tenant string `json:"tenant"`
	}
	token, err := validate(context.Background(), "mF_9.B5f-4.1JqM")
	if err != nil {
		fmt.Println(err)
		return
	}
	claims, err := middleware.Claims[private](*token)
	fmt.Println(claims.Tenant, err)
	// Output:
	// acme <nil>
}

func ExampleByFormat() {
	local := middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) {
		return &middleware.Token{Subject: "checked against cached keys"}, nil
	})
	remote := middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) {
		return &middleware.Token{Subject: "introspected"}, nil
	})
	validator := middleware.ByFormat(local, remote)
	for _, accessToken := range []string{"eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "2YotnFZFEjr1zCsicMWpAA"} {
		token, err := validator.Validate(context.Background(), accessToken)
		fmt.Println(token.Subject, err)
	}
	// Output:
	// checked against cached keys <nil>
	// introspected <nil>
}
