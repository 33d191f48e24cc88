package main

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"

	"github.com/bearergate/bearergate/adapters/oauthecho"
	"github.com/bearergate/bearergate/adapters/oauthgin"
	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// protect is all the wiring there is: one validator, one guard, and a line for each route.
func protect(as *oauthtest.Server) ([]handler, error) {
	validator, err := jwks.New(jwks.Config{
		Issuer:     as.Issuer(),
		Audience:   audience,
		HTTPClient: as.HTTPClient(), // trusts the demo's own certificate; your issuer needs no such line
	})
	if err != nil {
		return nil, err
	}
	guard, err := middleware.New(validator, middleware.Config{})
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	mux.Handle("GET /orders", oauthhttp.Require(guard, "orders:read")(listOrders))

	e := echo.New()
	e.GET("/orders", listOrdersEcho, oauthecho.Require(guard, "orders:read"))

	gin.SetMode(gin.ReleaseMode) // or it prints its routes between our lines
	r := gin.New()
	r.GET("/orders", oauthgin.Require(guard, "orders:read"), listOrdersGin)

	return []handler{{"net/http", mux}, {"Echo", e}, {"Gin", r}}, nil
}
