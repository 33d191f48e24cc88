package jwks_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

func vectors(t testing.TB, name string, into any) {
	t.Helper()
	if err := conformance.Vectors(name, into); err != nil {
		t.Fatal(err)
	}
}

// tokenVectors is at-jwt-rfc9068.json.
type tokenVectors struct {
	Settings struct {
		Now        int64           `json:"now"`
		Issuer     string          `json:"issuer"`
		Audience   string          `json:"audience"`
		Algorithms []string        `json:"allowed_algs"`
		JWKS       json.RawMessage `json:"jwks"`
	} `json:"settings"`
	Cases []struct {
		ID      string `json:"id"`
		Token   string `json:"token"`
		Context struct {
			Leeway int `json:"leeway"`
		} `json:"context"`
		Expect struct {
			Accept bool `json:"accept"`
		} `json:"expect"`
	} `json:"cases"`
}

// config returns how the cases without a context of their own are validated.
func (v *tokenVectors) config(t testing.TB) jwks.Config {
	t.Helper()
	return jwks.Config{
		Issuer:     v.Settings.Issuer,
		Audience:   v.Settings.Audience,
		Algorithms: v.Settings.Algorithms,
		Keys:       parseKeys(t, string(v.Settings.JWKS)),
		Leeway:     -1,
		Now:        func() time.Time { return time.Unix(v.Settings.Now, 0) },
	}
}

// reasonsByClass are the plausible reasons for the refusals of a class of cases, the part of the ID before the dash.
var reasonsByClass = map[string][]middleware.Reason{
	"typ":       {middleware.ReasonWrongType, middleware.ReasonMalformedToken},
	"alg":       {middleware.ReasonAlgorithmNotAllowed, middleware.ReasonMalformedToken},
	"aud":       {middleware.ReasonWrongAudience, middleware.ReasonMalformedClaim, middleware.ReasonMissingClaim},
	"iss":       {middleware.ReasonUntrustedIssuer, middleware.ReasonMalformedClaim},
	"sub":       {middleware.ReasonMissingClaim, middleware.ReasonMalformedClaim},
	"client_id": {middleware.ReasonMissingClaim},
	"jti":       {middleware.ReasonMissingClaim},
	"iat":       {middleware.ReasonMissingClaim, middleware.ReasonNotYetValid},
	"exp": {
		middleware.ReasonExpired, middleware.ReasonMissingClaim, middleware.ReasonMalformedClaim,
		middleware.ReasonMalformedToken,
	},
	"nbf":   {middleware.ReasonNotYetValid, middleware.ReasonMalformedClaim},
	"scope": {middleware.ReasonMalformedClaim},
	"claim": {middleware.ReasonMissingClaim, middleware.ReasonExpired},
}

func TestAccessTokenVectors(t *testing.T) {
	var file tokenVectors
	vectors(t, "at-jwt-rfc9068.json", &file)
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			cfg := file.config(t)
			if tt.Context.Leeway > 0 {
				cfg.Leeway = time.Duration(tt.Context.Leeway) * time.Second
			}
			token, err := newValidator(t, cfg).Validate(t.Context(), tt.Token)
			if tt.Expect.Accept {
				if err != nil || token.Subject == "" || token.ClientID == "" {
					t.Errorf("got %v, %v, want acceptance", token, err)
				}
				return
			}
			class, _, _ := strings.Cut(tt.ID, "-")
			reasons := reasonsByClass[class]
			if !errors.Is(err, middleware.ErrInvalidToken) || !slices.Contains(reasons, middleware.ReasonOf(err)) {
				t.Errorf("got %v, want a refusal for one of %q", err, reasons)
			}
			wantDiscretion(t, err, tt.Token)
		})
	}
}
