// Package oauthgin protects Gin handlers with a [middleware.Guard].
//
// Handlers read the token with [middleware.FromContext] from c.Request.Context(). Passing the *gin.Context itself as the
// context finds nothing unless the engine's ContextWithFallback is on.
package oauthgin

import (
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/bearergate/bearergate/middleware"
)

// Require admits requests whose access token is valid and grants all of scopes. Without scopes a valid token is enough.
func Require(guard *middleware.Guard, scopes ...string) gin.HandlerFunc {
	return Enforce(guard, middleware.Policy{Scopes: slices.Clone(scopes)})
}

// RequireAny admits requests whose access token is valid and grants at least one of scopes.
func RequireAny(guard *middleware.Guard, scopes ...string) gin.HandlerFunc {
	return Enforce(guard, middleware.Policy{AnyScopes: [][]string{slices.Clone(scopes)}})
}

// Enforce admits requests that satisfy policy, which must not change afterwards. All others are answered, recorded with
// c.Error for loggers, and aborted: no later handler runs.
func Enforce(guard *middleware.Guard, policy middleware.Policy) gin.HandlerFunc {
	guard.Declare(policy)
	return func(c *gin.Context) {
		admitted, err := guard.Authorize(c.Writer.Header(), c.Request, policy)
		if err != nil {
			_ = c.Error(err)
			c.Abort()
			middleware.WriteError(c.Writer, err)
			return
		}
		c.Request = admitted
	}
}
