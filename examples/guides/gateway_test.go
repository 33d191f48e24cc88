package guides

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/mtls"
	"github.com/bearergate/bearergate/oauthtest"
)

func newCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// The same request is good from the gateway and refused from anywhere else, and so is one without the certificate.
func TestBehindGateway(t *testing.T) {
	t.Parallel()
	as := oauthtest.NewServer(t, oauthtest.Config{})
	validator, err := jwks.New(jwks.Config{
		Issuer: as.Issuer(), Audience: "https://api.example.com", HTTPClient: as.HTTPClient(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer validator.Close()
	guard, err := behindGateway(validator)
	if err != nil {
		t.Fatal(err)
	}
	service := oauthhttp.Require(guard)(http.HandlerFunc(listOrders))

	certificate := newCertificate(t)
	token := as.Mint(oauthtest.Token{Claims: claims{"cnf": claims{"x5t#S256": mtls.Thumbprint(certificate)}}})
	field := ":" + base64.StdEncoding.EncodeToString(certificate.Raw) + ":"
	for _, tt := range []struct {
		name, from, field string
		want              int
	}{
		{"gateway", "10.0.0.7:4711", field, http.StatusOK},
		{"neighbour of the gateway", "10.0.0.8:4711", field, http.StatusUnauthorized},
		{"gateway, no certificate", "10.0.0.7:4711", "", http.StatusUnauthorized},
	} {
		r := httptest.NewRequest(http.MethodGet, "/orders", nil)
		r.RemoteAddr = tt.from
		r.Header.Set("Authorization", "Bearer "+token)
		if tt.field != "" {
			r.Header.Set("Client-Cert", tt.field)
		}
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, w.Code, tt.want)
		}
	}
}
