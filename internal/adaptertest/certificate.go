package adaptertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"net/netip"
	"time"

	"github.com/bearergate/bearergate/mtls"
)

var (
	// here is where the requests of a scene come from.
	here = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	// elsewhere is where they do not come from.
	elsewhere = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
)

// acceptCertificates has client certificates verified, by a server that was just started and has TLS.
func (s *scene) acceptCertificates(config mtls.Config) {
	s.certificates = &config
	s.restart()
}

func (s *scene) newCertificateVerifier() *mtls.Verifier {
	s.Helper()
	verifier, err := mtls.New(*s.certificates)
	if err != nil {
		s.Fatal(err)
	}
	return verifier
}

// certificate returns a new self-signed certificate (RFC 8705, section 2.2).
func (s *scene) certificate() tls.Certificate {
	s.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.Fatal(err)
	}
	return s.certify(key)
}

// certify returns one more certificate for a key.
func (s *scene) certify(key *ecdsa.PrivateKey) tls.Certificate {
	s.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		s.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		NotBefore:    s.clock.Now().Add(-time.Hour),
		NotAfter:     s.clock.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		s.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// x5t returns the cnf of a token that is bound to a certificate (RFC 8705, section 3.1).
func x5t(certificate tls.Certificate) map[string]any {
	return map[string]any{"x5t#S256": digest(certificate.Certificate[0])}
}

// field writes octets as RFC 9440, section 2.1, has it.
func field(octets []byte) string { return ":" + base64.StdEncoding.EncodeToString(octets) + ":" }

// forwarding has a proxy say that the client of a request has that certificate.
func (r request) forwarding(certificate tls.Certificate) request {
	return r.with("Client-Cert", field(certificate.Certificate[0]))
}
