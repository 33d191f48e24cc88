// Package oauthhttp protects net/http handlers with a [middleware.Guard]. What it returns is the plain
// func(http.Handler) http.Handler, so it fits http.ServeMux, chi and every router that takes such functions.
//
// Handlers read the token with [middleware.FromContext] from the request's context. On a group and on a route of it, the
// token is validated once and both policies have to hold.
package oauthhttp

import (
	"net/http"
	"slices"

	"github.com/bearergate/bearergate/middleware"
)

// Require admits requests whose access token is valid and grants all of scopes. Without scopes a valid token is enough.
func Require(guard *middleware.Guard, scopes ...string) func(http.Handler) http.Handler {
	return Enforce(guard, middleware.Policy{Scopes: slices.Clone(scopes)})
}

// RequireAny admits requests whose access token is valid and grants at least one of scopes.
func RequireAny(guard *middleware.Guard, scopes ...string) func(http.Handler) http.Handler {
	return Enforce(guard, middleware.Policy{AnyScopes: [][]string{slices.Clone(scopes)}})
}

// Enforce admits requests that satisfy policy, which must not change afterwards. All others are answered with
// [middleware.WriteError] and never reach the handler.
func Enforce(guard *middleware.Guard, policy middleware.Policy) func(http.Handler) http.Handler {
	guard.Declare(policy)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			admitted, err := guard.Authorize(w.Header(), r, policy)
			if err != nil {
				middleware.WriteError(w, err)
				return
			}
			next.ServeHTTP(w, admitted)
		})
	}
}
