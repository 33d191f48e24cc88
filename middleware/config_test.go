package middleware_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

func TestNewRefuses(t *testing.T) {
	const (
		noValidator = "oauth: a Guard needs a Validator, such as the result of jwks.New or introspection.New"
		noneOfAll   = "oauth: All needs validators, and none of them nil: look at the errors of those who made them"
		neither     = "oauth: ByFormat needs a Validator for JWTs, one for opaque tokens, or both"
		badRealm    = "oauth: Realm must be printable ASCII"
		bothQueries = "oauth: AllowQueryToken and RefuseQueryToken exclude each other, set one"
		notAbsolute = "oauth: ResourceMetadata must be an absolute https URL without credentials and fragment; http only for loopback hosts"
	)
	at := func(url string) middleware.Config { return middleware.Config{ResourceMetadata: url} }
	tests := []struct {
		name      string
		validator middleware.Validator
		config    middleware.Config
		want      string
	}{
		{"no validator", nil, middleware.Config{}, noValidator},
		{"nil pointer for a validator", (*pointer)(nil), middleware.Config{}, noValidator},
		{"nil function for a validator", middleware.ValidatorFunc(nil), middleware.Config{}, noValidator},
		{"all of none", middleware.All(), middleware.Config{}, noneOfAll},
		{"all with nil", middleware.All(honour(alice()), nil), middleware.Config{}, noneOfAll},
		{"all with a nil pointer", middleware.All(honour(alice()), (*pointer)(nil)), middleware.Config{}, noneOfAll},
		{"neither format", middleware.ByFormat(nil, (*pointer)(nil)), middleware.Config{}, neither},
		{"neither format, inside", middleware.All(honour(alice()), middleware.ByFormat(nil, nil)), middleware.Config{}, neither},
		{"all of none, inside", middleware.ByFormat(honour(alice()), middleware.All()), middleware.Config{}, noneOfAll},
		{
			"nil pointer for a list", honour(alice()), middleware.Config{Revocations: (*denyList)(nil)},
			"oauth: Revocations is a nil pointer, as after an error that nobody looked at: set a list, or leave it out",
		},
		{"line break in realm", honour(alice()), middleware.Config{Realm: "a\nb"}, badRealm},
		{"TAB in realm", honour(alice()), middleware.Config{Realm: "a\tb"}, badRealm},
		{"DEL in realm", honour(alice()), middleware.Config{Realm: "a\x7f"}, badRealm},
		{"realm outside ASCII", honour(alice()), middleware.Config{Realm: "café"}, badRealm},
		{"realm no UTF-8", honour(alice()), middleware.Config{Realm: "\xff"}, badRealm},
		{"two minds about the query", honour(alice()), middleware.Config{AllowQueryToken: true, RefuseQueryToken: true}, bothQueries},
		{"path only", honour(alice()), at("/.well-known/oauth-protected-resource"), notAbsolute},
		{"no scheme", honour(alice()), at("//api.example/metadata"), notAbsolute},
		{"no host", honour(alice()), at("https:///metadata"), notAbsolute},
		{"opaque", honour(alice()), at("https:api.example"), notAbsolute},
		{"fragment", honour(alice()), at("https://api.example/metadata#top"), notAbsolute},
		{"empty fragment", honour(alice()), at("https://api.example/metadata#"), notAbsolute},
		{"space", honour(alice()), at("https://api.example/meta data"), notAbsolute},
		{"quote", honour(alice()), at(`https://api.example/"`), notAbsolute},
		{"backslash", honour(alice()), at(`https://api.example/\`), notAbsolute},
		{"line break", honour(alice()), at("https://api.example/\r\nX: y"), notAbsolute},
		{"outside ASCII", honour(alice()), at("https://api.example/café"), notAbsolute},
		{"http", honour(alice()), at("http://api.example/metadata"), notAbsolute},
		{"http to another machine's address", honour(alice()), at("http://192.0.2.1/metadata"), notAbsolute},
		{"another scheme", honour(alice()), at("ftp://localhost/metadata"), notAbsolute},
		{"host that begins like a loopback address", honour(alice()), at("http://127.0.0.1.example/metadata"), notAbsolute},
		{"host that begins like localhost", honour(alice()), at("http://localhost.example/metadata"), notAbsolute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			guard, err := middleware.New(tt.validator, tt.config)
			if err == nil {
				t.Fatal("no error")
			}
			if err.Error() != tt.want || guard != nil {
				t.Errorf("got %q, want %q", err, tt.want)
			}
		})
	}
}

func TestNewAccepts(t *testing.T) {
	for _, url := range []string{
		"",
		"https://api.example/.well-known/oauth-protected-resource",
		"https://api.example:8443/.well-known/oauth-protected-resource/v1?tenant=a",
		"HTTPS://api.example/metadata",
		"http://localhost:8080/metadata",
		"http://127.0.0.1/metadata",
		"http://127.1.2.3:80/metadata",
		"http://[::1]:8080/metadata",
	} {
		if _, err := middleware.New(honour(alice()), middleware.Config{ResourceMetadata: url}); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestRealm(t *testing.T) {
	for realm, want := range map[string]string{"": "api", "orders": "orders", `a "b" \ c, d=e`: `a "b" \ c, d=e`, " ": " ", "~": "~"} {
		_, err := newGuard(t, honour(alice()), middleware.Config{Realm: realm}).Authorize(http.Header{}, get(), middleware.Policy{})
		if got := challenge(t, err).Params["realm"]; got != want {
			t.Errorf("realm %q became %q", realm, got)
		}
	}
}

// Every challenge names the metadata, whatever the request said about itself: only the configuration knows the URL.
func TestResourceMetadata(t *testing.T) {
	const url = "https://api.example/.well-known/oauth-protected-resource"
	guard := newGuard(t, honour(alice()), middleware.Config{ResourceMetadata: url})
	for _, r := range []*http.Request{get(), get("Bearer"), get("Basic dTpw"), bearer(strings.Repeat("a", maxTokenLen+1)), bearer("a")} {
		r.Host = "evil.example"
		r = with(r, "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example")
		_, err := guard.Authorize(http.Header{}, r, middleware.Policy{Scopes: []string{"admin"}})
		if got := challenge(t, err).Params["resource_metadata"]; got != url {
			t.Errorf("%v: resource_metadata %q", err, got)
		}
	}
}

// denyList is a RevocationList whose methods need it to be there.
type denyList struct{ verdict error }

func (l *denyList) Check(*middleware.Token) error { return l.verdict }

// A list that is there is asked.
func TestDenyListOfPointer(t *testing.T) {
	guard := newGuard(t, honour(alice()), middleware.Config{Revocations: &denyList{}})
	if got := authorize(t, guard, bearer("a"), middleware.Policy{}); got != "pass" {
		t.Error(got)
	}
}

// pointer is a Validator whose methods need it to be there.
type pointer struct{ token middleware.Token }

func (p *pointer) Validate(context.Context, string) (*middleware.Token, error) { return &p.token, nil }

func (p *pointer) Describe() middleware.Acceptance {
	return middleware.Acceptance{Issuers: []string{p.token.Issuer}}
}

// A pointer that is there is a Validator, and nothing is not.
func TestGuardsOfNothing(t *testing.T) {
	if got := authorize(t, newGuard(t, &pointer{alice()}, middleware.Config{}), bearer("a"), middleware.Policy{}); got != "pass" {
		t.Errorf("a pointer: %s", got)
	}
	for name, guard := range map[string]*middleware.Guard{"nil": nil, "zero": {}} {
		if got := authorize(t, guard, bearer("a"), middleware.Policy{AllowAnonymous: true}); got != wiredWrongly {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// A nil pointer refuses the tokens of its form, as nil does.
func TestByFormatOfNilPointer(t *testing.T) {
	v := middleware.ByFormat((*pointer)(nil), (*pointer)(nil))
	if _, err := v.Validate(t.Context(), "a"); middleware.ReasonOf(err) != middleware.ReasonMalformedToken {
		t.Errorf("%v", err)
	}
}
