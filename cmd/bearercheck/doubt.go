package main

import (
	"net/url"
	"slices"
	"strings"

	"github.com/bearergate/bearergate/jwks"
)

// likelyProfiles returns all profiles: first what the issuer and the claims look like, then the one for servers that nobody
// knows, then the others.
func (c *check) likelyProfiles() []jwks.Profile {
	likely := []jwks.Profile{c.server(), jwks.Generic, jwks.RFC9068, jwks.Auth0, jwks.Okta, jwks.Keycloak, jwks.Entra, jwks.Cognito}
	var unique []jwks.Profile
	for _, p := range likely {
		if p != "" && !slices.Contains(unique, p) {
			unique = append(unique, p)
		}
	}
	return unique
}

// server guesses whose token it is, by the configured issuer first, which nobody else can choose.
func (c *check) server() jwks.Profile {
	for _, issuer := range []string{c.options.issuer, c.view.Issuer} {
		if p := serverOf(issuer); p != "" {
			return p
		}
	}
	v := c.view
	switch {
	case v.has("token_use"):
		return jwks.Cognito
	case v.has("tid") && v.has("ver"):
		return jwks.Entra
	case v.has("cid") && v.has("scp"):
		return jwks.Okta
	case v.has("gty"), v.has("permissions"):
		return jwks.Auth0
	case slices.Contains([]string{"Bearer", "DPoP", "ID", "Refresh", "Offline"}, v.text("typ")):
		return jwks.Keycloak
	}
	return ""
}

func serverOf(issuer string) jwks.Profile {
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	within := func(domains ...string) bool {
		return slices.ContainsFunc(domains, func(d string) bool { return host == d || strings.HasSuffix(host, "."+d) })
	}
	switch {
	case within("login.microsoftonline.com", "sts.windows.net", "ciamlogin.com", "b2clogin.com"):
		return jwks.Entra
	case within("okta.com", "oktapreview.com", "okta-emea.com"):
		return jwks.Okta
	case within("auth0.com"):
		return jwks.Auth0
	case within("amazonaws.com") && strings.HasPrefix(host, "cognito-idp."):
		return jwks.Cognito
	case strings.Contains(u.Path, "/realms/"):
		return jwks.Keycloak
	}
	return ""
}

// whyNoAccessToken says by what the token can be told to be of another kind, "" if by nothing.
func (c *check) whyNoAccessToken() string {
	v := c.view
	const idToken = "This is an ID token"
	for _, name := range []string{"at_hash", "c_hash", "s_hash", "nonce"} {
		if v.has(name) {
			return idToken + ": it has the claim " + name + ". The client has to send the access token of the same " +
				"response instead."
		}
	}
	switch {
	case v.text("typ") == "ID":
		return idToken + ": Keycloak says so in its claim typ. The client has to send the access token of the same " +
			"response instead."
	case v.text("token_use") == "id":
		return idToken + ": Cognito says so in token_use. The client has to send the access token of the same response instead."
	case v.text("typ") == "Refresh" || v.text("typ") == "Offline":
		return "This is a refresh token: it is for the authorization server alone, and should be revoked now that it went elsewhere."
	case v.has("events"):
		return "This is a logout token or a security event, which grants nothing."
	case v.has("htm") || v.has("htu"):
		return "This is a DPoP proof. The access token belongs into the Authorization field, the proof into the DPoP field."
	case !v.typed() && v.Client != "" && len(v.Audience) == 1 && v.Audience[0] == v.Client && len(v.Scopes) == 0:
		return "This looks like an ID token: its audience is the client itself, and it has no scopes. The client has to " +
			"send the access token instead."
	}
	return ""
}

// typed reports whether the header says that the token is an access token (RFC 9068, section 2.1).
func (v *tokenView) typed() bool {
	return strings.TrimPrefix(strings.ToLower(v.Type), "application/") == "at+jwt"
}

// microsoftGraph is the audience of tokens for Microsoft Graph, which only Graph can verify.
var microsoftGraph = []string{"00000003-0000-0000-c000-000000000000", "https://graph.microsoft.com", "https://graph.microsoft.com/"}

// whyNotAudience says why no service should go by a name, "" if it may.
func (c *check) whyNotAudience(audience string) string {
	switch {
	case c.whyNoAccessToken() != "":
		return c.whyNoAccessToken()
	case audience == "account":
		return "Every token of a Keycloak realm may have the audience \"account\", so it must not be that of a service. " +
			"Add a mapper of type Audience to the client, or to a client scope of it, that adds the name of this service."
	case slices.Contains(microsoftGraph, audience):
		return "The token is for Microsoft Graph, which alone can verify it. The client has to ask for a scope of this " +
			"API, such as api://ID/.default."
	case strings.HasSuffix(audience, "/userinfo"):
		return "The token is for the userinfo endpoint of the authorization server. The client has to name this API when " +
			"it asks for a token (audience at Auth0, resource elsewhere)."
	case audience == c.view.Client && c.server() != jwks.Cognito:
		return "The audience is the client itself: any ID token of that client would be accepted. Have the server write " +
			"the name of this service into aud."
	}
	return ""
}
