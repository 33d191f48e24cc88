// Package base64url decodes base64url without padding (RFC 4648 section 5, as RFC 7515 section 2 uses it) in about half the
// time of encoding/base64, which the parts of a token are worth: all of every token that was not seen before is decoded.
// What it accepts is what base64.RawURLEncoding.Strict() accepts without line breaks, so that one octet string has exactly
// one spelling; a fuzz test compares the two.
package base64url

import "encoding/binary"

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// foreign is set for characters outside the alphabet, above the 24 bits that four others make.
const foreign = 1 << 31

// bits has what a character stands for, in the place that it has as the first, second, third or fourth of four.
var bits = func() (table [4][256]uint32) {
	for place := range table {
		for c := range table[place] {
			table[place][c] = foreign
		}
		for value, c := range []byte(alphabet) {
			table[place][c] = uint32(value) << (18 - 6*place)
		}
	}
	return table
}()

// DecodedLen returns how many octets n characters stand for.
func DecodedLen(n int) int { return n/4*3 + n%4*6/8 }

// Decode decodes text into the first DecodedLen(len(text)) octets of to, which must have as many, and reports whether it is
// canonical. If it is not, what is in to means nothing.
func Decode(to []byte, text string) bool {
	to = to[:DecodedLen(len(text))]
	var seen uint32 // what is foreign is looked at once, at the end
	for len(text) >= 8 && len(to) >= 8 {
		first, second := four(text[:4]), four(text[4:8])
		seen |= first | second
		binary.BigEndian.PutUint64(to, uint64(first)<<40|uint64(second)<<16) // the next turn writes over the last two
		text, to = text[8:], to[6:]
	}
	for len(text) >= 4 {
		value := four(text)
		seen |= value
		to[0], to[1], to[2] = byte(value>>16), byte(value>>8), byte(value)
		text, to = text[4:], to[3:]
	}
	return seen < foreign && decodeRest(to, text)
}

func four(text string) uint32 {
	_ = text[3]
	return bits[0][text[0]] | bits[1][text[1]] | bits[2][text[2]] | bits[3][text[3]]
}

// decodeRest decodes fewer than four characters, whose last bits must be zero where they stand for nothing.
func decodeRest(to []byte, text string) bool {
	switch len(text) {
	case 0:
		return true
	case 2:
		value := bits[0][text[0]] | bits[1][text[1]]
		to[0] = byte(value >> 16)
		return value&(foreign|0xFFFF) == 0
	case 3:
		value := bits[0][text[0]] | bits[1][text[1]] | bits[2][text[2]]
		to[0], to[1] = byte(value>>16), byte(value>>8)
		return value&(foreign|0xFF) == 0
	}
	return false
}
