package dpop

import "github.com/bearergate/bearergate/middleware"

// The reasons of this package, beside those of package middleware.
const (
	// ReasonNoProof: the request has no DPoP field.
	ReasonNoProof middleware.Reason = "no_proof"
	// ReasonMultipleProofs: the request has more than one DPoP field.
	ReasonMultipleProofs middleware.Reason = "multiple_proofs"
	// ReasonProofTooLarge: the proof is longer than Config.MaxProofBytes.
	ReasonProofTooLarge middleware.Reason = "proof_too_large"
	// ReasonMalformedProof: the proof is no compact JWS, or its header or claims are not strict JSON.
	ReasonMalformedProof middleware.Reason = "malformed_proof"
	// ReasonWrongType: the typ of the proof is not dpop+jwt.
	ReasonWrongType middleware.Reason = "wrong_proof_type"
	// ReasonAlgorithmNotAllowed: the alg of the proof is none of Config.Algorithms.
	ReasonAlgorithmNotAllowed middleware.Reason = "proof_algorithm_not_allowed"
	// ReasonMalformedClaim: a claim of the proof is missing, of the wrong kind, or too long.
	ReasonMalformedClaim middleware.Reason = "malformed_proof_claim"
	// ReasonWrongMethod: the proof is for another method (htm).
	ReasonWrongMethod middleware.Reason = "wrong_proof_method"
	// ReasonWrongURL: the proof is for another URL (htu), or the request came under one that is not this service's.
	ReasonWrongURL middleware.Reason = "wrong_proof_url"
	// ReasonExpired: the proof is older than Config.MaxAge.
	ReasonExpired middleware.Reason = "proof_expired"
	// ReasonNotYetValid: the proof was made in the future, by more than Config.Skew.
	ReasonNotYetValid middleware.Reason = "proof_not_yet_valid"
	// ReasonWrongToken: the proof is for another access token (ath).
	ReasonWrongToken middleware.Reason = "wrong_proof_token"
	// ReasonUnusableKey: the jwk of the proof is missing, private, symmetric, weak, or not one for its alg.
	ReasonUnusableKey middleware.Reason = "unusable_proof_key"
	// ReasonBadSignature: the proof is not signed with its own jwk.
	ReasonBadSignature middleware.Reason = "bad_proof_signature"
	// ReasonWrongKey: the proof is good, but its key is not the one that the token is bound to.
	ReasonWrongKey middleware.Reason = "wrong_proof_key"
	// ReasonReplayed: the proof was used before.
	ReasonReplayed middleware.Reason = "proof_replayed"

	// ReasonReplaysUnavailable: the ReplayStore failed or is full.
	ReasonReplaysUnavailable middleware.Reason = "replays_unavailable"
	// ReasonURLUnavailable: Config.URL failed.
	ReasonURLUnavailable middleware.Reason = "url_unavailable"
)
