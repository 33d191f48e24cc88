package authdetails_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bearergate/bearergate/authdetails"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

const here = "https://api.example.com"

// decide says how a Guard answers a token with those authorization_details ("" for none) on a route with that check.
func decide(t *testing.T, details string, check func(context.Context, middleware.Token) error) int {
	t.Helper()
	token := middleware.Token{Claims: strictjson.Document(`{"authorization_details":` + details + `}`)}
	if details == "" {
		token.Claims = strictjson.Document(`{"sub":"alice"}`)
	}
	guard, err := middleware.New(middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) {
		return &token, nil
	}), middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer a")
	w := httptest.NewRecorder()
	if _, err := guard.Authorize(w.Header(), r, middleware.Policy{Check: check}); err != nil {
		middleware.WriteError(w, err)
	}
	return w.Code
}

// Z9396-1: an array of objects, each with a type that is a string. Anything else makes the token invalid.
func TestZ9396_1(t *testing.T) {
	check := authdetails.Need{Type: "a"}.Check
	for details, want := range map[string]int{
		`[{"type":"a"}]`:                     200,
		`[{"type":"b"},{"type":"a"}]`:        200,
		`[{"type":"a"},{"type":"a"}]`:        200,
		`[]`:                                 403,
		``:                                   403,
		`null`:                               401,
		`{"type":"a"}`:                       401,
		`"a"`:                                401,
		`["a"]`:                              401,
		`[null]`:                             401,
		`[{"type":"a"},{}]`:                  401,
		`[{"type":"a"},{"type":null}]`:       401,
		`[{"type":"a"},{"type":1}]`:          401,
		`[{"type":"a"},{"Type":"a"}]`:        401,
		`[{"type":"a","actions":"read"}]`:    401,
		`[{"type":"a","actions":[1]}]`:       401,
		`[{"type":"a","locations":null}]`:    401,
		`[{"type":"a","locations":[null]}]`:  401,
		`[{"type":"a","actions":null}]`:      401,
		`[{"type":"a","privileges":[null]}]`: 401,
		`[{"type":"a","locations":[""]}]`:    403,
		`[{"type":"a","identifier":null}]`:   401,
		`[{"type":"a","identifier":7}]`:      401,
		`[{"type":"b","actions":"its own"},{"type":"a"}]`: 200,
	} {
		if got := decide(t, details, check); got != want {
			t.Errorf("%s: %d, want %d", details, got, want)
		}
	}
}

// Z9396-3: strings compare exactly.
func TestZ9396_3(t *testing.T) {
	check := authdetails.Need{Type: "cafés", Actions: []string{"read"}}.Check
	for details, want := range map[string]int{
		`[{"type":"caf\u00e9s","actions":["read"]}]`:  200,
		`[{"type":"cafe\u0301s","actions":["read"]}]`: 403,
		`[{"type":"Cafés","actions":["read"]}]`:       403,
		`[{"type":"cafés","actions":["Read"]}]`:       403,
		`[{"type":"cafés","actions":["read "]}]`:      403,
		`[{"type":"cafés","Actions":["read"]}]`:       403,
	} {
		if got := decide(t, details, check); got != want {
			t.Errorf("%s: %d, want %d", details, got, want)
		}
	}
}

// Z9396-4: members multiply within one object, and objects add up; rights are not mixed across objects.
func TestZ9396_4(t *testing.T) {
	readAndWrite := authdetails.Need{Type: "a", Actions: []string{"read", "write"}, DataTypes: []string{"contacts"}}
	for _, tt := range []struct {
		need    authdetails.Need
		details string
		want    int
	}{
		{readAndWrite, `[{"type":"a","actions":["read","write"],"datatypes":["contacts","photos"]}]`, 200},
		{readAndWrite, `[{"type":"a","actions":["read"],"datatypes":["contacts"]},{"type":"a","actions":["write"],"datatypes":["contacts"]}]`, 200},
		{readAndWrite, `[{"type":"a","actions":["read"],"datatypes":["contacts"]},{"type":"a","actions":["write"],"datatypes":["photos"]}]`, 403},
		{readAndWrite, `[{"type":"a","actions":["read"],"datatypes":["contacts"]},{"type":"b","actions":["write"],"datatypes":["contacts"]}]`, 403},
		{readAndWrite, `[{"type":"a","actions":["read","write"]}]`, 403},
		{authdetails.Need{Type: "a", Privileges: []string{"admin"}}, `[{"type":"a","privileges":["admin"]}]`, 200},
		{authdetails.Need{Type: "a", Privileges: []string{"admin"}}, `[{"type":"a","privileges":["user"]}]`, 403},
		{authdetails.Need{Type: "a", Identifier: "1"}, `[{"type":"a","identifier":"1"}]`, 200},
		{authdetails.Need{Type: "a", Identifier: "1"}, `[{"type":"a","identifier":"2"}]`, 403},
		{authdetails.Need{Type: "a", Identifier: "1"}, `[{"type":"a"}]`, 200},
		{authdetails.Need{Type: "a"}, `[{"type":"a","identifier":"2"}]`, 403},
		{authdetails.Need{Type: "a"}, `[{"type":"a","identifier":""}]`, 403},
		{authdetails.Need{Type: "a", Identifier: "1", Actions: []string{"read"}}, `[{"type":"a","identifier":"1"},{"type":"a","identifier":"2","actions":["read"]}]`, 403},
		{authdetails.Need{}, `[{"type":""}]`, 403},
	} {
		if got := decide(t, tt.details, tt.need.Check); got != tt.want {
			t.Errorf("%+v of %s: %d, want %d", tt.need, tt.details, got, tt.want)
		}
	}
}

// Z9396-6: an object for other locations does not apply.
func TestZ9396_6(t *testing.T) {
	for details, want := range map[string]int{
		`[{"type":"a"}]`: 200,
		`[{"type":"a","locations":["https://api.example.com"]}]`:                         200,
		`[{"type":"a","locations":["https://other.example","https://api.example.com"]}]`: 200,
		`[{"type":"a","locations":["https://api.example.com/"]}]`:                        403,
		`[{"type":"a","locations":[]}]`:                                                  403,
	} {
		checks := map[string]func(context.Context, middleware.Token) error{
			"Need":   authdetails.Need{Type: "a", Location: here}.Check,
			"Permit": authdetails.Permit("a", here, func(struct{}) bool { return true }),
		}
		for name, check := range checks {
			if got := decide(t, details, check); got != want {
				t.Errorf("%s of %s: %d, want %d", name, details, got, want)
			}
		}
	}
	foreign := `[{"type":"a","locations":["https://other.example"]}]`
	if got := decide(t, foreign, authdetails.Need{Type: "a"}.Check); got != 403 {
		t.Errorf("a location for somebody without one: %d", got)
	}
}

type payment struct {
	Amount   int    `json:"amount"`
	Currency string `json:"currency"`
}

// Z9396-5: what the members of a type mean is for whoever defined it.
func TestZ9396_5(t *testing.T) {
	euros := authdetails.Permit("payment", here, func(p payment) bool { return p.Currency == "EUR" && p.Amount == 10 })
	for details, want := range map[string]int{
		`[{"type":"payment","currency":"EUR","amount":10}]`:                                                200,
		`[{"type":"payment","currency":"USD","amount":10}]`:                                                403,
		`[{"type":"payment","currency":"EUR"},{"type":"payment","amount":10}]`:                             403,
		`[{"type":"transfer","currency":"EUR","amount":10}]`:                                               403,
		`[{"type":"payment","Currency":"EUR","amount":10}]`:                                                403,
		`[{"type":"payment","currency":"USD","amount":1},{"type":"payment","currency":"EUR","amount":10}]`: 200,
		`[{"type":"payment","currency":["EUR"]}]`:                                                          401,
	} {
		if got := decide(t, details, euros); got != want {
			t.Errorf("%s: %d, want %d", details, got, want)
		}
	}
	for name, check := range map[string]func(context.Context, middleware.Token) error{
		"no type":      authdetails.Permit("", here, func(payment) bool { return true }),
		"no predicate": authdetails.Permit[payment]("payment", here, nil),
	} {
		if got := decide(t, `[{"type":"payment"},{"type":""}]`, check); got != 403 {
			t.Errorf("%s: %d", name, got)
		}
	}
}

// A token without claims, as a Validator of somebody else may return it, has no details.
func TestNoClaims(t *testing.T) {
	if err := (authdetails.Need{Type: "a"}).Check(t.Context(), middleware.Token{}); err == nil {
		t.Error("admitted")
	}
}

// Z9396-2: the details are those of the token's claims, or of the introspection response.
func TestZ9396_2(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{})
	jwt, err := jwks.New(jwks.Config{Issuer: as.Issuer(), Audience: here, HTTPClient: as.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	opaque, err := introspection.New(introspection.Config{
		Issuer: as.Issuer(), ClientAuth: introspection.SecretBasic("api", "secret"), Audience: here, HTTPClient: as.HTTPClient(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = jwt.Close(), opaque.Close() })
	for name, v := range map[string]middleware.Validator{"JWT": jwt, "introspection": opaque} {
		for details, permitted := range map[string]bool{`[{"type":"a"}]`: true, `[{"type":"b"}]`: false} {
			var value any
			if err := json.Unmarshal([]byte(details), &value); err != nil {
				t.Fatal(err)
			}
			token, err := v.Validate(t.Context(), as.Mint(oauthtest.Token{
				Audience: []string{here}, Opaque: name != "JWT", Claims: map[string]any{"authorization_details": value},
			}))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := (authdetails.Need{Type: "a"}).Check(t.Context(), *token); (err == nil) != permitted {
				t.Errorf("%s, %s: %v", name, details, err)
			}
		}
	}
}
