package jose_test

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

func TestSignerPublishesItsKey(t *testing.T) {
	for _, alg := range jose.Asymmetric() {
		signer := signerOf(t, alg)
		document, err := json.Marshal(map[string]any{"keys": []any{signer.JWK()}})
		if err != nil {
			t.Fatal(err)
		}
		set, skipped, err := jose.ParseKeySet(document)
		if err != nil {
			t.Fatalf("%s: %v, skipped %v", alg, err, skipped)
		}
		parsed := parse(t, sign(t, signer, map[string]any{"typ": "at+jwt"}, claims))
		found := set.Candidates(parsed.KeyID, parsed.Algorithm, jose.Asymmetric())
		if len(found) != 1 || signer.Algorithm() != alg {
			t.Fatalf("%s: %d candidates", alg, len(found))
		}
		if err := found[0].Verify(alg, parsed); err != nil || parsed.Type != "at+jwt" {
			t.Errorf("%s: %v, typ %s", alg, err, parsed.Type)
		}
	}
}

func TestSignHeader(t *testing.T) {
	signer := signerOf(t, jose.ES256)
	nameless, err := jose.GenerateSigner(jose.ES256, "")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		signer *jose.Signer
		header map[string]any
		want   string
	}{
		{"defaults", signer, nil, `{"alg":"ES256","kid":"key-ES256"}`},
		{"no key ID", nameless, nil, `{"alg":"ES256"}`},
		{"nil removes", signer, map[string]any{"kid": nil}, `{"alg":"ES256"}`},
		{"values as given", signer, map[string]any{"kid": "\U0001f511", "a": []int{1}}, `{"a":[1],"alg":"ES256","kid":"` + "\U0001f511" + `"}`},
	}
	for _, tt := range tests {
		if got := parse(t, sign(t, tt.signer, tt.header, claims)).Octets; string(got) != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	if _, present := nameless.JWK()["kid"]; present || nameless.KeyID() != "" {
		t.Error("an empty key ID is published")
	}
	if _, err := jose.Parse(sign(t, signer, map[string]any{"alg": "none"}, claims)); err != jose.ErrAlgorithm {
		t.Errorf("odd alg: %v", err)
	}
	if _, err := signer.Sign(map[string]any{"a": func() {}}, nil); err == nil {
		t.Error("a header that is no JSON was signed")
	}
}

func TestGenerateSignerSize(t *testing.T) {
	for alg, want := range map[jose.Algorithm]int{jose.RS256: 256, jose.PS512: 256, jose.ES512: 132, jose.HS256: 32} {
		if got := len(parse(t, sign(t, signerOf(t, alg), nil, claims)).Signature()); got != want {
			t.Errorf("%s: a signature of %d octets, want %d", alg, got, want)
		}
	}
	if public, ok := signerOf(t, jose.RS256).Key().Public().(*rsa.PublicKey); !ok || public.N.BitLen() != 2048 {
		t.Error("not an RSA key of 2048 bits")
	}
}

func TestGenerateSignerRefuses(t *testing.T) {
	for _, alg := range []jose.Algorithm{"", "none", "HS512", "es256"} {
		if _, err := jose.GenerateSigner(alg, ""); !errors.Is(err, jose.ErrAlgorithm) {
			t.Errorf("%q: %v", alg, err)
		}
	}
	if _, err := jose.NewSecretSigner([]byte("short"), ""); !errors.Is(err, jose.ErrKey) {
		t.Errorf("short secret: %v", err)
	}
}
