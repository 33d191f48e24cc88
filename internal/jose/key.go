package jose

import (
	"crypto"
	"slices"
	"sync"
)

// minSecretBytes is the length of the hash of HS256 (RFC 7518 section 3.2).
const minSecretBytes = 32

// Key verifies signatures: an RSA, EC or Ed25519 public key, or an HMAC secret. It is immutable and safe for
// concurrent use. Make one with ParseKey, ParseKeySet, ParsePEM or NewSecret.
type Key struct {
	id              string
	algorithms      []Algorithm // the declared one, or all that fit the type and curve
	signatureLength int
	material        any // a public key, or the octets of a secret
	thumbprint      string
	macs            sync.Pool // of a secret
}

// NewSecret returns an HS256 key. The secret has at least 32 octets, or the error matches ErrKey; it is copied.
// keyID may be empty.
func NewSecret(secret []byte, keyID string) (*Key, error) {
	if len(secret) < minSecretBytes {
		return nil, reasonShortSecret
	}
	return &Key{
		id:              keyID,
		algorithms:      []Algorithm{HS256},
		signatureLength: minSecretBytes,
		material:        slices.Clone(secret),
	}, nil
}

// ID returns the key ID, "" if the key has none.
func (k *Key) ID() string {
	return k.id
}

// Thumbprint returns the SHA-256 JWK thumbprint (RFC 7638) in base64url, "" for a secret.
func (k *Key) Thumbprint() string {
	return k.thumbprint
}

// Public returns a *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey that the caller must not change, or nil for
// a secret.
func (k *Key) Public() crypto.PublicKey {
	if _, secret := k.material.([]byte); secret {
		return nil
	}
	return k.material
}

// Algorithm returns the only algorithm the key is used with under an allow-list (RFC 8725 section 3.1): the one that
// the key declares, or else the first allowed one that fits its type and curve. It reports false if there is none.
func (k *Key) Algorithm(allowed []Algorithm) (Algorithm, bool) {
	i := slices.IndexFunc(allowed, k.fits)
	if i < 0 {
		return "", false
	}
	return allowed[i], true
}

func (k *Key) fits(alg Algorithm) bool {
	return slices.Contains(k.algorithms, alg)
}
