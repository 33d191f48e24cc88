package introspection_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/bearergate/bearergate/introspection"
)

// FuzzAnswer compares with encoding/json: what is honoured is JSON that says active in so many words, and what was said
// about the token is what is reported.
func FuzzAnswer(f *testing.F) {
	var body []byte
	v := asking(f, func(*http.Request) *http.Response {
		return reply(http.StatusOK, "application/json", string(body))
	}, introspection.Config{Issuer: issuer, Audience: audience}).Uncached()
	f.Fuzz(func(t *testing.T, answer []byte) {
		body = answer
		token, err := v.Validate(t.Context(), "opaque")
		switch outcome := outcome(token, err); outcome {
		case "unavailable":
			return
		case "active":
		default:
			if !json.Valid(answer) {
				t.Fatalf("%s on the strength of what is no JSON", outcome)
			}
			return
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(answer, &members) != nil || string(members["active"]) != "true" {
			t.Fatal("honoured although the answer does not say active")
		}
		for name, reported := range map[string]string{
			"iss": token.Issuer, "sub": token.Subject, "client_id": token.ClientID, "scope": string(token.Scopes), "jti": token.ID,
		} {
			var said string
			if json.Unmarshal(members[name], &said) == nil && said != "" && said != reported {
				t.Errorf("%s is reported as %q", name, reported)
			}
		}
		if _, bound := members["cnf"]; bound == token.Confirmation.IsZero() {
			t.Error("the binding was lost or made up")
		}
		if !token.ExpiresAt.IsZero() && !noon.Before(token.ExpiresAt) {
			t.Error("honoured although it has expired")
		}
	})
}
