// Command echo is the smallest protected API on Echo:
//
//	ISSUER=https://login.example.com AUDIENCE=https://orders.example.com go run ./examples/echo
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/labstack/echo/v4"

	"github.com/bearergate/bearergate/adapters/oauthecho"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

func main() {
	validator, err := jwks.New(jwks.Config{
		Issuer:   os.Getenv("ISSUER"),
		Audience: os.Getenv("AUDIENCE"),
	})
	if err != nil {
		log.Fatal(err)
	}
	guard, err := middleware.New(validator, middleware.Config{})
	if err != nil {
		log.Fatal(err)
	}

	e := echo.New()
	e.GET("/orders", listOrders, oauthecho.Require(guard, "orders:read"))

	log.Fatal(e.Start("127.0.0.1:8080"))
}

func listOrders(c echo.Context) error {
	token, _ := middleware.FromContext(c.Request().Context())
	return c.String(http.StatusOK, "Orders of "+token.Subject+"\n")
}
