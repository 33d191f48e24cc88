package jwks_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// A token is named by the SHA-256 of its signing input, whatever its signature is made of, whoever judges it, and whether it
// or its header was seen before. Revocations by the token itself depend on it.
func TestFingerprints(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	hs, err := jose.NewSecretSigner(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	configs := map[*jose.Signer]jwks.Config{hs: {Secret: secret}}
	for _, alg := range jose.Asymmetric() {
		signer := signerOf(t, alg)
		configs[signer] = jwks.Config{Keys: parseKeys(t, keySet(t, signer)), Algorithms: []string{string(alg)}}
	}
	for signer, config := range configs {
		for _, cacheBytes := range []int{0, -1} {
			config.Issuer, config.Audience, config.Now, config.CacheBytes = issuer, audience, atNoon, cacheBytes
			token := sign(t, signer, atJWT, accessClaims(nil))
			want := sha256.Sum256([]byte(token[:strings.LastIndexByte(token, '.')]))
			if middleware.FingerprintOf(token) != want {
				t.Errorf("%s: FingerprintOf says something else", signer.Algorithm())
			}
			for name, v := range everyValidator(t, config) {
				t.Run(fmt.Sprint(signer.Algorithm(), " ", name, " ", cacheBytes), func(t *testing.T) {
					for _, which := range []string{"first", "second"} {
						if got := accepted(t, v, token).Fingerprint; got != want {
							t.Errorf("the %s time: %x, want %x", which, got, want)
						}
					}
				})
			}
		}
	}
}

// everyValidator returns all that validate with a configuration.
func everyValidator(t *testing.T, config jwks.Config) map[string]middleware.Validator {
	t.Helper()
	router, err := jwks.Issuers(newValidator(t, config))
	if err != nil {
		t.Fatal(err)
	}
	resolver := newResolver(t, jwks.ResolverConfig{
		Now: config.Now, CacheBytes: config.CacheBytes,
		Resolve: func(context.Context, string) (jwks.Config, error) { return config, nil },
	})
	return map[string]middleware.Validator{"Validator": newValidator(t, config), "Router": router, "Resolver": resolver}
}
