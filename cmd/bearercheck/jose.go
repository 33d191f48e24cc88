package main

import (
	"strings"

	"github.com/bearergate/bearergate/internal/jose"
)

// maxTokenBytes is the length of the longest token that the kit looks at.
const maxTokenBytes = jose.MaxTokenBytes

// usedWith returns the one algorithm that the kit uses a JWK with under an allow-list, empty for its default, or why it does
// not use the key.
func usedWith(jwk []byte, algorithms []string) (algorithm, skipped string) {
	key, err := jose.ParseKey(jwk)
	if err != nil {
		return "", strings.TrimPrefix(err.Error(), jose.ErrKey.Error()+": ")
	}
	alg, ok := key.Algorithm(allowList(algorithms))
	if !ok {
		return "", "none of the accepted algorithms fits it"
	}
	return string(alg), ""
}

func allowList(names []string) []jose.Algorithm {
	if len(names) == 0 {
		return jose.Asymmetric()
	}
	var allowed []jose.Algorithm
	for _, name := range names {
		if alg, ok := jose.ParseAlgorithm(name); ok {
			allowed = append(allowed, alg)
		}
	}
	return allowed
}
