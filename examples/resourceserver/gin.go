package main

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/bearergate/bearergate/adapters/oauthgin"
)

func ginHandler(routes []route) http.Handler {
	gin.SetMode(gin.ReleaseMode) // its debug mode prints to standard output, which belongs to the ready line
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	for _, r := range routes {
		var chain []gin.HandlerFunc
		for _, l := range r.layers {
			chain = append(chain, oauthgin.Enforce(l.guard, l.policy))
		}
		engine.Match(r.methods(), r.colonPath(), append(chain, gin.WrapF(r.handler))...)
	}
	return engine
}
