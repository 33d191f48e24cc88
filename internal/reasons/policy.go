package reasons

import (
	"net/http"

	"github.com/bearergate/bearergate/middleware"
)

// policies are about what a token is bound to, and what a route asks of it.
var policies = []Entry{
	{
		Reason: middleware.ReasonUnverifiedBinding,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "The token is bound to a key or certificate (cnf), and nothing here verifies that kind of binding. As " +
			"a plain bearer token it could be used by a thief.",
		Fix: "Service: add a dpop.Verifier for jkt or a mtls.Verifier for x5t#S256 to Bindings. Or have the server " +
			"issue unbound tokens to this client.",
		Options: []string{"middleware.Config.Bindings"},
	},
	{
		Reason: middleware.ReasonBindingDowngrade,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause:  "The token is bound to a DPoP key and came with the scheme Bearer.",
		Fix: "Client: send \"Authorization: DPoP\" with the token, and a proof for the request in the DPoP field " +
			"(RFC 9449, section 7.1).",
		Options: []string{"dpop.Config.Required"},
	},
	{
		Reason: middleware.ReasonNotBound,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "The token is bound to no key although the route or the service requires that, or it came with the " +
			"scheme DPoP and is a plain bearer token.",
		Fix:     "Client: get a bound token: send a DPoP proof, or a client certificate, to the token endpoint already.",
		Options: []string{"middleware.Config.RequireBinding", "middleware.Config.FAPI2", "middleware.Policy.RequireBinding"},
	},
	{
		Reason: middleware.ReasonNonceRequired,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeNonceRequired,
		Cause: "The DPoP proof has no nonce of this server, or one that is too old. The first request of every " +
			"client ends here.",
		Fix: "Client: repeat the request with a proof that contains the nonce of the DPoP-Nonce field. Operator: " +
			"replicas must share the keys of their nonces, or each refuses those of the others.",
		Options: []string{"dpop.Config.RequireNonce", "dpop.NonceConfig.Keys"},
	},
	{
		Reason: middleware.ReasonAuthenticationTooWeak,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInsufficientAuthentication,
		Cause:  "The acr of the token is none of those that the route accepts, or missing (RFC 9470).",
		Fix: "Client: have the user authenticate again, with the acr_values of the challenge. Authorization " +
			"server: put acr into access tokens.",
		Options: []string{"middleware.Policy.ACRValues"},
	},
	{
		Reason: middleware.ReasonAuthenticationTooOld,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInsufficientAuthentication,
		Cause:  "The user authenticated longer ago than the route accepts, or auth_time is missing (RFC 9470).",
		Fix: "Client: have the user authenticate again, with the max_age of the challenge. Authorization server: " +
			"put auth_time into access tokens.",
		Options: []string{"middleware.Policy.MaxAge"},
	},
	{
		Reason: middleware.ReasonInsufficientScope,
		Status: http.StatusForbidden,
		Code:   middleware.CodeInsufficientScope,
		Cause: "The token does not have the scopes of the route. Perhaps the client did not ask for them, or the " +
			"server writes them where the profile does not look: scp (Okta, Entra), permissions (Auth0 RBAC), roles " +
			"(Entra, Keycloak).",
		Fix: "Client: ask for the scope that the challenge names. Service: use the profile of the server for scp; " +
			"read permissions and roles with middleware.Claims in Policy.Check, since they are no scopes.",
		Options: []string{
			"middleware.Policy.Scopes", "middleware.Policy.AnyScopes", "middleware.Config.Implies", "jwks.Config.Profile",
			"middleware.Claims",
		},
	},
	{
		Reason:  middleware.ReasonDelegated,
		Status:  http.StatusForbidden,
		Code:    middleware.CodeInsufficientScope,
		Cause:   "Somebody acts for the user (act), and the route wants the user alone (RFC 8693, section 4.1).",
		Fix:     "Client: use a token that was not exchanged for an actor.",
		Options: []string{"middleware.Policy.RefuseDelegated"},
	},
	{
		Reason: middleware.ReasonCheckFailed,
		Status: http.StatusForbidden,
		Code:   middleware.CodeInsufficientScope,
		Cause: "The check of the route refused the request. The error in the log is the one that it returned. If that was " +
			"a bare middleware.ErrInvalidToken, the answer is 401 invalid_token instead, and 503 for a bare " +
			"middleware.ErrUnavailable.",
		Fix:     "See what that check asks for: roles, permissions, authorization_details.",
		Options: []string{"middleware.Policy.Check", "authdetails.Need", "middleware.Reject", "middleware.Unavailable"},
	},
}

// ours are faults of the service or of what it depends on, never of the client.
var ours = []Entry{
	{
		Reason: middleware.ReasonKeysUnavailable,
		Status: http.StatusServiceUnavailable,
		Cause: "The issuer's keys cannot be had: its metadata or key set does not answer, answers something else, " +
			"names another issuer, or no key in it can be used. The token was not judged.",
		Fix: "Operator: see State().Err, and fetch the metadata from where the service runs: proxy, DNS, " +
			"certificates. If the metadata names another issuer, set Issuer to that.",
		Options: []string{
			"jwks.Config.Issuer", "jwks.Config.JWKSURL", "jwks.Config.HTTPClient", "jwks.Config.MaxStale", "jwks.State.Err",
		},
	},
	{
		Reason: middleware.ReasonIssuerUnavailable,
		Status: http.StatusServiceUnavailable,
		Cause: "Which issuers are trusted could not be found out: Resolve failed or took more than 5 seconds, or all " +
			"of MaxIssuers are in use.",
		Fix: "Operator: see the error in the log; it is that of your own Resolve function. A tenant that is not " +
			"known has to be answered with jwks.ErrUnknownIssuer.",
		Options: []string{"jwks.ResolverConfig.Resolve", "jwks.ResolverConfig.MaxIssuers", "jwks.ErrUnknownIssuer"},
	},
	{
		Reason: middleware.ReasonIntrospectionUnavailable,
		Status: http.StatusServiceUnavailable,
		Cause: "The introspection endpoint could not be asked, or its answer makes no sense. If it refused our own " +
			"credentials, the error matches introspection.ErrOwnCredentials.",
		Fix: "Operator: see State().Err. Credentials and endpoint are the usual suspects; otherwise the server is " +
			"down or slow.",
		Options: []string{
			"introspection.Config.ClientAuth", "introspection.Config.Endpoint", "introspection.Config.Timeout",
			"introspection.Config.StaleIfError", "introspection.State.Err",
		},
	},
	{
		Reason: middleware.ReasonRevocationsUnavailable,
		Status: http.StatusServiceUnavailable,
		Cause: "Whether the token was revoked cannot be said: the replicated deny-list is out of touch and was told " +
			"to fail closed, or the status list cannot be had.",
		Fix:     "Operator: see what Ready says; Redis or the host of the status list is usually what is down.",
		Options: []string{"oauthredis.StreamConfig.FailClosed", "statuslist.Config.MaxStale"},
	},
	{
		Reason: middleware.ReasonValidatorFailed,
		Status: http.StatusServiceUnavailable,
		Cause: "A validator or deny-list outside this module returned an error that is neither a refusal nor " +
			"an outage, or neither a token nor an error. If it returned a bare middleware.ErrInvalidToken, the answer " +
			"is 401 instead.",
		Fix:     "Programmer: return errors made with middleware.Reject and middleware.Unavailable, which carry a reason.",
		Options: []string{"middleware.Validator", "middleware.Reject", "middleware.Unavailable"},
	},
	{
		Reason: middleware.ReasonMisconfigured,
		Status: http.StatusInternalServerError,
		Cause: "The route lets nobody pass: no Guard, a scope that is none, RequireAny of nothing, a negative MaxAge. " +
			"Or the deny-list keeps its entries for less time than tokens live.",
		Fix:     "Programmer: see the error in the log, which says what is wrong.",
		Options: []string{"middleware.New", "middleware.Policy", "revocation.Config.MaxTokenLifetime"},
	},
}
