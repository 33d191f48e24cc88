package harness

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certificate is a certificate with its key, for 127.0.0.1 and for clients.
type Certificate struct {
	// File has certificate and key in PEM.
	File string

	pair tls.Certificate
}

// DER returns the certificate as it is on the wire.
func (c *Certificate) DER() []byte { return c.pair.Certificate[0] }

// JWK returns its public key with the certificate in x5c, as clients with self-signed certificates register it (RFC
// 8705 section 2.2.2).
func (c *Certificate) JWK(t testing.TB) map[string]any {
	t.Helper()
	point, err := c.pair.Leaf.PublicKey.(*ecdsa.PublicKey).Bytes() // 4, then both coordinates
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return map[string]any{
		"kty": "EC", "crv": "P-256", "x": encode(point[1:33]), "y": encode(point[33:]),
		"x5c": []string{base64.StdEncoding.EncodeToString(c.DER())},
	}
}

// SelfSigned returns a new certificate that nobody else vouches for.
func SelfSigned(t testing.TB, name string) *Certificate {
	t.Helper()
	return sign(t, template(name), nil)
}

// Authority issues certificates.
type Authority struct{ *Certificate }

// NewAuthority returns a new authority.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	authority := template("authority")
	authority.IsCA, authority.BasicConstraintsValid = true, true
	authority.KeyUsage = x509.KeyUsageCertSign
	return &Authority{sign(t, authority, nil)}
}

// Issue returns a new certificate whose subject is the common name and nothing else.
func (a *Authority) Issue(t testing.TB, name string) *Certificate {
	t.Helper()
	return sign(t, template(name), a.Certificate)
}

// Client returns an HTTP client that trusts servers with certificates of the authority, and shows them its own one; nil
// is none.
func (a *Authority) Client(t testing.TB, own *Certificate) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(a.pair.Leaf)
	config := &tls.Config{RootCAs: roots}
	if own != nil {
		// Unlike with Certificates, it does not matter which authorities the server asks for.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own.pair, nil }
	}
	transport := &http.Transport{TLSClientConfig: config}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: requestTimeout}
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:    time.Now().Add(-time.Minute),
		NotAfter:     time.Now().Add(time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

// sign makes a key and has issuer sign its certificate; nil is the certificate itself.
func sign(t testing.TB, template *x509.Certificate, issuer *Certificate) *Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, parentKey := template, any(key)
	if issuer != nil {
		parent, parentKey = issuer.pair.Leaf, issuer.pair.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "certificate.pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return &Certificate{file, pair}
}
