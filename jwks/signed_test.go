package jwks_test

import (
	"errors"
	"strings"
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

// What a Verifier asks for can be loosened for kinds of JWTs that say less of themselves, each in its own way.
func TestVerifierConfig(t *testing.T) {
	const listTyp = "statuslist+jwt"
	untyped := jwks.VerifierConfig{Type: "logout+jwt", AllowUntyped: true, Audience: "client"}
	public := jwks.VerifierConfig{Type: listTyp, AnyAudience: true, MaxBytes: 64 << 10}
	padded := object{"padding": strings.Repeat("x", 40<<10)}
	for _, tt := range []struct {
		name   string
		config jwks.VerifierConfig
		header object
		claims object
		want   middleware.Reason // "" for acceptance
	}{
		{"audiences of the validator", jwks.VerifierConfig{Type: setTyp}, object{"typ": setTyp}, object{"iss": issuer, "aud": audience}, ""},
		{"its own audience", jwks.VerifierConfig{Type: setTyp, Audience: "client"}, object{"typ": setTyp}, object{"iss": issuer, "aud": "client"}, ""},
		{"audience of the validator instead", untyped, object{}, object{"iss": issuer, "aud": audience}, middleware.ReasonWrongAudience},
		{"no typ", untyped, object{}, object{"iss": issuer, "aud": "client"}, ""},
		{"typ JWT", untyped, object{"typ": "JWT"}, object{"iss": issuer, "aud": "client"}, ""},
		{"typ of its kind", untyped, object{"typ": "logout+jwt"}, object{"iss": issuer, "aud": "client"}, ""},
		{"access token", untyped, object{"typ": "at+jwt"}, object{"iss": issuer, "aud": "client"}, middleware.ReasonWrongType},
		{"no typ where it is needed", public, object{}, object{"iss": issuer}, middleware.ReasonWrongType},
		{"neither issuer nor audience", public, object{"typ": listTyp}, object{"sub": "list"}, ""},
		{"any audience", public, object{"typ": listTyp}, object{"iss": issuer, "aud": "other"}, ""},
		{"other issuer", public, object{"typ": listTyp}, object{"iss": "https://other.example.com"}, middleware.ReasonUntrustedIssuer},
		{"empty issuer", public, object{"typ": listTyp}, object{"iss": ""}, middleware.ReasonUntrustedIssuer},
		{"large", public, object{"typ": listTyp}, padded, ""},
		{"too large", jwks.VerifierConfig{Type: listTyp, AnyAudience: true}, object{"typ": listTyp}, padded, middleware.ReasonTokenTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			validator, err := jwks.New(jwks.Config{
				Issuer: issuer, Audience: audience, Keys: parseKeys(t, keySet(t, signerOf(t, jose.ES256))),
			})
			if err != nil {
				t.Fatal(err)
			}
			verifier, err := validator.Verifier(tt.config)
			if err != nil {
				t.Fatal(err)
			}
			claims, err := verifier.Verify(t.Context(), sign(t, signerOf(t, jose.ES256), tt.header, tt.claims))
			if got := middleware.ReasonOf(err); got != tt.want || (err == nil) != (len(claims) > 0) {
				t.Errorf("got %.80s and reason %q, want %q", claims, got, tt.want)
			}
			forged := sign(t, signerOf(t, jose.PS256), tt.header, tt.claims)
			if _, err := verifier.Verify(t.Context(), forged); !errors.Is(err, middleware.ErrInvalidToken) {
				t.Errorf("signed by somebody else: %v", err)
			}
		})
	}
}

func TestVerifierConfigRefused(t *testing.T) {
	validator, err := jwks.New(jwks.Config{Issuer: issuer, Audience: audience})
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range []jwks.VerifierConfig{
		{},
		{Type: "at+jwt"},
		{Type: "application/JWT", AllowUntyped: true},
		{Type: setTyp, AnyAudience: true, Audience: "client"},
		{Type: setTyp, AnyAudience: true, AllowUntyped: true},
		{Type: setTyp, MaxBytes: -1},
	} {
		if _, err := validator.Verifier(config); err == nil {
			t.Errorf("%+v: no error", config)
		}
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
