package middleware_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

// nothing is a RevocationList on which there is nothing.
type nothing struct{}

func (nothing) Check(*middleware.Token) error { return nil }

// weakProofs are proofs with an algorithm that FAPI 2.0 does not know.
type weakProofs struct{ proofs }

func (weakProofs) Algorithms() []string { return []string{"ES256", "RS256"} }

func TestFAPI2(t *testing.T) {
	var asked []string
	accepts := func(a middleware.Acceptance) middleware.Validator { return describing{honour(boundTo("jkt", "")), a} }
	strong := accepts(middleware.Acceptance{Algorithms: []string{"PS256", "ES256", "EdDSA"}})
	bindings := []middleware.Binding{proofs{keyring{"jkt", &asked, nil}, false}}
	certificates := []middleware.Binding{keyring{"x5t#S256", &asked, nil}}
	for _, tt := range []struct {
		name      string
		validator middleware.Validator
		config    middleware.Config
		want      string // "" for acceptance
	}{
		{"deny-list", strong, middleware.Config{Bindings: bindings, Revocations: nothing{}}, ""},
		{"introspection", accepts(middleware.Acceptance{NoticesRevocation: true}), middleware.Config{Bindings: bindings}, ""},
		{"a validator that does not say", honour(alice()), middleware.Config{Bindings: bindings, Revocations: nothing{}}, "say beforehand"},
		{"bearer tokens", strong, middleware.Config{Revocations: nothing{}}, "RequireBinding, which FAPI2 implies"},
		{"another proof", strong, middleware.Config{Bindings: []middleware.Binding{keyring{"kid", &asked, nil}}, Revocations: nothing{}}, "jkt"},
		{"no revocations", strong, middleware.Config{Bindings: bindings}, "revocations"},
		{"form", strong, middleware.Config{Bindings: certificates, Revocations: nothing{}, AllowFormToken: true}, "Authorization field alone"},
		{"query", strong, middleware.Config{Bindings: certificates, Revocations: nothing{}, AllowQueryToken: true}, "Authorization field alone"},
		{
			"weak signatures", accepts(middleware.Acceptance{Algorithms: []string{"ES256", "RS256"}}),
			middleware.Config{Bindings: bindings, Revocations: nothing{}}, "RS256",
		},
		{
			"nothing but weak signatures", accepts(middleware.Acceptance{Algorithms: []string{"RS256"}}),
			middleware.Config{Bindings: bindings, Revocations: nothing{}}, "RS256",
		},
		{
			"weak proofs", strong,
			middleware.Config{Bindings: []middleware.Binding{weakProofs{proofs{keyring{"jkt", &asked, nil}, false}}}, Revocations: nothing{}},
			"RS256",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.FAPI2 = true
			guard, err := middleware.New(tt.validator, tt.config)
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := guard.Authorize(http.Header{}, get("DPoP a"), middleware.Policy{}); err != nil {
				t.Errorf("a bound token: %v", err)
			}
		})
	}
}

// FAPI 2.0 knows no tokens that are bound to nothing.
func TestFAPI2RefusesBearerTokens(t *testing.T) {
	var asked []string
	v := describing{honour(alice()), middleware.Acceptance{NoticesRevocation: true}}
	guard := newGuard(t, v, middleware.Config{FAPI2: true, Bindings: []middleware.Binding{keyring{"x5t#S256", &asked, nil}}})
	if got := authorize(t, guard, bearer("a"), middleware.Policy{}); got != "401 not_bound" {
		t.Errorf("got %s", got)
	}
}

// A scope that is granted includes those it implies, for all of a route's demands, and no others.
func TestImplies(t *testing.T) {
	for _, tt := range []struct {
		name    string
		granted middleware.Scopes
		policy  middleware.Policy
		want    string
	}{
		{"the scope itself", "read", middleware.Policy{Scopes: []string{"read"}}, "pass"},
		{"implied", "other write", middleware.Policy{Scopes: []string{"read"}}, "pass"},
		{"not the other way round", "read", middleware.Policy{Scopes: []string{"write"}}, "403 insufficient_scope"},
		{"one of a group", "write", middleware.Policy{AnyScopes: [][]string{{"admin", "read"}}}, "pass"},
		{"none of a group", "write", middleware.Policy{AnyScopes: [][]string{{"admin", "audit"}}}, "403 insufficient_scope"},
		{"every one is needed", "write", middleware.Policy{Scopes: []string{"read", "admin"}}, "403 insufficient_scope"},
		{"nothing granted", "", middleware.Policy{Scopes: []string{"read"}}, "403 insufficient_scope"},
		{"no scope", "write", middleware.Policy{Scopes: []string{"read write"}}, "500 misconfigured"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token := alice()
			token.Scopes = tt.granted
			guard := newGuard(t, honour(token), middleware.Config{Implies: func(granted, required string) bool {
				return granted == "write" && required != "admin" && required != "audit"
			}})
			if got := authorize(t, guard, bearer("a"), tt.policy); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
