package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

var kinds = []scenario{
	{
		name: "id-token", token: minted(object{"typ": "JWT"}, object{"nonce": "n-0S6", "at_hash": "h", "aud": "web", "azp": "web", "jti": nil}),
		status: exitRefused,
		reasons: []middleware.Reason{
			middleware.ReasonWrongType, middleware.ReasonNotAccessToken,
		},
		says: []string{"This is an ID token", "send the access token of the same response", "no configuration should accept"},
	},
	{
		name: "id-token-keycloak", server: keycloakServer, token: keycloak(object{"typ": "ID", "aud": "web", "scope": nil}),
		args:   []string{"-profile", "keycloak"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonNotAccessToken},
		says: []string{"Keycloak says so in its claim typ"},
	},
	{
		name: "id-token-plain", token: minted(object{"typ": "JWT"}, object{"aud": "test-client", "jti": nil, "client_id": nil, "azp": "test-client"}),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonWrongType, middleware.ReasonWrongAudience},
		says: []string{"This looks like an ID token"},
	},
	{
		name: "claims-missing", token: minted(nil, object{"jti": nil, "client_id": nil, "azp": "web"}),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonMissingClaim},
		says:     []string{"client_id, jti", "Profile: jwks.Generic"},
		accepted: []string{"-issuer", "https://as.example.com", "-audience", audience, "-profile", "generic"},
	},
	{
		name: "hostile", token: minted(object{"kid": "\x1b[2J\u202e\u00fc"}, object{"iss": "https://as.example.com\u202e]0;x", "\x1b[31mclaim": 1}),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonUntrustedIssuer, middleware.ReasonUnknownKey},
		says: []string{`\x1b[2J\u202e\u00fc`, `"\x1b[31mclaim"`, `com\u202e]0;x"`},
	},
	{
		name: "unspeakable", token: minted(nil, object{"iss": "https://as.example.com\x1b]0;x\a", "aud": []string{"a\a", "\x1b[2J"}}),
		args:   []string{},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonUntrustedIssuer},
		says: []string{`com\x1b]0;x\a"`, `"\x1b[2J"`},
	},
}

var times = []scenario{
	{
		name: "expired", token: expiring(-time.Hour),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonExpired},
		says: []string{"expired 1h0m0s ago", "clock and the one here agree", "get a new one"},
	},
	{
		name: "clock-ahead", token: expiring(time.Minute), now: noon.Add(4 * time.Minute),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonExpired},
		says:     []string{"4m0s behind the one here", "one of the two clocks is wrong", "stopgap"},
		accepted: []string{"-issuer", "https://as.example.com", "-audience", audience, "-leeway", "4m"},
	},
	{
		name: "clock-behind", token: rfc9068(object{"nbf": noon.Unix()}), now: noon.Add(-3 * time.Minute),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonNotYetValid},
		says:     []string{"3m0s ahead of the one here", "one of the two clocks is wrong"},
		accepted: []string{"-issuer", "https://as.example.com", "-audience", audience, "-leeway", "4m"},
	},
	{
		name: "clock-hours-off", token: expiring(time.Minute), now: noon.Add(2 * time.Hour),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonExpired},
		says: []string{"2h0m0s behind the one here", "one of the two clocks is wrong"},
	},
}

// keySet publishes the keys of the server with a change, and mints a token.
func keySet(change func(string) string) func(*testing.T, *server) string {
	return func(t *testing.T, s *server) string {
		s.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Body: change(s.keySet(t))})
		return s.mint(oauthtest.Token{})
	}
}

func without(member string) func(string) string {
	return func(document string) string { return strings.ReplaceAll(document, member, "") }
}

var keys = []scenario{
	{
		name: "key-without-alg", server: oauthtest.Config{Algorithms: []string{"PS256"}}, token: keySet(without(`"alg":"PS256",`)),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonUnknownKey},
		says:     []string{"alg none: used with RS256", "is used with RS256, and the token is signed with PS256"},
		accepted: []string{"-issuer", "https://as.example.com", "-audience", audience, "-alg", "PS256"},
	},
	{
		name: "key-without-alg-fits", token: keySet(without(`"alg":"ES256",`)), says: []string{"alg none: used with ES256"},
	},
	{
		name: "key-without-kid", token: keySet(without(`"kid":"key-1",`)),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonUnknownKey},
		says:     []string{"Keys there without kid, which no token can name: 1", "Keys: keys", "a rotation is not noticed"},
		accepted: []string{"-issuer", "https://as.example.com", "-audience", audience, "-jwks-file", keyFile},
	},
	{
		name: "key-skipped", token: keySet(func(document string) string { return strings.ReplaceAll(document, `"use":"sig"`, `"use":"enc"`) }),
		status: exitUnknown, reasons: []middleware.Reason{middleware.ReasonKeysUnavailable},
		says: []string{"skipped, not meant for verifying signatures", "none of its 1 keys can be used"},
	},
	{
		name: "keys-too-many", token: keySet(func(document string) string {
			_, key, _ := strings.Cut(strings.TrimSuffix(document, "]}"), "[")
			return `{"keys":[` + strings.Repeat(key+",", 100) + key + "]}"
		}),
		status: exitUnknown, reasons: []middleware.Reason{middleware.ReasonKeysUnavailable},
		says: []string{"it has 101 keys, and no set of more than 100 is read"},
	},
	{
		name: "keys-of-html", token: keySet(func(string) string { return "<!doctype html>" }),
		status: exitUnknown, reasons: []middleware.Reason{middleware.ReasonKeysUnavailable},
		says: []string{"no JSON object with an array of keys"},
	},
	{
		name: "token-without-kid", token: minted(object{"kid": nil}),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonUnknownKey},
		says:     []string{"The token names no key", "Profile: jwks.Generic"},
		accepted: []string{"-issuer", "https://as.example.com", "-audience", audience, "-profile", "generic"},
	},
	{
		name: "forged", token: func(t *testing.T, s *server) string {
			token := s.mint(oauthtest.Token{})
			return token[:len(token)-8] + "AAAAAAAA"
		},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonBadSignature},
		says: []string{"did not sign this token as it is", "no configuration should accept"},
	},
}

var forms = []scenario{
	{
		name: "opaque", token: func(_ *testing.T, s *server) string { return s.mint(oauthtest.Token{Opaque: true}) },
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonMalformedToken},
		says: []string{"The token is no JWT but opaque", "introspection.New(introspection.Config{"},
	},
	{
		name: "opaque-no-introspection", token: text("0123456789abcdefghijklmnop"),
		broken: map[oauthtest.Endpoint]oauthtest.Fault{oauthtest.EndpointMetadata: {
			Body: `{"issuer":"https://as.example.com","jwks_uri":"https://as.example.com/jwks"}`,
		}},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonMalformedToken},
		says: []string{"names no introspection endpoint", "name this API when it asks for a token"},
	},
	{
		name: "encrypted", token: text(encode(`{"alg":"dir","enc":"A256GCM","iss":"https://as.example.com"}`) + "..aXZpdml2.Y2lwaGVydGV4dA.dGFn"),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonMalformedToken},
		says: []string{"encrypted JWT (JWE)"},
	},
	{
		name: "truncated", token: func(_ *testing.T, s *server) string { return s.mint(oauthtest.Token{})[:200] + ".x" },
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonMalformedToken},
		says: []string{"It was cut, or changed"},
	},
	{
		name: "too-large", token: func(_ *testing.T, s *server) string {
			return s.mint(oauthtest.Token{Claims: object{"groups": strings.Repeat("g", 17<<10)}})
		},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonTokenTooLarge},
		says: []string{"no more than 16384 are looked at"},
	},
	{
		name: "quoted", token: func(_ *testing.T, s *server) string { return `"` + s.mint(oauthtest.Token{}) + `"` },
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonMalformedCredentials},
		says: []string{"quotes or white space"},
	},
	{
		name: "unsigned", token: text(encode(`{"alg":"none","typ":"at+jwt"}`) + "." + encode(`{"iss":"https://as.example.com"}`) + "."),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonMalformedToken},
		says: []string{"The token is not signed: its alg is none", "no configuration should accept"},
	},
	{
		name: "alg-none", token: minted(object{"alg": "none"}),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonAlgorithmNotAllowed},
		says: []string{"The token is not signed: its alg is none", "no configuration should accept"},
	},
	{
		name: "hs256", server: oauthtest.Config{Secret: []byte(strings.Repeat("sesame", 6))},
		token:  func(_ *testing.T, s *server) string { return s.mint(oauthtest.Token{Algorithm: "HS256"}) },
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonAlgorithmNotAllowed},
		says: []string{`signed with "HS256", a secret that issuer and service share`, "no configuration should accept"},
	},
	{
		name: "algorithm-left-out", server: oauthtest.Config{Algorithms: []string{"ES256"}}, token: rfc9068(nil), args: []string{"-alg", "RS256"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonAlgorithmNotAllowed},
		says:     []string{`Algorithms: []string{"RS256", "ES256"}`},
		accepted: []string{"-issuer", "https://as.example.com", "-audience", audience, "-alg", "RS256", "-alg", "ES256"},
	},
}

var boundTokens = []scenario{
	{
		name: "bound-dpop", token: rfc9068(object{"cnf": object{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonUnverifiedBinding},
		says: []string{"bound to a DPoP key", "dpop.Verifier", "as a plain bearer token it must not be accepted"},
	},
	{
		name: "bound-mtls", token: rfc9068(object{"cnf": object{"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}),
		args:   []string{"-scope", "orders:read"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonUnverifiedBinding, middleware.ReasonInsufficientScope},
		says: []string{"bound to a client certificate", "mtls.Verifier"},
	},
}

var outages = []scenario{
	{
		name: "issuer-503", token: rfc9068(nil),
		broken: map[oauthtest.Endpoint]oauthtest.Fault{oauthtest.EndpointAny: {Status: http.StatusServiceUnavailable}},
		status: exitUnknown, reasons: []middleware.Reason{middleware.ReasonKeysUnavailable},
		says: []string{"the fault is not the token's", "status 503", "not reached signature"},
	},
	{
		name: "issuer-silent", token: rfc9068(nil),
		broken: map[oauthtest.Endpoint]oauthtest.Fault{oauthtest.EndpointAny: {Drop: true}},
		status: exitUnknown, reasons: []middleware.Reason{middleware.ReasonKeysUnavailable},
		says: []string{"The issuer could not be asked"},
	},
	{
		name: "issuer-elsewhere", token: rfc9068(nil),
		broken: map[oauthtest.Endpoint]oauthtest.Fault{oauthtest.EndpointAny: {
			Status: http.StatusFound, Header: http.Header{"Location": {"https://login.example.com/"}},
		}},
		status: exitUnknown, reasons: []middleware.Reason{middleware.ReasonKeysUnavailable},
		says: []string{"redirects are not followed", "Is the issuer's URL right"},
	},
}

var grants = []scenario{
	{
		name: "scope-scp", server: oktaServer, token: okta(nil), args: []string{"-scope", "orders.read"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonWrongType},
		says:     []string{"Profile: jwks.Okta"},
		accepted: []string{"-issuer", "https://shop.okta.com/oauth2/default", "-audience", audience, "-profile", "okta", "-scope", "orders.read"},
	},
	{
		name: "scope-scp-unread", token: rfc9068(object{"scp": "orders:read"}), args: []string{"-scope", "orders:read"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonInsufficientScope},
		says:     []string{"That would do, but profile rfc9068 does not read scp"},
		accepted: []string{"-issuer", "https://as.example.com", "-audience", audience, "-profile", "generic", "-scope", "orders:read"},
	},
	{
		name: "scope-array", token: rfc9068(object{"scope": []string{"orders:read"}}), args: []string{"-scope", "orders:read"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonMalformedClaim},
		says:     []string{"The claim scope is an array"},
		accepted: []string{"-issuer", "https://as.example.com", "-audience", audience, "-profile", "generic", "-scope", "orders:read"},
	},
	{
		name: "scope-permissions", server: auth0Server, token: auth0(object{"permissions": []string{"orders:read"}}),
		args:   []string{"-profile", "auth0", "-scope", "orders:read"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonInsufficientScope},
		says: []string{"They are in the claim permissions", "`json:\"permissions\"`"}, policy: true,
	},
	{
		name: "scope-roles", server: keycloakServer, token: keycloak(object{"realm_access": object{"roles": []string{"clerk"}}}),
		args:   []string{"-profile", "keycloak", "-scope", "clerk"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonInsufficientScope},
		says: []string{"They are in the claim realm_access.roles", "`json:\"realm_access\"`"}, policy: true,
	},
	{
		name: "scope-missing", token: rfc9068(object{"scope": "orders:read"}), args: []string{"-scope", "orders:write"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonInsufficientScope},
		says: []string{"The client has to ask for them"},
	},
}
