package jose

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // for PS256
	_ "crypto/sha512" // for PS384 and PS512
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
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

// Verify checks the signature of t with alg, which the caller took from Key.Algorithm and not from the token.
// The error is ErrAlgorithm if alg is not the algorithm of t or does not fit the key, else ErrSignature.
func (k *Key) Verify(alg Algorithm, t *JWS) error {
	if alg != t.Algorithm || !k.fits(alg) {
		return ErrAlgorithm
	}
	if len(t.Signature) != k.signatureLength || !k.verify(alg, []byte(t.signingInput), t.Signature) {
		return ErrSignature
	}
	return nil
}

func (k *Key) verify(alg Algorithm, input, signature []byte) (ok bool) {
	if hash, isPSS := pssHashes[alg]; isPSS {
		return verifyPSS(k.material, hash, input, signature)
	}
	defer func() {
		// A panic of the library on hostile input must not end the process.
		if recover() != nil {
			ok = false
		}
	}()
	verifier, err := jws.NewVerifier(jwa.SignatureAlgorithm(alg))
	return err == nil && verifier.Verify(input, signature, k.material) == nil
}

var pssHashes = map[Algorithm]crypto.Hash{
	PS256: crypto.SHA256,
	PS384: crypto.SHA384,
	PS512: crypto.SHA512,
}

// verifyPSS replaces the library's verifier, which takes a salt of any length. RFC 7518 section 3.5 wants the length
// of the hash.
func verifyPSS(material any, hash crypto.Hash, input, signature []byte) bool {
	public, ok := material.(*rsa.PublicKey)
	if !ok {
		return false
	}
	h := hash.New()
	h.Write(input)
	options := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return rsa.VerifyPSS(public, hash, h.Sum(nil), signature, &options) == nil
}
