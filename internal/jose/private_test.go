package jose_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

func pkcs8(t *testing.T, private any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return encodePEM("PRIVATE KEY", der)
}

func ecKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// ecJWK returns the private JWK of an EC key with extra members.
func ecJWK(t *testing.T, private *ecdsa.PrivateKey, extra string) []byte {
	t.Helper()
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	d, err := private.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	half := len(point)/2 + 1
	return fmt.Appendf(nil, `{"kty":"EC","crv":%q,"x":%q,"y":%q,"d":%q%s}`,
		private.Params().Name, b64(point[1:half]), b64(point[half:]), b64(d), extra)
}

func TestParseSigner(t *testing.T) {
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p256 := ecKey(t, elliptic.P256())
	sec1, err := x509.MarshalECPrivateKey(ecKey(t, elliptic.P384()))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		data   []byte
		alg    jose.Algorithm
		id     string
		want   jose.Algorithm
		wantID string
	}{
		{"RSA", pkcs8(t, privateRSA(t)), "", "", jose.RS256, ""},
		{"RSA, chosen algorithm", pkcs8(t, privateRSA(t)), jose.PS256, "a", jose.PS256, "a"},
		{"PKCS 1", encodePEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(privateRSA(t))), "", "", jose.RS256, ""},
		{"EC", pkcs8(t, p256), "", "", jose.ES256, ""},
		{"SEC 1", encodePEM("EC PRIVATE KEY", sec1), "", "b", jose.ES384, "b"},
		{"Ed25519", pkcs8(t, edwards), "", "", jose.EdDSA, ""},
		{"JWK", ecJWK(t, p256, ""), "", "", jose.ES256, ""},
		{"JWK that says more", ecJWK(t, p256, `,"kid":"c","alg":"ES256"`), "", "", jose.ES256, "c"},
		{"JWK, other key ID", ecJWK(t, p256, `,"kid":"c"`), "", "d", jose.ES256, "d"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := jose.ParseSigner(tt.data, tt.alg, tt.id)
			if err != nil {
				t.Fatal(err)
			}
			if s.Algorithm() != tt.want || s.KeyID() != tt.wantID {
				t.Errorf("%s %q, want %s %q", s.Algorithm(), s.KeyID(), tt.want, tt.wantID)
			}
			if err := s.Key().Verify(tt.want, parse(t, sign(t, s, nil, claims))); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestParseSignerRefuses(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p256 := ecKey(t, elliptic.P256())
	good := pkcs8(t, p256)
	var mixed map[string]string
	if err := json.Unmarshal(ecJWK(t, p256, ""), &mixed); err != nil {
		t.Fatal(err)
	}
	var other map[string]string
	if err := json.Unmarshal(ecJWK(t, ecKey(t, elliptic.P256()), ""), &other); err != nil {
		t.Fatal(err)
	}
	mixed["d"] = other["d"]
	mismatched, err := json.Marshal(mixed)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		data []byte
		alg  jose.Algorithm
		want error
	}{
		{"nothing", nil, "", jose.ErrKey},
		{"public key", encodePEM("PUBLIC KEY", pkix(t, p256.Public())), "", jose.ErrKey},
		{"public JWK", []byte(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`), "", jose.ErrKey},
		{"secret", []byte(`{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}`), "", jose.ErrKey},
		{"JWK of no known type", []byte(`{"kty":"AKP","priv":"AAAA"}`), "", jose.ErrKey},
		{"JWK without a type", []byte(`{"d":"AAAA"}`), "", jose.ErrKey},
		{"two keys", append(good[:len(good):len(good)], good...), "", jose.ErrKey},
		{"broken block", encodePEM("PRIVATE KEY", []byte("x")), "", jose.ErrKey},
		{"broken PKCS 1 block", encodePEM("RSA PRIVATE KEY", []byte("x")), "", jose.ErrKey},
		{"broken SEC 1 block", encodePEM("EC PRIVATE KEY", []byte("x")), "", jose.ErrKey},
		{"short RSA key", pkcs8(t, short), "", jose.ErrKey},
		{"curve of no algorithm", pkcs8(t, ecKey(t, elliptic.P224())), "", jose.ErrKey},
		{"halves of two keys", mismatched, "", jose.ErrKey},
		{"duplicate member", ecJWK(t, p256, `,"kid":"a","kid":"b"`), "", jose.ErrKey},
		{"algorithm of another key type", good, jose.RS256, jose.ErrAlgorithm},
		{"algorithm of another curve in the JWK", ecJWK(t, p256, `,"alg":"ES384"`), "", jose.ErrAlgorithm},
		{"unknown algorithm", good, "none", jose.ErrAlgorithm},
		{"symmetric algorithm", good, jose.HS256, jose.ErrAlgorithm},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := jose.ParseSigner(tt.data, tt.alg, "")
			if !errors.Is(err, tt.want) || s != nil {
				t.Fatalf("%v, want %v", err, tt.want)
			}
			if strings.Contains(err.Error(), other["d"]) || strings.Contains(err.Error(), mixed["x"]) {
				t.Error("the error quotes the key")
			}
		})
	}
}

// A key ID that no JSON can hold could not be published.
func TestSignerKeyIDIsText(t *testing.T) {
	if s, err := jose.ParseSigner(pkcs8(t, ecKey(t, elliptic.P256())), "", "\xff"); !errors.Is(err, jose.ErrKey) || s != nil {
		t.Errorf("ParseSigner = %v", err)
	}
	if s, err := jose.GenerateSigner(jose.ES256, "\xff"); !errors.Is(err, jose.ErrKey) || s != nil {
		t.Errorf("GenerateSigner = %v", err)
	}
}
