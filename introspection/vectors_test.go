package introspection_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// expectation is what a vector says about the outcome.
type expectation struct {
	Outcome string  `json:"outcome"`
	Status  int     `json:"status"`
	Error   *string `json:"error"`
}

// answer is how a Guard answers then.
func (e expectation) answer() string {
	switch {
	case e.Outcome == "active":
		return "200"
	case e.Status == http.StatusUnauthorized && e.Error != nil:
		return "401 " + *e.Error
	case e.Status == http.StatusServiceUnavailable && e.Error == nil:
		return "503"
	}
	return "no such answer"
}

func TestVectors(t *testing.T) {
	var file struct {
		Settings struct {
			Now      int64  `json:"now"`
			Issuer   string `json:"issuer"`
			Audience string `json:"audience"`
			MaxBody  int    `json:"max_body_bytes"`
		} `json:"settings"`
		Cases []struct {
			ID       string `json:"id"`
			Response struct {
				Status      int     `json:"status"`
				ContentType string  `json:"content_type"`
				Body        *string `json:"body"`
			} `json:"response"`
			Expect expectation `json:"expect"`
		} `json:"cases"`
	}
	vectors(t, "introspection-rfc7662.json", &file)
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			body := `{"active":true,"x":"` + strings.Repeat("A", 10_000_000) + `"}` // only one case has none
			if tt.Response.Body != nil {
				body = *tt.Response.Body
			}
			calls := 0
			v := asking(t, func(r *http.Request) *http.Response {
				calls++
				if r.URL.String() != endpoint {
					t.Errorf("%s was asked", r.URL)
				}
				resp := reply(tt.Response.Status, tt.Response.ContentType, body)
				resp.Header.Set("Location", "https://attacker.example/")
				return resp
			}, introspection.Config{
				Issuer:   file.Settings.Issuer,
				Audience: file.Settings.Audience,
				Now:      func() time.Time { return time.Unix(file.Settings.Now, 0) },
			})
			for range 2 {
				got := through(t, v, "opaque", middleware.Policy{})
				if strings.HasPrefix(tt.ID, "token-type-dpop") && got == "401 invalid_token" {
					// The answer is fine; the Guard refuses a binding that nothing verifies.
					got = "200"
					if token := honoured(t, v, "opaque"); token.Confirmation.IsZero() {
						t.Error("the binding was lost")
					}
				}
				if got != tt.Expect.answer() {
					t.Errorf("%s, want %s", got, tt.Expect.answer())
				}
			}
			// Verdicts are cached, failures are not.
			wantN := 1
			if tt.Expect.Outcome == "unavailable" || tt.ID == "nbf-future" {
				wantN = 2
			}
			if calls != wantN {
				t.Errorf("%d calls, want %d", calls, wantN)
			}
		})
	}
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
}

func TestSignedVectors(t *testing.T) {
	var file struct {
		Settings struct {
			Now        int64           `json:"now"`
			Issuer     string          `json:"issuer"`
			Identifier string          `json:"rs_identifier"`
			JWKS       json.RawMessage `json:"jwks"`
		} `json:"settings"`
		Cases []struct {
			ID          string         `json:"id"`
			Token       string         `json:"token"`
			ContentType string         `json:"content_type"`
			Header      map[string]any `json:"header"`
			Claims      map[string]any `json:"claims"`
			Expect      expectation    `json:"expect"`
		} `json:"cases"`
	}
	vectors(t, "introspection-rfc9701.json", &file)
	keys, err := jwks.ParseKeys(file.Settings.JWKS)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Unix(file.Settings.Now, 0) }
	verifier, err := jwks.NewVerifier("token-introspection+jwt", jwks.Config{
		Issuer: file.Settings.Issuer, Audience: file.Settings.Identifier, Keys: keys, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			if tt.Header != nil { // the sample of the RFC, whose key is not known
				sameJSON(t, tt.Token, tt.Header, tt.Claims)
				tt.ContentType, tt.Expect = "application/token-introspection+jwt", expectation{Status: 503}
			}
			v := asking(t, func(r *http.Request) *http.Response {
				if accept := r.Header.Get("Accept"); accept != "application/token-introspection+jwt" {
					t.Errorf("Accept: %s", accept)
				}
				return reply(http.StatusOK, tt.ContentType, tt.Token)
			}, introspection.Config{
				Issuer: file.Settings.Issuer, Audience: file.Settings.Identifier, VerifyResponse: verifier.Verify, Now: now,
			})
			if got := through(t, v, "opaque", middleware.Policy{}); got != tt.Expect.answer() {
				t.Errorf("%s, want %s", got, tt.Expect.answer())
			}
		})
	}
}

// sameJSON wants a JWT with exactly that header and those claims.
func sameJSON(t *testing.T, jwt string, header, claims map[string]any) {
	t.Helper()
	parsed, err := jose.Parse(jwt)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct {
		data []byte
		want map[string]any
	}{{parsed.Octets, header}, {parsed.Payload, claims}} {
		var got map[string]any
		if err := json.Unmarshal(part.data, &got); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(part.want))) {
			t.Errorf("members of %s, want those of %v", part.data, part.want)
		}
	}
}
