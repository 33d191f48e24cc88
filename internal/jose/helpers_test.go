package jose_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"sync"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

var b64 = base64.RawURLEncoding.EncodeToString

// every algorithm, public key ones first.
var every = append(jose.Asymmetric(), jose.HS256)

var signers = func() map[jose.Algorithm]func() (*jose.Signer, error) {
	made := make(map[jose.Algorithm]func() (*jose.Signer, error))
	for _, alg := range every {
		made[alg] = sync.OnceValues(func() (*jose.Signer, error) {
			return jose.GenerateSigner(alg, "key-"+string(alg))
		})
	}
	return made
}()

// signerOf returns the one Signer of the test run for alg.
func signerOf(t testing.TB, alg jose.Algorithm) *jose.Signer {
	t.Helper()
	s, err := signers[alg]()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t testing.TB, s *jose.Signer, header map[string]any, payload string) string {
	t.Helper()
	token, err := s.Sign(header, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func signRaw(t testing.TB, s *jose.Signer, header, payload string) string {
	t.Helper()
	token, err := s.SignRaw([]byte(header), []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// read reads a token into one of the caller's.
func read(into *jose.JWS, token string, known *jose.Headers) error {
	parts, err := jose.Split(token, jose.MaxTokenBytes)
	if err != nil {
		return err
	}
	return into.Read(parts, known)
}

func parse(t testing.TB, token string) *jose.JWS {
	t.Helper()
	parsed, err := jose.Parse(token)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// resign replaces the signature of a token.
func resign(token string, signature []byte) string {
	return token[:strings.LastIndexByte(token, '.')+1] + b64(signature)
}

// verifyToken parses a token, which must be well formed, and verifies it.
func verifyToken(t *testing.T, key *jose.Key, alg jose.Algorithm, token string) error {
	t.Helper()
	return key.Verify(alg, parse(t, token))
}

// rsaKey is a key whose private half the tests hold.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func privateRSA(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func pkix(t *testing.T, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// keyOf makes the Key of a public key by way of PEM.
func keyOf(t *testing.T, public any) *jose.Key {
	t.Helper()
	set, err := jose.ParsePEM(encodePEM("PUBLIC KEY", pkix(t, public)))
	if err != nil {
		t.Fatal(err)
	}
	return first(set)
}

func first(set jose.KeySet) *jose.Key {
	for key := range set.Keys() {
		return key
	}
	return nil
}
