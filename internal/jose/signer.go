package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"maps"
	"slices"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// Signer makes compact JWS for client assertions (RFC 7523), tests and fake authorization servers. It signs whatever it is given, well formed
// or not. It is immutable and safe for concurrent use.
type Signer struct {
	algorithm Algorithm
	private   any // a crypto.Signer, or the octets of a secret
	key       *Key
}

// GenerateSigner returns a Signer with a fresh key: 2048 bits for RSA, 32 octets for HS256. keyID may be empty.
// The error matches ErrAlgorithm for an unknown algorithm, or says why no key could be made.
func GenerateSigner(alg Algorithm, keyID string) (*Signer, error) {
	if alg == HS256 {
		secret := make([]byte, minSecretBytes)
		rand.Read(secret) // never fails
		return NewSecretSigner(secret, keyID)
	}
	private, err := generate(alg)
	if err != nil {
		return nil, err
	}
	key, err := fromPublic(private.Public(), described(alg, keyID))
	if err != nil {
		return nil, err
	}
	return &Signer{algorithm: alg, private: private, key: key}, nil
}

func generate(alg Algorithm) (crypto.Signer, error) {
	if slices.Contains(rsaAlgorithms, alg) {
		return rsa.GenerateKey(rand.Reader, minRSABits)
	}
	switch alg {
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case ES384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case ES512:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	default:
		return nil, ErrAlgorithm
	}
}

// NewSecretSigner returns an HS256 Signer. The secret is held to the rules of NewSecret.
func NewSecretSigner(secret []byte, keyID string) (*Signer, error) {
	key, err := NewSecret(secret, keyID)
	if err != nil {
		return nil, err
	}
	return &Signer{algorithm: HS256, private: key.material, key: key}, nil
}

// Algorithm returns the algorithm of every signature that the Signer makes.
func (s *Signer) Algorithm() Algorithm { return s.algorithm }

// KeyID returns the key ID, "" if there is none.
func (s *Signer) KeyID() string { return s.key.id }

// Key returns the key that verifies what the Signer signs.
func (s *Signer) Key() *Key { return s.key }

// JWK returns a fresh copy of the public JWK with kid (unless empty), alg and use, or nil for a secret.
func (s *Signer) JWK() map[string]any {
	public := s.key.Public()
	if public == nil {
		return nil
	}
	members := publicMembers(public)
	maps.Copy(members, described(s.algorithm, s.key.id))
	return members
}

// described returns the optional members of a published signing key.
func described(alg Algorithm, keyID string) map[string]any {
	members := map[string]any{"alg": string(alg), "use": "sig"}
	if keyID != "" {
		members["kid"] = keyID
	}
	return members
}

// Sign signs payload under header. alg, and kid unless empty, are added where header lacks them; a nil value in
// header leaves that member out, and any other value is sent as it is, even one that is wrong.
func (s *Signer) Sign(header map[string]any, payload []byte) (string, error) {
	members := map[string]any{"alg": string(s.algorithm)}
	if s.key.id != "" {
		members["kid"] = s.key.id
	}
	maps.Copy(members, header)
	maps.DeleteFunc(members, func(_ string, value any) bool { return value == nil })
	data, err := strictjson.Marshal(members)
	if err != nil {
		return "", err
	}
	return s.SignRaw(data, payload)
}

// SignRaw signs payload under exactly those header octets.
func (s *Signer) SignRaw(header, payload []byte) (string, error) {
	encode := base64.RawURLEncoding.EncodeToString
	input := encode(header) + "." + encode(payload)
	signer, err := jws.NewSigner(jwa.SignatureAlgorithm(s.algorithm))
	if err != nil {
		return "", err
	}
	signature, err := signer.Sign([]byte(input), s.private)
	if err != nil {
		return "", err
	}
	return input + "." + encode(signature), nil
}
