package jwks

import (
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/middleware"
)

// candidate is a token that is right in everything but its signature, which is still to be verified.
type candidate struct {
	jws     *jose.JWS
	allowed []jose.Algorithm
	// party is whom the token says it was issued to.
	party uint64
	// looked says that its key was looked for.
	looked bool
}

var (
	// errNoKey: none of the keys is the token's.
	errNoKey        = middleware.Reject(middleware.ReasonUnknownKey, nil)
	errBadSignature = middleware.Reject(middleware.ReasonBadSignature, nil)
)

// verify returns the key that made the signature: one that the token names. If the token names none, every key that fits
// may be meant, and failing with all of them says as little as naming an unknown one.
func (c *candidate) verify(set jose.KeySet) (*jose.Key, error) {
	key, err := c.signer(set)
	if err == nil {
		set.Remember(c.jws, c.allowed)
	}
	return key, err
}

func (c *candidate) signer(set jose.KeySet) (*jose.Key, error) {
	if !c.jws.HasKeyID {
		if key := c.anySigner(set); key != nil {
			return key, nil
		}
		return nil, errNoKey
	}
	keys := set.CandidatesOf(c.jws, c.allowed)
	if len(keys) == 0 {
		return nil, errNoKey
	}
	if key := c.signerAmong(keys); key != nil {
		return key, nil
	}
	return nil, errBadSignature
}

// anySigner returns the key of the set that made the signature, whatever key the token names; nil if there is none.
func (c *candidate) anySigner(set jose.KeySet) *jose.Key {
	return c.signerAmong(set.CandidatesWithoutID(c.jws.Algorithm, c.allowed))
}

func (c *candidate) signerAmong(keys []*jose.Key) *jose.Key {
	for _, key := range keys {
		if key.Verify(c.jws.Algorithm, c.jws) == nil {
			return key
		}
	}
	return nil
}

// What a flood of rubbish gets is made once.
var (
	errTooLarge  = middleware.Reject(middleware.ReasonTokenTooLarge, jose.ErrTooLarge)
	errAlgorithm = middleware.Reject(middleware.ReasonAlgorithmNotAllowed, jose.ErrAlgorithm)
	errCritical  = middleware.Reject(middleware.ReasonCriticalHeader, jose.ErrCritical)
	errMalformed = middleware.Reject(middleware.ReasonMalformedToken, jose.ErrMalformed)
)

// parseVerdict says why a token could not be parsed.
func parseVerdict(err error) error {
	switch err {
	case jose.ErrTooLarge:
		return errTooLarge
	case jose.ErrAlgorithm:
		return errAlgorithm
	case jose.ErrCritical:
		return errCritical
	}
	return errMalformed
}
