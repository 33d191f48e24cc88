package jwks

import (
	"errors"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/middleware"
)

// candidate is a token that is right in everything but its signature, which is still to be verified.
type candidate struct {
	jws     *jose.JWS
	allowed []jose.Algorithm
	// party is whom the token says it was issued to.
	party uint64
	// key is the one that made the signature, once that was verified.
	key *jose.Key
}

var (
	// errNoKey: none of the keys is the token's.
	errNoKey        = middleware.Reject(middleware.ReasonUnknownKey, nil)
	errBadSignature = middleware.Reject(middleware.ReasonBadSignature, nil)
)

// verify checks the signature with the key the token names. If the token names none, every key that fits may be meant,
// and failing with all of them says as little as naming an unknown one.
func (c *candidate) verify(set jose.KeySet) error {
	err := c.verifyWith(set)
	if err == nil {
		set.Headers().Remember(c.jws)
	}
	return err
}

func (c *candidate) verifyWith(set jose.KeySet) error {
	if !c.jws.HasKeyID {
		if c.signedByAny(set) {
			return nil
		}
		return errNoKey
	}
	keys := set.Candidates(c.jws.KeyID, c.jws.Algorithm, c.allowed)
	switch {
	case len(keys) == 0:
		return errNoKey
	case c.signedBy(keys):
		return nil
	}
	return errBadSignature
}

// signedByAny reports whether some key of the set made the signature, whatever key the token names.
func (c *candidate) signedByAny(set jose.KeySet) bool {
	return c.signedBy(set.CandidatesWithoutID(c.jws.Algorithm, c.allowed))
}

func (c *candidate) signedBy(keys []*jose.Key) bool {
	for _, key := range keys {
		if key.Verify(c.jws.Algorithm, c.jws) == nil {
			c.key = key
			return true
		}
	}
	return false
}

// parseVerdict says why a token could not be parsed.
func parseVerdict(err error) error {
	switch {
	case errors.Is(err, jose.ErrTooLarge):
		return middleware.Reject(middleware.ReasonTokenTooLarge, err)
	case errors.Is(err, jose.ErrAlgorithm):
		return middleware.Reject(middleware.ReasonAlgorithmNotAllowed, err)
	case errors.Is(err, jose.ErrCritical):
		return middleware.Reject(middleware.ReasonCriticalHeader, err)
	}
	return middleware.Reject(middleware.ReasonMalformedToken, err)
}
