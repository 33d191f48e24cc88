package adaptertest

import (
	"strings"
	"testing"

	"github.com/bearergate/bearergate/mtls"
)

// certificateVector is a case of mtls-rfc8705-rfc9440.json.
type certificateVector struct {
	ID          string   `json:"id"`
	Certificate string   `json:"certificate_der_b64"`
	Thumbprint  string   `json:"x5t#S256"`
	Header      string   `json:"header"`
	Value       string   `json:"value"`
	Values      []string `json:"values"`
	Expect      struct {
		Accept      bool     `json:"accept"`
		Thumbprint  string   `json:"x5t#S256"`
		Thumbprints []string `json:"x5t#S256_list"`
	} `json:"expect"`
}

// certificateVectors returns the scenarios of RFC 8705 and RFC 9440.
func certificateVectors(t *testing.T) []scenario {
	t.Helper()
	var file struct {
		Cases []certificateVector `json:"cases"`
	}
	load(t, "mtls-rfc8705-rfc9440.json", &file)
	var sample certificateVector
	for _, v := range file.Cases {
		if v.ID == "rfc9440-client-cert" {
			sample = v
		}
	}
	scenarios := make([]scenario, len(file.Cases))
	for i, v := range file.Cases {
		expected := invalidToken
		if v.Expect.Accept || v.Certificate != "" {
			expected = ok
		}
		scenarios[i] = scenario{"RFC 9440: " + v.ID, expected, func(s *scene) { v.play(s, sample) }}
	}
	return scenarios
}

// play has a proxy pass on what the vector says. A vector without a certificate, or without its thumbprint, goes with the
// sample.
func (v certificateVector) play(s *scene, sample certificateVector) {
	s.acceptCertificates(mtls.Config{TrustedProxies: here})
	boundTo := func(thumbprint string) request {
		return bearer(s.boundTo(map[string]any{"x5t#S256": thumbprint})).with("Client-Cert", sample.Value)
	}
	switch {
	case v.Certificate != "":
		s.expect(boundTo(v.Expect.Thumbprint).with("Client-Cert", ":"+v.Certificate+":"))
	case v.Thumbprint != "":
		s.expect(boundTo(v.Thumbprint))
	case v.Expect.Thumbprints != nil:
		s.expect(boundTo(sample.Expect.Thumbprint).with(v.Header, v.Value))
		for i, link := range strings.Split(v.Value, ", ") {
			s.expect(boundTo(v.Expect.Thumbprints[i]).with("Client-Cert", link))
			s.also("a link of the chain", invalidToken, boundTo(v.Expect.Thumbprints[i]).with(v.Header, v.Value))
		}
	case v.Values != nil:
		s.expect(boundTo(sample.Expect.Thumbprint).with(v.Header, v.Values...))
	default:
		s.expect(boundTo(sample.Expect.Thumbprint).with(v.Header, v.Value))
	}
}
