package middleware

// Reason says precisely why a request was refused, as a stable code for logs, metrics and tests. It is never sent to the
// client: what a stranger learns stays in the challenge. The constants are the reasons of this package and of the validators
// of this module; packages with reasons of their own declare those, and so may validators elsewhere.
type Reason string

// The request's credentials.
const (
	// ReasonNoCredentials: the request carries no token, and the route does not allow that.
	ReasonNoCredentials Reason = "no_credentials"
	// ReasonUnsupportedScheme: the Authorization field has a scheme that this Guard does not accept.
	ReasonUnsupportedScheme Reason = "unsupported_scheme"
	// ReasonMalformedCredentials: the credentials, or the form that may hold them, do not follow RFC 6750.
	ReasonMalformedCredentials Reason = "malformed_credentials"
	// ReasonMultipleCredentials: the request carries more than one token, or two Authorization fields.
	ReasonMultipleCredentials Reason = "multiple_credentials"
	// ReasonTokenInQuery: the URL has an access_token parameter, and Config.RefuseQueryToken is set.
	ReasonTokenInQuery Reason = "token_in_query"
)

// The token's form, key and signature.
const (
	// ReasonTokenTooLarge: the token is longer than 16 KiB. Nothing looked inside it.
	ReasonTokenTooLarge Reason = "token_too_large"
	// ReasonMalformedToken: the token does not have the form of those judged here, such as a signed JWT of strict JSON.
	ReasonMalformedToken Reason = "malformed_token"
	// ReasonCriticalHeader: the header of the JWT asks for processing that is not supported, such as crit.
	ReasonCriticalHeader Reason = "critical_header"
	// ReasonAlgorithmNotAllowed: the alg of the JWT is none of those accepted.
	ReasonAlgorithmNotAllowed Reason = "algorithm_not_allowed"
	// ReasonWrongType: the typ of the JWT is not that of an access token under the profile.
	ReasonWrongType Reason = "wrong_type"
	// ReasonUnknownKey: no key that may verify the JWT has its kid and its alg.
	ReasonUnknownKey Reason = "unknown_key"
	// ReasonBadSignature: the key that the JWT names did not sign it.
	ReasonBadSignature Reason = "bad_signature"
)

// The token's claims.
const (
	// ReasonUntrustedIssuer: the iss is none of the issuers that are trusted.
	ReasonUntrustedIssuer Reason = "untrusted_issuer"
	// ReasonWrongAudience: the aud does not name this service.
	ReasonWrongAudience Reason = "wrong_audience"
	// ReasonMissingClaim: a claim or member that is required is missing.
	ReasonMissingClaim Reason = "missing_claim"
	// ReasonMalformedClaim: a claim has a value of the wrong kind.
	ReasonMalformedClaim Reason = "malformed_claim"
	// ReasonNotAccessToken: the token is of another kind, such as an ID token.
	ReasonNotAccessToken Reason = "not_an_access_token"
	// ReasonExpired: the token's time is over, leeway included.
	ReasonExpired Reason = "expired"
	// ReasonNotYetValid: the nbf or iat lies in the future by more than is tolerated.
	ReasonNotYetValid Reason = "not_yet_valid"
	// ReasonInactive: introspection says that the token is not active.
	ReasonInactive Reason = "inactive"
	// ReasonRevoked: the token was revoked: the deny-list or a status list names it.
	ReasonRevoked Reason = "revoked"
	// ReasonConflict: validators that were combined by All say different things of the token.
	ReasonConflict Reason = "validators_disagree"
)

// The token's binding and the route's policy.
const (
	// ReasonUnverifiedBinding: the token is bound to something that no Binding of this Guard verifies.
	ReasonUnverifiedBinding Reason = "unverified_binding"
	// ReasonBindingDowngrade: a token that is bound to a key came under a scheme that proves nothing.
	ReasonBindingDowngrade Reason = "binding_downgrade"
	// ReasonNotBound: the token is not bound, and it has to be.
	ReasonNotBound Reason = "not_bound"
	// ReasonNonceRequired: the proof has to carry a nonce, which the refusal hands over.
	ReasonNonceRequired Reason = "nonce_required"
	// ReasonAuthenticationTooWeak: the acr is missing, or none that Policy.ACR accepts.
	ReasonAuthenticationTooWeak Reason = "authentication_too_weak"
	// ReasonAuthenticationTooOld: the auth_time is missing, or longer ago than Policy.MaxAge.
	ReasonAuthenticationTooOld Reason = "authentication_too_old"
	// ReasonInsufficientScope: the token does not grant the scopes that the route requires.
	ReasonInsufficientScope Reason = "insufficient_scope"
	// ReasonDelegated: somebody acts for the subject (act), and Policy.RefuseDelegated is set.
	ReasonDelegated Reason = "delegated_token"
	// ReasonCheckFailed: Policy.Check refused the request.
	ReasonCheckFailed Reason = "check_failed"
)

// Ours, not the client's.
const (
	// ReasonKeysUnavailable: the keys of the issuer cannot be had, so the token was not judged.
	ReasonKeysUnavailable Reason = "keys_unavailable"
	// ReasonIssuerUnavailable: which issuers are trusted could not be found out.
	ReasonIssuerUnavailable Reason = "issuer_unavailable"
	// ReasonIntrospectionUnavailable: the introspection endpoint gave no answer that can be used.
	ReasonIntrospectionUnavailable Reason = "introspection_unavailable"
	// ReasonRevocationsUnavailable: whether the token was revoked could not be found out.
	ReasonRevocationsUnavailable Reason = "revocations_unavailable"
	// ReasonValidatorFailed: code outside this module returned neither a token nor an error with a reason.
	ReasonValidatorFailed Reason = "validator_failed"
	// ReasonMisconfigured: the route or its Guard is configured such that nobody could pass.
	ReasonMisconfigured Reason = "misconfigured"
)
