package jose_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

// FuzzParse checks that what parses is what was promised: small, canonical, of a known algorithm, without extensions.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, compact string) {
		got, err := jose.Parse(compact)
		if err != nil {
			if got != nil {
				t.Fatal("a token and an error")
			}
			return
		}
		input := b64(got.Octets) + "." + b64(got.Payload)
		if got.SigningInput() != input || compact != input+"."+b64(got.Signature()) {
			t.Fatal("another spelling of the token was accepted")
		}
		if len(compact) > jose.MaxTokenBytes || strings.Count(compact, ".") != 2 {
			t.Fatal("size or structure")
		}
		if alg, ok := jose.ParseAlgorithm(string(got.Algorithm)); !ok || alg != got.Algorithm {
			t.Fatalf("algorithm %q", got.Algorithm)
		}
		checkHeader(t, got)
	})
}

func checkHeader(t *testing.T, got *jose.JWS) {
	t.Helper()
	var header map[string]any
	if err := json.Unmarshal(got.Octets, &header); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"crit", "b64", "zip"} {
		if _, present := header[name]; present {
			t.Fatalf("%s was accepted", name)
		}
	}
	if kid, present := header["kid"]; present != got.HasKeyID || present && kid != got.KeyID {
		t.Fatalf("kid %q, header %s", got.KeyID, got.Octets)
	}
	if typ, present := header["typ"]; present && typ != got.Type {
		t.Fatalf("typ %q, header %s", got.Type, got.Octets)
	}
}

// FuzzParseKeySet checks that every key of an accepted set can be used safely: it has an algorithm, a thumbprint, and
// refuses a token without a panic.
func FuzzParseKeySet(f *testing.F) {
	f.Fuzz(func(t *testing.T, document []byte) {
		set, skipped, err := jose.ParseKeySet(document)
		if (err == nil) != (set.Len() > 0) || set.Len()+len(skipped) > 100 {
			t.Fatalf("%d keys, %d skipped, %v", set.Len(), len(skipped), err)
		}
		for _, s := range skipped {
			if s.Reason == "" || len(s.KeyID) > 64 || strings.ContainsFunc(s.KeyID, unprintable) {
				t.Fatalf("skipped %+v", s)
			}
		}
		for key := range set.Keys() {
			checkKey(t, key)
		}
	})
}

func unprintable(r rune) bool { return r < ' ' || r > '~' }

func checkKey(t *testing.T, key *jose.Key) {
	t.Helper()
	alg, ok := key.Algorithm(jose.Asymmetric())
	if !ok || key.Public() == nil || len(key.Thumbprint()) != 43 {
		t.Fatalf("algorithm %q, thumbprint %q", alg, key.Thumbprint())
	}
	for _, size := range []int{64, 96, 132, 256, 384, 512, 1024} {
		err := key.Verify(alg, parse(t, b64([]byte(`{"alg":"`+string(alg)+`"}`))+".e30."+b64(make([]byte, size))))
		if err == nil && alg != jose.EdDSA { // an Ed25519 point of small order may take anything
			t.Fatal("a signature of zeroes is valid")
		}
	}
}
