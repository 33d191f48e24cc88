package adaptertest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"strings"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/oauthtest"
)

// What oauthtest issues tokens for.
const (
	subject = "alice"
	client  = "test-client"
)

// mint returns a request with a token that the authorization server issues.
func (s *scene) mint(t oauthtest.Token) request {
	s.Helper()
	return bearer(s.issuer.Mint(t))
}

// valid returns a request with a token that is good for the scope read.
func (s *scene) valid() request {
	s.Helper()
	return s.mint(oauthtest.Token{Scope: "read"})
}

// claiming returns a request with a token that differs from a valid one in those claims; nil leaves a claim out.
func (s *scene) claiming(claims map[string]any) request {
	s.Helper()
	return s.mint(oauthtest.Token{Scope: "read", Claims: claims})
}

// headed does the same with parameters of the JOSE header.
func (s *scene) headed(header map[string]any) request {
	s.Helper()
	return s.mint(oauthtest.Token{Scope: "read", Header: header})
}

// payload returns the claims set of a valid token, with other claims over it.
func (s *scene) payload(over map[string]any) []byte {
	s.Helper()
	_, rest, _ := strings.Cut(s.issuer.Mint(oauthtest.Token{Scope: "read", Claims: over}), ".")
	part, _, _ := strings.Cut(rest, ".")
	payload, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		s.Fatal(err)
	}
	return payload
}

// signer returns a key that the authorization server does not have.
func (s *scene) signer(algorithm jose.Algorithm, keyID string) *jose.Signer {
	s.Helper()
	signer, err := jose.GenerateSigner(algorithm, keyID)
	if err != nil {
		s.Fatal(err)
	}
	return signer
}

// signed returns a request with a token of any key; its typ is at+jwt unless the header says otherwise.
func (s *scene) signed(signer *jose.Signer, header map[string]any, payload []byte) request {
	s.Helper()
	members := map[string]any{"typ": "at+jwt"}
	maps.Copy(members, header)
	token, err := signer.Sign(members, payload)
	if err != nil {
		s.Fatal(err)
	}
	return bearer(token)
}

// strangers returns requests with tokens that nobody trusts: each names a key that does not exist and a client that was
// not seen before.
func (s *scene) strangers(n int) []request {
	s.Helper()
	signer := s.signer(jose.ES256, "")
	requests := make([]request, n)
	for i := range requests {
		payload := s.payload(map[string]any{"sub": rand.Text(), "client_id": rand.Text()})
		requests[i] = s.signed(signer, map[string]any{"kid": rand.Text()}, payload)
	}
	return requests
}

// publish replaces the key set of the authorization server.
func (s *scene) publish(keys ...map[string]any) {
	s.issuer.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Body: string(s.json(map[string]any{"keys": keys}))})
}

func (s *scene) json(v any) []byte {
	s.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		s.Fatal(err)
	}
	return data
}

// secretFrom signs HS256 with octets that are no secret.
func (s *scene) secretFrom(public []byte, keyID string) *jose.Signer {
	s.Helper()
	signer, err := jose.NewSecretSigner(public, keyID)
	if err != nil {
		s.Fatal(err)
	}
	return signer
}

// pem returns a public key as people keep it in files.
func (s *scene) pem(signer *jose.Signer) []byte {
	s.Helper()
	der, err := x509.MarshalPKIXPublicKey(signer.Key().Public())
	if err != nil {
		s.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

var encode = base64.RawURLEncoding.EncodeToString

// unsigned returns an otherwise good token without a signature.
func (s *scene) unsigned(algorithm string) string {
	s.Helper()
	header := s.json(map[string]any{"alg": algorithm, "typ": "at+jwt", "kid": "key-1"})
	return encode(header) + "." + encode(s.payload(nil)) + "."
}

// encrypted returns a plaintext as a compact JWE (RFC 7516), directly under a key of zeros.
func (s *scene) encrypted(header map[string]any, plaintext string) string {
	s.Helper()
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		s.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		s.Fatal(err)
	}
	protected, nonce := encode(s.json(header)), make([]byte, aead.NonceSize())
	sealed := aead.Seal(nil, nonce, []byte(plaintext), []byte(protected))
	text, tag := sealed[:len(plaintext)], sealed[len(plaintext):]
	return strings.Join([]string{protected, "", encode(nonce), encode(text), encode(tag)}, ".")
}

// tampered returns a token with one octet of its signature changed.
func (s *scene) tampered(token string) string {
	s.Helper()
	input, signature, _ := cutLast(token, ".")
	octets, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		s.Fatal(err)
	}
	octets[len(octets)/2] ^= 1
	return input + "." + encode(octets)
}

// twice repeats a member at the end of a JSON object.
func twice(object []byte, member string) []byte {
	return append(bytes.TrimSuffix(object, []byte("}")), []byte(","+member+"}")...)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
