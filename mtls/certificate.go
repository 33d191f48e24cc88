package mtls

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
)

// Thumbprint returns the x5t#S256 of cert: the SHA-256 of its DER encoding in base64url without padding (RFC 8705,
// section 3.1).
func Thumbprint(cert *x509.Certificate) string { return thumbprintOf(cert.Raw) }

func thumbprintOf(der []byte) string {
	digest := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// presented returns the certificate with which the client opened a connection, nil for one without TLS.
func presented(connection *tls.ConnectionState) (der []byte, err error) {
	if connection == nil || len(connection.PeerCertificates) == 0 {
		return nil, errNone
	}
	return connection.PeerCertificates[0].Raw, nil
}

// The first octets of two DER encodings (X.690, section 8.1.2).
const (
	derSequence  = 0x30
	derBitString = 0x03
)

// isCertificate reports whether der is a certificate and nothing more (RFC 5280, section 4.1). It looks no further than
// the three parts of one: crypto/x509 refuses keys on curves it does not know, and tokens can be bound to these too.
func isCertificate(der []byte) bool {
	var parts []asn1.RawValue
	rest, err := asn1.Unmarshal(der, &parts)
	if err != nil || len(rest) > 0 || len(parts) != 3 {
		return false
	}
	content, algorithm, signature := parts[0].FullBytes[0], parts[1].FullBytes[0], parts[2].FullBytes[0]
	return content == derSequence && algorithm == derSequence && signature == derBitString
}
