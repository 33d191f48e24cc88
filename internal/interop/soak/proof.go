package soak

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/interop/harness"
	"github.com/bearergate/bearergate/internal/jose"
)

// holder is a client with a key of its own, and a token that is bound to it (RFC 9449).
type holder struct {
	key   *jose.Signer
	token string
}

func newHolder(t testing.TB, as *harness.OIDCProvider, ttl time.Duration) *holder {
	t.Helper()
	key, err := jose.GenerateSigner(jose.ES256, "")
	if err != nil {
		t.Fatal(err)
	}
	h := &holder{key: key}
	proof, err := h.proof(http.MethodPost, as.TokenURL)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {scope},
		"resource": {audience + "/?alg=ES256&ttl=" + strconv.Itoa(int(ttl.Seconds()))},
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, as.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("DPoP", proof)
	request.SetBasicAuth(harness.ClientID, harness.Secret(harness.ClientID))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var granted struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
	}
	if err := json.NewDecoder(response.Body).Decode(&granted); err != nil || granted.Type != "DPoP" {
		t.Fatalf("status %d, a token of type %q: %v", response.StatusCode, granted.Type, err)
	}
	h.token = granted.Token
	return h
}

// prove returns the token with a proof that nobody has seen.
func (h *holder) prove() (*Token, error) {
	proof, err := h.proof(http.MethodGet, audience+"/orders")
	return &Token{Text: h.token, Proof: proof, Name: "new proof", Kind: Proven}, err
}

// used returns a token whose proof was accepted, which must not happen again.
func used(t *Token) *Token {
	return &Token{Text: t.Text, Proof: t.Proof, Name: "used proof", Kind: Bad}
}

func (h *holder) proof(method, target string) (string, error) {
	claims := map[string]any{"jti": rand.Text(), "htm": method, "htu": target, "iat": time.Now().Unix()}
	if h.token != "" {
		hash := sha256.Sum256([]byte(h.token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(hash[:])
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	public := h.key.JWK()
	jwk := map[string]any{}
	for _, member := range []string{"kty", "crv", "x", "y"} {
		jwk[member] = public[member]
	}
	return h.key.Sign(map[string]any{"typ": "dpop+jwt", "jwk": jwk}, payload)
}
