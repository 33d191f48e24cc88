package mtls_test

import (
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/conformance"
)

// vectorFile is mtls-rfc8705-rfc9440.json.
type vectorFile struct {
	Cases []struct {
		ID          string   `json:"id"`
		Certificate string   `json:"certificate_der_b64"`
		Thumbprint  string   `json:"x5t#S256"`
		Header      string   `json:"header"`
		Value       string   `json:"value"`
		Values      []string `json:"values"`
		Expect      struct {
			Accept      *bool    `json:"accept"`
			Thumbprint  string   `json:"x5t#S256"`
			Thumbprints []string `json:"x5t#S256_list"`
			Canonical   string   `json:"canonical_form"`
		} `json:"expect"`
	} `json:"cases"`
}

func readVectors(t testing.TB) vectorFile {
	t.Helper()
	var file vectorFile
	if err := conformance.Vectors("mtls-rfc8705-rfc9440.json", &file); err != nil {
		t.Fatal(err)
	}
	return file
}

// rfc9440 returns the fields of RFC 9440, appendix A, and the thumbprint of the client's certificate.
func rfc9440(t testing.TB) (cert, chain, thumbprint string) {
	t.Helper()
	for _, each := range readVectors(t).Cases {
		switch each.ID {
		case "rfc9440-client-cert":
			cert, thumbprint = each.Value, each.Expect.Thumbprint
		case "rfc9440-client-cert-chain":
			chain = each.Value
		}
	}
	return cert, chain, thumbprint
}

func TestVectors(t *testing.T) {
	t.Parallel()
	file := readVectors(t)
	v := newVerifier(t, behindProxy)
	cert, _, own := rfc9440(t)
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			r := from(proxyAddr)
			for _, value := range append(tt.Values, tt.Value) {
				if value != "" {
					r.Header.Add(tt.Header, value)
				}
			}
			switch {
			case tt.Certificate != "":
				r.Header.Set("Client-Cert", ":"+tt.Certificate+":")
				wantOutcome(t, v, r, tt.Expect.Thumbprint, "pass")
			case tt.Expect.Canonical != "":
				r.Header.Set("Client-Cert", cert)
				wantOutcome(t, v, r, tt.Thumbprint, "wrong_certificate")
			case tt.Header == "Client-Cert-Chain":
				r.Header.Set("Client-Cert", cert)
				wantOutcome(t, v, r, own, "pass")
				for i, link := range strings.Split(tt.Value, ", ") {
					wantOutcome(t, v, from(proxyAddr, "Client-Cert", link), tt.Expect.Thumbprints[i], "pass")
				}
			case tt.Expect.Accept == nil:
				t.Error("nothing is expected of this case")
			case *tt.Expect.Accept:
				wantOutcome(t, v, r, tt.Expect.Thumbprint, "pass")
			default:
				wantOutcome(t, v, r, own, "malformed_certificate")
			}
		})
	}
	if len(file.Cases) != 13 {
		t.Errorf("%d cases, want 13", len(file.Cases))
	}
}
