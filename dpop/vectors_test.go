package dpop_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/middleware"
)

// proofVectors is dpop-rfc9449.json.
type proofVectors struct {
	Cases []struct {
		ID      string `json:"id"`
		Proof   string `json:"proof"`
		Context struct {
			Method      string   `json:"method"`
			URI         string   `json:"uri"`
			AccessToken string   `json:"access_token"`
			Thumbprint  string   `json:"jkt"`
			Now         int64    `json:"now"`
			MaxAge      int      `json:"max_age"`
			Skew        int      `json:"skew"`
			Nonces      []string `json:"nonce"`
			Algorithms  []string `json:"algs"`
		} `json:"context"`
		Expect struct {
			Accept bool   `json:"accept"`
			Reason string `json:"reason"`
			Status int    `json:"status"`
			Error  string `json:"error"`
		} `json:"expect"`
	} `json:"cases"`
}

func proofCases(t testing.TB) proofVectors {
	t.Helper()
	var file proofVectors
	if err := conformance.Vectors("dpop-rfc9449.json", &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 59 {
		t.Fatalf("%d vectors, want 59", len(file.Cases))
	}
	return file
}

// reasonOf translates what the vectors call the reasons.
var reasonOf = map[string]middleware.Reason{
	"htu": dpop.ReasonWrongURL, "htm": dpop.ReasonWrongMethod, "ath": dpop.ReasonWrongToken, "binding": dpop.ReasonWrongKey,
	"signature": dpop.ReasonBadSignature, "typ": dpop.ReasonWrongType, "jwk missing": dpop.ReasonUnusableKey,
	"private jwk": dpop.ReasonUnusableKey, "symmetric jwk": dpop.ReasonUnusableKey, "alg": dpop.ReasonAlgorithmNotAllowed,
	"jti missing": dpop.ReasonMalformedClaim, "htm missing": dpop.ReasonMalformedClaim, "htu missing": dpop.ReasonMalformedClaim,
	"iat missing": dpop.ReasonMalformedClaim, "crit": dpop.ReasonMalformedProof, "use_dpop_nonce": middleware.ReasonNonceRequired,
}

// reasonOfCase has the cases for which the vectors' reason is less precise than ours.
var reasonOfCase = map[string]middleware.Reason{
	"rfc9449-4.1-token-endpoint-proof": dpop.ReasonMalformedClaim,
	"own-ath-missing":                  dpop.ReasonMalformedClaim,
	"own-alg-none":                     dpop.ReasonMalformedProof, // it has no signature
	"own-iat-milliseconds":             dpop.ReasonMalformedClaim,
	"rfc9449-7.1-too-old":              dpop.ReasonExpired,
	"rfc9449-7.1-future":               dpop.ReasonNotYetValid,
	"own-iat-far-future":               dpop.ReasonNotYetValid,
}

// The nonces of the vectors are not ours to make. With one that nobody knows they are all foreign, so what is seen here
// of the nonce cases is the demand for ours; TestD9449_10 accepts a right one.
func TestProofVectors(t *testing.T) {
	for _, tt := range proofCases(t).Cases {
		t.Run(tt.ID, func(t *testing.T) {
			c := tt.Context
			v := newVerifier(t, dpop.Config{
				URL:          func(*http.Request) (string, error) { return c.URI, nil },
				MaxAge:       time.Duration(c.MaxAge) * time.Second,
				Skew:         time.Duration(c.Skew) * time.Second,
				Algorithms:   c.Algorithms,
				RequireNonce: c.Nonces != nil && !tt.Expect.Accept,
				Now:          func() time.Time { return time.Unix(c.Now, 0) },
			})
			r := request(c.Method, "/", tt.Proof)
			err := v.Verify(http.Header{}, r, c.AccessToken, c.Thumbprint)
			if tt.Expect.Accept {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				want(t, "the same again", again(t, v, r, c.AccessToken, c.Thumbprint), refusal(dpop.ReasonReplayed))
				return
			}
			if err == nil {
				t.Fatal("accepted")
			}
			wantDiscretion(t, err, tt.Proof)
			reason, ok := reasonOfCase[tt.ID]
			if !ok {
				reason = reasonOf[tt.Expect.Reason]
			}
			if middleware.ReasonOf(err) != reason {
				t.Errorf("refused for %s, want %s: %v", middleware.ReasonOf(err), reason, err)
			}
			codes := map[string]string{"proof": "invalid_dpop_proof", "token": "invalid_token", "nonce": "use_dpop_nonce"}
			want(t, "error", codes[kindOf(t, err)], tt.Expect.Error)
		})
	}
}

func again(t *testing.T, v *dpop.Verifier, r *http.Request, accessToken, thumbprint string) string {
	t.Helper()
	err := v.Verify(http.Header{}, r, accessToken, thumbprint)
	if err == nil {
		return pass
	}
	return kindOf(t, err) + " " + string(middleware.ReasonOf(err))
}
