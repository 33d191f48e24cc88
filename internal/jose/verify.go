package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"github.com/bearergate/bearergate/internal/octets"
)

// Verify checks the signature of t with alg, which the caller took from Key.Algorithm and not from the token.
// The error is ErrAlgorithm if alg is not the algorithm of t or does not fit the key, else ErrSignature.
func (k *Key) Verify(alg Algorithm, t *JWS) error {
	if alg != t.Algorithm || !k.fits(alg) {
		return ErrAlgorithm
	}
	if len(t.Signature()) != k.signatureLength || !k.verify(alg, t) {
		return ErrSignature
	}
	return nil
}

// VerifyOctets is Verify for a signature over octets that are no JWS, as public test vectors have them. It judges no
// header, so a token goes through Parse and Verify instead. It is safe for concurrent use.
func (k *Key) VerifyOctets(alg Algorithm, message, signature []byte) error {
	t := JWS{Header: &Header{Algorithm: alg}, signingInput: octets.Text(message), long: signature}
	return k.Verify(alg, &t)
}

// verify is about a signature of the right length, with an algorithm that fits the key. The digest is in memory of each
// case's own: what one of them moves to the heap, others leave on the stack.
func (k *Key) verify(alg Algorithm, t *JWS) bool {
	switch key := k.material.(type) {
	case *rsa.PublicKey:
		if alg[0] == 'P' {
			return verifyPSS(key, alg, t)
		}
		return verifyPKCS1(key, alg, t)
	case *ecdsa.PublicKey:
		return verifyECDSA(key, alg, t)
	case ed25519.PublicKey:
		return ed25519.Verify(key, octets.Of(t.signingInput), t.Signature())
	case []byte:
		return k.verifyMAC(key, t)
	}
	return false
}

// verifyPKCS1 checks RSASSA-PKCS1-v1_5 (RFC 7518 section 3.3).
func verifyPKCS1(key *rsa.PublicKey, alg Algorithm, t *JWS) bool {
	var digest [sha512.Size]byte
	hash, size := t.digestFor(alg, &digest)
	return rsa.VerifyPKCS1v15(key, hash, digest[:size], t.Signature()) == nil
}

// verifyPSS checks RSASSA-PSS, whose salt is as long as the hash (RFC 7518 section 3.5).
func verifyPSS(key *rsa.PublicKey, alg Algorithm, t *JWS) bool {
	var digest [sha512.Size]byte
	hash, size := t.digestFor(alg, &digest)
	options := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return rsa.VerifyPSS(key, hash, digest[:size], t.Signature(), &options) == nil
}

// verifyECDSA checks a signature of RFC 7518 section 3.4.
func verifyECDSA(key *ecdsa.PublicKey, alg Algorithm, t *JWS) bool {
	var digest [sha512.Size]byte
	_, size := t.digestFor(alg, &digest)
	return ecdsa.VerifyASN1(key, digest[:size], toASN1(t.Signature()))
}

// digestFor makes the digest of the signing input that an algorithm signs, which is named after its length.
func (t *JWS) digestFor(alg Algorithm, digest *[sha512.Size]byte) (hash crypto.Hash, size int) {
	switch alg[2:] {
	case "384":
		sum := sha512.Sum384(octets.Of(t.signingInput))
		return crypto.SHA384, copy(digest[:], sum[:])
	case "512":
		*digest = sha512.Sum512(octets.Of(t.signingInput))
		return crypto.SHA512, len(digest)
	}
	sum := t.Digest()
	return crypto.SHA256, copy(digest[:], sum[:])
}

// toASN1 turns the two numbers of an ECDSA signature (RFC 7518 section 3.4) into the ASN.1 form that the standard library
// reads. Whether they are in range is checked there.
func toASN1(signature []byte) []byte {
	const sequence = 0x30
	half := len(signature) / 2
	body := make([]byte, 0, 3+2*(3+half)) // with room for what comes before it
	body = appendInteger(appendInteger(body[:3], signature[:half]), signature[half:])
	length := byte(len(body) - 3)
	if length < 0x80 {
		body[1], body[2] = sequence, length
		return body[1:]
	}
	body[0], body[1], body[2] = sequence, 0x81, length // the length takes an octet more
	return body
}

// appendInteger writes a number as ASN.1 does: without leading zeros, but with one before a first bit that is set.
func appendInteger(to, number []byte) []byte {
	const integer = 0x02
	for len(number) > 1 && number[0] == 0 {
		number = number[1:]
	}
	if number[0] >= 0x80 {
		to = append(to, integer, byte(len(number)+1), 0)
	} else {
		to = append(to, integer, byte(len(number)))
	}
	return append(to, number...)
}

// mac computes HMACs under one secret, one after the other.
type mac struct {
	hash.Hash
	sum [sha256.Size]byte
}

// verifyMAC checks HS256 (RFC 7518 section 3.2).
func (k *Key) verifyMAC(secret []byte, t *JWS) bool {
	m, ok := k.macs.Get().(*mac)
	if !ok {
		m = &mac{Hash: hmac.New(sha256.New, secret)}
	}
	defer k.macs.Put(m)
	m.Reset()
	m.Write(octets.Of(t.signingInput))
	return hmac.Equal(m.Sum(m.sum[:0]), t.Signature())
}
