package middleware_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// now is the instant at which the tests take place.
var now = time.Unix(1_800_000_000, 0)

func clock() time.Time { return now }

// alice is the token most tests hand out.
func alice() middleware.Token {
	return middleware.Token{
		Issuer:   "https://login.example",
		Subject:  "alice",
		ClientID: "shop",
		ID:       "token-1",
		Scopes:   "orders:read",
	}
}

// honour is a Validator for which every access token says the same.
func honour(token middleware.Token) middleware.ValidatorFunc {
	return func(context.Context, string) (*middleware.Token, error) { return &token, nil }
}

// fail is a Validator that always answers with err.
func fail(err error) middleware.ValidatorFunc {
	return func(context.Context, string) (*middleware.Token, error) { return nil, err }
}

// record notes every access token that v is asked about.
func record(asked *[]string, v middleware.Validator) middleware.ValidatorFunc {
	return func(ctx context.Context, accessToken string) (*middleware.Token, error) {
		*asked = append(*asked, accessToken)
		return v.Validate(ctx, accessToken)
	}
}

// claims is a ClaimSet made of JSON text.
type claims string

func (c claims) Decode(v any) error { return json.Unmarshal([]byte(c), v) }

func newGuard(t testing.TB, v middleware.Validator, cfg middleware.Config) *middleware.Guard {
	t.Helper()
	guard, err := middleware.New(v, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

// get is a GET request with one Authorization field for each of fields.
func get(fields ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	for _, field := range fields {
		r.Header.Add("Authorization", field)
	}
	return r
}

// bearer is a GET request with an access token.
func bearer(accessToken string) *http.Request { return get("Bearer " + accessToken) }

// form is a request with a form body.
func form(method, body string) *http.Request {
	r := httptest.NewRequest(method, "/orders", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// with sets header fields, given as name and value by turns.
func with(r *http.Request, pairs ...string) *http.Request {
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Add(pairs[i], pairs[i+1])
	}
	return r
}

// outcome says "pass" or the status and the reason of a refusal, and insists that a refusal is an *Error.
func outcome(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return "pass"
	}
	e, ok := errors.AsType[*middleware.Error](err)
	if !ok {
		t.Fatalf("refused with a %T, want an *Error", err)
	}
	return fmt.Sprintf("%d %s", e.StatusCode(), e.Reason)
}

// authorize says how the guard decides about one request.
func authorize(t testing.TB, g *middleware.Guard, r *http.Request, p middleware.Policy) string {
	t.Helper()
	_, err := g.Authorize(http.Header{}, r, p)
	return outcome(t, err)
}

// challenge returns the only challenge of a refusal, as a client would read it.
func challenge(t testing.TB, err error) middleware.Challenge {
	t.Helper()
	e, ok := errors.AsType[*middleware.Error](err)
	if !ok {
		t.Fatalf("got %v, want an *Error", err)
	}
	h := http.Header{}
	e.SetHeaders(h)
	if n := len(h["Www-Authenticate"]); n != 1 {
		t.Fatalf("the refusal has %d challenges, want 1", n)
	}
	parsed, err := parseChallenges(h.Get("WWW-Authenticate"))
	if err != nil || len(parsed) != 1 {
		t.Fatalf("challenge %q: %v, %d challenges", h.Get("WWW-Authenticate"), err, len(parsed))
	}
	return parsed[0]
}
