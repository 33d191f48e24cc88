package guides

import (
	"context"
	"maps"
	"net/url"
	"testing"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// claims replace those of a token of RFC 9068; nil leaves one out.
type claims = map[string]any

// specimen is an access token as an issuer writes it, and the mistake that its users make.
type specimen struct {
	config  jwks.Config
	header  claims
	claims  claims
	scope   string
	mistake claims
	reason  middleware.Reason
}

func specimens() map[string]specimen {
	jwt := claims{"typ": "JWT"}
	return map[string]specimen{
		"keycloak": {
			config: keycloak(), header: jwt, scope: "orders:read",
			claims:  claims{"typ": "Bearer", "azp": "shop", "client_id": nil, "scope": "orders:read profile"},
			mistake: claims{"aud": "account"}, reason: middleware.ReasonWrongAudience,
		},
		"keycloak without an audience": {
			config: keycloak(), header: jwt, scope: "orders:read",
			claims:  claims{"typ": "Bearer", "azp": "shop", "client_id": nil, "scope": "orders:read profile"},
			mistake: claims{"aud": nil}, reason: middleware.ReasonMissingClaim,
		},
		"keycloak, ID token": {
			config: keycloak(), header: jwt, scope: "orders:read",
			claims:  claims{"typ": "Bearer", "azp": "shop", "client_id": nil, "scope": "orders:read profile"},
			mistake: claims{"typ": "ID"}, reason: middleware.ReasonNotAccessToken,
		},
		"entra": {
			config: entra(), header: jwt, scope: "orders:read",
			claims:  claims{"azp": "shop", "client_id": nil, "jti": nil, "uti": "x", "scp": "orders:read", "ver": "2.0"},
			mistake: claims{"iss": entraV1().Issuer, "ver": "1.0"}, reason: middleware.ReasonUntrustedIssuer,
		},
		"entra v1": {
			config: entraV1(), header: jwt, scope: "orders:read",
			claims:  claims{"appid": "shop", "client_id": nil, "jti": nil, "uti": "x", "scp": "orders:read", "ver": "1.0"},
			mistake: claims{"aud": "00000003-0000-0000-c000-000000000000"}, reason: middleware.ReasonWrongAudience,
		},
		"okta": {
			config: okta(), header: claims{"typ": nil}, scope: "orders:read",
			claims:  claims{"cid": "shop", "client_id": nil, "scp": []string{"orders:read"}, "ver": 1},
			mistake: claims{"iss": "https://example.okta.com"}, reason: middleware.ReasonUntrustedIssuer,
		},
		"auth0": {
			config: auth0(), header: jwt, scope: "orders:read",
			claims:  claims{"azp": "shop", "client_id": nil, "jti": nil, "scope": "openid orders:read"},
			mistake: claims{"aud": "https://example.eu.auth0.com/api/v2/"}, reason: middleware.ReasonWrongAudience,
		},
		"cognito": {
			config: cognito(), header: claims{"typ": nil}, scope: "orders/read",
			claims: claims{
				"token_use": "access", "aud": nil, "client_id": "2example23456789", "scope": "orders/read", "version": 2,
			},
			mistake: claims{"token_use": "id"}, reason: middleware.ReasonNotAccessToken,
		},
		"hydra": {
			config: hydraJWT(), header: jwt, scope: "orders:read",
			claims:  claims{"scp": []string{"orders:read"}, "nbf": 1},
			mistake: claims{"aud": []string{}}, reason: middleware.ReasonMissingClaim,
		},
	}
}

// issuerAt is an authorization server under the name of a real one, reached through its HTTP client alone.
func issuerAt(t *testing.T, issuer string) *oauthtest.Server {
	t.Helper()
	u, err := url.Parse(issuer)
	if err != nil {
		t.Fatal(err)
	}
	return oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Host: u.Host, Path: u.Path})
}

func TestIssuers(t *testing.T) {
	t.Parallel()
	for name, s := range specimens() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			as := issuerAt(t, s.config.Issuer)
			s.config.HTTPClient = as.HTTPClient()
			if s.config.JWKSURL != "" { // which is on another host
				s.config.JWKSURL = as.URL(oauthtest.EndpointJWKS)
			}
			audience := []string{s.config.Audience}
			validator, err := jwks.New(s.config)
			if err != nil {
				t.Fatal(err)
			}
			defer validator.Close()
			mint := func(claims claims) string {
				return as.Mint(oauthtest.Token{Header: s.header, Audience: audience, Claims: claims})
			}

			token, err := validator.Validate(context.Background(), mint(s.claims))
			if err != nil || !token.Scopes.Has(s.scope) || token.ClientID == "" {
				t.Errorf("its own token: %v, %v", err, token)
			}
			maps.Copy(s.claims, s.mistake)
			if _, err := validator.Validate(context.Background(), mint(s.claims)); middleware.ReasonOf(err) != s.reason {
				t.Errorf("the usual mistake: %v, want %s", err, s.reason)
			}
		})
	}
}

// An identifier is compared octet by octet, so a slash too few makes the issuer another one, or one that nobody knows.
func TestAuth0Slash(t *testing.T) {
	t.Parallel()
	config := auth0()
	as := issuerAt(t, config.Issuer)
	config.Issuer, config.HTTPClient = "https://example.eu.auth0.com", as.HTTPClient()
	validator, err := jwks.New(config)
	if err != nil {
		t.Fatal(err)
	}
	defer validator.Close()
	token := as.Mint(oauthtest.Token{Header: claims{"typ": "JWT"}, Audience: []string{config.Audience}})
	if _, err := validator.Validate(context.Background(), token); middleware.ReasonOf(err) != middleware.ReasonUntrustedIssuer {
		t.Error(err)
	}
	opaque := as.Mint(oauthtest.Token{Opaque: true})
	if _, err := validator.Validate(context.Background(), opaque); middleware.ReasonOf(err) != middleware.ReasonMalformedToken {
		t.Error("without an audience parameter:", err)
	}
}

func TestIntrospectedIssuers(t *testing.T) {
	t.Parallel()
	apiKey := func(context.Context) (string, error) { return "s3cr3t", nil }
	for name, config := range map[string]introspection.Config{"zitadel": zitadel("s3cr3t"), "hydra": hydra(apiKey)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			as := issuerAt(t, config.Issuer)
			config.HTTPClient = as.HTTPClient()
			if config.Endpoint != "" { // which is on another host, behind what asks for the API key
				config.Endpoint = as.URL(oauthtest.EndpointIntrospection)
				config.ClientAuth = introspection.SecretBasic("orders", "s3cr3t")
			}
			validator, err := introspection.New(config)
			if err != nil {
				t.Fatal(err)
			}
			defer validator.Close()
			for _, tt := range []struct {
				name  string
				token string
				want  middleware.Reason
			}{
				{"its own", as.Mint(oauthtest.Token{Opaque: true, Audience: []string{config.Audience, "shop"}}), ""},
				{"other audience", as.Mint(oauthtest.Token{Opaque: true, Audience: []string{"shop"}}), middleware.ReasonWrongAudience},
				{"no audience", as.Mint(oauthtest.Token{Opaque: true, Claims: claims{"aud": nil}}), middleware.ReasonMissingClaim},
				{"empty audience", as.Mint(oauthtest.Token{Opaque: true, Claims: claims{"aud": []string{}}}), middleware.ReasonWrongAudience},
				{"refresh token", as.Mint(oauthtest.Token{Opaque: true, Audience: []string{config.Audience}, Claims: claims{"token_use": "refresh_token"}}), middleware.ReasonNotAccessToken},
				{"unknown to the server", "nobody-made-this", middleware.ReasonInactive},
			} {
				_, err := validator.Validate(context.Background(), tt.token)
				if got := middleware.ReasonOf(err); got != tt.want {
					t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
				}
			}
		})
	}
}

// Keycloak signs refresh tokens with a secret of its own.
func TestKeycloakRefreshToken(t *testing.T) {
	t.Parallel()
	config := keycloak()
	as := issuerAt(t, config.Issuer)
	config.HTTPClient = as.HTTPClient()
	validator, err := jwks.New(config)
	if err != nil {
		t.Fatal(err)
	}
	defer validator.Close()
	token := as.Sign(claims{"typ": "JWT", "alg": "HS512"}, []byte(`{"typ":"Refresh"}`))
	if _, err := validator.Validate(context.Background(), token); middleware.ReasonOf(err) != middleware.ReasonAlgorithmNotAllowed {
		t.Error(err)
	}
}
