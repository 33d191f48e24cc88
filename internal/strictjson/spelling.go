package strictjson

import (
	"encoding/binary"
	"math/bits"

	"github.com/bearergate/bearergate/internal/octets"
)

// spelling is what is compared of a member name, its first and its last octets, which is all of most names. It lies in
// registers, where comparing takes no time.
type spelling struct {
	first, last uint64
	length      int
}

// spellingOf is that of the name from start to end.
func spellingOf(text string, start, end int) spelling {
	s := spelling{first: word(text, start), length: end - start}
	if s.length > 8 {
		s.last = word(text, end-8)
	}
	s.first &= 1<<(8*s.length) - 1
	return s
}

// isAll reports whether names that are spelt like this one are the same.
func (s *spelling) isAll() bool { return s.length <= 16 }

// hash tells most names of an object apart. Names that it does not are compared, so that nothing is won by choosing them.
func (s *spelling) hash() uint32 {
	return uint32((s.first ^ bits.RotateLeft64(s.last, -7) ^ uint64(s.length)) * 0x9e3779b97f4a7c15 >> 32)
}

// word returns the eight octets from a position on, the first of them lowest, with zeros for those beyond the end.
func word(text string, at int) uint64 {
	if at+8 <= len(text) {
		return binary.LittleEndian.Uint64(octets.Of(text[at : at+8]))
	}
	var last [8]byte
	copy(last[:], text[at:])
	return binary.LittleEndian.Uint64(last[:])
}
