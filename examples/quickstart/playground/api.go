package playground

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"

	"github.com/bearergate/bearergate/adapters/oauthecho"
	"github.com/bearergate/bearergate/adapters/oauthgin"
	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation"
)

// newGuard wires what the quickstart does, and more: tokens can be revoked or bound to a key of their client, and somebody
// is told of every decision.
func newGuard(as *oauthtest.Server, audience string, list *revocation.List, o *observer) (*middleware.Guard, error) {
	validator, err := jwks.New(jwks.Config{
		Issuer:     as.Issuer(),
		Audience:   audience,
		HTTPClient: as.HTTPClient(), // trusts the demo's own certificate; your issuer needs no such line
	})
	if err != nil {
		return nil, err
	}
	proofs, err := dpop.New(dpop.Config{BaseURL: audience}) // the URL by which clients know the API
	if err != nil {
		return nil, err
	}
	return middleware.New(validator, middleware.Config{
		Revocations: list,
		Bindings:    []middleware.Binding{proofs},
		OnDecision:  o.onDecision,
	})
}

func newList() (*revocation.List, error) {
	// The audit records would end up between the lines of the demo.
	return revocation.NewList(revocation.Config{Logger: slog.New(slog.DiscardHandler)})
}

// handler is the API as one framework serves it.
type handler struct {
	framework string
	http.Handler
}

// protect has a line for each route on each framework. The catalogue is open to everybody; a token that comes along is
// checked all the same.
func protect(guard *middleware.Guard) []handler {
	open := middleware.Policy{AllowAnonymous: true}

	mux := http.NewServeMux()
	mux.Handle("GET /orders", oauthhttp.Require(guard, "orders:read")(listOrders))
	mux.Handle("POST /orders", oauthhttp.Require(guard, "orders:write")(placeOrder))
	mux.Handle("GET /catalogue", oauthhttp.Enforce(guard, open)(showCatalogue))

	e := echo.New()
	e.GET("/orders", echo.WrapHandler(listOrders), oauthecho.Require(guard, "orders:read"))
	e.POST("/orders", echo.WrapHandler(placeOrder), oauthecho.Require(guard, "orders:write"))
	e.GET("/catalogue", echo.WrapHandler(showCatalogue), oauthecho.Enforce(guard, open))

	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.GET("/orders", oauthgin.Require(guard, "orders:read"), gin.WrapF(listOrders))
	r.POST("/orders", oauthgin.Require(guard, "orders:write"), gin.WrapF(placeOrder))
	r.GET("/catalogue", oauthgin.Enforce(guard, open), gin.WrapF(showCatalogue))

	return []handler{{"net/http", mux}, {"Echo", e}, {"Gin", r}}
}
