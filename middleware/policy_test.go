package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

const (
	tooFewScopes = "403 insufficient_scope"
	tooWeak      = "401 authentication_too_weak"
	tooOld       = "401 authentication_too_old"
	wiredWrongly = "500 misconfigured"
)

func TestScopePolicies(t *testing.T) {
	all := func(scopes ...string) middleware.Policy { return middleware.Policy{Scopes: scopes} }
	anyOf := func(groups ...[]string) middleware.Policy { return middleware.Policy{AnyScopes: groups} }
	tests := []struct {
		name    string
		granted middleware.Scopes
		policy  middleware.Policy
		want    string
	}{
		{"nothing asked, nothing granted", "", all(), "pass"},
		{"one of one", "read", all("read"), "pass"},
		{"all of two", "write read", all("read", "write"), "pass"},
		{"one of two", "read", all("read", "write"), tooFewScopes},
		{"another", "write", all("read"), tooFewScopes},
		{"none granted", "", all("read"), tooFewScopes},
		{"asked twice", "read", all("read", "read"), "pass"},
		{"longer", "readwrite", all("read"), tooFewScopes},
		{"narrower", "read:x", all("read"), tooFewScopes},
		{"broader", "read", all("read:x"), tooFewScopes},
		{"other case", "READ", all("read"), tooFewScopes},
		{"joined by TAB", "read\twrite", all("read"), tooFewScopes},
		{"joined by comma", "read,write", all("read"), tooFewScopes},

		{"any, first", "read", anyOf([]string{"read", "admin"}), "pass"},
		{"any, last", "admin", anyOf([]string{"read", "admin"}), "pass"},
		{"any, neither", "write", anyOf([]string{"read", "admin"}), tooFewScopes},
		{"any, both groups", "read audit", anyOf([]string{"read", "admin"}, []string{"write", "audit"}), "pass"},
		{"any, one scope for both groups", "admin", anyOf([]string{"read", "admin"}, []string{"write", "admin"}), "pass"},
		{"any, one group only", "read", anyOf([]string{"read", "admin"}, []string{"write", "audit"}), tooFewScopes},
		{"any and all", "read audit", middleware.Policy{Scopes: []string{"read"}, AnyScopes: [][]string{{"write", "audit"}}}, "pass"},
		{"any but not all", "audit", middleware.Policy{Scopes: []string{"read"}, AnyScopes: [][]string{{"write", "audit"}}}, tooFewScopes},
		{"all but not any", "read", middleware.Policy{Scopes: []string{"read"}, AnyScopes: [][]string{{"write", "audit"}}}, tooFewScopes},

		{"empty scope asked", "read", all(""), wiredWrongly},
		{"empty scope among others", "read", all("read", ""), wiredWrongly},
		{"two scopes in one string", "read write", all("read write"), wiredWrongly},
		{"quote", `re"ad`, all(`re"ad`), wiredWrongly},
		{"backslash", `re\ad`, all(`re\ad`), wiredWrongly},
		{"control character", "re\x00ad", all("re\x00ad"), wiredWrongly},
		{"outside ASCII", "lesen:gerät", all("lesen:gerät"), wiredWrongly},
		{"empty group", "read", anyOf(nil), wiredWrongly},
		{"empty group among others", "read", anyOf([]string{"read"}, []string{}), wiredWrongly},
		{"nonsense in a group nobody is in", "read", anyOf([]string{"a b"}), wiredWrongly},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token := alice()
			token.Scopes = tt.granted
			guard := newGuard(t, honour(token), middleware.Config{})
			if got := authorize(t, guard, bearer("a"), tt.policy); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// The challenge names the route's scopes in the order of the policy, whatever the token has, and each of them once.
func TestScopeAttribute(t *testing.T) {
	policy := middleware.Policy{
		Scopes:    []string{"write", "read", "write"},
		AnyScopes: [][]string{{"read", "admin"}, {"admin", "audit", "write"}},
	}
	guard := newGuard(t, honour(alice()), middleware.Config{})
	_, err := guard.Authorize(http.Header{}, bearer("a"), policy)
	if got, want := challenge(t, err).Params["scope"], "write read admin audit"; got != want {
		t.Errorf("scope %q, want %q", got, want)
	}
}

// Whoever wrote the route reads in the log what is wrong with it.
func TestImpossibleScopeIsNamed(t *testing.T) {
	guard := newGuard(t, honour(alice()), middleware.Config{})
	for want, policy := range map[string]middleware.Policy{
		`"read write", which is no scope`: {Scopes: []string{"read", "read write"}},
		`"a\"b", which is no scope`:       {AnyScopes: [][]string{{"read"}, {`a"b`}}},
		"one of no scopes":                {AnyScopes: [][]string{{}}},
		`the acr "silver gold"`:           {ACRValues: []string{"phr", "silver gold"}},
		`the acr ""`:                      {ACRValues: []string{""}},
		`the acr "a\r\nb"`:                {ACRValues: []string{"a\r\nb"}},
	} {
		_, err := guard.Authorize(http.Header{}, bearer("a"), policy)
		if !errors.Is(err, middleware.ErrMisconfigured) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestRefuseDelegated(t *testing.T) {
	nested := delegated()
	nested.Claims = claims(`{"act":{"sub":"assistant","act":{"sub":"admin"}}}`)
	inner := alice()
	inner.Claims = claims(`{"delegation":{"act":{"sub":"admin"}}}`)
	actors := map[string]middleware.Actor{
		"subject": {Subject: "assistant"}, "issuer": {Issuer: "https://other.example"}, "client": {ClientID: "app"},
	}
	tokens := map[string]middleware.Token{"nested": nested}
	for name, actor := range actors {
		token := alice()
		token.Actor = actor
		tokens[name] = token
	}
	for name, token := range tokens {
		guard := newGuard(t, honour(token), middleware.Config{})
		if got := authorize(t, guard, bearer("a"), middleware.Policy{RefuseDelegated: true}); got != "403 delegated_token" {
			t.Errorf("%s: got %s", name, got)
		}
		if got := authorize(t, guard, bearer("a"), middleware.Policy{}); got != "pass" {
			t.Errorf("%s: got %s from a route that does not mind", name, got)
		}
	}
	for name, token := range map[string]middleware.Token{"alice herself": alice(), "act somewhere inside": inner} {
		guard := newGuard(t, honour(token), middleware.Config{})
		if got := authorize(t, guard, bearer("a"), middleware.Policy{RefuseDelegated: true}); got != "pass" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestAllowAnonymous(t *testing.T) {
	expired := fail(middleware.Reject(middleware.ReasonExpired, nil))
	tests := []struct {
		name      string
		validator middleware.Validator
		request   *http.Request
		want      string
		known     bool
	}{
		{"no credentials", honour(alice()), get(), "pass", false},
		{"good token", honour(alice()), bearer("a"), "pass", true},
		{"bad token", expired, bearer("a"), "401 expired", false},
		{"bound token", honour(bound("jkt")), bearer("a"), "401 unverified_binding", false},
		{"malformed", honour(alice()), get("Bearer"), malformed, false},
		{"repeated", honour(alice()), get("Bearer a", "Bearer a"), repeated, false},
		{"Basic", honour(alice()), get("Basic dTpw"), notOurs, false},
		{"empty field", honour(alice()), get(""), notOurs, false},
		{"validator claims there was no token", fail(middleware.ErrMissingToken), bearer("a"), "503 validator_failed", false},
		{"unavailable", fail(errInner), bearer("a"), "503 validator_failed", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			policy := middleware.Policy{AllowAnonymous: true}
			admitted, err := newGuard(t, tt.validator, middleware.Config{}).Authorize(http.Header{}, tt.request, policy)
			if got := outcome(t, err); got != tt.want {
				t.Fatalf("got %s, want %s", got, tt.want)
			}
			if err != nil {
				return
			}
			if token, known := middleware.FromContext(admitted.Context()); known != tt.known {
				t.Errorf("the context carries a token: %t, %v", known, token)
			}
		})
	}
}

// Whoever does identify themselves on such a route is held to all of it.
func TestAllowAnonymousKeepsThePolicy(t *testing.T) {
	policy := checked(errInner)
	policy.AllowAnonymous = true
	guard := newGuard(t, honour(alice()), middleware.Config{})
	if got := authorize(t, guard, bearer("a"), policy); got != "403 check_failed" {
		t.Errorf("got %s", got)
	}
	if got := authorize(t, guard, get(), policy); got != "pass" {
		t.Errorf("without credentials: got %s", got)
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"nil", nil, "pass"},
		{"error", errInner, "403 check_failed"},
		{"unavailable", middleware.Unavailable("directory_down", 0, errInner), "503 directory_down"},
		{"wrapped unavailable", fmt.Errorf("asking: %w", middleware.Unavailable("directory_down", 0, nil)), "503 directory_down"},
		{"rejection", middleware.Reject("blocked", nil), "401 blocked"},
		{"invalid token and no more", middleware.ErrInvalidToken, "401 check_failed"},
		{"wrapped invalid token", fmt.Errorf("account closed: %w", middleware.ErrInvalidToken), "401 check_failed"},
		{"unavailable and no more", middleware.ErrUnavailable, "503 check_failed"},
		{"both, which is no outage", errors.Join(middleware.ErrUnavailable, middleware.ErrInvalidToken), "401 check_failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			type key struct{}
			r := bearer("a").WithContext(context.WithValue(t.Context(), key{}, "here"))
			policy := middleware.Policy{Check: func(ctx context.Context, token middleware.Token) error {
				if ctx.Value(key{}) != "here" || token.Subject != "alice" {
					t.Errorf("called with %v and %v", ctx, token)
				}
				return tt.err
			}}
			_, err := newGuard(t, honour(alice()), middleware.Config{}).Authorize(http.Header{}, r, policy)
			if got := outcome(t, err); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if tt.err != nil && middleware.ReasonOf(tt.err) == "" && !errors.Is(err, tt.err) {
				t.Errorf("%v does not wrap what the check returned", err)
			}
		})
	}
	plain := checked(fmt.Errorf("asking: %w", middleware.ErrUnavailable))
	_, err := newGuard(t, honour(alice()), middleware.Config{}).Authorize(http.Header{}, bearer("a"), plain)
	if !errors.Is(err, middleware.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

// Each row fails the steps it names and no other: the first of them in this order has to answer, and later ones are not
// even taken.
func TestOrderOfSteps(t *testing.T) {
	weak, narrow := alice(), alice()
	narrow.ACR, narrow.AuthTime = "gold", now
	narrow.Actor = middleware.Actor{Subject: "assistant"}
	wide := narrow
	wide.Scopes = "admin"
	stale := narrow
	stale.AuthTime = now.Add(-time.Hour)
	cnf := weak
	cnf.Confirmation = middleware.NewConfirmation(map[string]string{"jkt": "x"})
	revoked := middleware.Reject(middleware.ReasonRevoked, nil)
	tests := []struct {
		name      string
		validator middleware.Validator
		revoked   error
		request   *http.Request
		want      string
	}{
		{"credentials", fail(errInner), revoked, get("Bearer"), malformed},
		{"size before syntax", fail(errInner), revoked, bearer(string(make([]byte, maxTokenLen+1))), tooLarge},
		{"validity before all of the policy", fail(middleware.Reject(middleware.ReasonExpired, nil)), revoked, bearer("a"), "401 expired"},
		{"revocation before binding", honour(cnf), revoked, bearer("a"), "401 revoked"},
		{"binding before authentication", honour(cnf), nil, bearer("a"), "401 unverified_binding"},
		{"authentication class before time", honour(weak), nil, bearer("a"), tooWeak},
		{"authentication time before scope", honour(stale), nil, bearer("a"), tooOld},
		{"scope before actor", honour(narrow), nil, bearer("a"), tooFewScopes},
		{"actor before check", honour(wide), nil, bearer("a"), "403 delegated_token"},
	}
	policy := middleware.Policy{
		Scopes:          []string{"admin"},
		ACRValues:       []string{"gold"},
		MaxAge:          time.Minute,
		RefuseDelegated: true,
		Check: func(context.Context, middleware.Token) error {
			t.Error("the check was called")
			return nil
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list := revocations(func(*middleware.Token) error { return tt.revoked })
			guard := newGuard(t, tt.validator, middleware.Config{Now: clock, Revocations: list})
			if got := authorize(t, guard, tt.request, policy); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
