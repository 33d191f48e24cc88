package peers_test

import (
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	ginjwt "github.com/appleboy/gin-jwt/v2"
	jwtmiddleware "github.com/auth0/go-jwt-middleware/v2"
	"github.com/auth0/go-jwt-middleware/v2/jwks"
	"github.com/auth0/go-jwt-middleware/v2/validator"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gin-gonic/gin"
	jwtv4 "github.com/golang-jwt/jwt/v4"
	"github.com/golang-jwt/jwt/v5"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"

	"github.com/bearergate/bearergate/internal/interop/harness"
	"github.com/bearergate/bearergate/oauthtest"
)

// startPeers starts the kit on every adapter, and then the others. They know the issuer and the audience, and where the keys
// are; for the rest they are as their documentation shows them.
func startPeers(t *testing.T, as *oauthtest.Server, public *rsa.PublicKey) []peer {
	t.Helper()
	var peers []peer
	for _, adapter := range harness.Adapters {
		rs := harness.StartResourceServer(t,
			"-adapter", adapter, "-issuer", as.Issuer(), "-audience", audience, "-insecure-http")
		peers = append(peers, peer{"kit on " + adapter, rs.URL + "/me", nil})
	}
	fixedKey := map[aspect]string{keys: "its key is fixed"}
	serve := func(name string, h http.Handler, lacks map[aspect]string) peer {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return peer{name, server.URL + "/", lacks}
	}
	return append(peers,
		serve("go-jwt-middleware", goJWTMiddleware(t, as), nil),
		serve("go-oidc", goOIDC(t, as), map[aspect]string{header: "a verifier"}),
		serve("echo-jwt", echoJWT(as, public), fixedKey),
		serve("gin-jwt", ginJWT(t, as, public), fixedKey),
		peer{"mod_oauth2", modOAuth2(t, as), nil},
		peer{"mod_auth_openidc", modAuthOpenIDC(t, as), nil},
	)
}

// protected is what all of them protect.
var protected = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

func goJWTMiddleware(t *testing.T, as *oauthtest.Server) http.Handler {
	t.Helper()
	issuer, err := url.Parse(as.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	provider := jwks.NewCachingProvider(issuer, 5*time.Minute)
	v, err := validator.New(provider.KeyFunc, validator.RS256, as.Issuer(), []string{audience})
	if err != nil {
		t.Fatal(err)
	}
	return jwtmiddleware.New(v.ValidateToken).CheckJWT(protected)
}

// goOIDC verifies ID tokens, and is much used for access tokens. What is around it, and so the challenge, is for its user to
// write.
func goOIDC(t *testing.T, as *oauthtest.Server) http.Handler {
	t.Helper()
	set := oidc.NewRemoteKeySet(t.Context(), as.URL(oauthtest.EndpointJWKS))
	verifier := oidc.NewVerifier(as.Issuer(), set, &oidc.Config{ClientID: audience})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if _, err := verifier.Verify(r.Context(), token); err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
}

func echoJWT(as *oauthtest.Server, public *rsa.PublicKey) http.Handler {
	e := echo.New()
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(as.Issuer()), jwt.WithAudience(audience))
	e.Use(echojwt.WithConfig(echojwt.Config{
		ParseTokenFunc: func(_ echo.Context, token string) (any, error) {
			return parser.Parse(token, func(*jwt.Token) (any, error) { return public, nil })
		},
	}))
	e.GET("/", echo.WrapHandler(protected))
	return e
}

func ginJWT(t *testing.T, as *oauthtest.Server, public *rsa.PublicKey) http.Handler {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	m, err := ginjwt.New(&ginjwt.GinJWTMiddleware{
		KeyFunc: func(token *jwtv4.Token) (any, error) {
			if token.Method.Alg() != "RS256" {
				return nil, errors.New("another algorithm")
			}
			return public, nil
		},
		Authorizator: func(_ any, c *gin.Context) bool {
			claims := jwtv4.MapClaims(ginjwt.ExtractClaims(c))
			return claims.VerifyIssuer(as.Issuer(), true) && claims.VerifyAudience(audience, true)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	engine := gin.New()
	engine.GET("/", m.MiddlewareFunc(), gin.WrapH(protected))
	return engine
}

func modOAuth2(t *testing.T, as *oauthtest.Server) string {
	t.Helper()
	return startApache(t, harness.Apache{
		Module: "oauth2",
		Global: "OAuth2TokenVerify metadata " + as.Issuer() + "/.well-known/openid-configuration",
		Location: "AuthType oauth2\n<RequireAll>\nRequire oauth2_claim iss:" + as.Issuer() +
			"\nRequire oauth2_claim aud:" + audience + "\n</RequireAll>",
	})
}

// modAuthOpenIDC takes keys by TLS only.
func modAuthOpenIDC(t *testing.T, as *oauthtest.Server) string {
	t.Helper()
	target, err := url.Parse(as.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	secure := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(target))
	t.Cleanup(secure.Close)
	path := strings.TrimPrefix(as.URL(oauthtest.EndpointJWKS), as.Issuer())
	return startApache(t, harness.Apache{
		Module: "auth_openidc",
		Global: "OIDCCryptoPassphrase passphrase\nOIDCOAuthSSLValidateServer Off\nOIDCSSLValidateServer Off\n" +
			"OIDCOAuthRemoteUserClaim sub\nOIDCOAuthVerifyJwksUri " + secure.URL + path,
		Location: "AuthType oauth20\n<RequireAll>\nRequire claim iss:" + as.Issuer() +
			"\nRequire claim aud:" + audience + "\n</RequireAll>",
	})
}

func startApache(t *testing.T, config harness.Apache) string {
	t.Helper()
	backend := httptest.NewServer(protected)
	t.Cleanup(backend.Close)
	config.Backend = backend.URL
	return harness.StartApache(t, config) + "/"
}
