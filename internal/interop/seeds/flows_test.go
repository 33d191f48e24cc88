package seeds_test

import (
	"slices"
	"strings"
)

// flow is a flow of a client's documentation. Its function is one of the Python project in client.
type flow struct {
	name     string
	function string
	kinds    []kind
	want     []string // what happens at each resource server
}

var (
	everyKind = []kind{rs256, hs256, opaque}
	revocable = []kind{rs256Asked, opaqueAsked}

	calls   = []string{"call: 200 alice", "call out of scope: 403 insufficient_scope"}
	appCall = []string{"call: 200 orders-app", "call out of scope: 403 insufficient_scope"}
	refresh = []string{
		"call: 200 alice", "call with the expired token: 401 invalid_token", "refresh", "call with the new token: 200 alice",
	}
	revokeAccess  = slices.Concat(callTwice, []string{"revoke the access_token"}, refused)
	revokeRefresh = slices.Concat(callTwice, []string{"revoke the refresh_token"}, refused)
	callTwice     = []string{"call: 200 alice", "call again: 200 alice"}
	refused       = []string{"call with the revoked token: 401 invalid_token", "call of another login: 200 alice"}
)

var flows = []flow{
	{"authorization code", "requests_oauthlib_flows.authorization_code", everyKind, calls},
	{"authorization code with PKCE", "requests_oauthlib_flows.authorization_code_with_pkce", everyKind, calls},
	{"authorization code with PKCE", "authlib_flows.authorization_code_with_pkce", everyKind, calls},
	{"implicit", "requests_oauthlib_flows.implicit", everyKind, calls},
	{"resource owner password", "requests_oauthlib_flows.password", everyKind, calls},
	{"client credentials", "requests_oauthlib_flows.client_credentials", everyKind, appCall},
	{"client credentials", "authlib_flows.client_credentials", everyKind, appCall},

	{"refresh by hand", "requests_oauthlib_flows.refresh_by_hand", everyKind, refresh},
	{"automatic refresh", "requests_oauthlib_flows.refresh_automatically", everyKind, refresh},
	{"automatic refresh with a warning", "requests_oauthlib_flows.refresh_automatically_and_raise", everyKind, refresh},
	{"automatic refresh", "authlib_flows.refresh_automatically", everyKind, refresh},

	{"revocation", "requests_oauthlib_flows.revoke_access_token", revocable, revokeAccess},
	{"revocation", "authlib_flows.revoke_access_token", revocable, revokeAccess},
	{"revocation of the refresh token", "requests_oauthlib_flows.revoke_refresh_token", revocable, revokeRefresh},
	{"revocation through the resource server", "requests_oauthlib_flows.revoke_at_resource_server", []kind{rs256, opaque},
		slices.Concat([]string{"call: 200 alice", "revoke the access_token"}, refused)},

	{"TLS client certificate", "requests_oauthlib_flows.client_certificate", []kind{rs256Bound}, []string{
		"call with its certificate: 200 certified-app",
		"call without certificate: 401 invalid_token",
		"call with another's certificate: 401 invalid_token",
	}},
	{"bad tokens", "requests_oauthlib_flows.bad_tokens", everyKind, []string{
		"good: 200 alice", "tampered: 401 invalid_token", "missing: 401", "in the query: 401", "expired: 401 invalid_token",
		"still good: 200 alice",
	}},
	{"decorator replaced", "bearer_flows.decorator_replaced", []kind{hs256}, []string{
		"good, decorator: 200 alice", "good, kit: 200 alice",
		"tampered, decorator: 401", "tampered, kit: 401 invalid_token",
		"signed with another secret, decorator: 401", "signed with another secret, kit: 401 invalid_token",
		"unsigned, decorator: 401", "unsigned, kit: 401 invalid_token",
		"not a token, decorator: 401", "not a token, kit: 401 invalid_token",
		"missing, decorator: 401", "missing, kit: 401",
		"expired, decorator: 401", "expired, kit: 401 invalid_token",
	}},
}

// client is the library whose documentation has the flow.
func (f flow) client() string {
	module, _, _ := strings.Cut(f.function, ".")
	return clients[module]
}

var clients = map[string]string{
	"requests_oauthlib_flows": "requests-oauthlib",
	"authlib_flows":           "Authlib",
	"bearer_flows":            "Requests",
}
