package jwks_test

import (
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// foreign are claims that only tokens of another kind have. Each is added to an otherwise perfect access token, which
// is more than its owner could do.
var foreign = map[string]object{
	"ID token with at_hash":  {"at_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng"},
	"ID token with c_hash":   {"c_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng"},
	"ID token with s_hash":   {"s_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng"},
	"null at_hash":           {"at_hash": jsonNull{}},
	"logout token":           {"events": object{"http://schemas.openid.net/event/backchannel-logout": object{}}},
	"security event token":   {"events": object{"urn:ietf:params:event:x": object{"id": 1}}, "txn": "8675309"},
	"DPoP proof":             {"htm": "GET", "htu": audience + "/orders"},
	"half a DPoP proof":      {"htu": audience + "/orders"},
	"introspection response": {"token_introspection": object{"active": true, "scope": "orders:read"}},
}

func TestForeignClaims(t *testing.T) {
	for name, s := range specimens {
		t.Run(name, func(t *testing.T) {
			v := s.validator(t)
			for kind, claims := range foreign {
				t.Run(kind, func(t *testing.T) {
					refused(t, v, s.token(t, nil, claims), middleware.ReasonNotAccessToken)
				})
			}
		})
	}
}

// TestNonce: the claim of ID tokens, which Keycloak used to put into access tokens too.
func TestNonce(t *testing.T) {
	for name, s := range specimens {
		t.Run(name, func(t *testing.T) {
			token := s.token(t, nil, object{"nonce": "n-0S6_WzA2Mj"})
			if s.profile == jwks.Keycloak {
				accepted(t, s.validator(t), token)
				return
			}
			refused(t, s.validator(t), token, middleware.ReasonNotAccessToken)
		})
	}
}

// TestForeignTypes: a typ that names another kind of token is refused under every profile, whatever the claims are.
func TestForeignTypes(t *testing.T) {
	types := []any{
		"logout+jwt", "secevent+jwt", "dpop+jwt", "token-introspection+jwt", "id+jwt", "client-authentication+jwt",
		"oauth-authz-req+jwt", "statuslist+jwt", "application/logout+jwt", "JWS", "JOSE", "text/jwt", "at+jwt;v=1",
		"application/application/jwt", " jwt", "at+jwt\u0000",
	}
	for name, s := range specimens {
		t.Run(name, func(t *testing.T) {
			v := s.validator(t)
			for _, typ := range types {
				refused(t, v, s.token(t, object{"typ": typ}, nil), middleware.ReasonWrongType)
			}
			for _, typ := range []any{7, true, []string{"JWT"}} {
				refused(t, v, s.token(t, object{"typ": typ}, nil), middleware.ReasonMalformedToken)
			}
		})
	}
}

// TestTypes: which of the usual types each profile takes.
func TestTypes(t *testing.T) {
	takes := map[jwks.Profile][]bool{ // none, JWT, at+jwt
		jwks.RFC9068:  {false, false, true},
		jwks.Keycloak: {false, true, true},
		jwks.Entra:    {false, true, true},
		jwks.Okta:     {true, true, true},
		jwks.Auth0:    {false, true, true},
		jwks.Cognito:  {true, true, true},
		jwks.Generic:  {true, true, true},
	}
	for name, s := range specimens {
		t.Run(name, func(t *testing.T) {
			v := s.validator(t)
			for i, spellings := range [][]any{
				{nil},
				{"JWT", "jwt", "application/jwt", "Application/JWT"},
				{"at+jwt", "AT+JWT", "at+JWT", "application/at+jwt", "Application/AT+jwt"},
			} {
				for _, typ := range spellings {
					token := s.token(t, object{"typ": typ}, nil)
					if takes[s.profile][i] {
						accepted(t, v, token)
					} else {
						refused(t, v, token, middleware.ReasonWrongType)
					}
				}
			}
		})
	}
}

// TestNeighbours are real tokens of the same issuers that are not for a resource server, or not for this one.
func TestNeighbours(t *testing.T) {
	for name, tt := range map[string]struct {
		specimen string
		claims   object
		want     middleware.Reason
	}{
		"Keycloak ID token":            {"Keycloak user", object{"typ": "ID", "aud": "orders"}, middleware.ReasonNotAccessToken},
		"Keycloak refresh token":       {"Keycloak user", object{"typ": "Refresh"}, middleware.ReasonNotAccessToken},
		"Keycloak offline token":       {"Keycloak user", object{"typ": "Offline"}, middleware.ReasonNotAccessToken},
		"Keycloak logout token":        {"Keycloak user", object{"typ": "Logout"}, middleware.ReasonNotAccessToken},
		"Keycloak without typ":         {"Keycloak user", object{"typ": nil}, middleware.ReasonNotAccessToken},
		"Keycloak typ of another case": {"Keycloak user", object{"typ": "bearer"}, middleware.ReasonNotAccessToken},
		"Keycloak typ in an array":     {"Keycloak user", object{"typ": []string{"Bearer"}}, middleware.ReasonNotAccessToken},
		"Keycloak without a mapper":    {"Keycloak user", object{"aud": "account"}, middleware.ReasonWrongAudience},
		"Entra ID token":               {"Entra v2 user", object{"azp": nil, "scp": nil}, middleware.ReasonMissingClaim},
		"Entra token for Graph":        {"Entra v1 user", object{"aud": "https://graph.microsoft.com"}, middleware.ReasonWrongAudience},
		"Entra of another tenant": {
			"Entra v2 user", object{"iss": "https://login.microsoftonline.com/9188040d/v2.0"}, middleware.ReasonUntrustedIssuer,
		},
		"Entra of another version": {
			"Entra v2 user", object{"iss": "https://sts.windows.net/" + entraTenant + "/"}, middleware.ReasonUntrustedIssuer,
		},
		"Okta ID token":               {"Okta", object{"cid": nil, "scp": nil, "amr": []string{"pwd"}}, middleware.ReasonMissingClaim},
		"Auth0 ID token":              {"Auth0 user", object{"aud": "my-client", "azp": nil, "sid": "s"}, middleware.ReasonMissingClaim},
		"Auth0 token for userinfo":    {"Auth0 user", object{"aud": "https://example.eu.auth0.com/userinfo"}, middleware.ReasonWrongAudience},
		"Cognito ID token":            {"Cognito", object{"token_use": "id", "aud": cognitoApp}, middleware.ReasonNotAccessToken},
		"Cognito without token_use":   {"Cognito", object{"token_use": nil}, middleware.ReasonNotAccessToken},
		"Cognito token of other app":  {"Cognito", object{"client_id": "other"}, middleware.ReasonWrongAudience},
		"Cognito aud beats client_id": {"Cognito", object{"aud": "https://other.example"}, middleware.ReasonWrongAudience},
		"Cognito empty aud":           {"Cognito", object{"aud": []string{}}, middleware.ReasonMissingClaim},
		"Cognito null aud":            {"Cognito", object{"aud": jsonNull{}}, middleware.ReasonMalformedClaim},
		"RFC 9068 with azp only":      {"RFC 9068", object{"client_id": nil, "azp": "shop"}, middleware.ReasonMissingClaim},
	} {
		t.Run(name, func(t *testing.T) {
			s := specimens[tt.specimen]
			refused(t, s.validator(t), s.token(t, nil, tt.claims), tt.want)
		})
	}
}

// TestRequiredClaims removes each claim that a profile asks for, and makes it null.
func TestRequiredClaims(t *testing.T) {
	for name, required := range map[string][]string{
		"RFC 9068":           {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"},
		"Keycloak user":      {"iss", "exp", "aud", "azp", "iat", "jti"},
		"Entra v2 user":      {"iss", "exp", "aud", "sub", "azp", "iat"},
		"Entra v1 user":      {"iss", "exp", "aud", "sub", "appid", "iat"},
		"Okta":               {"iss", "exp", "aud", "sub", "cid", "iat", "jti"},
		"Auth0 user":         {"iss", "exp", "aud", "sub", "azp", "iat"},
		"Cognito":            {"iss", "exp", "sub", "client_id", "iat", "jti"},
		"Generic, the least": {"iss", "exp", "aud"},
	} {
		t.Run(name, func(t *testing.T) {
			s := specimens[name]
			v := s.validator(t)
			for _, claim := range required {
				want := middleware.ReasonMissingClaim
				if claim == "iss" {
					want = middleware.ReasonUntrustedIssuer
				}
				refused(t, v, s.token(t, nil, object{claim: nil}), want)
				refused(t, v, s.token(t, nil, object{claim: jsonNull{}}), middleware.ReasonMalformedClaim)
			}
		})
	}
}

// jsonNull is a null that with leaves in place.
type jsonNull struct{}

func (jsonNull) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// The log says what was expected, which is the operator's own text, and never what a stranger's token had instead.
func TestRefusalNamesWhatWasExpected(t *testing.T) {
	es := signerOf(t, jose.ES256)
	v := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, OtherAudiences: []string{"https://old.example.com"},
		Keys: parseKeys(t, keySet(t, es)), Now: atNoon,
	})
	for claim, want := range map[string]string{
		"iss": `"` + issuer + `"`,
		"aud": `"` + audience + ` or https://old.example.com"`,
	} {
		_, err := v.Validate(t.Context(), sign(t, es, atJWT, accessClaims(object{claim: "https://elsewhere.example.com"})))
		if err == nil || !strings.Contains(err.Error(), "expected "+want) || strings.Contains(err.Error(), "elsewhere") {
			t.Errorf("%s: %v", claim, err)
		}
	}
}
