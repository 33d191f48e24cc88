package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"math/big"
	"strings"

	"github.com/bearergate/bearergate/internal/strictjson"
)

// ParsePEM reads the public keys and certificates in data: PKIX and PKCS #1 public keys, X.509 certificates (only
// their key counts; they are not checked in any other way). The keys follow the rules of ParseKey and have neither a
// key ID nor a declared algorithm. The error matches ErrKey if a block cannot be used, a private key above all, and
// ErrNoKeys if there is no block.
func ParsePEM(data []byte) (KeySet, error) {
	var keys []*Key
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		public, err := parseBlock(block)
		if err != nil {
			return KeySet{}, err
		}
		key, err := fromPublic(public, nil)
		if err != nil {
			return KeySet{}, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return KeySet{}, ErrNoKeys
	}
	return NewKeySet(keys...), nil
}

func parseBlock(block *pem.Block) (public crypto.PublicKey, err error) {
	switch block.Type {
	case "PUBLIC KEY":
		public, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			public = certificate.PublicKey
		}
	default:
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return nil, reasonPrivatePEM
		}
		return nil, reasonPEMBlock
	}
	if err != nil {
		return nil, reasonBrokenBlock
	}
	return public, nil
}

// fromPublic makes a Key by way of its JWK, so that every key passes the same checks.
func fromPublic(public crypto.PublicKey, extra map[string]any) (*Key, error) {
	members := publicMembers(public)
	maps.Copy(members, extra)
	data, err := strictjson.Marshal(members)
	if err != nil {
		return nil, reasonJSON
	}
	return ParseKey(data)
}

// publicMembers returns the required members of the JWK of a public key, none for a type that is not supported.
func publicMembers(public crypto.PublicKey) map[string]any {
	encode := base64.RawURLEncoding.EncodeToString
	switch public := public.(type) {
	case *rsa.PublicKey:
		e := big.NewInt(int64(public.E)).Bytes()
		return map[string]any{"kty": "RSA", "n": encode(public.N.Bytes()), "e": encode(e)}
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			return map[string]any{}
		}
		half := len(point)/2 + 1 // after the leading octet that says uncompressed
		return map[string]any{
			"kty": "EC", "crv": public.Params().Name, "x": encode(point[1:half]), "y": encode(point[half:]),
		}
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": encode(public)}
	default:
		return map[string]any{}
	}
}
