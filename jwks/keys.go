package jwks

import (
	"fmt"
	"log/slog"

	"github.com/bearergate/bearergate/internal/jose"
)

// Keys is a fixed set of public keys. It is immutable.
type Keys struct {
	set     jose.KeySet
	skipped []jose.Skipped
}

// ParseKeys reads a JWK Set (RFC 7517, section 5). Keys that cannot be used are left out and listed by Skipped; it is an
// error if none remains.
func ParseKeys(document []byte) (*Keys, error) {
	set, skipped, err := jose.ParseKeySet(document)
	if err != nil {
		return nil, fmt.Errorf(`jwks: key set: %w; it has to be a JSON object with an array "keys" of public keys, and PEM is for ParsePEM`, err)
	}
	return &Keys{set, skipped}, nil
}

// ParsePEM reads public keys and certificates in PEM form. Such keys have no ID, so each may verify any token its
// algorithm fits; a Validator takes four of them. A block that is no public key or certificate is an error, and so is a file
// without any.
func ParsePEM(data []byte) (*Keys, error) {
	set, err := jose.ParsePEM(data)
	if err != nil {
		return nil, fmt.Errorf("jwks: PEM: %w; it has to be blocks of public keys or certificates, and a JWK Set is for ParseKeys", err)
	}
	return &Keys{set: set}, nil
}

// nameless counts the keys without an ID.
func (k *Keys) nameless() (n int) {
	for key := range k.set.Keys() {
		if key.ID() == "" {
			n++
		}
	}
	return n
}

// Skipped returns the keys that were left out.
func (k *Keys) Skipped() []SkippedKey { return skippedKeys(k.skipped) }

// SkippedKey is a key of a set that is not used.
type SkippedKey struct {
	// KeyID is the key's kid, printable ASCII and shortened; empty if it has none.
	KeyID string
	// Reason says why, in a fixed text.
	Reason string
}

// LogValue gives log/slog both fields.
func (k SkippedKey) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kid", k.KeyID), slog.String("reason", k.Reason))
}

func skippedKeys(skipped []jose.Skipped) []SkippedKey {
	list := make([]SkippedKey, 0, len(skipped))
	for _, s := range skipped {
		list = append(list, SkippedKey{s.KeyID, s.Reason})
	}
	return list
}
