package middleware_test

import (
	"context"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

// strict is a Validator that says of itself that it refuses what is no token68.
type strict struct {
	middleware.Validator
	asked *[]string
}

func (v strict) Validate(ctx context.Context, accessToken string) (*middleware.Token, error) {
	*v.asked = append(*v.asked, accessToken)
	body := strings.TrimRight(accessToken, "=")
	if body == "" || strings.ContainsAny(body, "=\"\\ ,;\x00\u00e9") {
		return nil, middleware.Reject(middleware.ReasonMalformedToken, nil)
	}
	return v.Validator.Validate(ctx, accessToken)
}

func (v strict) Describe() middleware.Acceptance { return middleware.Acceptance{Token68: true} }

// The answer to what is no token68 does not depend on who looks at it first. A Validator that does not say that it looks is
// never asked.
func TestSyntax(t *testing.T) {
	const malformed = "400 malformed_credentials"
	for _, tt := range []struct{ token, want string }{
		{"a", "pass"}, {"a==", "pass"}, {"-._~+/9", "pass"},
		{"=", malformed}, {"===", malformed}, {"a=b", malformed}, {"a b", malformed}, {`"a"`, malformed}, {"a,b", malformed},
		{"a;", malformed}, {"a\x00", malformed}, {"\u00e9", malformed}, {`\`, malformed},
	} {
		var asked []string
		trusting := newGuard(t, strict{honour(alice()), &asked}, middleware.Config{})
		if got := authorize(t, trusting, bearer(tt.token), middleware.Policy{}); got != tt.want {
			t.Errorf("%q: %s of a Validator that looks itself, want %s", tt.token, got, tt.want)
		}
		for name, v := range map[string]middleware.Validator{
			"any":       named("any", &asked, honour(alice())),
			"by format": middleware.ByFormat(named("jwt", &asked, honour(alice())), named("opaque", &asked, honour(alice()))),
			"all":       middleware.All(named("first", &asked, honour(alice())), strict{honour(alice()), &asked}),
		} {
			asked = nil
			if got := authorize(t, newGuard(t, v, middleware.Config{}), bearer(tt.token), middleware.Policy{}); got != tt.want {
				t.Errorf("%q, %s: %s, want %s", tt.token, name, got, tt.want)
			}
			if (len(asked) > 0) != (tt.want == "pass") {
				t.Errorf("%q, %s: asked %q", tt.token, name, asked)
			}
		}
	}
}

// What is no token68 is the client's fault also while nothing can be found out, and a revoked token is no exception.
func TestSyntaxComesFirst(t *testing.T) {
	var asked []string
	unable := middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) {
		return nil, middleware.Unavailable(middleware.ReasonKeysUnavailable, 0, nil)
	})
	guard := newGuard(t, strict{unable, &asked}, middleware.Config{})
	if got := authorize(t, guard, bearer("a[b"), middleware.Policy{}); got != "400 malformed_credentials" {
		t.Errorf("%s", got)
	}
	if got := authorize(t, guard, bearer("ab"), middleware.Policy{}); got != "503 keys_unavailable" {
		t.Errorf("%s", got)
	}
}
