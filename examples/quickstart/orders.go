package main

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"

	"github.com/bearergate/bearergate/middleware"
)

// The handlers know nothing of tokens but what they want to know.

var listOrders = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(ordersOf(r.Context())) // nobody to tell if the client has gone
})

func listOrdersEcho(c echo.Context) error {
	return c.JSON(http.StatusOK, ordersOf(c.Request().Context()))
}

func listOrdersGin(c *gin.Context) {
	c.JSON(http.StatusOK, ordersOf(c.Request.Context()))
}

type orders struct {
	Customer string   `json:"customer"`
	Orders   []string `json:"orders"`
}

// ordersOf is business logic: the customer is whoever the token says.
func ordersOf(ctx context.Context) orders {
	token, _ := middleware.FromContext(ctx)
	return orders{token.Subject, []string{"10 screws", "1 screwdriver"}}
}
