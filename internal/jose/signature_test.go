package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

// unsigned returns the signing input of a token and its SHA-256.
func unsigned(alg jose.Algorithm, payload string) (input string, digest [32]byte) {
	input = b64(fmt.Appendf(nil, `{"alg":"%s"}`, alg)) + "." + b64([]byte(payload))
	return input, sha256.Sum256([]byte(input))
}

func TestECDSASignatures(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := keyOf(t, &private.PublicKey)
	input, digest := unsigned(jose.ES256, claims)
	r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	der, err := ecdsa.SignASN1(rand.Reader, private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	n, zero := elliptic.P256().Params().N, new(big.Int)
	pair := func(r, s *big.Int) []byte {
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	tests := []struct {
		name      string
		signature []byte
		valid     bool
	}{
		{"genuine", pair(r, s), true},
		{"other s of the same r, legal in JOSE", pair(r, new(big.Int).Sub(n, s)), true},
		{"DER", der, false},
		{"DER cut to 64 octets", der[:64], false},
		{"r and s zero", pair(zero, zero), false},
		{"r zero", pair(zero, s), false},
		{"s zero", pair(r, zero), false},
		{"r and s equal n", pair(n, n), false},
		{"r equals n", pair(n, s), false},
		{"s equals n", pair(r, n), false},
		{"swapped", pair(s, r), false},
		{"r of 31 octets", append(pair(r, s)[1:32], pair(r, s)[32:]...), false},
		{"65 octets", append(pair(r, s), 0), false},
		{"66 octets", append(append([]byte{0}, pair(r, s)[:32]...), append([]byte{0}, pair(r, s)[32:]...)...), false},
		{"all ones", pair(one256, one256), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := verifyToken(t, key, jose.ES256, input+"."+b64(tt.signature))
			if tt.valid && err != nil || !tt.valid && err != jose.ErrSignature {
				t.Errorf("Verify = %v, want valid: %v", err, tt.valid)
			}
		})
	}
}

var one256 = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))

func TestRSASignatures(t *testing.T) {
	private := privateRSA(t)
	key := keyOf(t, &private.PublicKey)
	input, s := overflowing(t, private)
	fill := func(i *big.Int) []byte { return i.FillBytes(make([]byte, private.Size())) }
	if err := verifyToken(t, key, jose.RS256, input+"."+b64(fill(s))); err != nil {
		t.Fatalf("genuine: %v", err)
	}
	for name, signature := range map[string][]byte{
		"zero":               fill(new(big.Int)),
		"one":                fill(big.NewInt(1)),
		"n":                  fill(private.N),
		"n minus one":        fill(new(big.Int).Sub(private.N, big.NewInt(1))),
		"s plus n":           fill(new(big.Int).Add(s, private.N)),
		"leading zero octet": append([]byte{0}, fill(s)...),
		"one octet":          {1},
	} {
		if err := verifyToken(t, key, jose.RS256, input+"."+b64(signature)); err != jose.ErrSignature {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, encoded := range paddings(private, sha256.Sum256([]byte(input))) {
		forged := new(big.Int).Exp(new(big.Int).SetBytes(encoded), private.D, private.N)
		if err := verifyToken(t, key, jose.RS256, input+"."+b64(fill(forged))); err != jose.ErrSignature {
			t.Errorf("padding %s: %v", name, err)
		}
	}
}

// overflowing signs payloads until signature plus modulus still has the octet length of the modulus.
func overflowing(t *testing.T, private *rsa.PrivateKey) (input string, s *big.Int) {
	t.Helper()
	for i := range 1000 {
		input, digest := unsigned(jose.RS256, fmt.Sprintf(`{"n":%d}`, i))
		signature, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		s := new(big.Int).SetBytes(signature)
		if new(big.Int).Add(s, private.N).BitLen() <= 8*private.Size() {
			return input, s
		}
	}
	t.Fatal("no such signature")
	return "", nil
}

// paddings returns encoded messages that are almost EMSA-PKCS1-v1_5 (RFC 8017 section 9.2).
func paddings(private *rsa.PrivateKey, digest [32]byte) map[string][]byte {
	info := []byte("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20")
	withoutNull := []byte("\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20")
	sha1Info := []byte("\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14")
	build := func(kind, filler byte, info, digest, trailer []byte) []byte {
		encoded := make([]byte, private.Size())
		for i := range encoded {
			encoded[i] = filler
		}
		encoded[0], encoded[1] = 0, kind
		tail := append(append(append([]byte{0}, info...), digest...), trailer...)
		copy(encoded[len(encoded)-len(tail):], tail)
		return encoded
	}
	short := append(append([]byte("\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00"), info...), digest[:]...)
	garbage := append(short, make([]byte, private.Size()-len(short))...)
	return map[string][]byte{
		"block type 2":         build(2, 0xff, info, digest[:], nil),
		"other filler":         build(1, 0xfe, info, digest[:], nil),
		"without NULL":         build(1, 0xff, withoutNull, digest[:], nil),
		"without hash name":    build(1, 0xff, nil, digest[:], nil),
		"SHA-1 name":           build(1, 0xff, sha1Info, digest[:20], nil),
		"garbage behind":       build(1, 0xff, info, digest[:], []byte{0}),
		"short filler, zeroes": garbage,
	}
}

func TestPSSSaltLength(t *testing.T) {
	private := privateRSA(t)
	key := keyOf(t, &private.PublicKey)
	only := []jose.Algorithm{jose.PS256}
	if alg, ok := key.Algorithm(only); !ok || alg != jose.PS256 {
		t.Fatal("the key does not fit PS256")
	}
	input, digest := unsigned(jose.PS256, claims)
	for _, salt := range []int{1, 20, 31, 32, 33, 48, 64, rsa.PSSSaltLengthAuto} {
		options := rsa.PSSOptions{SaltLength: salt}
		signature, err := rsa.SignPSS(rand.Reader, private, crypto.SHA256, digest[:], &options)
		if err != nil {
			t.Fatal(err)
		}
		err = verifyToken(t, key, jose.PS256, input+"."+b64(signature))
		if want := salt == 32; want != (err == nil) {
			t.Errorf("salt of %d octets: %v", salt, err)
		}
	}
}

func TestEd25519Signatures(t *testing.T) {
	signer := signerOf(t, jose.EdDSA)
	token := sign(t, signer, nil, claims)
	signature := parse(t, token).Signature()
	order, ok := new(big.Int).SetString("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)
	if !ok {
		t.Fatal("order")
	}
	plusOrder := append([]byte(nil), signature...)
	s := new(big.Int).Add(littleEndian(signature[32:]), order)
	for i, octet := range s.FillBytes(make([]byte, 32)) {
		plusOrder[63-i] = octet
	}
	for name, bad := range map[string][]byte{
		"S plus the group order": plusOrder, "zero": make([]byte, 64), "63 octets": signature[:63], "R only": signature[:32],
	} {
		if err := verifyToken(t, signer.Key(), jose.EdDSA, resign(token, bad)); err != jose.ErrSignature {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func littleEndian(octets []byte) *big.Int {
	reversed := make([]byte, len(octets))
	for i, octet := range octets {
		reversed[len(octets)-1-i] = octet
	}
	return new(big.Int).SetBytes(reversed)
}

// The signature covers the octets that were received, not JSON that means the same.
func TestVerifyReceivedOctets(t *testing.T) {
	signer := signerOf(t, jose.ES256)
	token := signRaw(t, signer, `{"alg":"ES256"}`, claims)
	signature := parse(t, token).Signature()
	respelt := b64([]byte(`{"alg": "ES256"}`)) + "." + b64([]byte(claims)) + "." + base64.RawURLEncoding.EncodeToString(signature)
	if err := verifyToken(t, signer.Key(), jose.ES256, respelt); err != jose.ErrSignature {
		t.Errorf("respelt header: %v", err)
	}
}
