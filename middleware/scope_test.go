package middleware_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

// lookalikes are scopes that careless comparisons confuse with each other.
var lookalikes = []string{"read", "READ", "readwrite", "read:x", "rea", "x"}

// subsets yields every subset of the look-alikes.
func subsets(yield func([]string) bool) {
	for bits := range 1 << len(lookalikes) {
		var subset []string
		for i, scope := range lookalikes {
			if bits>>i&1 == 1 {
				subset = append(subset, scope)
			}
		}
		if !yield(subset) {
			return
		}
	}
}

// For all sets of granted and required scopes, the answers are those of plain set arithmetic.
func TestScopesAreASet(t *testing.T) {
	for granted := range subsets {
		has := func(scope string) bool { return slices.Contains(granted, scope) }
		hasNot := func(scope string) bool { return !has(scope) }
		reversed := slices.Clone(granted)
		slices.Reverse(reversed)
		for _, scopes := range []middleware.Scopes{
			middleware.NewScopes(granted...),
			middleware.NewScopes(append(reversed, granted...)...),
			middleware.Scopes("  " + strings.Join(reversed, "   ") + " "),
		} {
			for _, scope := range lookalikes {
				if got := scopes.Has(scope); got != has(scope) {
					t.Fatalf("%q has %q: %t", scopes, scope, got)
				}
			}
			for required := range subsets {
				if got, want := scopes.HasAll(required...), !slices.ContainsFunc(required, hasNot); got != want {
					t.Fatalf("%q has all of %q: %t", scopes, required, got)
				}
				if got, want := scopes.HasAny(required...), slices.ContainsFunc(required, has); got != want {
					t.Fatalf("%q has any of %q: %t", scopes, required, got)
				}
			}
		}
	}
}

// What is no scope token matches nothing, not even itself (RFC 6749, appendix A.4).
func TestNoScopeTokens(t *testing.T) {
	for c := range 256 {
		scope := "a" + string([]byte{byte(c)}) + "b"
		allowed := c == 0x21 || c >= 0x23 && c <= 0x5b || c >= 0x5d && c <= 0x7e
		if got := middleware.Scopes(scope).Has(scope); got != allowed {
			t.Errorf("a scope with octet %#x matches itself: %t", c, got)
		}
		if got := middleware.NewScopes("x", scope, "y"); allowed != (got == middleware.Scopes("x "+scope+" y")) || !allowed && got != "x y" {
			t.Errorf("a list with octet %#x: %q", c, got)
		}
	}
	for _, s := range []middleware.Scopes{"", " ", "read", "read  write"} {
		for _, scope := range []string{"", " ", "read write", "read "} {
			if s.Has(scope) || s.HasAll(scope) || s.HasAny(scope) {
				t.Errorf("%q has %q", s, scope)
			}
		}
	}
}

func TestAllScopes(t *testing.T) {
	for s, want := range map[middleware.Scopes][]string{
		"":                nil,
		"  ":              nil,
		"read":            {"read"},
		" write  read  ":  {"write", "read"},
		"read write read": {"read", "write", "read"},
	} {
		if got := slices.Collect(s.All()); !slices.Equal(got, want) {
			t.Errorf("%q yields %q, want %q", s, got, want)
		}
	}
	for scope := range middleware.Scopes("read write").All() {
		if scope != "read" {
			t.Errorf("%q comes first", scope)
		}
		break
	}
}
