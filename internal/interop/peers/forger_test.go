package peers_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v3"
	"github.com/golang-jwt/jwt/v5"

	"github.com/bearergate/bearergate/internal/interop/harness"
	"github.com/bearergate/bearergate/oauthtest"
)

// forger makes tokens, with and without the keys of the authorization server.
type forger struct {
	*testing.T
	as     *oauthtest.Server
	public *rsa.PublicKey
	keyID  string
	own    *rsa.PrivateKey
	before string // a good token from before the keys changed
}

func newForger(t *testing.T, as *oauthtest.Server) *forger {
	t.Helper()
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, keyID := publishedKey(t, as)
	return &forger{t, as, public, keyID, own, as.Mint(oauthtest.Token{})}
}

func (f *forger) good() string { return f.as.Mint(oauthtest.Token{}) }

func (f *forger) kept() string { return f.before }

func (f *forger) altered() string { return harness.Altered(f.good()) }

func (f *forger) claims() map[string]any {
	f.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(f.good(), ".")[1])
	if err != nil {
		f.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		f.Fatal(err)
	}
	return claims
}

// claimTwice says at the end that it is for somebody else than it said before.
func (f *forger) claimTwice() string {
	f.Helper()
	payload, err := json.Marshal(f.claims())
	if err != nil {
		f.Fatal(err)
	}
	twice := strings.TrimSuffix(string(payload), "}") + `,"sub":"somebody else"}`
	return f.as.Sign(map[string]any{"typ": "at+jwt"}, []byte(twice))
}

func (f *forger) idToken() string {
	return f.as.Mint(oauthtest.Token{
		Header: map[string]any{"typ": "JWT"},
		Claims: map[string]any{"nonce": "n", "client_id": nil, "jti": nil},
	})
}

// logoutToken is one of OpenID Connect Back-Channel Logout 1.0, section 2.4.
func (f *forger) logoutToken() string {
	return f.as.Mint(oauthtest.Token{
		Header: map[string]any{"typ": "logout+jwt"},
		Claims: map[string]any{
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
			"sid":    "s", "client_id": nil, "scope": nil,
		},
	})
}

func (f *forger) unsigned() string {
	return f.sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType)
}

func (f *forger) signedByStranger() string { return f.sign(jwt.SigningMethodRS256, f.own) }

// signedWithPublicKey is good for whoever takes the public key, as people keep it in files, for a secret.
func (f *forger) signedWithPublicKey() string {
	f.Helper()
	der, err := x509.MarshalPKIXPublicKey(f.public)
	if err != nil {
		f.Fatal(err)
	}
	return f.sign(jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func (f *forger) sign(method jwt.SigningMethod, key any) string {
	f.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims(f.claims()))
	token.Header["typ"], token.Header["kid"] = "at+jwt", f.keyID
	signed, err := token.SignedString(key)
	if err != nil {
		f.Fatal(err)
	}
	return signed
}

// publishedKey returns the key of the authorization server.
func publishedKey(t *testing.T, as *oauthtest.Server) (*rsa.PublicKey, string) {
	t.Helper()
	response, err := http.Get(as.URL(oauthtest.EndpointJWKS))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(response.Body).Decode(&set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("%d keys, %v", len(set.Keys), err)
	}
	return set.Keys[0].Key.(*rsa.PublicKey), set.Keys[0].KeyID
}
