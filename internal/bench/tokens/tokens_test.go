package tokens_test

import (
	"testing"

	"github.com/bearergate/bearergate/internal/bench/tokens"
)

func TestTokensAreAlike(t *testing.T) {
	issuer, err := tokens.NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	defer issuer.Close()
	for alg, want := range map[string]int{tokens.RS256: 927, tokens.ES256: 671, tokens.EdDSA: 671, tokens.HS256: 628} {
		list, err := issuer.Mint(alg, 20, 1, tokens.Variant{})
		if err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		for _, token := range list {
			if len(token) != want {
				t.Errorf("%s: %d bytes, want %d", alg, len(token), want)
			}
			seen[token] = true
		}
		if len(seen) != len(list) {
			t.Errorf("%s: %d different ones of %d", alg, len(seen), len(list))
		}
	}
}
