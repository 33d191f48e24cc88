package introspection_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// verifying returns what verifies the answers of as, with its keys.
func verifying(t testing.TB, as *oauthtest.Server) *jwks.Verifier {
	t.Helper()
	verifier, err := jwks.NewVerifier("application/token-introspection+jwt", jwks.Config{
		Issuer: as.Issuer(), Audience: "api", HTTPClient: as.HTTPClient(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = verifier.Close() })
	return verifier
}

func TestSignedAnswers(t *testing.T) {
	as := server(t, nil)
	token := as.Mint(oauthtest.Token{Opaque: true, Scope: "orders:read"})
	verifier := verifying(t, as)
	if err := verifier.Ready(t.Context()); err != nil || !verifier.State().Usable {
		t.Errorf("not ready: %v", err)
	}
	v := trusting(t, as, introspection.Config{VerifyResponse: verifier.Verify})
	if got := honoured(t, v, token); got.Subject != "alice" || !got.Scopes.Has("orders:read") || got.Issuer != as.Issuer() {
		t.Errorf("got %v", got)
	}
	as.Rotate()
	as.Retire()
	want(t, v.Uncached(), token, "active")
	as.Revoke(token)
	want(t, v.Uncached(), token, "refused inactive")

	as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Status: 500})
	fresh := trusting(t, as, introspection.Config{VerifyResponse: verifying(t, as).Verify})
	want(t, fresh, token, "unavailable")
}

// A server, or somebody in between, that answers in plain JSON is not believed.
func TestDowngrade(t *testing.T) {
	as := server(t, nil)
	verifier := verifying(t, as)
	for contentType, body := range map[string]string{
		"application/json":                      `{"active":true}`,
		"application/token-introspection+jwt":   `{"active":true}`,
		"application/jwt":                       as.Sign(nil, []byte(`{}`)),
		"application/token-introspection+jwt ;": as.Sign(map[string]any{"typ": "token-introspection+jwt"}, []byte(`[]`)),
	} {
		v := asking(t, func(*http.Request) *http.Response { return reply(200, contentType, body) },
			introspection.Config{VerifyResponse: verifier.Verify})
		want(t, v, "opaque", "unavailable")
	}
}

// envelope is a signed answer about an active token, with changes.
func envelope(t *testing.T, as *oauthtest.Server, typ string, changes map[string]any) string {
	t.Helper()
	claims := map[string]any{
		"iss": as.Issuer(), "aud": "api", "iat": time.Now().Unix(), "token_introspection": map[string]any{"active": true},
	}
	for name, value := range changes {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return as.Sign(map[string]any{"typ": typ}, payload)
}

func TestSignedEnvelope(t *testing.T) {
	as := server(t, nil)
	verifier := verifying(t, as)
	const right = "token-introspection+jwt"
	ago := func(d time.Duration) map[string]any { return map[string]any{"iat": time.Now().Add(-d).Unix()} }
	tests := []struct {
		name    string
		typ     string
		changes map[string]any
		want    string
	}{
		{"sound", right, nil, "active"},
		{"full typ in capitals", "Application/Token-Introspection+JWT", nil, "active"},
		{"several audiences", right, map[string]any{"aud": []string{"x", "api"}}, "active"},
		{"a minute old", right, ago(time.Minute), "active"},
		{"old", right, ago(3 * time.Minute), "unavailable"},
		{"from the future", right, ago(-3 * time.Minute), "unavailable"},
		{"without iat", right, map[string]any{"iat": nil}, "unavailable"},
		{"iat as text", right, map[string]any{"iat": "now"}, "unavailable"},
		{"access token", "at+jwt", nil, "unavailable"},
		{"any JWT", "JWT", nil, "unavailable"},
		{"no typ", "", nil, "unavailable"},
		{"for another resource server", right, map[string]any{"aud": "other"}, "unavailable"},
		{"for nobody", right, map[string]any{"aud": nil}, "unavailable"},
		{"of another issuer", right, map[string]any{"iss": "https://evil.example"}, "unavailable"},
		{"without content", right, map[string]any{"token_introspection": nil, "active": true}, "unavailable"},
		{"content that is no object", right, map[string]any{"token_introspection": true}, "unavailable"},
		{"content that is text", right, map[string]any{"token_introspection": `{"active":true}`}, "unavailable"},
		{"active outside, not inside", right, map[string]any{"active": true, "token_introspection": map[string]any{"active": false}}, "refused inactive"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answer := envelope(t, as, tt.typ, tt.changes)
			v := asking(t, func(*http.Request) *http.Response {
				return reply(200, "application/token-introspection+jwt", answer)
			}, introspection.Config{VerifyResponse: verifier.Verify, Now: time.Now})
			want(t, v, "opaque", tt.want)
		})
	}
}

// That an answer cannot be verified says nothing about the token, whatever kind of error the verifier returns.
func TestVerifierErrors(t *testing.T) {
	for _, err := range []error{
		middleware.Reject(middleware.ReasonBadSignature, nil), middleware.Unavailable("keys", 0, nil), errors.New("other"),
	} {
		v := asking(t, func(*http.Request) *http.Response {
			return reply(200, "application/token-introspection+jwt", "a.b.c")
		}, introspection.Config{VerifyResponse: func(context.Context, string) ([]byte, error) { return nil, err }})
		want(t, v, "opaque", "unavailable")
	}
}

func TestVerifierNeedsItsOwnType(t *testing.T) {
	for _, typ := range []string{"", "JWT", "at+jwt", "application/at+JWT"} {
		if _, err := jwks.NewVerifier(typ, jwks.Config{Issuer: issuer, Audience: "api"}); err == nil {
			t.Errorf("a verifier for %q", typ)
		}
	}
	if _, err := jwks.NewVerifier("token-introspection+jwt", jwks.Config{Issuer: issuer}); err == nil {
		t.Error("a verifier without audience")
	}
}
