package mtls_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/mtls"
)

// client is somebody with a certificate.
type client struct {
	key  *ecdsa.PrivateKey
	leaf *x509.Certificate
}

// newClient returns a client with a self-signed certificate, for a new key unless there is one.
func newClient(t testing.TB, key *ecdsa.PrivateKey, expires time.Time) *client {
	t.Helper()
	var err error
	if key == nil {
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "client"},
		NotBefore: expires.Add(-time.Hour), NotAfter: expires,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &client{key, leaf}
}

func anyClient(t testing.TB) *client {
	t.Helper()
	return newClient(t, nil, time.Now().Add(time.Hour))
}

func (c *client) certificate() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{c.leaf.Raw}, PrivateKey: c.key}
}

// thumbprint is computed apart from the code under test.
func (c *client) thumbprint() string { return thumbprint(c.leaf.Raw) }

func thumbprint(der []byte) string {
	digest := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// item writes octets as RFC 9440, section 2.1, has it.
func item(der []byte) string { return ":" + base64.StdEncoding.EncodeToString(der) + ":" }

const (
	proxyAddr    = "192.0.2.7:4711"
	internetAddr = "203.0.113.9:4711"
)

var proxyPrefix = netip.MustParsePrefix("192.0.2.7/32")

// behindProxy takes certificates from Client-Cert.
var behindProxy = mtls.Config{TrustedProxies: []netip.Prefix{proxyPrefix}}

func newVerifier(t testing.TB, cfg mtls.Config) *mtls.Verifier {
	t.Helper()
	v, err := mtls.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// from is a request of a peer, with header fields given as name and value by turns.
func from(peer string, fields ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	r.RemoteAddr = peer
	for i := 0; i < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	return r
}

// over lets r come over a TLS connection that c opened.
func over(r *http.Request, c *client) *http.Request {
	r.TLS = &tls.ConnectionState{HandshakeComplete: true, PeerCertificates: []*x509.Certificate{c.leaf}}
	return r
}

// outcome says "pass" or the reason of a refusal, and insists that a refusal is about the token, and that neither it nor
// the header of the response says anything about certificates.
func outcome(t testing.TB, v *mtls.Verifier, r *http.Request, thumbprint string) string {
	t.Helper()
	h := http.Header{}
	err := v.Verify(h, r, "token", thumbprint)
	if err == nil {
		return "pass"
	}
	if !errors.Is(err, middleware.ErrInvalidToken) || len(h) > 0 {
		t.Errorf("refused with %v and %v, want an invalid token", err, h)
	}
	for _, values := range r.Header {
		for _, value := range values {
			if len(value) > 8 && strings.Contains(err.Error(), value[:8]) {
				t.Errorf("the error repeats a field: %v", err)
			}
		}
	}
	return string(middleware.ReasonOf(err))
}

func wantOutcome(t testing.TB, v *mtls.Verifier, r *http.Request, thumbprint, want string) {
	t.Helper()
	if got := outcome(t, v, r, thumbprint); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// honour is a Validator for which an access token is the thumbprint it is bound to, and "unbound" is bound to nothing.
var honour = middleware.ValidatorFunc(func(_ context.Context, accessToken string) (*middleware.Token, error) {
	token := &middleware.Token{Subject: "alice", Scopes: "orders:read"}
	if accessToken != "unbound" {
		token.Confirmation = middleware.NewConfirmation(map[string]string{"x5t#S256": accessToken})
	}
	return token, nil
})

func newGuard(t testing.TB, v middleware.Validator, bindings ...middleware.Binding) *middleware.Guard {
	t.Helper()
	guard, err := middleware.New(v, middleware.Config{Bindings: bindings})
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

// bearer adds an access token to r.
func bearer(r *http.Request, accessToken string) *http.Request {
	r.Header.Set("Authorization", "Bearer "+accessToken)
	return r
}

// invalidToken is the answer to a token that may not be honoured.
const invalidToken = `401 Bearer realm="api", error="invalid_token", error_description="The access token is not valid here"`
