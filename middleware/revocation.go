package middleware

import "errors"

// RevocationList knows tokens that are no longer good although everything about them still looks right.
type RevocationList interface {
	// Check returns nil if t was not revoked, an error matching ErrInvalidToken if it was, and one matching
	// ErrUnavailable if the list cannot tell. It is asked on every request, so it must not wait for anything, and it must
	// be safe for concurrent use.
	Check(t *Token) error
}

// Forgetter is implemented by validators that cache what they found out. Forget drops everything cached for a token; an
// answer that is still under way must not bring it back.
type Forgetter interface {
	Forget(accessToken string)
}

// named returns the token with a fingerprint, for validators that do not care about it.
func named(t *Token, accessToken string) *Token {
	if t.Fingerprint != [32]byte{} {
		return t
	}
	copied := *t
	copied.Fingerprint = FingerprintOf(accessToken)
	return &copied
}

// checkRevoked asks the revocation list. A revoked token is also dropped from the validator's cache, so that the cache
// does not outlive the list.
func (g *Guard) checkRevoked(t *Token, accessToken string) error {
	err := g.config.Revocations.Check(t)
	if errors.Is(err, ErrInvalidToken) {
		forget(g.validator, accessToken)
	}
	return err
}

func forget(v Validator, accessToken string) {
	if f, ok := v.(Forgetter); ok {
		f.Forget(accessToken)
	}
}
