package wycheproof_test

import "github.com/bearergate/bearergate/internal/jose"

const (
	emptyPayload  = "the payload is empty, which that of a JWT cannot be (RFC 7519 section 7.2)"
	secretInSet   = "secrets are configured, one for an issuer; one in a key set is published, so no secret"
	jwe           = "the kit reads no JWE"
	shortModulus  = "RSA keys have 2048 bits or more (RFC 7518 section 3.3)"
	shortHash     = "JWS has no algorithm with SHA-1 or SHA-224 (RFC 7518 section 3.1)"
	exponentThree = "an exponent of 3 is sound where padding is compared as a whole, and RFC 7518 allows it"
	otherPSS      = "salt and mask are made with the algorithm's own hash, the salt being as long (RFC 7518 section 3.5)"
)

var signatureExceptions = []exception{
	{"259 264 268 272 320 325", jose.ErrMalformed, emptyPayload},
	{"346 350", errNoKey, "the token says PS384, but the key declares PS256 (RFC 7517 section 4.4; RFC 8725 section 3.1)"},
	{"347 351", jose.ErrNoKeys, "the key declares ES521, which is no algorithm"},
	{"367 370", nil, "the tokens are those of case 357, which is valid: the padding that they are named after got lost"},
	{"372 373", jose.ErrMalformed, "a ? is no letter of base64url, and nothing may be skipped (RFC 7515 section 2)"},
}

var keyExceptions = []exception{
	{"2", jose.ErrNoKeys, secretInSet},
	{"14 15", jose.ErrAlgorithm, "the kit has HS256, but neither HS384 nor HS512"},
}

var cryptoExceptions = []exception{
	{"48", jose.ErrNoKeys, secretInSet},
	{"50 67", jose.ErrMalformed, jwe},
}

var encryptionExceptions = []exception{
	{"1 23 28-35 52-62 66-93 100-105 112 121 128-135", jose.ErrMalformed, jwe},
}

var missingNull = []exception{
	{"8", jose.ErrSignature, "the name of the hash lacks its NULL, which must be there (RFC 8017 section 9.2, note 1)"},
}
