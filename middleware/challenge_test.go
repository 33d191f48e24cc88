package middleware_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/middleware"
)

func TestChallengeVectors(t *testing.T) {
	var vectors struct {
		Cases []struct {
			ID, Scheme, Why string
			Params          map[string]string
			Expect          struct {
				Header           string
				RefuseOrSanitise bool `json:"refuse_or_sanitise"`
			}
		}
	}
	if err := conformance.Vectors("challenge.json", &vectors); err != nil {
		t.Fatal(err)
	}
	for _, tt := range vectors.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			got := middleware.Challenge{Scheme: tt.Scheme, Params: tt.Params}.String()
			if !tt.Expect.RefuseOrSanitise {
				if got != tt.Expect.Header {
					t.Errorf("got %s, want %s", got, tt.Expect.Header)
				}
				return
			}
			parsed, err := parseChallenges(got)
			if err != nil || len(parsed) != 1 || parsed[0].Scheme != tt.Scheme {
				t.Fatalf("%q does not parse back: %v", got, err)
			}
			if maps.Equal(parsed[0].Params, tt.Params) {
				t.Errorf("%q was neither refused nor sanitised (%s)", got, tt.Why)
			}
		})
	}
}

// What becomes of values that a parameter's grammar does not allow: text is mended, what means something is left out.
func TestChallengeSanitises(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"realm", "a\r\nb\x00\xff", `Bearer realm="a??b??"`},
		{"realm", " ~\x7f", `Bearer realm=" ~?"`},
		{"realm", `\"`, `Bearer realm="\\\""`},
		{"error", "invalid\ntoken", `Bearer error="invalid?token"`},
		{"error", "", "Bearer"},
		{"error_description", `say "no" \ café`, `Bearer error_description="say ?no? ? caf??"`},
		{"error_description", "a\r\nSet-Cookie: x=1", `Bearer error_description="a??Set-Cookie: x=1"`},
		{"error_uri", "https://x/ y", "Bearer"},
		{"error_uri", "https://x/?a=b,c#d", `Bearer error_uri="https://x/?a=b,c#d"`},
		{"resource_metadata", "https://x/\r\n", "Bearer"},
		{"resource_metadata", `https://x/"`, "Bearer"},
		{"scope", " a  b ", `Bearer scope="a b"`},
		{"scope", `a re"ad b`, `Bearer scope="a b"`},
		{"scope", "café", "Bearer"},
		{"scope", "a\tb", "Bearer"},
		{"acr_values", `gold "x" silver`, `Bearer acr_values="gold silver"`},
		{"algs", "ES256\nPS256 EdDSA", `Bearer algs="EdDSA"`},
		{"max_age", "007", `Bearer max_age="007"`},
		{"max_age", "", "Bearer"},
		{"max_age", "+5", "Bearer"},
		{"max_age", "5 ", "Bearer"},
		{"max_age", "\u0665", "Bearer"},
		{"nonce", "x", "Bearer"},
		{"Realm", "x", "Bearer"},
		{`realm="x", error`, "x", "Bearer"},
	}
	for _, tt := range tests {
		c := middleware.Challenge{Scheme: "Bearer", Params: map[string]string{tt.name: tt.value}}
		if got := c.String(); got != tt.want {
			t.Errorf("%s %q: got %s, want %s", tt.name, tt.value, got, tt.want)
		}
	}
}

// Whatever the fields of a Challenge hold, it stays one line.
func TestChallengeSchemeIsOneLine(t *testing.T) {
	for _, scheme := range []string{"Bearer\r\nSet-Cookie: a=b", "Bearer\x00", "Bearer é"} {
		got := middleware.Challenge{Scheme: scheme, Params: map[string]string{"realm": "api"}}.String()
		if strings.ContainsFunc(got, func(c rune) bool { return c < ' ' || c > '~' }) {
			t.Errorf("scheme %q becomes %q", scheme, got)
		}
	}
}
