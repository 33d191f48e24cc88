package reasons

import (
	"net/http"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/mtls"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// invalidProof is the entry of a proof that is none.
func invalidProof(reason middleware.Reason, cause, fix string, options ...string) Entry {
	return Entry{
		Reason: reason, Status: http.StatusUnauthorized, Code: middleware.CodeInvalidProof,
		Cause: cause, Fix: fix, Options: options,
	}
}

// invalidToken is the entry of a token that may not be honoured.
func invalidToken(reason middleware.Reason, cause, fix string, options ...string) Entry {
	return Entry{
		Reason: reason, Status: http.StatusUnauthorized, Code: middleware.CodeInvalidToken,
		Cause: cause, Fix: fix, Options: options,
	}
}

// unavailable is the entry of what could not be found out.
func unavailable(reason middleware.Reason, cause, fix string, options ...string) Entry {
	return Entry{Reason: reason, Status: http.StatusServiceUnavailable, Cause: cause, Fix: fix, Options: options}
}

// proofs are about DPoP proofs.
var proofs = []Entry{
	invalidProof(dpop.ReasonNoProof,
		"The token came with the scheme DPoP and without a proof. Proxies and CORS rules that do not know the field "+
			"drop it.",
		"Client: send a proof in the DPoP field of every request. Operator: let the field through, in "+
			"Access-Control-Allow-Headers too."),
	invalidProof(dpop.ReasonMultipleProofs,
		"The request has more than one DPoP field, perhaps because a client library and the application each added one.",
		"Client: send one proof."),
	invalidProof(dpop.ReasonProofTooLarge,
		"The proof is longer than a proof should be. One with an RSA key of 4096 bits has less than 3 KiB.",
		"Client: leave out of the proof what RFC 9449 does not ask for, such as certificates.", "dpop.Config.MaxProofBytes"),
	invalidProof(dpop.ReasonMalformedProof,
		"The DPoP field holds no compact JWS with strict JSON in it, or its header asks for processing that is not "+
			"supported.",
		"Client: use a library for DPoP, and send what it makes unchanged."),
	invalidProof(dpop.ReasonWrongType,
		"The typ of the proof is not dpop+jwt; perhaps another JWT was sent in its place.",
		"Client: set typ to dpop+jwt (RFC 9449, section 4.2)."),
	invalidProof(dpop.ReasonAlgorithmNotAllowed,
		"The proof is signed with an algorithm that is not accepted, none and HS256 among them.",
		"Client: use one of the algs of the challenge.", "dpop.Config.Algorithms"),
	invalidProof(dpop.ReasonMalformedClaim,
		"jti, htm, htu, iat or ath is missing, empty, of the wrong kind, or jti has more than 256 bytes. Proofs for "+
			"the token endpoint lack ath.",
		"Client: make a proof of its own for each request to the service, with ath (RFC 9449, section 4.2)."),
	invalidProof(dpop.ReasonWrongMethod,
		"The htm of the proof is another method than that of the request.",
		"Client: make a new proof for each request, redirects and retries included. Method names are in upper case."),
	invalidProof(dpop.ReasonWrongURL,
		"The htu of the proof is not the URL of the request as this service knows it. Behind a proxy that changes "+
			"host, scheme or path, that is not the one clients use.",
		"Operator: set BaseURL to the URL under which clients reach the service. Client: use that URL, without query "+
			"and fragment.",
		"dpop.Config.BaseURL", "dpop.Config.URL", "dpop.BehindProxies"),
	invalidProof(dpop.ReasonExpired,
		"The proof is older than MaxAge: it was made in advance, used again, or the clock of the client is behind.",
		"Client: make the proof right before the request, and set the clock. With nonces of the server the clock "+
			"matters less.",
		"dpop.Config.MaxAge"),
	invalidProof(dpop.ReasonNotYetValid,
		"The iat of the proof lies in the future by more than Skew: the clock of the client is ahead.",
		"Client: set the clock.", "dpop.Config.Skew"),
	invalidProof(dpop.ReasonWrongToken,
		"The ath of the proof is not the hash of the access token it came with, often after a token was refreshed.",
		"Client: make the proof for the token that is sent: the SHA-256 of its ASCII text, in base64url without padding."),
	invalidProof(dpop.ReasonUnusableKey,
		"The jwk of the proof is missing, contains private members, is too weak, or does not fit the alg.",
		"Client: put the public key, and nothing else of it, into jwk; RSA keys need 2048 bits."),
	invalidProof(dpop.ReasonBadSignature,
		"The proof was not signed with the key in its own jwk, or was changed on its way.",
		"Client: sign with the private key that belongs to jwk. ES256 signatures are R and S, 64 bytes, not DER."),
	invalidToken(dpop.ReasonWrongKey,
		"The proof is good, but its key is not the one the token is bound to: the client made itself a new key after "+
			"it got the token, or the token was stolen.",
		"Client: keep one key for as long as the token lives, or get a new token with the new key."),
	invalidProof(dpop.ReasonReplayed,
		"The proof was used before. Retries of a client or a proxy that repeat a request as it was do that, and so "+
			"does an attacker.",
		"Client: make a new proof, with a new jti, for every attempt.", "dpop.Config.Replays"),
	unavailable(dpop.ReasonReplaysUnavailable,
		"Whether the proof was used before cannot be found out: the store failed or is full.",
		"Operator: see whether the shared store is up and large enough for the proofs of MaxAge.",
		"dpop.Config.Replays", "dpop.MemoryConfig.MaxEntries"),
	unavailable(dpop.ReasonURLUnavailable,
		"The URL that the client sent the request to could not be found out, because the function in URL failed.",
		"Operator: see the error in the log; behind proxies, check what they are configured to forward.",
		"dpop.Config.URL", "dpop.BehindProxies"),
}

// certificates are about client certificates.
var certificates = []Entry{
	invalidToken(mtls.ReasonNoCertificate,
		"The token is bound to a certificate and the request came without one: the client presented none, TLS ended "+
			"at a proxy that passes none on, "+
			"or the server does not ask for one.",
		"Operator: ask for client certificates with mtls.TLSConfig, or have the proxy send them in Client-Cert. "+
			"Client: present the certificate of the token request.",
		"mtls.TLSConfig", "mtls.Config.TrustedProxies"),
	invalidToken(mtls.ReasonWrongCertificate,
		"The certificate of the request is not the one the token is bound to. After a renewal of the certificate old "+
			"tokens no longer fit.",
		"Client: get a new token with the certificate that is in use now."),
	invalidToken(mtls.ReasonMalformedCertificate,
		"What a trusted proxy sent in the field is not exactly one certificate as RFC 9440 writes it.",
		"Operator: have the proxy send DER in base64 between colons, replacing what the client sent; for other forms "+
			"set Extract.",
		"mtls.Config.Header", "mtls.Config.Extract"),
	invalidToken(mtls.ReasonUntrustedProxy,
		"The request has a certificate in a header field, and its sender is none of the trusted proxies.",
		"Operator: add the address the proxy connects from. If it is no proxy of yours, somebody tries to pass for one.",
		"mtls.Config.TrustedProxies", "mtls.Config.AllowUnixSocketProxies"),
}

// statusLists are about status lists.
var statusLists = []Entry{
	invalidToken(statuslist.ReasonUntrustedList,
		"The token names a status list outside the configured prefixes.",
		"Operator: add the prefix of the issuer's lists, if they are there.", "statuslist.Config.Prefixes"),
	invalidToken(statuslist.ReasonBadList,
		"The status list of the token is not signed as configured, is that of another URL, has expired, or ends "+
			"before the token's entry.",
		"Issuer: publish a list that covers all tokens that name it. Operator: check which keys Verify uses.",
		"statuslist.Config.Verify", "statuslist.Config.MaxListBytes"),
}
