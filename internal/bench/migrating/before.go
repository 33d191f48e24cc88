// Package migrating has the code of other libraries that docs/guides/migrating.md says how to replace, so that it is compiled
// with the versions that are measured here.
package migrating

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	ginjwt "github.com/appleboy/gin-jwt/v3"
	jwtmiddlewarev2 "github.com/auth0/go-jwt-middleware/v2"
	jwksv2 "github.com/auth0/go-jwt-middleware/v2/jwks"
	validatorv2 "github.com/auth0/go-jwt-middleware/v2/validator"
	jwtmiddleware "github.com/auth0/go-jwt-middleware/v3"
	"github.com/auth0/go-jwt-middleware/v3/jwks"
	"github.com/auth0/go-jwt-middleware/v3/validator"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/jwtauth/v5"
	"github.com/golang-jwt/jwt/v5"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
)

// requireScope is what users of a library without scopes have written themselves.
func requireScope(_ string, next http.Handler) http.Handler { return next }

// Auth0V2 is version 2 of auth0/go-jwt-middleware.
func Auth0V2(mux *http.ServeMux, issuerURL *url.URL, audience string, listOrders http.Handler) error {
	//docs:begin before-auth0-v2
	provider := jwksv2.NewCachingProvider(issuerURL, 5*time.Minute)
	tokens, err := validatorv2.New(provider.KeyFunc, validatorv2.RS256, issuerURL.String(), []string{audience})
	if err != nil {
		return err
	}
	check := jwtmiddlewarev2.New(tokens.ValidateToken)
	mux.Handle("GET /orders", check.CheckJWT(requireScope("orders:read", listOrders))) // requireScope is your own
	//docs:end
	return nil
}

// Auth0V3 is version 3 of auth0/go-jwt-middleware.
func Auth0V3(mux *http.ServeMux, issuerURL *url.URL, audience string, listOrders http.Handler) error {
	//docs:begin before-auth0-v3
	provider, err := jwks.NewCachingProvider(jwks.WithIssuerURL(issuerURL))
	if err != nil {
		return err
	}
	tokens, err := validator.New(validator.WithKeyFunc(provider.KeyFunc), validator.WithAlgorithm(validator.RS256),
		validator.WithIssuer(issuerURL.String()), validator.WithAudience(audience))
	if err != nil {
		return err
	}
	check, err := jwtmiddleware.New(jwtmiddleware.WithValidator(tokens))
	if err != nil {
		return err
	}
	mux.Handle("GET /orders", check.CheckJWT(requireScope("orders:read", listOrders)))
	//docs:end
	return nil
}

// OIDC is coreos/go-oidc; it needs the authorization server in order to start.
func OIDC(ctx context.Context, private any) (http.HandlerFunc, error) {
	//docs:begin before-oidc
	provider, err := oidc.NewProvider(ctx, "https://login.example.com")
	if err != nil {
		return nil, err
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: "https://orders.example.com"})
	orders := func(w http.ResponseWriter, r *http.Request) {
		token, err := verifier.Verify(r.Context(), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		if err == nil {
			err = token.Claims(private)
		}
		if err != nil {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
		}
	}
	//docs:end
	return orders, nil
}

// Echo is labstack/echo-jwt.
func Echo(e *echo.Echo, keys keyfunc.Keyfunc) {
	//docs:begin before-echo
	orders := e.Group("/orders", echojwt.WithConfig(echojwt.Config{KeyFunc: keys.Keyfunc}))
	orders.GET("", func(c echo.Context) error {
		token := c.Get("user").(*jwt.Token)
		subject, err := token.Claims.GetSubject()
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, subject)
	})
	//docs:end
}

// Gin is appleboy/gin-jwt.
func Gin(r *gin.Engine, secret []byte, login func(*gin.Context) (any, error), authorize func(*gin.Context, any) bool) error {
	//docs:begin before-gin
	auth, err := ginjwt.New(&ginjwt.GinJWTMiddleware{
		Realm: "orders", Key: secret, Authenticator: login, Authorizer: authorize,
	})
	if err != nil {
		return err
	}
	r.POST("/login", auth.LoginHandler)
	orders := r.Group("/orders", auth.MiddlewareFunc())
	orders.GET("", func(c *gin.Context) { c.String(http.StatusOK, ginjwt.ExtractClaims(c)["id"].(string)) })
	//docs:end
	return nil
}

// Chi is go-chi/jwtauth.
func Chi(r chi.Router, secret []byte) {
	//docs:begin before-chi
	auth := jwtauth.New("HS256", secret, nil)
	r.Use(jwtauth.Verifier(auth))
	r.Use(jwtauth.Authenticator(auth)) // without this line everything passes
	r.Get("/orders", func(w http.ResponseWriter, r *http.Request) {
		_, claims, _ := jwtauth.FromContext(r.Context())
		_, _ = w.Write([]byte(claims["sub"].(string)))
	})
	//docs:end
}
