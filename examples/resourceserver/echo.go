package main

import (
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/bearergate/bearergate/adapters/oauthecho"
)

func echoHandler(routes []route) http.Handler {
	e := echo.New()
	e.Logger.SetOutput(io.Discard) // its default is standard output, which belongs to the ready line
	for _, r := range routes {
		var layers []echo.MiddlewareFunc
		for _, l := range r.layers {
			layers = append(layers, oauthecho.Enforce(l.guard, l.policy))
		}
		e.Match(r.methods(), r.colonPath(), echo.WrapHandler(r.handler), layers...)
	}
	return e
}
