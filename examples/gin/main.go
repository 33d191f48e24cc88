// Command gin is the smallest protected API on Gin:
//
//	ISSUER=https://login.example.com AUDIENCE=https://orders.example.com go run ./examples/gin
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"

	"github.com/bearergate/bearergate/adapters/oauthgin"
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

	r := gin.Default()
	r.GET("/orders", oauthgin.Require(guard, "orders:read"), listOrders)

	log.Fatal(r.Run("127.0.0.1:8080"))
}

func listOrders(c *gin.Context) {
	token, _ := middleware.FromContext(c.Request.Context())
	c.String(http.StatusOK, "Orders of %s\n", token.Subject)
}
