package jose_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

func TestVerifyEveryAlgorithm(t *testing.T) {
	for _, alg := range every {
		t.Run(string(alg), func(t *testing.T) {
			signer := signerOf(t, alg)
			token := sign(t, signer, nil, claims)
			parsed := parse(t, token)
			if parsed.Algorithm != alg || parsed.KeyID != signer.KeyID() {
				t.Errorf("header %s", parsed.Octets)
			}
			if err := signer.Key().Verify(alg, parsed); err != nil {
				t.Error(err)
			}
			for i := range parsed.Signature() {
				altered := bytes.Clone(parsed.Signature())
				altered[i] ^= 1
				if err := verifyToken(t, signer.Key(), alg, resign(token, altered)); err != jose.ErrSignature {
					t.Fatalf("octet %d of the signature altered: %v", i, err)
				}
			}
			other := sign(t, signer, nil, `{"sub":"mallory"}`)
			if err := verifyToken(t, signer.Key(), alg, resign(other, parsed.Signature())); err != jose.ErrSignature {
				t.Errorf("signature of another payload: %v", err)
			}
		})
	}
}

func TestVerifyLength(t *testing.T) {
	for _, alg := range every {
		signer := signerOf(t, alg)
		token := sign(t, signer, nil, claims)
		right := parse(t, token).Signature()
		for _, signature := range [][]byte{
			right[:1], right[:len(right)-1], right[1:], append(bytes.Clone(right), 0), append([]byte{0}, right...),
			bytes.Repeat(right, 3), make([]byte, len(right)),
		} {
			if err := verifyToken(t, signer.Key(), alg, resign(token, signature)); err != jose.ErrSignature {
				t.Errorf("%s with %d octets: %v", alg, len(signature), err)
			}
		}
	}
}

func TestVerifyOtherKey(t *testing.T) {
	for _, alg := range []jose.Algorithm{jose.ES256, jose.EdDSA, jose.HS256} {
		attacker, err := jose.GenerateSigner(alg, signerOf(t, alg).KeyID())
		if err != nil {
			t.Fatal(err)
		}
		header := map[string]any{
			"jku": "https://attacker.example/jwks", "x5u": "http://169.254.169.254/", "x5c": []string{"MIIB"},
		}
		if jwk := attacker.JWK(); jwk != nil {
			header["jwk"] = jwk
		}
		if err := verifyToken(t, signerOf(t, alg).Key(), alg, sign(t, attacker, header, claims)); err != jose.ErrSignature {
			t.Errorf("%s: key of the attacker in the header: %v", alg, err)
		}
		genuine := sign(t, signerOf(t, alg), header, claims)
		if err := verifyToken(t, signerOf(t, alg).Key(), alg, genuine); err != nil {
			t.Errorf("%s: header parameters without effect: %v", alg, err)
		}
	}
}

// One key is used with one algorithm (RFC 8725 section 3.1), whatever a token says.
func TestVerifyAlgorithmConfusion(t *testing.T) {
	for _, mine := range every {
		key := signerOf(t, mine).Key()
		for _, other := range every {
			if mine == other {
				continue
			}
			parsed := parse(t, sign(t, signerOf(t, other), map[string]any{"kid": key.ID()}, claims))
			if err := key.Verify(other, parsed); err != jose.ErrAlgorithm {
				t.Errorf("%s key with %s: %v", mine, other, err)
			}
			if err := key.Verify(mine, parsed); err != jose.ErrAlgorithm {
				t.Errorf("%s key as %s on a %s token: %v", mine, mine, other, err)
			}
			if found := jose.NewKeySet(key).Candidates(key.ID(), other, every); len(found) != 0 {
				t.Errorf("%s key is a candidate for %s", mine, other)
			}
		}
	}
}

// The oldest trick: sign with HMAC, taking the public key for the secret.
func TestVerifyPublicKeyAsSecret(t *testing.T) {
	private := privateRSA(t)
	key := keyOf(t, &private.PublicKey)
	spki := pkix(t, &private.PublicKey)
	pkcs1 := x509.MarshalPKCS1PublicKey(&private.PublicKey)
	jwk, err := json.Marshal(signerOf(t, jose.RS256).JWK())
	if err != nil {
		t.Fatal(err)
	}
	spkiPEM := encodePEM("PUBLIC KEY", spki)
	for name, secret := range map[string][]byte{
		"SPKI PEM": spkiPEM, "SPKI PEM trimmed": bytes.TrimSpace(spkiPEM), "PKCS #1 PEM": encodePEM("RSA PUBLIC KEY", pkcs1),
		"SPKI DER": spki, "PKCS #1 DER": pkcs1, "JWK": jwk, "modulus": private.N.Bytes(),
	} {
		forger, err := jose.NewSecretSigner(secret, "")
		if err != nil {
			t.Fatal(err)
		}
		parsed := parse(t, sign(t, forger, nil, claims))
		for _, alg := range every {
			if err := key.Verify(alg, parsed); err == nil {
				t.Errorf("%s as secret accepted with %s", name, alg)
			}
		}
		if found := jose.NewKeySet(key).CandidatesWithoutID(jose.HS256, every); len(found) != 0 {
			t.Errorf("%s: %d candidates", name, len(found))
		}
	}
}

func TestKeyAlgorithm(t *testing.T) {
	declared := signerOf(t, jose.PS256).Key()
	undeclared := keyOf(t, &privateRSA(t).PublicKey)
	ec := signerOf(t, jose.ES384).Key()
	tests := []struct {
		name    string
		key     *jose.Key
		allowed []jose.Algorithm
		want    jose.Algorithm
	}{
		{"declared", declared, jose.Asymmetric(), jose.PS256},
		{"declared but not allowed", declared, []jose.Algorithm{jose.RS256}, ""},
		{"undeclared takes the first that fits", undeclared, jose.Asymmetric(), jose.RS256},
		{"undeclared in the caller's order", undeclared, []jose.Algorithm{jose.ES256, jose.PS512, jose.RS256}, jose.PS512},
		{"curve", ec, jose.Asymmetric(), jose.ES384},
		{"other curve", ec, []jose.Algorithm{jose.ES256}, ""},
		{"nothing allowed", declared, nil, ""},
		{"secret", signerOf(t, jose.HS256).Key(), every, jose.HS256},
		{"secret by default", signerOf(t, jose.HS256).Key(), jose.Asymmetric(), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.key.Algorithm(tt.allowed)
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("got %q, %v, want %q", got, ok, tt.want)
			}
		})
	}
}

func TestParseAlgorithm(t *testing.T) {
	for _, alg := range every {
		if got, ok := jose.ParseAlgorithm(string(alg)); !ok || got != alg {
			t.Errorf("ParseAlgorithm(%s) = %s, %v", alg, got, ok)
		}
		if _, ok := jose.ParseAlgorithm(strings.ToLower(string(alg))); ok {
			t.Errorf("%s in lower case accepted", alg)
		}
	}
	if slices.Contains(jose.Asymmetric(), jose.HS256) {
		t.Error("a symmetric algorithm is allowed by default")
	}
}

func TestNewSecret(t *testing.T) {
	for _, n := range []int{0, 1, 31} {
		if _, err := jose.NewSecret(make([]byte, n), ""); !errors.Is(err, jose.ErrKey) || !strings.Contains(err.Error(), "32") {
			t.Errorf("%d octets: %v", n, err)
		}
	}
	secret := bytes.Repeat([]byte("s"), 32)
	key, err := jose.NewSecret(secret, "k")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSecretSigner(secret, "k")
	if err != nil {
		t.Fatal(err)
	}
	token := sign(t, signer, nil, claims)
	clear(secret)
	if err := verifyToken(t, key, jose.HS256, token); err != nil {
		t.Errorf("after the caller's slice changed: %v", err)
	}
	if key.ID() != "k" || key.Public() != nil || key.Thumbprint() != "" || signer.JWK() != nil {
		t.Error("a secret shows more than its ID")
	}
}

func TestVerifyConcurrently(t *testing.T) {
	for _, alg := range every {
		signer := signerOf(t, alg)
		token := sign(t, signer, nil, claims)
		var group sync.WaitGroup
		for range 4 {
			parsed := parse(t, token)
			group.Go(func() {
				if err := signer.Key().Verify(alg, parsed); err != nil {
					t.Errorf("%s: %v", alg, err)
				}
			})
		}
		group.Wait()
	}
}
