package mtls_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/mtls"
	"github.com/bearergate/bearergate/oauthtest"
)

// Clients connect to this service itself. A token that was issued to one of them is worth nothing to another.
func Example() {
	as, orders := exampleGuard(mtls.Config{})
	defer as.Close()

	server := httptest.NewUnstartedServer(orders)
	server.TLS = mtls.TLSConfig(nil) // with http.Server: &http.Server{Handler: orders, TLSConfig: mtls.TLSConfig(nil)}
	server.StartTLS()
	defer server.Close()

	alice, mallory := exampleClient(), exampleClient()
	token := as.Mint(oauthtest.Token{Claims: map[string]any{
		"cnf": map[string]any{"x5t#S256": mtls.Thumbprint(alice.Leaf)},
	}})
	for _, certificates := range [][]tls.Certificate{{alice}, {mallory}, nil} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
			RootCAs:      server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
			Certificates: certificates,
		}}}
		r, err := http.NewRequest(http.MethodGet, server.URL, nil)
		exitOn(err)
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := client.Do(r)
		exitOn(err)
		_ = response.Body.Close()
		client.CloseIdleConnections()
		fmt.Println(response.StatusCode)
	}
	// Output:
	// 200
	// 401
	// 401
}

// Clients connect to a proxy, which passes their certificates on in Client-Cert.
func Example_proxy() {
	as, orders := exampleGuard(mtls.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}})
	defer as.Close()

	alice := exampleClient()
	token := as.Mint(oauthtest.Token{Claims: map[string]any{
		"cnf": map[string]any{"x5t#S256": mtls.Thumbprint(alice.Leaf)},
	}})
	for _, peer := range []string{"10.0.0.7:40000", "203.0.113.9:40000"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("Client-Cert", ":"+base64.StdEncoding.EncodeToString(alice.Leaf.Raw)+":")
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		orders.ServeHTTP(w, r)
		fmt.Println(peer, w.Code)
	}
	// Output:
	// 10.0.0.7:40000 200
	// 203.0.113.9:40000 401
}

// The proxy is nginx with
//
//	proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;
//
// which is not the syntax of RFC 9440, but the URL-encoding of PEM.
func ExampleConfig_extract() {
	verifier, err := mtls.New(mtls.Config{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.7/32")},
		Header:         "X-SSL-Client-Cert",
		Extract: func(value string) ([]byte, error) {
			text, err := url.PathUnescape(value)
			if err != nil {
				return nil, errors.New("no URL-encoding")
			}
			block, _ := pem.Decode([]byte(text))
			if block == nil {
				return nil, errors.New("no PEM")
			}
			return block.Bytes, nil
		},
	})
	exitOn(err)

	alice := exampleClient()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "10.0.0.7:40000"
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: alice.Leaf.Raw})
	r.Header.Set("X-SSL-Client-Cert", url.PathEscape(string(text)))
	fmt.Println(verifier.Verify(http.Header{}, r, "token", mtls.Thumbprint(alice.Leaf)))
	// Output:
	// <nil>
}

// exampleGuard returns an authorization server, and a handler for tokens of that server with their certificates.
func exampleGuard(cfg mtls.Config) (*oauthtest.Server, http.Handler) {
	as, err := oauthtest.Start(oauthtest.Config{InMemory: true})
	exitOn(err)
	validator, err := jwks.New(jwks.Config{
		Issuer: as.Issuer(), Audience: "https://api.example.com", HTTPClient: as.HTTPClient(),
	})
	exitOn(err)
	verifier, err := mtls.New(cfg)
	exitOn(err)
	guard, err := middleware.New(validator, middleware.Config{Bindings: []middleware.Binding{verifier}})
	exitOn(err)
	return as, oauthhttp.Require(guard)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
}

// exampleClient returns a self-signed certificate with its key.
func exampleClient() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	exitOn(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	exitOn(err)
	leaf, err := x509.ParseCertificate(der)
	exitOn(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func exitOn(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
