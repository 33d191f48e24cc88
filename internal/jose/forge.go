package jose

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"time"
)

// As returns a Signer that makes other signatures with the same key, good or not: what fake authorization servers need
// to try whether a key is held to its algorithm. Signing fails if the key cannot make them.
func (s *Signer) As(alg Algorithm) *Signer {
	other := *s
	other.algorithm = alg
	return &other
}

// Certificate returns a self-signed certificate (DER) of the key, good for an hour around now. The error matches ErrKey
// for a secret.
func (s *Signer) Certificate(now time.Time) ([]byte, error) {
	private, ok := s.private.(crypto.Signer)
	if !ok {
		return nil, ErrKey
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}
	return x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
}
