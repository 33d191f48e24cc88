package statuslist

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

// memo remembers what the status claims of recent tokens say, since most tokens come again and decoding would cost more
// than everything else here. It is small and lossy and takes no lock: a newcomer displaces whoever hashes alike. What it
// remembers follows from the text of the claims alone, which is compared as a whole, so it is never out of date.
type memo [1024]atomic.Pointer[reading]

// reading is what readReference made of claims.
type reading struct {
	claims strictjson.Document
	ref    *reference
}

// maxRemembered bounds the claims that are kept for comparison, in octets.
const maxRemembered = 4 << 10

// reference is readReference with a memory.
func (m *memo) reference(t *middleware.Token) (*reference, error) {
	claims, ok := documentOf(t.Claims)
	if !ok || len(claims) > maxRemembered {
		return readReference(t.Claims)
	}
	place := &m[binary.LittleEndian.Uint64(t.Fingerprint[:])%uint64(len(m))]
	if known := place.Load(); known != nil && known.claims == claims {
		return known.ref, nil
	}
	ref, err := readReference(claims)
	if err == nil {
		place.Store(&reading{claims, ref})
	}
	return ref, err
}

// documentOf returns the text of claims: those of an introspected token are a Document, those of a JWT point to one.
func documentOf(set middleware.ClaimSet) (strictjson.Document, bool) {
	switch claims := set.(type) {
	case strictjson.Document:
		return claims, true
	case *strictjson.Document:
		return *claims, true
	}
	return "", false
}
