package middleware

// Reason says precisely why a request was refused, as a stable code for logs, metrics and tests. It is never sent to the
// client: what a stranger learns stays in the challenge.
type Reason string

// The reasons of this package and of the validators of this module. Other validators may use their own.
const (
	// The request's credentials.
	ReasonNoCredentials        Reason = "no_credentials"
	ReasonUnsupportedScheme    Reason = "unsupported_scheme"
	ReasonMalformedCredentials Reason = "malformed_credentials"
	ReasonMultipleCredentials  Reason = "multiple_credentials"
	ReasonTokenInQuery         Reason = "token_in_query"

	// The token's form, key and signature.
	ReasonTokenTooLarge       Reason = "token_too_large"
	ReasonMalformedToken      Reason = "malformed_token"
	ReasonCriticalHeader      Reason = "critical_header"
	ReasonAlgorithmNotAllowed Reason = "algorithm_not_allowed"
	ReasonWrongType           Reason = "wrong_type"
	ReasonUnknownKey          Reason = "unknown_key"
	ReasonBadSignature        Reason = "bad_signature"

	// The token's claims.
	ReasonUntrustedIssuer Reason = "untrusted_issuer"
	ReasonWrongAudience   Reason = "wrong_audience"
	ReasonMissingClaim    Reason = "missing_claim"
	ReasonMalformedClaim  Reason = "malformed_claim"
	ReasonNotAccessToken  Reason = "not_an_access_token"
	ReasonExpired         Reason = "expired"
	ReasonNotYetValid     Reason = "not_yet_valid"
	ReasonInactive        Reason = "inactive"
	ReasonRevoked         Reason = "revoked"
	ReasonConflict        Reason = "validators_disagree"

	// The token's binding and the route's policy.
	ReasonUnverifiedBinding     Reason = "unverified_binding"
	ReasonBindingDowngrade      Reason = "binding_downgrade"
	ReasonNotBound              Reason = "not_bound"
	ReasonNonceRequired         Reason = "nonce_required"
	ReasonAuthenticationTooWeak Reason = "authentication_too_weak"
	ReasonAuthenticationTooOld  Reason = "authentication_too_old"
	ReasonInsufficientScope     Reason = "insufficient_scope"
	ReasonDelegated             Reason = "delegated_token"
	ReasonCheckFailed           Reason = "check_failed"

	// Ours, not the client's.
	ReasonKeysUnavailable          Reason = "keys_unavailable"
	ReasonIssuerUnavailable        Reason = "issuer_unavailable"
	ReasonIntrospectionUnavailable Reason = "introspection_unavailable"
	ReasonRevocationsUnavailable   Reason = "revocations_unavailable"
	ReasonValidatorFailed          Reason = "validator_failed"
	ReasonMisconfigured            Reason = "misconfigured"
)
