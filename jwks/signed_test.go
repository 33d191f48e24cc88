package jwks_test

import (
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

const setTyp = "secevent+jwt"

func newVerifier(t *testing.T) *jwks.Verifier {
	t.Helper()
	v, err := jwks.NewVerifier(setTyp, jwks.Config{
		Issuer: issuer, Audience: audience, Keys: parseKeys(t, keySet(t, signerOf(t, jose.ES256))),
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A Verifier takes JWTs of its own kind and issuer, meant for it, and none but these.
func TestVerifier(t *testing.T) {
	good := object{"iss": issuer, "aud": audience, "events": object{}}
	for _, tt := range []struct {
		name   string
		header object
		claims object
		want   middleware.Reason // "" for acceptance
	}{
		{"good", object{"typ": setTyp}, good, ""},
		{"long form of typ", object{"typ": "application/SecEvent+JWT"}, good, ""},
		{"access token", object{"typ": "at+jwt"}, good, middleware.ReasonWrongType},
		{"untyped", object{}, good, middleware.ReasonWrongType},
		{"other issuer", object{"typ": setTyp}, object{"iss": issuer + "/", "aud": audience}, middleware.ReasonUntrustedIssuer},
		{"other audience", object{"typ": setTyp}, object{"iss": issuer, "aud": "other"}, middleware.ReasonWrongAudience},
		{"no audience", object{"typ": setTyp}, object{"iss": issuer}, middleware.ReasonWrongAudience},
		{"audience of a wrong kind", object{"typ": setTyp}, object{"iss": issuer, "aud": 1}, middleware.ReasonMalformedClaim},
	} {
		t.Run(tt.name, func(t *testing.T) {
			claims, err := newVerifier(t).Verify(t.Context(), sign(t, signerOf(t, jose.ES256), tt.header, tt.claims))
			if got := middleware.ReasonOf(err); got != tt.want || (err == nil) != (len(claims) > 0) {
				t.Errorf("got %s and reason %q, want %q", claims, got, tt.want)
			}
		})
	}
}

func TestVerifierSignature(t *testing.T) {
	forged := sign(t, signerOf(t, jose.PS256), object{"typ": setTyp}, object{"iss": issuer, "aud": audience})
	if _, err := newVerifier(t).Verify(t.Context(), forged); middleware.ReasonOf(err) != middleware.ReasonUnknownKey {
		t.Errorf("got %v", err)
	}
	if _, err := newVerifier(t).Verify(t.Context(), "a.b.c"); middleware.ReasonOf(err) != middleware.ReasonMalformedToken {
		t.Errorf("got %v", err)
	}
}

// A Verifier for what could be an access token would undo the separation.
func TestNewVerifierRefuses(t *testing.T) {
	for _, typ := range []string{"", "JWT", "application/jwt", "at+jwt", "application/at+JWT"} {
		if _, err := jwks.NewVerifier(typ, jwks.Config{Issuer: issuer, Audience: audience}); err == nil {
			t.Errorf("%q: no error", typ)
		}
	}
	if _, err := jwks.NewVerifier(setTyp, jwks.Config{}); err == nil {
		t.Error("empty Config: no error")
	}
}
