package oauthtest

import (
	"bytes"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/strictjson"
)

// forgersKey is what a token of a recipe is signed with.
type forgersKey struct {
	algorithm string
	sign      func(header, payload []byte) ([]byte, error)
}

func (s *scene) key(r conformance.Recipe) (forgersKey, error) {
	switch r.Key {
	case "":
		return pair(s.stage.as.signer(""), r.Algorithm), nil
	case "attacker":
		return pair(s.stage.attacker, r.Algorithm), nil
	case "none":
		return forgersKey{"none", func(_, _ []byte) ([]byte, error) { return nil, nil }}, nil
	}
	octets, err := publicOctets(s.stage.as.signer(""), r.Key)
	return secret(octets), err
}

// pair signs with a key pair.
func pair(signer *jose.Signer, algorithm string) forgersKey {
	if algorithm != "" {
		signer = signer.As(jose.Algorithm(algorithm))
	}
	return forgersKey{string(signer.Algorithm()), func(header, payload []byte) ([]byte, error) {
		token, err := signer.SignRaw(header, payload)
		if err != nil {
			return nil, err
		}
		return base64.RawURLEncoding.DecodeString(token[strings.LastIndex(token, ".")+1:])
	}}
}

// secret signs HS256 with octets that are no secret.
func secret(octets []byte) forgersKey {
	return forgersKey{"HS256", func(header, payload []byte) ([]byte, error) {
		mac := hmac.New(sha256.New, octets)
		_, _ = mac.Write([]byte(encode(header) + "." + encode(payload)))
		return mac.Sum(nil), nil
	}}
}

// publicOctets returns a public key in a form that somebody may take for the key of a MAC.
func publicOctets(signer *jose.Signer, form string) ([]byte, error) {
	public := signer.Key().Public()
	switch form {
	case "empty":
		return nil, nil
	case "public-jwk":
		return strictjson.Marshal(signer.JWK())
	case "public-pkcs1", "public-modulus":
		key, ok := public.(*rsa.PublicKey)
		if !ok {
			return nil, fmt.Errorf("key %q: the server has no RSA key", form)
		}
		if form == "public-modulus" {
			return key.N.Bytes(), nil
		}
		return pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(key)}), nil
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	switch form {
	case "public-der":
		return der, nil
	case "public-pem":
		return encoded, nil
	case "public-pem-trimmed":
		return bytes.TrimSpace(encoded), nil
	}
	return nil, fmt.Errorf("there is no key %q", form)
}

// damage changes a signature in a way that a recipe names.
func damage(signature []byte, how string) []byte {
	switch how {
	case "flipped":
		signature[len(signature)/2] ^= 1
	case "empty":
		return nil
	case "short":
		return signature[:len(signature)-1]
	case "zero":
		clear(signature)
	}
	return signature
}

// withTrailingBits sets a bit of the last character that decodes to nothing; the text must have such bits.
func withTrailingBits(text string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(text) - 1
	return text[:last] + string(alphabet[strings.IndexByte(alphabet, text[last])|1])
}
