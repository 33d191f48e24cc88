package jose

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/x509"
	"encoding/pem"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

const (
	reasonNotPrivate reason = "not one unencrypted private key in PEM or JWK form"
	reasonMismatch   reason = "private and public half do not belong together"
)

// ParseSigner reads a private key of our own: PEM with one unencrypted PKCS #8, PKCS #1 or SEC 1 block, or a private
// JWK. Its public half is held to the rules of ParseKey. An empty alg stands for the alg of the JWK or else the first of
// Asymmetric that fits, an empty keyID for the kid of the JWK or else none.
// The error matches ErrKey, or ErrAlgorithm for an algorithm that the key is not good for.
func ParseSigner(data []byte, alg Algorithm, keyID string) (*Signer, error) {
	private, stated, err := parsePrivate(data)
	if err != nil {
		return nil, err
	}
	if alg, err = fitting(private.Public(), cmp.Or(alg, Algorithm(stated.Algorithm))); err != nil {
		return nil, err
	}
	key, err := fromPublic(private.Public(), described(alg, cmp.Or(keyID, stated.KeyID)))
	if err != nil {
		return nil, err
	}
	s := &Signer{algorithm: alg, private: private, key: key}
	if !s.whole() {
		return nil, reasonMismatch
	}
	return s, nil
}

// statement is what a JWK says about its key.
type statement struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
}

func parsePrivate(data []byte) (crypto.Signer, statement, error) {
	var private any
	var stated statement
	var err error
	if block, rest := pem.Decode(data); block != nil && len(bytes.TrimSpace(rest)) == 0 {
		private, err = parsePrivateBlock(block)
	} else if err = strictjson.Unmarshal(data, &stated); err == nil {
		private, err = parsePrivateJWK(data)
	}
	signer, ok := private.(crypto.Signer)
	if err != nil || !ok {
		return nil, statement{}, reasonNotPrivate
	}
	return signer, stated, nil
}

func parsePrivateBlock(block *pem.Block) (private any, err error) {
	switch block.Type {
	case "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return nil, reasonNotPrivate
}

func parsePrivateJWK(data []byte) (private any, err error) {
	key, err := jwk.ParseKey(data)
	if err != nil {
		return nil, err
	}
	err = key.Raw(&private)
	return private, err
}

// fitting returns the algorithm to sign with: alg if the key is good for it, or the preferred one if alg is empty.
func fitting(public crypto.PublicKey, alg Algorithm) (Algorithm, error) {
	key, err := fromPublic(public, nil)
	if err != nil {
		return "", err
	}
	allowed := asymmetric
	if alg != "" {
		parsed, _ := ParseAlgorithm(string(alg))
		allowed = []Algorithm{parsed}
	}
	chosen, ok := key.Algorithm(allowed)
	if !ok {
		return "", ErrAlgorithm
	}
	return chosen, nil
}

// whole signs something and verifies it.
func (s *Signer) whole() bool {
	signed, err := s.Sign(nil, []byte("{}"))
	if err != nil {
		return false
	}
	t, err := Parse(signed)
	return err == nil && s.key.Verify(s.algorithm, t) == nil
}
