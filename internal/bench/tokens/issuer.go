// Package tokens makes the access tokens that the benchmarks use: alike in size and content, all different, and signed
// with throw-away keys.
package tokens

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
)

// The algorithms that are compared.
const (
	RS256 = "RS256"
	ES256 = "ES256"
	EdDSA = "EdDSA"
	HS256 = "HS256"
)

// Asymmetric are the algorithms with keys in a key set.
var Asymmetric = []string{RS256, ES256, EdDSA}

// The parties that tokens name.
const (
	IssuerURL = "https://login.example.com/realms/acme"
	Audience  = "https://orders.example.com"
	Scope     = "orders:read"
)

// Issuer signs tokens, and serves its key set on the loopback interface.
type Issuer struct {
	// JWKSURL is where the key set is.
	JWKSURL string
	// Client is one for which the host of IssuerURL is here, for those who insist on discovery.
	Client *http.Client
	// Secret is the key of HS256.
	Secret []byte

	keys   map[string]crypto.Signer
	server *httptest.Server
}

// NewIssuer starts an issuer with fresh keys. Close ends it.
func NewIssuer() (*Issuer, error) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	i := &Issuer{
		Secret: []byte(rand.Text() + rand.Text()),
		keys:   map[string]crypto.Signer{RS256: rsaKey, ES256: ecKey, EdDSA: edKey},
	}
	return i, i.serve()
}

func (i *Issuer) serve() error {
	document, err := i.document()
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(document) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, IssuerURL, i.JWKSURL)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	i.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: mux}}
	i.server.Start()
	i.JWKSURL = i.server.URL + "/jwks"
	i.Client = &http.Client{Transport: toHost(listener.Addr().String())}
	return nil
}

// toHost is a transport that asks that host, whatever the URL says.
type toHost string

func (h toHost) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", string(h)
	return http.DefaultTransport.RoundTrip(r)
}

// Close ends the server.
func (i *Issuer) Close() error {
	i.server.Close()
	return nil
}

// Public returns the key that verifies alg, for HS256 the secret.
func (i *Issuer) Public(alg string) any {
	if alg == HS256 {
		return i.Secret
	}
	return i.keys[alg].Public()
}

// keyID has 11 characters, which makes the header 50 bytes.
func keyID(alg string) string { return "bench-" + alg }

// document is the key set.
func (i *Issuer) document() ([]byte, error) {
	var keys []map[string]string
	for _, alg := range Asymmetric {
		jwk := map[string]string{"kid": keyID(alg), "alg": alg, "use": "sig"}
		switch public := i.Public(alg).(type) {
		case *rsa.PublicKey:
			jwk["kty"], jwk["n"] = "RSA", encode(public.N.Bytes())
			jwk["e"] = encode(big.NewInt(int64(public.E)).Bytes())
		case *ecdsa.PublicKey:
			point, err := public.Bytes()
			if err != nil {
				return nil, err
			}
			jwk["kty"], jwk["crv"], jwk["x"], jwk["y"] = "EC", "P-256", encode(point[1:33]), encode(point[33:])
		case ed25519.PublicKey:
			jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", encode(public)
		}
		keys = append(keys, jwk)
	}
	return json.Marshal(map[string]any{"keys": keys})
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// sign returns the token with that header and payload.
func (i *Issuer) sign(alg, header, payload string) (string, error) {
	input := encode([]byte(header)) + "." + encode([]byte(payload))
	signature, err := Sign(i.keys[alg], i.Secret, input)
	if err != nil {
		return "", err
	}
	return input + "." + encode(signature), nil
}

// Sign returns the JWS signature of input by key, or by secret if key is nil.
func Sign(key crypto.Signer, secret []byte, input string) ([]byte, error) {
	digest := sha256.Sum256([]byte(input))
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			return nil, err
		}
		signature := make([]byte, 64)
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
		return signature, nil
	case ed25519.PrivateKey:
		return ed25519.Sign(key, []byte(input)), nil
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return mac.Sum(nil), nil
}
