package revocation

import (
	"encoding/binary"
	"hash/maphash"
)

// hasher turns names into table keys: 128 bits, keyed for this process, so that nobody can aim at a collision.
type hasher struct{ a, b maphash.Seed }

func newHasher() *hasher { return &hasher{maphash.MakeSeed(), maphash.MakeSeed()} }

// pair hashes a kind and its names.
func (h *hasher) pair(k kind, issuer, first, second string) key {
	return key{inUse | sum(h.a, k, issuer, first, second), sum(h.b, k, issuer, first, second)}
}

// sum hashes the hashes of the names. They are all of one length, which keeps one name from running into the next.
func sum(seed maphash.Seed, k kind, issuer, first, second string) uint64 {
	var sums [3*8 + 1]byte
	binary.LittleEndian.PutUint64(sums[0:], maphash.String(seed, issuer))
	binary.LittleEndian.PutUint64(sums[8:], maphash.String(seed, first))
	binary.LittleEndian.PutUint64(sums[16:], maphash.String(seed, second))
	sums[24] = byte(k)
	return maphash.Bytes(seed, sums[:])
}

// fingerprint hashes a digest too: whoever may revoke tokens can search for ones whose digests begin alike, and would
// make the table slow with them.
func (h *hasher) fingerprint(digest [32]byte) key {
	return key{inUse | maphash.Bytes(h.a, digest[:]), maphash.Bytes(h.b, digest[:])}
}
