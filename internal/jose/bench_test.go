package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"math/big"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

// BenchmarkVerify compares what one token costs (parsing, choosing the key, verifying) with the bare signature
// verification of the standard library.
func BenchmarkVerify(b *testing.B) {
	for _, alg := range every {
		signer := signerOf(b, alg)
		token := sign(b, signer, map[string]any{"typ": "at+jwt"}, claims)
		set := jose.NewKeySet(signer.Key())
		b.Run(string(alg)+"/token", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				parsed := parse(b, token)
				found := set.Candidates(parsed.KeyID, parsed.Algorithm, every)
				if len(found) != 1 || found[0].Verify(parsed.Algorithm, parsed) != nil {
					b.Fatal("refused")
				}
			}
		})
		if alg == jose.HS256 {
			continue
		}
		b.Run(string(alg)+"/raw", func(b *testing.B) {
			parsed, public := parse(b, token), signer.Key().Public()
			b.ReportAllocs()
			for b.Loop() {
				if !rawVerify(public, alg, parsed) {
					b.Fatal("refused")
				}
			}
		})
	}
}

func rawVerify(public crypto.PublicKey, alg jose.Algorithm, t *jose.JWS) bool {
	input, signature := []byte(t.SigningInput()), t.Signature()
	if public, ok := public.(ed25519.PublicKey); ok {
		return ed25519.Verify(public, input, signature)
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[string(alg[2:])]
	h := hash.New()
	h.Write(input)
	digest := h.Sum(nil)
	switch public := public.(type) {
	case *ecdsa.PublicKey:
		r, s := new(big.Int).SetBytes(signature[:len(signature)/2]), new(big.Int).SetBytes(signature[len(signature)/2:])
		return ecdsa.Verify(public, digest, r, s)
	case *rsa.PublicKey:
		if strings.HasPrefix(string(alg), "PS") {
			return rsa.VerifyPSS(public, hash, digest, signature, nil) == nil
		}
		return rsa.VerifyPKCS1v15(public, hash, digest, signature) == nil
	default:
		return false
	}
}
