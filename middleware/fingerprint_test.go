package middleware_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

const jwtForm = "eyJhbGciOiJFUzI1NiJ9.eyJqdGkiOiJhIn0.c2lnbmF0dXJl"

func TestFingerprintOf(t *testing.T) {
	for _, tt := range []struct{ name, token, covers string }{
		{"compact JWS", jwtForm, "eyJhbGciOiJFUzI1NiJ9.eyJqdGkiOiJhIn0"},
		{"opaque", "2YotnFZFEjr1zCsicMWpAA", "2YotnFZFEjr1zCsicMWpAA"},
		{"opaque, one dot", "abc.def", "abc.def"},
		{"PASETO", "v4.local.AAAA", "v4.local.AAAA"},
		{"JSON after white space", "IHsifQ.e30.c2ln", "IHsifQ.e30"},
		{"JWE", "eyJlbmMiOiJBMTI4R0NNIn0.a.b.c.d", "eyJlbmMiOiJBMTI4R0NNIn0.a.b.c.d"},
		{"empty", "", ""},
	} {
		if got := middleware.FingerprintOf(tt.token); got != sha256.Sum256([]byte(tt.covers)) {
			t.Errorf("%s: the fingerprint does not cover %q", tt.name, tt.covers)
		}
	}
}

// The signature does not count, every other octet does.
func TestFingerprintOfChangedTokens(t *testing.T) {
	original := middleware.FingerprintOf(jwtForm)
	signed := strings.LastIndexByte(jwtForm, '.')
	for i := range len(jwtForm) {
		if jwtForm[i] == '.' {
			continue
		}
		changed := jwtForm[:i] + string(jwtForm[i]^1) + jwtForm[i+1:]
		if same := middleware.FingerprintOf(changed) == original; same != (i > signed) {
			t.Errorf("octet %d changed: the fingerprint is the same: %t", i, same)
		}
	}
	for _, signature := range []string{"", "eA", strings.Repeat("c", 1000)} {
		if middleware.FingerprintOf(jwtForm[:signed+1]+signature) != original {
			t.Errorf("the signature %.10q changes the fingerprint", signature)
		}
	}
}

// Tokens that begin alike are different tokens (the whole digest is the name).
func TestFingerprintOfPrefixes(t *testing.T) {
	seen := map[[32]byte]int{}
	long := strings.Repeat("a", 300)
	for n := range long {
		seen[middleware.FingerprintOf(long[:n])]++
	}
	if len(seen) != len(long) {
		t.Errorf("%d tokens have %d fingerprints", len(long), len(seen))
	}
}
