package guides

import (
	"context"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"

	"github.com/bearergate/bearergate/adapters/oauthecho"
	"github.com/bearergate/bearergate/adapters/oauthgin"
	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// newGuard is what every service after a move begins with.
func newGuard(client *http.Client) (*middleware.Guard, error) {
	//docs:begin guard
	validator, err := jwks.New(jwks.Config{
		Issuer:     "https://login.example.com",
		Audience:   "https://orders.example.com",
		HTTPClient: client, // may be left out
	})
	if err != nil {
		return nil, err
	}
	guard, err := middleware.New(validator, middleware.Config{})
	//docs:end
	return guard, err
}

func afterAuth0(guard *middleware.Guard, listOrders http.Handler) http.Handler {
	mux := http.NewServeMux()
	//docs:begin after-auth0
	mux.Handle("GET /orders", oauthhttp.Require(guard, "orders:read")(listOrders))
	//docs:end
	return mux
}

// order is an entry of a list of orders.
type order struct {
	Tenant string `json:"tenant"`
	Owner  string `json:"owner"`
}

func afterOIDC(guard *middleware.Guard, respond func(http.ResponseWriter, order)) http.Handler {
	//docs:begin after-oidc
	orders := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := middleware.FromContext(r.Context())
		private, err := middleware.Claims[struct {
			Tenant string `json:"tenant"`
		}](token)
		if err != nil {
			http.Error(w, "the token says nothing about a tenant", http.StatusForbidden)
			return
		}
		respond(w, order{private.Tenant, token.Subject})
	})
	handler := oauthhttp.Require(guard)(orders)
	//docs:end
	return handler
}

func afterEcho(guard *middleware.Guard, e *echo.Echo) {
	//docs:begin after-echo
	orders := e.Group("/orders", oauthecho.Require(guard, "orders:read"))
	orders.GET("", func(c echo.Context) error {
		token, _ := middleware.FromContext(c.Request().Context())
		return c.String(http.StatusOK, token.Subject)
	})
	//docs:end
}

func afterGin(guard *middleware.Guard, r *gin.Engine) {
	//docs:begin after-gin
	orders := r.Group("/orders", oauthgin.Require(guard, "orders:read"))
	orders.GET("", func(c *gin.Context) {
		token, _ := middleware.FromContext(c.Request.Context())
		c.String(http.StatusOK, token.Subject)
	})
	//docs:end
}

// router is the part of chi.Router that is used here.
type router interface {
	Use(middlewares ...func(http.Handler) http.Handler)
	Get(pattern string, handler http.HandlerFunc)
}

func afterChi(guard *middleware.Guard, r router) {
	//docs:begin after-chi
	r.Use(oauthhttp.Require(guard, "orders:read"))
	r.Get("/orders", func(w http.ResponseWriter, r *http.Request) {
		token, _ := middleware.FromContext(r.Context())
		_, _ = w.Write([]byte(token.Subject))
	})
	//docs:end
}

func sharedSecret(secret []byte) (*jwks.Validator, error) {
	//docs:begin secret
	validator, err := jwks.New(jwks.Config{
		Issuer:   "https://orders.example.com",
		Audience: "https://orders.example.com",
		Secret:   secret, // of 32 bytes at least
		Profile:  jwks.Generic,
	})
	//docs:end
	return validator, err
}

func reportRoles(guard *middleware.Guard, next http.Handler) http.Handler {
	//docs:begin roles
	admins := middleware.Policy{Check: func(_ context.Context, token middleware.Token) error {
		claims, err := middleware.Claims[struct {
			Roles []string `json:"roles"`
		}](token)
		if err != nil {
			return err
		}
		if !slices.Contains(claims.Roles, "admin") {
			return middleware.ErrInsufficientScope
		}
		return nil
	}}
	handler := oauthhttp.Enforce(guard, admins)(next)
	//docs:end
	return handler
}
