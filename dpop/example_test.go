package dpop_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// Yours is a client library that does this.
type exampleClient struct {
	private ed25519.PrivateKey
	proofs  int
}

func newExampleClient() *exampleClient {
	_, private, _ := ed25519.GenerateKey(rand.Reader) // never fails
	return &exampleClient{private: private}
}

// jwk returns the members of the public key in the order of RFC 7638.
func (c *exampleClient) jwk() map[string]string {
	x := base64.RawURLEncoding.EncodeToString(c.private.Public().(ed25519.PublicKey))
	return map[string]string{"crv": "Ed25519", "kty": "OKP", "x": x}
}

func (c *exampleClient) thumbprint() string { return digestOf(jsonOf(c.jwk())) }

func (c *exampleClient) proof(method, url, accessToken string) string {
	c.proofs++
	header := jsonOf(map[string]any{"typ": "dpop+jwt", "alg": "EdDSA", "jwk": c.jwk()})
	claims := jsonOf(map[string]any{
		"jti": fmt.Sprint("proof-", c.proofs), "htm": method, "htu": url, "iat": time.Now().Unix(), "ath": digestOf(accessToken),
	})
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	return input + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(c.private, []byte(input)))
}

func jsonOf(v any) string {
	data, _ := json.Marshal(v) // of maps of strings and numbers
	return string(data)
}

func digestOf(s string) string {
	digest := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// Tokens that are bound to a key pass with a proof, and with each proof once.
func Example() {
	client := newExampleClient()
	as, err := oauthtest.Start(oauthtest.Config{InMemory: true, Audience: "https://api.example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()
	bound := as.Mint(oauthtest.Token{Claims: map[string]any{"cnf": map[string]any{"jkt": client.thumbprint()}}})

	validator, err := jwks.New(jwks.Config{
		Issuer:     as.Issuer(),
		Audience:   "https://api.example.com",
		HTTPClient: as.HTTPClient(), // the test server's; leave it out in production
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer validator.Close()
	verifier, err := dpop.New(dpop.Config{BaseURL: "https://api.example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	guard, err := middleware.New(validator, middleware.Config{Bindings: []middleware.Binding{verifier}})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := oauthhttp.Require(guard)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))

	send := func(scheme, path, proof string) {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", scheme+" "+bound)
		r.Header.Set("DPoP", proof)
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		fmt.Println(scheme, path, w.Code)
	}
	proof := client.proof("GET", "https://api.example.com/orders", bound)
	send("DPoP", "/orders?page=2", proof)
	send("DPoP", "/orders?page=2", proof) // again
	send("DPoP", "/accounts", client.proof("GET", "https://api.example.com/orders", bound))
	send("Bearer", "/orders", client.proof("GET", "https://api.example.com/orders", bound))
	// Output:
	// DPoP /orders?page=2 200
	// DPoP /orders?page=2 401
	// DPoP /accounts 401
	// Bearer /orders 401
}

// With nonces of this server nobody can make proofs in advance. Replicas share the keys.
func ExampleNewNonces() {
	secret := make([]byte, 32) // yours is made once, and all replicas have it
	rand.Read(secret)
	nonces, err := dpop.NewNonces(dpop.NonceConfig{Keys: [][]byte{secret}, Label: "orders"})
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := dpop.New(dpop.Config{BaseURL: "https://api.example.com", RequireNonce: true, Nonces: nonces})
	fmt.Println(verifier != nil, err)
	// Output: true <nil>
}

// A service with two names behind proxies has to be told by them which one a client used.
func ExampleBehindProxies() {
	url, err := dpop.BehindProxies(dpop.ProxyConfig{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")},
		BaseURLs:       []string{"https://api.example.com", "https://example.com/api"},
		Prefix:         true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := dpop.New(dpop.Config{URL: url})
	fmt.Println(verifier != nil, err)

	r := httptest.NewRequest(http.MethodGet, "/orders?page=2", nil)
	r.Header.Set("X-Forwarded-Proto", "https")
	r.Header.Set("X-Forwarded-Host", "example.com")
	r.Header.Set("X-Forwarded-Prefix", "/api")
	r.RemoteAddr = "10.0.0.7:4711"
	fmt.Println(url(r))
	r.RemoteAddr = "203.0.113.9:4711" // the fields of a stranger have no effect
	fmt.Println(url(r))
	// Output:
	// true <nil>
	// https://example.com/api/orders <nil>
	// https://api.example.com/orders <nil>
}
