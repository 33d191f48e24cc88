package jose_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

func certificate(t *testing.T, private crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	return encodePEM("CERTIFICATE", der)
}

func TestParsePEM(t *testing.T) {
	private := privateRSA(t)
	ec, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Join([][]byte{
		[]byte("comment before"),
		encodePEM("PUBLIC KEY", pkix(t, &private.PublicKey)),
		encodePEM("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&private.PublicKey)),
		certificate(t, private),
		encodePEM("PUBLIC KEY", pkix(t, ec.Public())),
		encodePEM("PUBLIC KEY", pkix(t, signerOf(t, jose.EdDSA).Key().Public())),
	}, []byte("\n"))
	set, err := jose.ParsePEM(data)
	if err != nil {
		t.Fatal(err)
	}
	var thumbprints []string
	for key := range set.Keys() {
		if key.ID() != "" {
			t.Errorf("key ID %q", key.ID())
		}
		thumbprints = append(thumbprints, key.Thumbprint())
	}
	if len(thumbprints) != 5 {
		t.Fatalf("%d keys", len(thumbprints))
	}
	if thumbprints[0] != thumbprints[1] || thumbprints[0] != thumbprints[2] {
		t.Error("one RSA key in three forms has several thumbprints")
	}
	if thumbprints[4] != signerOf(t, jose.EdDSA).Key().Thumbprint() {
		t.Error("another Ed25519 key")
	}
	if !private.PublicKey.Equal(first(set).Public()) {
		t.Error("another RSA key")
	}
}

func TestParsePEMRefuses(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(privateRSA(t))
	if err != nil {
		t.Fatal(err)
	}
	good := encodePEM("PUBLIC KEY", pkix(t, signerOf(t, jose.ES256).Key().Public()))
	tests := []struct {
		name string
		data []byte
		want error
		text string
	}{
		{"empty", nil, jose.ErrNoKeys, ""},
		{"not PEM", []byte(marker), jose.ErrNoKeys, ""},
		{"PKCS #8", encodePEM("PRIVATE KEY", pkcs8), jose.ErrKey, "pass the public key"},
		{"PKCS #1", encodePEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(privateRSA(t))), jose.ErrKey, "pass the public key"},
		{"encrypted", encodePEM("ENCRYPTED PRIVATE KEY", pkcs8), jose.ErrKey, "pass the public key"},
		{"private behind public", append(bytes.Clone(good), encodePEM("EC PRIVATE KEY", nil)...), jose.ErrKey, "pass the public key"},
		{"other block", encodePEM("CERTIFICATE REQUEST", nil), jose.ErrKey, "neither"},
		{"broken key", encodePEM("PUBLIC KEY", []byte(marker)), jose.ErrKey, "cannot be read"},
		{"broken certificate", encodePEM("CERTIFICATE", []byte(marker)), jose.ErrKey, "cannot be read"},
		{"1024 bits", encodePEM("PUBLIC KEY", pkix(t, &small.PublicKey)), jose.ErrKey, "2048"},
		{"P-224", encodePEM("PUBLIC KEY", pkix(t, &p224.PublicKey)), jose.ErrKey, "curve"},
		{"X25519", encodePEM("PUBLIC KEY", pkix(t, x25519.PublicKey())), jose.ErrKey, "key type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, err := jose.ParsePEM(tt.data)
			if !errors.Is(err, tt.want) || !strings.Contains(fmt.Sprint(err), tt.text) || set.Len() != 0 {
				t.Errorf("%d keys, %v", set.Len(), err)
			}
		})
	}
}
