package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/asn1"
	"math/big"
	"testing"

	"github.com/bearergate/bearergate/internal/alloctest"
	"github.com/bearergate/bearergate/internal/jose"
)

// What a token needs while it is judged stays off the heap, but for its payload and what the standard library takes to check
// such a signature. For RSASSA-PSS there is also the digest, for ECDSA the form of the signature that the standard library
// reads.
func TestReadAllocatesThePayload(t *testing.T) {
	const payload = 16 // octets for the 15 of claims
	for _, tt := range []struct {
		alg  jose.Algorithm
		hash crypto.Hash
		most alloctest.Cost
	}{
		{jose.RS256, crypto.SHA256, alloctest.Cost{Objects: 1, Bytes: payload}},
		{jose.RS384, crypto.SHA384, alloctest.Cost{Objects: 1, Bytes: payload}},
		{jose.RS512, crypto.SHA512, alloctest.Cost{Objects: 1, Bytes: payload}},
		{jose.PS256, crypto.SHA256, alloctest.Cost{Objects: 2, Bytes: payload + 64}},
		{jose.ES256, crypto.SHA256, alloctest.Cost{Objects: 2, Bytes: payload + 80}},
		{jose.EdDSA, 0, alloctest.Cost{Objects: 1, Bytes: payload}},
		{jose.HS256, 0, alloctest.Cost{Objects: 1, Bytes: payload}},
	} {
		signer, headers := signerOf(t, tt.alg), new(jose.Headers)
		token := sign(t, signer, nil, claims)
		headers.Remember(parse(t, token))
		ours := alloctest.Of(func() {
			var parsed jose.JWS
			if err := read(&parsed, token, headers); err != nil {
				t.Fatal(err)
			}
			if err := signer.Key().Verify(tt.alg, &parsed); err != nil {
				t.Fatal(err)
			}
		})
		bare := costOfBareCheck(t, signer, tt.hash, parse(t, token))
		if more := ours.Minus(bare); more.Exceeds(tt.most) {
			t.Errorf("%s: %+v besides the check of the signature, want %+v at most", tt.alg, more, tt.most)
		}
	}
}

// costOfBareCheck is what the standard library takes to check a signature. To make a digest takes nothing, nor does a MAC of
// a secret that is in use already.
func costOfBareCheck(t *testing.T, signer *jose.Signer, hash crypto.Hash, signed *jose.JWS) alloctest.Cost {
	t.Helper()
	message, signature := []byte(signed.SigningInput()), signed.Signature()
	digest := digestWith(hash, message)
	verified := true
	check := func() {}
	switch key := signer.Key().Public().(type) {
	case *rsa.PublicKey:
		check = func() { verified = rsa.VerifyPKCS1v15(key, hash, digest, signature) == nil }
		if signer.Algorithm() == jose.PS256 {
			options := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
			check = func() { verified = rsa.VerifyPSS(key, hash, digest, signature, &options) == nil }
		}
	case *ecdsa.PublicKey:
		der := toDER(t, signature)
		check = func() { verified = ecdsa.VerifyASN1(key, digest, der) }
	case ed25519.PublicKey:
		check = func() { verified = ed25519.Verify(key, message, signature) }
	}
	cost := alloctest.Of(check)
	if !verified {
		t.Fatalf("%s: the standard library does not verify it", signer.Algorithm())
	}
	return cost
}

// digestWith returns nothing for no hash.
func digestWith(hash crypto.Hash, message []byte) []byte {
	if hash == 0 {
		return nil
	}
	h := hash.New()
	h.Write(message)
	return h.Sum(nil)
}

// toDER turns an ECDSA signature into the form that the standard library reads.
func toDER(t *testing.T, signature []byte) []byte {
	t.Helper()
	half := len(signature) / 2
	der, err := asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]),
	})
	if err != nil {
		t.Fatal(err)
	}
	return der
}
