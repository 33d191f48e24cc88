package jwks_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

func TestParseKeysErrors(t *testing.T) {
	for name, document := range map[string]string{
		"empty": "", "not JSON": "<html>", "no keys": `{"keys":[]}`, "no usable key": `{"keys":[{"kty":"AKP"}]}`,
	} {
		keys, err := jwks.ParseKeys([]byte(document))
		if err == nil || keys != nil || !strings.HasPrefix(err.Error(), "jwks: key set: ") {
			t.Errorf("%s: %v, %v", name, keys, err)
		}
	}
}

// TestSkippedKeys says what is not used and why, fit for a log.
func TestSkippedKeys(t *testing.T) {
	keys := parseKeys(t, string(encode(t, object{"keys": []any{
		signerOf(t, jose.ES256).JWK(),
		object{"kty": "oct", "k": "c2VjcmV0", "kid": "sec\nret\u00e9"},
		with(signerOf(t, jose.EdDSA).JWK(), object{"use": "enc", "kid": strings.Repeat("k", 1000)}),
	}})))
	skipped := keys.Skipped()
	if len(skipped) != 2 {
		t.Fatalf("skipped %v, want two keys", skipped)
	}
	if skipped[0].KeyID != "sec?ret?" || len(skipped[1].KeyID) > 64 {
		t.Errorf("key IDs %q", skipped)
	}
	if skipped[0].Reason == "" || skipped[0].Reason == skipped[1].Reason || strings.Contains(skipped[0].Reason, "c2Vj") {
		t.Errorf("reasons %q", skipped)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("skipped", "key", skipped[0])
	if !strings.Contains(log.String(), "key.kid=sec?ret? key.reason=") {
		t.Errorf("logged as %s", log.String())
	}
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func pkix(t testing.TB, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return encodePEM("PUBLIC KEY", der)
}

// TestPEM: keys from PEM have no ID, so each is tried with any token its algorithm fits, whatever kid that names.
func TestPEM(t *testing.T) {
	var pems []byte
	for _, alg := range []jose.Algorithm{jose.RS256, jose.ES256, jose.EdDSA} {
		pems = append(pems, pkix(t, signerOf(t, alg).Key().Public())...)
	}
	second := newSigner(t, jose.ES256, "second")
	keys, err := jwks.ParsePEM(append(pems, pkix(t, second.Key().Public())...))
	if err != nil {
		t.Fatal(err)
	}
	if skipped := keys.Skipped(); len(skipped) != 0 {
		t.Errorf("skipped %v", skipped)
	}
	v := newValidator(t, jwks.Config{Issuer: issuer, Audience: audience, Keys: keys, Now: atNoon})
	if state := v.State(); state.Keys != 4 || !state.Usable {
		t.Errorf("state %+v", state)
	}
	for _, s := range []*jose.Signer{signerOf(t, jose.RS256), signerOf(t, jose.ES256), signerOf(t, jose.EdDSA), second} {
		for _, keyID := range []any{nil, "", "whatever", s.KeyID()} {
			accepted(t, v, sign(t, s, over(atJWT, object{"kid": keyID}), accessClaims(nil)))
		}
	}
	stranger := newSigner(t, jose.ES256, "stranger")
	refused(t, v, sign(t, stranger, atJWT, accessClaims(nil)), middleware.ReasonUnknownKey)
	refused(t, v, sign(t, signerOf(t, jose.RS512), atJWT, accessClaims(nil)), middleware.ReasonUnknownKey)
}

func TestPEMCertificate(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := jwks.ParsePEM(encodePEM("CERTIFICATE", certificate)); err != nil || keys == nil {
		t.Errorf("a certificate: %v", err)
	}
}

func TestParsePEMErrors(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"empty":         nil,
		"no PEM":        []byte("ssh-ed25519 AAAA"),
		"private key":   encodePEM("EC PRIVATE KEY", der),
		"broken":        encodePEM("PUBLIC KEY", der[:10]),
		"something":     encodePEM("X509 CRL", der),
		"good then bad": append(pkix(t, &private.PublicKey), encodePEM("EC PRIVATE KEY", der)...),
	} {
		keys, err := jwks.ParsePEM(data)
		if err == nil || keys != nil || !strings.HasPrefix(err.Error(), "jwks: PEM: ") {
			t.Errorf("%s: %v, %v", name, keys, err)
		}
	}
}

// TestMissingKeyID: a token must say which key signed it, unless the profile or the keys leave that open.
func TestMissingKeyID(t *testing.T) {
	for name, s := range specimens {
		t.Run(name, func(t *testing.T) {
			token := s.token(t, object{"kid": nil}, nil)
			if s.profile == jwks.Generic {
				accepted(t, s.validator(t), token)
				return
			}
			refused(t, s.validator(t), token, middleware.ReasonUnknownKey)
		})
	}
}

// TestSeveralKeysWithoutID: under Generic a token without kid is tried with a bounded number of keys.
func TestSeveralKeysWithoutID(t *testing.T) {
	const tried = 4
	signers := times(tried+1, func() *jose.Signer { return newSigner(t, jose.ES256, "") })
	s := &stub{}
	s.put(keysURL, page{body: keySet(t, signers...)})
	v := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, JWKSURL: keysURL, HTTPClient: s.client(), Profile: jwks.Generic, Now: atNoon,
	})
	for _, signer := range signers[:tried] {
		accepted(t, v, sign(t, signer, nil, accessClaims(nil)))
	}
	refused(t, v, sign(t, signers[tried], nil, accessClaims(nil)), middleware.ReasonUnknownKey)
	refused(t, v, sign(t, newSigner(t, jose.ES256, ""), nil, accessClaims(nil)), middleware.ReasonUnknownKey)
	refused(t, v, sign(t, signers[0], object{"kid": "x"}, accessClaims(nil)), middleware.ReasonUnknownKey)
}

// TestRotationWithoutKeyIDs: a signature of no key we have may be that of a new one.
func TestRotationWithoutKeyIDs(t *testing.T) {
	s := &stub{}
	s.put(keysURL, page{body: keySet(t, newSigner(t, jose.ES256, ""))})
	v := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, JWKSURL: keysURL, HTTPClient: s.client(), Profile: jwks.Generic, Now: atNoon,
	})
	if err := v.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := newSigner(t, jose.ES256, "")
	s.put(keysURL, page{body: keySet(t, next)})
	accepted(t, v, sign(t, next, nil, accessClaims(nil)))
	wantRequests(t, s, keysURL, keysURL)
}

// TestSharedKeyID: a key ID may stand for several keys, of which the right one is found.
func TestSharedKeyID(t *testing.T) {
	first, second, other := newSigner(t, jose.ES256, "k"), newSigner(t, jose.ES256, "k"), newSigner(t, jose.EdDSA, "k")
	v := atNoonWith(t, jwks.RFC9068, first, second, other)
	for _, s := range []*jose.Signer{first, second, other} {
		accepted(t, v, sign(t, s, atJWT, accessClaims(nil)))
	}
	refused(t, v, sign(t, newSigner(t, jose.ES256, "k"), atJWT, accessClaims(nil)), middleware.ReasonBadSignature)
}
