package revocation_test

import (
	"testing"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// Both halves of a key count, and nobody can know either: they are two hashes, and others in every list.
func TestKeysAreSecret(t *testing.T) {
	seen := map[uint64]bool{}
	for range 100 {
		for _, key := range revocation.KeysOf(middleware.FingerprintOf(aliceToken), issuer, "alice") {
			if seen[key.A] || seen[key.B] || key.A == key.B {
				t.Fatalf("half of %x is not its own", key)
			}
			seen[key.A], seen[key.B] = true, true
		}
	}
}
