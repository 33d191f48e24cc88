package playground

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"
)

// holder is a client with a key that tokens are bound to (RFC 9449). Yours is a client library that does this.
type holder struct {
	private ed25519.PrivateKey
	jwk     json.RawMessage // the public key, in the form of RFC 7638
}

func newHolder() (*holder, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return &holder{private, json.RawMessage(`{"crv":"Ed25519","kty":"OKP","x":"` + encode(public) + `"}`)}, nil
}

// thumbprint is the jkt of the tokens that are bound to the key.
func (h *holder) thumbprint() string { return digest(h.jwk) }

// prove makes the proof for one request.
func (h *holder) prove(method, url, token string) (string, error) {
	header, err := json.Marshal(map[string]any{"typ": "dpop+jwt", "alg": "EdDSA", "jwk": h.jwk})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"jti": rand.Text(), "htm": method, "htu": url, "iat": time.Now().Unix(), "ath": digest([]byte(token)),
	})
	if err != nil {
		return "", err
	}
	input := encode(header) + "." + encode(claims)
	return input + "." + encode(ed25519.Sign(h.private, []byte(input))), nil
}

func digest(octets []byte) string {
	sum := sha256.Sum256(octets)
	return encode(sum[:])
}

func encode(octets []byte) string { return base64.RawURLEncoding.EncodeToString(octets) }
