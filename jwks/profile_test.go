package jwks_test

import (
	"slices"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// specimen is an access token as an issuer makes it.
type specimen struct {
	profile  jwks.Profile
	audience string // of the resource server
	header   object // besides alg and kid
	claims   object

	client string
	id     string
	scopes middleware.Scopes
	acr    string
}

func (s *specimen) validator(t testing.TB) *jwks.Validator {
	t.Helper()
	return newValidator(t, jwks.Config{
		Issuer:   s.claims["iss"].(string),
		Audience: s.audience,
		Profile:  s.profile,
		Keys:     parseKeys(t, keySet(t, signerOf(t, jose.RS256))),
		Now:      atNoon,
	})
}

func (s *specimen) token(t testing.TB, header, claims object) string {
	t.Helper()
	return sign(t, signerOf(t, jose.RS256), over(s.header, header), with(s.claims, claims))
}

var (
	noHeader = object{}
	typJWT   = object{"typ": "JWT"}

	issuedAt  = noon.Unix() - 60
	expiresAt = noon.Unix() + 240
)

const (
	keycloakUser = "5c6b2c1e-3d5f-4c37-9a0e-0f9f3c1f8a11"
	entraTenant  = "8f0bd3f1-6f0b-4c2a-9d3c-51f6a4c0a111"
	entraAPI     = "1f7c2d8e-2f66-4b0e-8a55-9a3c7c6b1222"
	entraClient  = "2a9d3f60-7c3d-4d0c-b0aa-0f8c5d4e3333"
	auth0API     = "https://orders.example.com"
	cognitoApp   = "4kb2vpnj1q8c7d3m5example"
)

// specimens has every shape of token that the profiles are for.
var specimens = map[string]specimen{
	"RFC 9068": {
		profile: jwks.RFC9068, audience: audience, header: atJWT,
		claims: object{
			"iss": issuer, "sub": "5ba552d67", "aud": audience, "exp": expiresAt, "iat": issuedAt,
			"jti": "dbe39bf3", "client_id": "s6BhdRkqt3", "scope": "openid orders:read", "acr": "urn:example:loa:2",
		},
		client: "s6BhdRkqt3", id: "dbe39bf3", scopes: "openid orders:read", acr: "urn:example:loa:2",
	},
	"Keycloak user": {
		profile: jwks.Keycloak, audience: "orders", header: typJWT,
		claims: object{
			"exp": expiresAt, "iat": issuedAt, "auth_time": issuedAt, "jti": "onrtac:0b4d5a3e", "typ": "Bearer",
			"iss": "https://sso.example.com/realms/shop", "aud": []string{"orders", "account"}, "sub": keycloakUser,
			"azp": "shop-web", "sid": "9f1c", "acr": "1", "allowed-origins": []string{"https://shop.example.com"},
			"realm_access":    object{"roles": []string{"offline_access", "uma_authorization"}},
			"resource_access": object{"account": object{"roles": []string{"view-profile"}}},
			"scope":           "openid email orders:read", "email_verified": true, "preferred_username": "alice",
		},
		client: "shop-web", id: "onrtac:0b4d5a3e", scopes: "openid email orders:read", acr: "1",
	},
	"Keycloak with the nonce of old versions": {
		profile: jwks.Keycloak, audience: "orders", header: typJWT,
		claims: object{
			"exp": expiresAt, "iat": issuedAt, "jti": "0b4d", "typ": "Bearer", "nonce": "n-0S6",
			"iss": "https://sso.example.com/auth/realms/shop", "aud": "orders", "sub": keycloakUser, "azp": "shop-web",
			"session_state": "9f1c", "scope": "openid",
		},
		client: "shop-web", id: "0b4d", scopes: "openid",
	},
	"Keycloak service account, lightweight": {
		profile: jwks.Keycloak, audience: "orders", header: typJWT,
		claims: object{
			"exp": expiresAt, "iat": issuedAt, "jti": "trrtcc:1c5e", "typ": "Bearer",
			"iss": "https://sso.example.com/realms/shop", "aud": "orders", "azp": "stock", "scope": "orders:read",
		},
		client: "stock", id: "trrtcc:1c5e", scopes: "orders:read",
	},
	"Keycloak DPoP": {
		profile: jwks.Keycloak, audience: "orders", header: typJWT,
		claims: object{
			"exp": expiresAt, "iat": issuedAt, "jti": "onrtac:7a", "typ": "DPoP", "aud": "orders", "sub": keycloakUser,
			"iss": "https://sso.example.com/realms/shop", "azp": "shop-web", "scope": "openid",
			"cnf": object{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"},
		},
		client: "shop-web", id: "onrtac:7a", scopes: "openid",
	},
	"Entra v2 user": {
		profile: jwks.Entra, audience: entraAPI, header: typJWT,
		claims: object{
			"aud": entraAPI, "iss": "https://login.microsoftonline.com/" + entraTenant + "/v2.0", "iat": issuedAt,
			"nbf": issuedAt, "exp": expiresAt, "aio": "AXQAi/8TAAAA", "azp": entraClient, "azpacr": "1", "name": "Alice",
			"oid": "e0", "preferred_username": "alice@example.com", "rh": "0.AX", "scp": "Orders.Read Orders.Write",
			"sub": "HKZpfaHyWadeOouYlitjrI", "tid": entraTenant, "uti": "fqiBqXLPj0eQa82S", "ver": "2.0",
		},
		client: entraClient, id: "fqiBqXLPj0eQa82S", scopes: "Orders.Read Orders.Write",
	},
	"Entra v1 user": {
		profile: jwks.Entra, audience: "api://" + entraAPI, header: over(typJWT, object{"x5t": "i6lGk3FZzxRcUb2C3nEQ7syHJlY"}),
		claims: object{
			"aud": "api://" + entraAPI, "iss": "https://sts.windows.net/" + entraTenant + "/", "iat": issuedAt,
			"nbf": issuedAt, "exp": expiresAt, "acr": "1", "aio": "AXQAi/8TAAAA", "amr": []string{"pwd", "mfa"},
			"appid": entraClient, "appidacr": "0", "ipaddr": "192.0.2.1", "oid": "e0", "rh": "0.AX", "scp": "Orders.Read",
			"sub": "l3_roISQU222bULS9yi2k0", "tid": entraTenant, "unique_name": "alice", "uti": "uuid", "ver": "1.0",
		},
		client: entraClient, id: "uuid", scopes: "Orders.Read", acr: "1",
	},
	"Entra application": {
		profile: jwks.Entra, audience: entraAPI, header: typJWT,
		claims: object{
			"aud": entraAPI, "iss": "https://login.microsoftonline.com/" + entraTenant + "/v2.0", "iat": issuedAt,
			"nbf": issuedAt, "exp": expiresAt, "aio": "E2", "azp": entraClient, "azpacr": "1", "idtyp": "app", "oid": "e1",
			"roles": []string{"Orders.Read.All"}, "sub": "e1", "tid": entraTenant, "uti": "u", "ver": "2.0",
		},
		client: entraClient, id: "u",
	},
	"Okta": {
		profile: jwks.Okta, audience: "api://default", header: noHeader,
		claims: object{
			"ver": 1, "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE", "iss": "https://example.okta.com/oauth2/default",
			"aud": "api://default", "iat": issuedAt, "exp": expiresAt, "cid": "0oabv6kx4qq6h1U5l0h7", "uid": "00ujacp8",
			"scp": []string{"openid", "orders:read"}, "auth_time": issuedAt, "sub": "alice@example.com",
		},
		client: "0oabv6kx4qq6h1U5l0h7", id: "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE", scopes: "openid orders:read",
	},
	"Auth0 user": {
		profile: jwks.Auth0, audience: auth0API, header: typJWT,
		claims: object{
			"iss": "https://example.eu.auth0.com/", "sub": "auth0|5f7c8ec7c33c6c004bbafe82", "iat": issuedAt, "exp": expiresAt,
			"aud": []string{auth0API, "https://example.eu.auth0.com/userinfo"}, "azp": "my-client",
			"scope": "openid profile read:orders", "permissions": []string{"read:orders"},
		},
		client: "my-client", scopes: "openid profile read:orders",
	},
	"Auth0 machine": {
		profile: jwks.Auth0, audience: auth0API, header: typJWT,
		claims: object{
			"iss": "https://example.eu.auth0.com/", "sub": "my-machine@clients", "aud": auth0API, "iat": issuedAt,
			"exp": expiresAt, "azp": "my-machine", "scope": "read:orders", "gty": "client-credentials",
		},
		client: "my-machine", scopes: "read:orders",
	},
	"Auth0 in its RFC 9068 dialect": {
		profile: jwks.Auth0, audience: auth0API, header: atJWT,
		claims: object{
			"iss": "https://example.eu.auth0.com/", "sub": "auth0|5f7c", "aud": auth0API, "iat": issuedAt, "exp": expiresAt,
			"client_id": "my-client", "jti": "FDG", "scope": "read:orders",
		},
		client: "my-client", id: "FDG", scopes: "read:orders",
	},
	"Cognito": {
		profile: jwks.Cognito, audience: cognitoApp, header: noHeader,
		claims: object{
			"sub": "aaaaaaaa-bbbb", "cognito:groups": []string{"testers"}, "version": 2, "client_id": cognitoApp,
			"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example", "origin_jti": "o", "event_id": "e",
			"token_use": "access", "scope": "openid orders/read", "auth_time": issuedAt, "exp": expiresAt, "iat": issuedAt,
			"jti": "j", "username": "alice",
		},
		client: cognitoApp, id: "j", scopes: "openid orders/read",
	},
	"Cognito with a resource": {
		profile: jwks.Cognito, audience: audience, header: noHeader,
		claims: object{
			"sub": "aaaaaaaa-bbbb", "client_id": cognitoApp, "aud": audience, "token_use": "access", "scope": "orders/read",
			"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example", "exp": expiresAt, "iat": issuedAt,
			"jti": "j",
		},
		client: cognitoApp, id: "j", scopes: "orders/read",
	},
	"Generic, scopes in an array scp": {
		profile: jwks.Generic, audience: audience, header: typJWT,
		claims: object{
			"iss": issuer, "sub": "alice", "aud": []string{audience}, "client_id": "shop", "exp": expiresAt, "iat": issuedAt,
			"nbf": issuedAt, "jti": "j", "scp": []string{"offline", "orders:read"}, "ext": object{},
		},
		client: "shop", id: "j", scopes: "offline orders:read",
	},
	"Generic, scopes in an array scope": {
		profile: jwks.Generic, audience: audience, header: atJWT,
		claims: object{
			"iss": issuer, "aud": audience, "client_id": "shop", "exp": expiresAt, "scope": []string{"orders:read"},
		},
		client: "shop", scopes: "orders:read",
	},
	"Generic, the least": {
		profile: jwks.Generic, audience: audience, header: noHeader,
		claims: object{"iss": issuer, "aud": audience, "exp": expiresAt},
	},
}

func TestProfileAccepts(t *testing.T) {
	for name, s := range specimens {
		t.Run(name, func(t *testing.T) {
			token := accepted(t, s.validator(t), s.token(t, nil, nil))
			subject, _ := s.claims["sub"].(string)
			if token.Issuer != s.claims["iss"] || token.Subject != subject || token.ClientID != s.client ||
				token.ID != s.id || token.Scopes != s.scopes || token.ACR != s.acr {
				t.Errorf("got %v with scopes %q, acr %q", token, token.Scopes, token.ACR)
			}
			if !slices.Contains(slices.Collect(token.Audience.All()), s.audience) || token.ExpiresAt.Unix() != expiresAt {
				t.Errorf("audience %v, expiry %v", token.Audience, token.ExpiresAt)
			}
			if _, bound := s.claims["cnf"]; bound == token.Confirmation.IsZero() {
				t.Errorf("confirmation %v", token.Confirmation)
			}
		})
	}
}
