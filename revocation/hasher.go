package revocation

import (
	"encoding/binary"
	"hash/maphash"
)

// hasher turns names into table keys: 128 bits, keyed for this process, so that nobody can aim at a collision.
type hasher struct{ a, b maphash.Seed }

func newHasher() *hasher { return &hasher{maphash.MakeSeed(), maphash.MakeSeed()} }

// pair hashes a kind and its names. Lengths keep one name from running into the next.
func (h *hasher) pair(k kind, issuer, first, second string) key {
	return key{inUse | sum(h.a, k, issuer, first, second), sum(h.b, k, issuer, first, second)}
}

func sum(seed maphash.Seed, k kind, names ...string) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	h.WriteByte(byte(k))
	for _, name := range names {
		var length [4]byte
		binary.LittleEndian.PutUint32(length[:], uint32(len(name)))
		h.Write(length[:])
		h.WriteString(name)
	}
	return h.Sum64()
}

// fingerprint hashes a digest too: whoever may revoke tokens can search for ones whose digests begin alike, and would
// make the table slow with them.
func (h *hasher) fingerprint(digest [32]byte) key {
	return key{inUse | maphash.Bytes(h.a, digest[:]), maphash.Bytes(h.b, digest[:])}
}
