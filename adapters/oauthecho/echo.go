// Package oauthecho protects Echo v4 handlers with a [middleware.Guard].
//
// A refusal is returned as an *echo.HTTPError, so the application's own error handler formats it and loggers see it; the
// header fields of the refusal are already set by then. Echo's default handler writes the same bytes as the other
// adapters; one that writes another format than the problem document has to set the Content-Type of its own. Handlers
// read the token with [middleware.FromContext] from c.Request().Context().
package oauthecho

import (
	"errors"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/bearergate/bearergate/middleware"
)

// Require admits requests whose access token is valid and grants all of scopes. Without scopes a valid token is enough.
func Require(guard *middleware.Guard, scopes ...string) echo.MiddlewareFunc {
	return Enforce(guard, middleware.Policy{Scopes: slices.Clone(scopes)})
}

// RequireAny admits requests whose access token is valid and grants at least one of scopes.
func RequireAny(guard *middleware.Guard, scopes ...string) echo.MiddlewareFunc {
	return Enforce(guard, middleware.Policy{AnyScopes: [][]string{slices.Clone(scopes)}})
}

// Enforce admits requests that satisfy policy, which must not change afterwards.
func Enforce(guard *middleware.Guard, policy middleware.Policy) echo.MiddlewareFunc {
	guard.Declare(policy)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			admitted, err := guard.Authorize(c.Response().Header(), c.Request(), policy)
			if err != nil {
				return refuse(c, err)
			}
			c.SetRequest(admitted)
			return next(c)
		}
	}
}

// refuse wraps the refusal so that any error handler can format it: it carries the status, and its JSON form is the
// problem document.
func refuse(c echo.Context, err error) error {
	refusal, ok := errors.AsType[*middleware.Error](err)
	if !ok {
		return err
	}
	refusal.SetHeaders(c.Response().Header())
	return echo.NewHTTPError(refusal.StatusCode(), refusal).SetInternal(refusal)
}
