package middleware

import "errors"

// RevocationList knows tokens that are no longer good although everything about them still looks right.
type RevocationList interface {
	// Check returns nil if t was not revoked, an error matching ErrInvalidToken if it was, and one matching
	// ErrUnavailable if the list cannot tell. It is asked on every request, so it must not wait for anything, and it must
	// be safe for concurrent use. A Token with nothing but a Fingerprint asks about that alone.
	Check(t *Token) error
}

// Forgetter is implemented by validators that cache what they found out. Forget drops everything cached for a token; an
// answer that is still under way must not bring it back.
type Forgetter interface {
	Forget(accessToken string)
}

func forget(v Validator, accessToken string) {
	if f, ok := v.(Forgetter); ok {
		f.Forget(accessToken)
	}
}

// checkRevoked asks the revocation list about a valid token and returns the token with a fingerprint, for validators that
// do not care about it. Cached answers about a revoked token are left alone: the list outlives them, and a cache that let
// go of one would ask the authorization server about it again and again.
func (g *Guard) checkRevoked(t *Token, accessToken string) (*Token, error) {
	if g.config.Revocations == nil {
		return t, nil
	}
	if t.Fingerprint == [32]byte{} {
		named := *t
		named.Fingerprint = FingerprintOf(accessToken)
		t = &named
	}
	return t, g.config.Revocations.Check(t)
}

// unjudged handles a token about which nothing was found out. One that was itself revoked is refused all the same.
func (g *Guard) unjudged(err error, accessToken string) error {
	if g.config.Revocations == nil || !errors.Is(err, ErrUnavailable) {
		return err
	}
	revoked := g.config.Revocations.Check(&Token{Fingerprint: FingerprintOf(accessToken)})
	if errors.Is(revoked, ErrInvalidToken) {
		return revoked
	}
	return err
}
