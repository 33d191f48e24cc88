package jose_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/bearergate/bearergate/internal/jose"
)

// libraryKey is what the library verifies with for each key of the tests.
func libraryKey(t *testing.T, s *jose.Signer) any {
	t.Helper()
	if public := s.Key().Public(); public != nil {
		return public
	}
	return sharedSecret
}

var sharedSecret = []byte("0123456789abcdef0123456789abcdef")

// TestVerifyAgreesWithTheLibrary turns each bit of signatures, one after the other, and puts in numbers of every length:
// the verdict is the library's.
func TestVerifyAgreesWithTheLibrary(t *testing.T) {
	for _, alg := range every {
		if strings.HasPrefix(string(alg), "PS") { // the library takes salts of any length
			continue
		}
		t.Run(string(alg), func(t *testing.T) {
			signer := signerOf(t, alg)
			if alg == jose.HS256 {
				var err error
				if signer, err = jose.NewSecretSigner(sharedSecret, ""); err != nil {
					t.Fatal(err)
				}
			}
			verifier, err := jws.NewVerifier(jwa.SignatureAlgorithm(alg))
			if err != nil {
				t.Fatal(err)
			}
			for i := range 2 {
				token := sign(t, signer, nil, claims+strings.Repeat(" ", i))
				for _, signature := range variations(parse(t, token).Signature()) {
					parsed := parse(t, resign(token, signature))
					got := signer.Key().Verify(alg, parsed) == nil
					want := verifier.Verify([]byte(parsed.SigningInput()), signature, libraryKey(t, signer)) == nil
					if got != want {
						t.Fatalf("%x: %v, the library says %v", signature, got, want)
					}
				}
			}
		})
	}
}

// variations returns a signature and others that are nearly like it. Halves with leading zeros, and with a first bit that
// is set, are the cases of ASN.1.
func variations(signature []byte) [][]byte {
	all := [][]byte{signature}
	for i := 0; i < 8*len(signature); i += 11 {
		changed := append([]byte(nil), signature...)
		changed[i/8] ^= 1 << (i % 8)
		all = append(all, changed)
	}
	half := len(signature) / 2
	for _, n := range []int{0, 1, 7, 8, 127, 128, 8*half - 1} {
		if n >= 8*half {
			continue
		}
		number := new(big.Int).Lsh(big.NewInt(1), uint(n)).FillBytes(make([]byte, half))
		all = append(all,
			append(append([]byte(nil), number...), signature[half:]...),
			append(append([]byte(nil), signature[:half]...), number...))
	}
	return append(all, make([]byte, len(signature)))
}

// Short numbers, which hardly any signature has, and all that makes the ASN.1 form take 128 octets. A key is made for the
// signature, instead of the other way round.
func TestVerifyShortNumbers(t *testing.T) {
	for _, tt := range []struct {
		alg   jose.Algorithm
		curve elliptic.Curve
		bits  uint // of the second number
	}{
		{jose.ES256, elliptic.P256(), 3}, {jose.ES256, elliptic.P256(), 8}, {jose.ES512, elliptic.P521(), 8*58 - 1}, {jose.ES512, elliptic.P521(), 8*59 - 1},
	} {
		header := b64([]byte(`{"alg":"`+string(tt.alg)+`"}`)) + "." + b64([]byte(claims))
		nonce, order := ecKey(t, tt.curve), tt.curve.Params().N
		for nonce.X.BitLen() != order.BitLen() || nonce.X.Cmp(order) >= 0 {
			nonce = ecKey(t, tt.curve)
		}
		k, err := nonce.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		s := new(big.Int).Lsh(big.NewInt(1), tt.bits-1)
		private := new(big.Int).Mul(s, new(big.Int).SetBytes(k))
		private.Sub(private, digestOf(tt.alg, header)).Mul(private, new(big.Int).ModInverse(nonce.X, order)).Mod(private, order)
		key, err := ecdsa.ParseRawPrivateKey(tt.curve, private.FillBytes(make([]byte, (order.BitLen()+7)/8)))
		if err != nil {
			t.Fatal(err)
		}
		size := (order.BitLen() + 7) / 8
		signature := append(nonce.X.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		if err := verifyToken(t, keyOf(t, key.Public()), tt.alg, header+"."+b64(signature)); err != nil {
			t.Errorf("%s with a number of %d bits: %v", tt.alg, tt.bits, err)
		}
	}
}

func digestOf(alg jose.Algorithm, text string) *big.Int {
	if alg == jose.ES512 {
		digest := sha512.Sum512([]byte(text))
		return new(big.Int).SetBytes(digest[:])
	}
	digest := sha256.Sum256([]byte(text))
	return new(big.Int).SetBytes(digest[:])
}

// Many ECDSA signatures, so that halves come with and without leading zeros.
func TestVerifyECDSANumbers(t *testing.T) {
	for _, alg := range []jose.Algorithm{jose.ES256, jose.ES384, jose.ES512} {
		signer := signerOf(t, alg)
		for i := range 300 {
			if err := verifyToken(t, signer.Key(), alg, sign(t, signer, nil, strings.Repeat("x", i+1))); err != nil {
				t.Fatalf("%s: %v", alg, err)
			}
		}
	}
}

// Octets that are no JWS are verified as those of one are.
func TestVerifyOctets(t *testing.T) {
	for _, alg := range every {
		key, parsed := signerOf(t, alg).Key(), parse(t, sign(t, signerOf(t, alg), nil, claims))
		input, signature := []byte(parsed.SigningInput()), parsed.Signature()
		for name, tt := range map[string]struct {
			alg       jose.Algorithm
			message   []byte
			signature []byte
			want      error
		}{
			"genuine":         {alg, input, signature, nil},
			"another message": {alg, input[1:], signature, jose.ErrSignature},
			"no message":      {alg, nil, signature, jose.ErrSignature},
			"cut signature":   {alg, input, signature[1:], jose.ErrSignature},
			"no signature":    {alg, input, nil, jose.ErrSignature},
			"no algorithm":    {"", input, signature, jose.ErrAlgorithm},
		} {
			if err := key.VerifyOctets(tt.alg, tt.message, tt.signature); err != tt.want {
				t.Errorf("%s, %s: %v, want %v", alg, name, err, tt.want)
			}
		}
	}
}

// The digest is that of the signing input, whether the signature was verified before or not, and whatever it is made over.
func TestDigest(t *testing.T) {
	for _, alg := range every {
		token := sign(t, signerOf(t, alg), nil, claims)
		want := sha256.Sum256([]byte(parse(t, token).SigningInput()))
		before, after := parse(t, token), parse(t, token)
		if err := signerOf(t, alg).Key().Verify(alg, after); err != nil {
			t.Fatal(err)
		}
		if before.Digest() != want || after.Digest() != want || after.Digest() != want {
			t.Errorf("%s: %x and %x, want %x", alg, before.Digest(), after.Digest(), want)
		}
	}
}

func TestHeaders(t *testing.T) {
	signer := signerOf(t, jose.ES256)
	headers := new(jose.Headers)
	readGood := func(token string) *jose.JWS {
		t.Helper()
		got := new(jose.JWS)
		if err := read(got, token, headers); err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := readGood(sign(t, signer, nil, claims))
	if readGood(sign(t, signer, nil, claims)).Header == first.Header {
		t.Error("remembered without being told to")
	}
	headers.Remember(first)
	again := readGood(sign(t, signer, nil, `{"another":"payload"}`))
	if again.Header != first.Header || string(again.Payload) != `{"another":"payload"}` {
		t.Errorf("not remembered, or too much: %+v", again)
	}
	headers.Remember(again)
	if other := readGood(sign(t, signer, map[string]any{"typ": "other"}, claims)); other.Header == first.Header || other.Type != "other" {
		t.Error("another header is taken for it")
	}
	for name, token := range map[string]string{
		"payload":   strings.Join([]string{strings.Split(sign(t, signer, nil, claims), ".")[0], "*", "AA"}, "."),
		"signature": strings.Join([]string{strings.Split(sign(t, signer, nil, claims), ".")[0], "AA", ""}, "."),
	} {
		if err := read(new(jose.JWS), token, headers); err != jose.ErrMalformed {
			t.Errorf("a known header lets a malformed %s pass: %v", name, err)
		}
	}
	(*jose.Headers)(nil).Remember(first)
}

// An issuer that writes something different into each header takes no memory for it, and the headers of today have their
// turn. A long one is not remembered.
func TestHeadersAreBounded(t *testing.T) {
	signer := signerOf(t, jose.ES256)
	headers := new(jose.Headers)
	numbered := func(n int, padding string) *jose.JWS {
		t.Helper()
		got := new(jose.JWS)
		token := sign(t, signer, map[string]any{"n": n, "padding": padding}, claims)
		if err := read(got, token, headers); err != nil {
			t.Fatal(err)
		}
		return got
	}
	var first [200]*jose.Header
	for i := range first {
		got := numbered(i, "")
		headers.Remember(got)
		headers.Remember(got)
		if first[i] = got.Header; numbered(i, "").Header != first[i] {
			t.Fatalf("header %d is not remembered", i)
		}
	}
	for i, header := range first {
		if known := numbered(i, "").Header == header; known != (i >= 192) { // after 64 it starts over
			t.Errorf("header %d is remembered: %t", i, known)
		}
	}
	longest := 768 - len(numbered(0, "").Octets) // whose encoded form takes 1 KiB
	for padding, want := range map[string]bool{strings.Repeat("x", longest): true, strings.Repeat("x", longest+1): false} {
		long := numbered(0, padding)
		headers.Remember(long)
		if got := numbered(0, padding).Header == long.Header; got != want {
			t.Errorf("a header of %d octets is remembered: %t", len(long.Octets), got)
		}
	}
}
