package middleware_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

// secretive is a token as different from its printed form as can be.
func secretive() middleware.Token {
	token := alice()
	token.SessionID = "secret-session"
	token.ACR = "secret-acr"
	token.Audience = middleware.NewAudience("secret-audience")
	token.Scopes = "secret-scope"
	token.Actor = middleware.Actor{Subject: "secret-actor"}
	token.Confirmation = middleware.NewConfirmation(map[string]string{"jkt": "secret-thumbprint"})
	token.Claims = claims(`{"private":"secret-claim"}`)
	return token
}

func TestTokenPrintsOnlyItsName(t *testing.T) {
	const want = `access token of "https://login.example" for client "shop" (jti "token-1")`
	token := secretive()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, arg := range []any{token, &token} {
			if got := fmt.Sprintf(verb, arg); got != want {
				t.Errorf("%s of a %T prints %s", verb, arg, got)
			}
		}
	}
	if got := token.String(); got != want {
		t.Errorf("String: %s", got)
	}
	holder := struct {
		Token   middleware.Token
		Pointer *middleware.Token
	}{token, &token}
	quoted, _ := json.Marshal(want)
	encoded, err := json.Marshal(holder)
	if want := fmt.Sprintf(`{"Token":%s,"Pointer":%[1]s}`, quoted); err != nil || string(encoded) != want {
		t.Errorf("JSON: %s, %v", encoded, err)
	}
	if printed := fmt.Sprintf("%v %+v %#v", holder, holder, holder); strings.Contains(printed, "secret") {
		t.Errorf("a struct with a token prints %s", printed)
	}
}

func TestTokenLogsItsIdentity(t *testing.T) {
	var b bytes.Buffer
	drop := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	token := secretive()
	options := &slog.HandlerOptions{ReplaceAttr: drop}
	slog.New(slog.NewJSONHandler(&b, options)).Info("m", "token", token, "pointer", &token)
	slog.New(slog.NewTextHandler(&b, options)).Info("m", "token", token)
	const identity = `{"iss":"https://login.example","sub":"alice","client_id":"shop","jti":"token-1"}`
	want := `{"level":"INFO","msg":"m","token":` + identity + `,"pointer":` + identity + "}\n" +
		"level=INFO msg=m token.iss=https://login.example token.sub=alice token.client_id=shop token.jti=token-1\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A token from a cache serves many requests: whatever one of them does with its copy, the next sees what the first saw.
func TestTokenIsImmutable(t *testing.T) {
	identifiers := []string{"https://api.example", "https://orders.example"}
	cached := secretive()
	cached.Audience = middleware.NewAudience(identifiers...)
	identifiers[0] = "changed by whoever made the audience"
	cached.Confirmation = middleware.Confirmation{} // or the Guard would refuse it

	spoil := func(token middleware.Token) {
		audience := slices.Collect(token.Audience.All())
		slices.Reverse(audience)
		audience[0] = "spoiled"
		decoded, _ := middleware.Claims[map[string]any](token)
		decoded["private"] = "spoiled"
		token.Subject, token.Scopes, token.Actor.Subject = "spoiled", token.Scopes+" spoiled", "spoiled"
		token.Audience = middleware.NewAudience("spoiled")
	}
	shared := middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) { return &cached, nil })
	guard := newGuard(t, shared, middleware.Config{OnDecision: func(_ context.Context, d middleware.Decision) { spoil(d.Token) }})
	policy := middleware.Policy{Check: func(_ context.Context, token middleware.Token) error {
		spoil(token)
		return nil
	}}
	for range 2 {
		admitted, err := guard.Authorize(http.Header{}, bearer("a"), policy)
		if err != nil {
			t.Fatal(err)
		}
		token, _ := middleware.FromContext(admitted.Context())
		decoded, err := middleware.Claims[map[string]any](token)
		if err != nil || decoded["private"] != "secret-claim" {
			t.Errorf("claims %v, %v", decoded, err)
		}
		if token.Subject != "alice" || token.Scopes != "secret-scope" || token.Actor.Subject != "secret-actor" {
			t.Errorf("the token of %q grants %q to %q", token.Subject, token.Scopes, token.Actor.Subject)
		}
		if got := slices.Collect(token.Audience.All()); !slices.Equal(got, []string{"https://api.example", "https://orders.example"}) {
			t.Errorf("audience %q", got)
		}
		spoil(token)
	}
}

func TestAudience(t *testing.T) {
	audience := middleware.NewAudience("https://api.example/v1", "api")
	for identifier, want := range map[string]bool{
		"api":                        true,
		"https://api.example/v1":     true,
		"API":                        false,
		"ap":                         false,
		"api ":                       false,
		"":                           false,
		"https://api.example/v1/":    false,
		"https://API.example/v1":     false,
		"https://api.example:443/v1": false,
		"https://api.example/v1 api": false,
	} {
		if got := audience.Contains(identifier); got != want {
			t.Errorf("Contains(%q) = %t", identifier, got)
		}
	}
	if audience.Len() != 2 || (middleware.Audience{}).Len() != 0 || (middleware.Audience{}).Contains("") {
		t.Error("an audience miscounts itself")
	}
	for identifier := range audience.All() {
		if identifier != "https://api.example/v1" {
			t.Errorf("%q comes first", identifier)
		}
		break
	}
}

func TestConfirmation(t *testing.T) {
	members := map[string]string{"x5t#S256": "a", "jkt": "b", "kid": ""}
	for i := range 20 { // more than are in order by chance
		members["other"+strconv.Itoa(i)] = "c"
	}
	c := middleware.NewConfirmation(members)
	changed := maps.Clone(members)
	other := middleware.NewConfirmation(changed)
	changed["jkt"] = "changed"
	if got, _ := other.Value("jkt"); got != "b" {
		t.Errorf("a confirmation changed with the map it was made of: %q", got)
	}
	if got := maps.Collect(c.All()); !maps.Equal(got, members) {
		t.Errorf("All yields %v", got)
	}
	var order []string
	for method := range c.All() {
		order = append(order, method)
	}
	if !slices.IsSorted(order) {
		t.Errorf("All yields %q", order)
	}
	for method := range c.All() {
		if method != "jkt" {
			t.Errorf("All yields %q first", method)
		}
		break
	}
	for method, value := range members {
		if got, ok := c.Value(method); !ok || got != value {
			t.Errorf("Value(%q) = %q, %t", method, got, ok)
		}
	}
	if _, ok := c.Value("JKT"); ok {
		t.Error("method names fold case")
	}
	if c.IsZero() || !(middleware.Confirmation{}).IsZero() || !middleware.NewConfirmation(nil).IsZero() {
		t.Error("IsZero is wrong")
	}
}

// A binding that nobody verifies is no binding: the token of a thief would be as good as its owner's.
func TestEveryBindingIsRefused(t *testing.T) {
	for _, method := range []string{"jkt", "x5t#S256", "x5t", "kid", "jwk", "jku", "from-the-future", ""} {
		guard := newGuard(t, honour(bound(method)), middleware.Config{})
		if got := authorize(t, guard, bearer("a"), middleware.Policy{}); got != "401 unverified_binding" {
			t.Errorf("cnf member %q: got %s", method, got)
		}
	}
}

func TestClaims(t *testing.T) {
	type tenant struct {
		Tenant string `json:"tenant"`
		Seats  int    `json:"seats"`
	}
	token := alice()
	if _, err := middleware.Claims[tenant](token); err == nil || err.Error() != "oauth: the token carries no claims to decode" {
		t.Errorf("without claims: %v", err)
	}
	token.Claims = claims(`{"tenant":"acme","seats":3}`)
	got, err := middleware.Claims[tenant](token)
	if err != nil || got != (tenant{"acme", 3}) {
		t.Errorf("got %v, %v", got, err)
	}
	pointer, err := middleware.Claims[*tenant](token)
	if err != nil || *pointer != got {
		t.Errorf("got %v, %v", pointer, err)
	}
	token.Claims = claims(`{"seats":"three"}`)
	if _, err := middleware.Claims[tenant](token); err == nil {
		t.Error("a claim of the wrong type was decoded")
	} else if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok {
		t.Errorf("the error of the claim set got lost: %v", err)
	}
}
