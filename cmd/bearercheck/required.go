package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/bearergate/bearergate/jwks"
)

// requiredClaims are the claims that each profile asks for besides iss. Of those with a stroke between them one will
// do. The kit does not say which claim it missed; a test holds this table to what it does.
var requiredClaims = map[jwks.Profile][]string{
	jwks.RFC9068:  {"exp", "aud", "sub", "client_id", "iat", "jti"},
	jwks.Keycloak: {"exp", "aud", "azp|client_id", "iat", "jti"},
	jwks.Entra:    {"exp", "aud", "sub", "azp|appid", "iat"},
	jwks.Okta:     {"exp", "aud", "sub", "cid", "iat", "jti"},
	jwks.Auth0:    {"exp", "aud", "sub", "azp|client_id", "iat"},
	jwks.Cognito:  {"exp", "aud|client_id", "sub", "client_id", "iat", "jti"},
	jwks.Generic:  {"exp", "aud"},
}

// lacking lists the required claims that the token does not have.
func (c *check) lacking(s situation) string {
	var lacking []string
	for _, names := range requiredClaims[s.config.Profile] {
		if !slices.ContainsFunc(strings.Split(names, "|"), c.view.states) {
			lacking = append(lacking, strings.ReplaceAll(names, "|", " or "))
		}
	}
	return cmp.Or(strings.Join(lacking, ", "), "see the list of its claims")
}

// states reports whether a claim is there and says something.
func (v *tokenView) states(name string) bool {
	value := v.claims[name]
	return value != nil && string(value) != `""` && string(value) != "[]"
}
