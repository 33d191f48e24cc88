package adaptertest

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"strings"

	"github.com/bearergate/bearergate/mtls"
)

// certificateAttacks are those on tokens that are bound to a certificate, beyond the rows G and the vectors.
var certificateAttacks = []scenario{
	{"A-78 certificate from the Internet", invalidToken, func(s *scene) {
		own, other := s.certificate(), s.certificate()
		for _, config := range []mtls.Config{{}, {TrustedProxies: elsewhere}} {
			s.acceptCertificates(config)
			r := bearer(s.boundTo(x5t(own)))
			s.expect(
				r.forwarding(own),
				r.forwarding(own).presenting(other),
				r.forwarding(own).with("X-Forwarded-For", "198.51.100.7"),
				r.forwarding(own).with("Forwarded", "for=198.51.100.7"),
				r.with("X-Client-Cert", field(own.Certificate[0])),
				r.with("Client_Cert", field(own.Certificate[0])),
				r.with("Ssl-Client-Cert", field(own.Certificate[0])),
			)
			s.rush([]request{r.forwarding(own)}) // and without TLS
		}
		s.expect(bearer(s.boundTo(x5t(own))).presenting(own)) // around the proxies, which are the only source
		s.acceptCertificates(mtls.Config{})
		r := bearer(s.boundTo(x5t(own)))
		s.also("that of the connection", ok, r.presenting(own), r.forwarding(other).presenting(own))
	}},
	{"A-78 not one certificate", invalidToken, func(s *scene) {
		s.acceptCertificates(mtls.Config{TrustedProxies: here})
		own := s.certificate()
		der := own.Certificate[0]
		good, text := field(der), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		r := bearer(s.boundTo(x5t(own)))
		trailing := append(der[:len(der):len(der)], 0)
		s.expect(
			bearer(s.boundTo(map[string]any{"x5t#S256": digest(trailing)})).with("Client-Cert", field(trailing)),
			r.with("Client-Cert", field(trailing)),
			r.with("Client-Cert", good, good),
			r.with("Client-Cert", good, ""),
			r.with("Client-Cert", "", good),
			r.with("Client-Cert", good+","+good),
			r.with("Client-Cert", good+", "+good),
			r.with("Client-Cert", good+";a=1"),
			r.with("Client-Cert", "("+good+")"),
			r.with("Client-Cert", ""),
			r.with("Client-Cert", "::"),
			r.with("Client-Cert", "?1"),
			r.with("Client-Cert", base64.StdEncoding.EncodeToString(der)),
			r.with("Client-Cert", ":"+base64.RawURLEncoding.EncodeToString(der)+":"),
			r.with("Client-Cert", url.QueryEscape(text)),
			r.with("Client-Cert", ":"+base64.StdEncoding.EncodeToString([]byte(text))+":"),
			r.with("Client-Cert", strings.ReplaceAll(text, "\n", " ")),
			r.with("Client-Cert", field(append(der[:len(der):len(der)], der...))),
			r.with("Client-Cert", field(der[:len(der)-1])),
			r.with("Client-Cert-Chain", good),
			r.forwarding(own).with("Client-Cert-Chain", "x"),
			r.forwarding(own).with("Client-Cert-Chain", good+";a=1"),
		)
		s.also("one", ok, r.forwarding(own), r.forwarding(own).with("Client-Cert-Chain", good+", "+good, good))
	}},
	{"A-79 another certificate for the same key", invalidToken, func(s *scene) {
		own := s.certificate()
		key, isECDSA := own.PrivateKey.(*ecdsa.PrivateKey)
		if !isECDSA {
			s.Fatal("the key is of another kind")
		}
		renewed := s.certify(key)
		s.acceptCertificates(mtls.Config{})
		s.eitherWay(func() {
			r := bearer(s.boundTo(x5t(own)))
			s.expect(r.presenting(renewed))
			s.also("the certificate", ok, r.presenting(own))
		})
		s.asking = nil
		s.acceptCertificates(mtls.Config{TrustedProxies: here})
		r := bearer(s.boundTo(x5t(own)))
		s.expect(r.forwarding(renewed))
		s.also("the certificate", ok, r.forwarding(own))
	}},
	{"A-79 another spelling of the thumbprint", invalidToken, func(s *scene) {
		own := s.certificate()
		s.acceptCertificates(mtls.Config{})
		good := digest(own.Certificate[0])
		for _, other := range []string{respelt(good), good + "=", strings.ToLower(good), " " + good, good[:42]} {
			s.expect(bearer(s.boundTo(map[string]any{"x5t#S256": other})).presenting(own))
		}
		s.also("as it is", ok, bearer(s.boundTo(x5t(own))).presenting(own))
	}},
}

// null is a JSON null, where nil would leave a member out.
var null = json.RawMessage("null")

// respelt returns another spelling of a SHA-256 in base64url: the last character has two bits that mean nothing.
func respelt(digest string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(digest) - 1
	return digest[:last] + string(alphabet[strings.IndexByte(alphabet, digest[last])|1])
}
