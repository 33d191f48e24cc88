package middleware_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

func TestPolicyString(t *testing.T) {
	for _, tt := range []struct {
		policy middleware.Policy
		want   string
	}{
		{middleware.Policy{}, "a valid token"},
		{middleware.Policy{Scopes: []string{"read", "write"}}, "scope read write"},
		{middleware.Policy{AnyScopes: [][]string{{"a", "b"}, {"c"}}}, "one scope of a b; one scope of c"},
		{middleware.Policy{ACRValues: []string{"1", "2"}, MaxAge: 90*time.Second + time.Millisecond}, "acr 1 or 2; authenticated within 1m30s"},
		{middleware.Policy{AllowAnonymous: true, Scopes: []string{"read"}}, "anonymous allowed; scope read"},
		{
			middleware.Policy{
				RequireBinding: true, RefuseDelegated: true, EndWithToken: true,
				Check: func(context.Context, middleware.Token) error { return nil },
			},
			"bound to a key; not delegated; a check of its own; ends with the token",
		},
	} {
		if got := tt.policy.String(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// declaring stands for an adapter.
type declaring struct{ guard *middleware.Guard }

func (d declaring) Require(scopes ...string) { d.Enforce(middleware.Policy{Scopes: scopes}) }

func (d declaring) Enforce(p middleware.Policy) { d.guard.Declare(p) }

func TestGuardLogValue(t *testing.T) {
	var asked []string
	guard := newGuard(t, describing{honour(alice()), middleware.Acceptance{Issuers: []string{"https://as.example"}, Algorithms: []string{"ES256"}}},
		middleware.Config{Bindings: []middleware.Binding{keyring{"x5t#S256", &asked, nil}, proofs{keyring{"jkt", &asked, nil}, false}}})
	declaring{guard}.Require("orders:read")
	declaring{guard}.Enforce(middleware.Policy{AllowAnonymous: true})
	guard.Declare(middleware.Policy{})
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("protected", "guard", guard)
	got := out.String()
	for _, want := range []string{
		"guard.realm=api", "guard.issuers=[https://as.example]", "guard.algorithms=[ES256]", "guard.tokens_in=[header]",
		`guard.bindings="[x5t#S256 jkt]"`, "guard.binding_required=false", "guard.revocations=false", "guard.fapi2=false",
		`guard.route_1="middleware/summary_test.go:`, `: scope orders:read" guard.route_2="middleware/summary_test.go:`,
		`: anonymous allowed" guard.route_3="middleware/summary_test.go:`, `: a valid token"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	if strings.Contains(got, "route_4") {
		t.Errorf("more routes than were declared: %s", got)
	}
	for _, zero := range []*middleware.Guard{nil, {}} {
		zero.Declare(middleware.Policy{})
		if got := zero.LogValue().String(); got != "refuses everything: not made by New" {
			t.Errorf("%s", got)
		}
	}
}

// Whoever declares policies that requests made fills no memory.
func TestDeclaredRoutesAreBounded(t *testing.T) {
	guard := newGuard(t, honour(alice()), middleware.Config{})
	for i := range 5_000 {
		guard.Declare(middleware.Policy{Scopes: []string{fmt.Sprint("scope-", i)}})
	}
	routes := 0
	for _, attr := range guard.LogValue().Group() {
		if strings.HasPrefix(attr.Key, "route_") {
			routes++
		}
	}
	if routes != 1_000 {
		t.Errorf("%d routes", routes)
	}
}
