package reasons

import (
	"net/http"

	"github.com/bearergate/bearergate/middleware"
)

// credentials are about what the request carries.
var credentials = []Entry{
	{
		Reason: middleware.ReasonNoCredentials,
		Status: http.StatusUnauthorized,
		Cause:  "The request has no Authorization field. Either the client sent none, or a proxy on the way took it out.",
		Fix: "Client: send \"Authorization: Bearer\" and the token. If it does, look for the field in what reaches " +
			"this service: proxies and redirects to another host drop it.",
		Options: []string{"middleware.Policy.AllowAnonymous", "middleware.Config.AllowPreflight"},
	},
	{
		Reason: middleware.ReasonUnsupportedScheme,
		Status: http.StatusUnauthorized,
		Cause: "The Authorization field has a scheme this Guard does not accept, such as Basic, or DPoP without a " +
			"dpop.Verifier, or Bearer where DPoP is required.",
		Fix: "Client: use a scheme that the challenge of the answer names. Service: add the verifier whose scheme " +
			"clients use.",
		Options: []string{"middleware.Config.Bindings", "dpop.Config.Required"},
	},
	{
		Reason: middleware.ReasonMalformedCredentials,
		Status: http.StatusBadRequest,
		Code:   middleware.CodeInvalidRequest,
		Cause: "The credentials do not follow RFC 6750: the scheme without a token, quotes, commas or white space in " +
			"it, or a form body that cannot be searched for one.",
		Fix: "Client: send exactly one space between the scheme and the token, and the token as it was issued: no " +
			"quotes, no line break at its end, no \"Bearer\" twice.",
		Options: []string{"middleware.Config.AllowFormToken"},
	},
	{
		Reason: middleware.ReasonMultipleCredentials,
		Status: http.StatusBadRequest,
		Code:   middleware.CodeInvalidRequest,
		Cause: "The request has two Authorization fields, or tokens in two places at once (RFC 6750, section 2). " +
			"Often a proxy adds a second one.",
		Fix:     "Client or proxy: send one token, in one place.",
		Options: []string{"middleware.Config.AllowFormToken", "middleware.Config.AllowQueryToken"},
	},
	{
		Reason: middleware.ReasonTokenInQuery,
		Status: http.StatusBadRequest,
		Code:   middleware.CodeInvalidRequest,
		Cause:  "The URL has an access_token parameter, and this service was told to refuse that.",
		Fix: "Client: send the token in the Authorization field, and treat the one in the URL as leaked: URLs end " +
			"up in logs.",
		Options: []string{"middleware.Config.RefuseQueryToken"},
	},
}

// tokens are about the form, the key and the signature of a token.
var tokens = []Entry{
	{
		Reason: middleware.ReasonTokenTooLarge,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause:  "The token is longer than 16 KiB. Real ones get that large by carrying every group or role of a user.",
		Fix: "Authorization server: put fewer claims into access tokens, or issue opaque ones and let the service " +
			"introspect them.",
		Options: []string{"introspection.New"},
	},
	{
		Reason: middleware.ReasonMalformedToken,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "The token is no signed JWT: it is opaque, encrypted (five parts), cut short, or its header or claims " +
			"are no strict JSON, such as an object with a member twice.",
		Fix: "Service: validate opaque tokens by introspection. Client: if the token should be a JWT, ask for it by " +
			"naming the audience or resource, as Auth0 and others want, and send all of it.",
		Options: []string{"introspection.New", "middleware.ByFormat"},
	},
	{
		Reason: middleware.ReasonCriticalHeader,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause:  "The header asks for processing that is not supported: crit, b64, zip, or a JWT within the JWT.",
		Fix:    "Authorization server: issue plain signed JWTs (RFC 9068). No option turns this off.",
	},
	{
		Reason: middleware.ReasonAlgorithmNotAllowed,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "The alg of the token is none of those accepted: \"none\", an HS algorithm where public keys are " +
			"configured, one that is not supported, or one that Algorithms leaves out.",
		Fix: "Authorization server: sign with an asymmetric algorithm. Service: add the algorithm your issuer uses to " +
			"Algorithms. For tokens signed with a shared secret, HS256 alone, set Secret. A token with alg none is " +
			"never accepted.",
		Options: []string{"jwks.Config.Algorithms", "jwks.Config.Secret"},
	},
	{
		Reason: middleware.ReasonWrongType,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "The typ header is not at+jwt (RFC 9068). Servers that do not follow RFC 9068 write JWT or nothing, " +
			"and then only a profile says how their access tokens differ from ID tokens.",
		Fix: "Service: name your server in Profile. Better, tell the server to issue RFC 9068 tokens where it can, " +
			"as Auth0 can.",
		Options: []string{"jwks.Config.Profile"},
	},
	{
		Reason: middleware.ReasonUnknownKey,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "The key set has no key with the token's kid that is used with its alg, or the token has no kid. The " +
			"token is of another realm or tenant, or was signed with a key that was withdrawn; or the key is in the " +
			"set without kid or alg, or was skipped.",
		Fix: "Compare the kid of the token with the key set, and see State().Skipped for keys that are not used. For " +
			"keys without alg, put the algorithm of the issuer first in Algorithms. For tokens without kid, use the " +
			"profile Generic.",
		Options: []string{"jwks.Config.JWKSURL", "jwks.Config.Algorithms", "jwks.Generic", "jwks.State.Skipped"},
	},
	{
		Reason: middleware.ReasonBadSignature,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "The key that the token names did not sign it: the token was changed or cut on its way, is of another " +
			"server that uses the same kid, or is a forgery. Microsoft Graph tokens look like that to everybody but Graph.",
		Fix: "Get a new token for this service and send it unchanged. If that fails too, the key set is not that " +
			"of the server that signs.",
		Options: []string{"jwks.Config.Issuer", "jwks.Config.JWKSURL"},
	},
}

// claims are about what a token says.
var claims = []Entry{
	{
		Reason: middleware.ReasonUntrustedIssuer,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "The iss of the token is not the configured Issuer, character for character: a trailing slash, http " +
			"instead of https, another host name, realm or tenant, or the other version of Entra tokens " +
			"(sts.windows.net is v1, login.microsoftonline.com is v2).",
		Fix:     "Set Issuer to exactly what the metadata of the server calls issuer, if its tokens say the same.",
		Options: []string{"jwks.Config.Issuer", "jwks.Issuers", "jwks.NewResolver"},
	},
	{
		Reason: middleware.ReasonWrongAudience,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "The aud of the token does not name this service. Keycloak writes \"account\" until an audience mapper " +
			"is configured; elsewhere the client did not ask for this API, or the identifiers differ by a slash.",
		Fix: "Client: ask for a token for this service (resource, audience, or a scope of its API). Authorization " +
			"server: add the audience, in Keycloak by a mapper of type Audience. Service: set Audience to the " +
			"identifier that is written into aud for it.",
		Options: []string{"jwks.Config.Audience", "jwks.Config.OtherAudiences", "introspection.Config.Audience"},
	},
	{
		Reason: middleware.ReasonMissingClaim,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "A claim that the profile requires is missing: under RFC 9068 iss, exp, aud, sub, client_id, iat and " +
			"jti. Or a member that introspection or a status list was told to require.",
		Fix: "Service: name your server in Profile, which knows what it leaves out. Authorization server: add the " +
			"claim. A token without exp or aud is not accepted under any profile.",
		Options: []string{"jwks.Config.Profile", "introspection.Config.Require", "statuslist.Config.Require"},
	},
	{
		Reason: middleware.ReasonMalformedClaim,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "A claim has a value of the wrong kind: exp as a string, scope as an array, aud as an object, cnf " +
			"without members.",
		Fix: "Authorization server: follow RFC 7519 and RFC 9068. Service: where a server writes scope as an array, " +
			"the profile Generic reads it; Okta and Entra use scp, which their profiles read.",
		Options: []string{"jwks.Config.Profile", "jwks.Generic"},
	},
	{
		Reason: middleware.ReasonNotAccessToken,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "The token is a good one of another kind: an ID token (nonce, at_hash), a refresh token, a logout or " +
			"security event token, a DPoP proof. Clients of OpenID Connect often send the ID token by mistake.",
		Fix: "Client: send access_token of the token response, not id_token. No option accepts ID tokens, because " +
			"whoever gets one could then act as the user.",
		Options: []string{"jwks.Config.Profile"},
	},
	{
		Reason: middleware.ReasonExpired,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "exp has passed, leeway included. If fresh tokens are refused, the clock of this service or of the " +
			"authorization server is wrong.",
		Fix: "Client: get a new token, ahead of expiry. Operator: compare the clocks (NTP); Leeway covers seconds, " +
			"and 5 minutes at most.",
		Options: []string{"jwks.Config.Leeway"},
	},
	{
		Reason: middleware.ReasonNotYetValid,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "nbf lies in the future by more than the leeway, or iat by more than a minute. The clock of the " +
			"authorization server is ahead, or ours is behind.",
		Fix:     "Operator: compare the clocks (NTP). Leeway is a stopgap.",
		Options: []string{"jwks.Config.Leeway", "introspection.Config.Leeway"},
	},
	{
		Reason: middleware.ReasonInactive,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "The authorization server answered active: false. The token expired, was revoked, is unknown there, or " +
			"is none of those that this resource server may ask about; the server does not say which (RFC 7662, " +
			"section 2.2).",
		Fix: "Client: get a new token. If new ones fail too, the token is of another server, or the introspection " +
			"client lacks the right to see it, which is a setting of the authorization server.",
		Options: []string{"introspection.Config.Endpoint", "introspection.Config.ClientAuth", "introspection.Config.NegativeTTL"},
	},
	{
		Reason: middleware.ReasonRevoked,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause: "The deny-list has an entry for the token, its session, subject, client or issuer, or its status list " +
			"says so.",
		Fix: "Client: let the user log in again. Operator: if that was not meant, see what was revoked, and up to " +
			"which time of issue.",
		Options: []string{"middleware.Config.Revocations", "revocation.Revocation.Before"},
	},
	{
		Reason: middleware.ReasonConflict,
		Status: http.StatusUnauthorized,
		Code:   middleware.CodeInvalidToken,
		Cause:  "The validators of All describe different tokens: another issuer, subject, client or bound key.",
		Fix: "Service: have all of them ask the same authorization server. Check that its JWTs and introspection " +
			"answers name the subject and client alike.",
		Options: []string{"middleware.All"},
	},
}
