package mtls_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/mtls"
)

// escapedPEM is what nginx calls $ssl_client_escaped_cert.
func escapedPEM(c *client) string {
	return url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.leaf.Raw})))
}

// urlEncodedPEM reads it.
func urlEncodedPEM(value string) ([]byte, error) {
	text, err := url.PathUnescape(value)
	if err != nil {
		return nil, errors.New("no URL-encoding")
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("no certificate in PEM")
	}
	return block.Bytes, nil
}

// Fields of vendors count only through a function of the caller, and otherwise as Client-Cert does.
func TestM9440_6(t *testing.T) {
	t.Parallel()
	alice, mallory := anyClient(t), anyClient(t)
	const field = "X-SSL-Client-Cert"
	cfg := mtls.Config{TrustedProxies: behindProxy.TrustedProxies, Header: field, Extract: urlEncodedPEM}
	right := escapedPEM(alice)
	for _, tt := range []struct {
		name string
		r    *http.Request
		want string
	}{
		{"right", from(proxyAddr, field, right), "pass"},
		{"another", from(proxyAddr, field, escapedPEM(mallory)), "wrong_certificate"},
		{"none", from(proxyAddr), "no_certificate"},
		{"Client-Cert instead", from(proxyAddr, "Client-Cert", item(alice.leaf.Raw)), "no_certificate"},
		{"Client-Cert too", from(proxyAddr, field, right, "Client-Cert", "x", "Client-Cert-Chain", "x"), "pass"},
		{"twice", from(proxyAddr, field, right, field, right), "malformed_certificate"},
		{"byte sequence", from(proxyAddr, field, item(alice.leaf.Raw)), "malformed_certificate"},
		{"the function fails", from(proxyAddr, field, "%"), "malformed_certificate"},
		{"too large", from(proxyAddr, field, right+strings.Repeat("%0A", 6000)), "malformed_certificate"},
		{"from the Internet", from(internetAddr, field, right), "untrusted_proxy"},
		{"on a connection", over(from(internetAddr), alice), "no_certificate"},
	} {
		v := newVerifier(t, cfg)
		if got := outcome(t, v, tt.r, alice.thumbprint()); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if got := v.State().Ignored == 1; got != (tt.want == "untrusted_proxy") {
			t.Errorf("%s: counted: %t", tt.name, got)
		}
	}
	standard := newVerifier(t, behindProxy)
	wantOutcome(t, standard, from(proxyAddr, "Client-Cert", right), alice.thumbprint(), "malformed_certificate")
}

// What a function of the caller returns is held to the same rules.
func TestExtract(t *testing.T) {
	t.Parallel()
	alice := anyClient(t)
	cause := errors.New("cause")
	for _, tt := range []struct {
		name string
		der  []byte
		err  error
		want string
	}{
		{"certificate", alice.leaf.Raw, nil, "pass"},
		{"nothing", nil, nil, "no_certificate"},
		{"no certificate", []byte("certificate"), nil, "malformed_certificate"},
		{"trailing data", slices.Concat(alice.leaf.Raw, []byte{0}), nil, "malformed_certificate"},
		{"certificate and error", alice.leaf.Raw, cause, "malformed_certificate"},
	} {
		called := 0
		cfg := behindProxy
		cfg.Extract = func(value string) ([]byte, error) {
			called++
			if value != "value" {
				t.Errorf("%s: called with %q", tt.name, value)
			}
			return tt.der, tt.err
		}
		v := newVerifier(t, cfg)
		r := from(proxyAddr, "Client-Cert", "value", "Client-Cert-Chain", "x")
		if got := outcome(t, v, r, alice.thumbprint()); got != tt.want || called != 1 {
			t.Errorf("%s: %s after %d calls, want %s", tt.name, got, called, tt.want)
		}
		if err := v.Verify(http.Header{}, r, "", ""); errors.Is(err, cause) != (tt.err != nil) {
			t.Errorf("%s: %v", tt.name, err)
		}
		called = 0
		_ = outcome(t, v, from(internetAddr, "Client-Cert", "value"), alice.thumbprint())
		_ = outcome(t, v, from(proxyAddr, "Client-Cert", "value", "Client-Cert", "value"), alice.thumbprint())
		_ = outcome(t, v, from(proxyAddr), alice.thumbprint())
		if called != 0 {
			t.Errorf("%s: called for fields that do not count", tt.name)
		}
	}
}

// The header of an RFC 9440 field by another name has the same syntax, and no chain.
func TestHeader(t *testing.T) {
	t.Parallel()
	alice := anyClient(t)
	cfg := mtls.Config{TrustedProxies: behindProxy.TrustedProxies, Header: "x-client-cert-leaf"}
	v := newVerifier(t, cfg)
	right := from(proxyAddr, "X-Client-Cert-Leaf", item(alice.leaf.Raw), "Client-Cert-Chain", "x")
	wantOutcome(t, v, right, alice.thumbprint(), "pass")
	wantOutcome(t, v, from(proxyAddr, "X-Client-Cert-Leaf", "x"), alice.thumbprint(), "malformed_certificate")
	wantOutcome(t, v, from(proxyAddr, "Client-Cert", item(alice.leaf.Raw)), alice.thumbprint(), "no_certificate")
}
