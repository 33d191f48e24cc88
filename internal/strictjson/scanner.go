package strictjson

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/bearergate/bearergate/internal/octets"
)

// scanner reads JSON once, from left to right. Its methods report whether what they read is right beyond doubt; after a
// false the scanner is of no use any more.
type scanner struct {
	text string
	at   int
	// depth is how many objects and arrays are open.
	depth int
	// seen holds the member names of all open objects, those of the innermost one last; known is how many they are.
	seen  [maxSeen]name
	known int
	// marks has a bit for the hash of each name that was seen, so that most names need not be compared to be new.
	marks uint64
}

// maxSeen bounds the members that are compared with each other, and so the time that takes.
const maxSeen = 64

// name is a member name: its hash, and where it is.
type name struct {
	hash       uint32
	start, end int32
}

// object reads an object. The values of members that l has are stored in values, if l is not nil.
func (s *scanner) object(l *Layout, values []Value) bool {
	s.skipSpace()
	if !s.take('{') || !s.open() {
		return false
	}
	outer := s.known
	if s.skipSpace(); s.take('}') {
		return s.close(outer)
	}
	for {
		if !s.member(outer, l, values) {
			return false
		}
		if s.skipSpace(); s.take('}') {
			return s.close(outer)
		}
		if !s.take(',') {
			return false
		}
		s.skipSpace()
	}
}

// member reads a name and its value. The names of the object begin at outer.
func (s *scanner) member(outer int, l *Layout, values []Value) bool {
	start := s.at + 1
	if !s.take('"') || !s.plainString() {
		return false
	}
	text := s.text[start : s.at-1]
	if text == "" {
		return false
	}
	hash := hashName(text)
	if !s.isNew(text, name{hash, int32(start), int32(s.at - 1)}, outer) {
		return false
	}
	if s.skipSpace(); !s.take(':') {
		return false
	}
	s.skipSpace()
	from := s.at
	if !s.value() {
		return false
	}
	if l != nil {
		if i := l.index(text, hash); i >= 0 {
			values[i] = octets.Of(s.text[from:s.at])
		}
	}
	return true
}

// isNew notes a name, if the object does not have it yet.
func (s *scanner) isNew(text string, n name, outer int) bool {
	if s.known == maxSeen {
		return false
	}
	mark := uint64(1) << (n.hash * 0x9e3779b1 >> 26)
	if s.marks&mark != 0 && s.has(text, n.hash, outer) {
		return false
	}
	s.marks |= mark
	s.seen[s.known] = n
	s.known++
	return true
}

// has reports whether the object whose names begin at outer has that one.
func (s *scanner) has(text string, hash uint32, outer int) bool {
	for _, other := range s.seen[outer:s.known] {
		if other.hash == hash && s.text[other.start:other.end] == text {
			return true
		}
	}
	return false
}

// open and close keep count of objects and arrays.
func (s *scanner) open() bool {
	s.depth++
	return s.depth <= MaxDepth
}

func (s *scanner) close(outer int) bool {
	s.depth--
	s.known = outer
	return true
}

func (s *scanner) array() bool {
	if !s.open() {
		return false
	}
	s.at++
	if s.skipSpace(); s.take(']') {
		return s.close(s.known)
	}
	for {
		s.skipSpace()
		if !s.value() {
			return false
		}
		if s.skipSpace(); s.take(']') {
			return s.close(s.known)
		}
		if !s.take(',') {
			return false
		}
	}
}

// strings reads an array of strings without escapes.
func (s *scanner) strings(list []string) ([]string, bool) {
	if !s.take('[') {
		return list, false
	}
	if s.skipSpace(); s.take(']') {
		return list, true
	}
	for {
		s.skipSpace()
		start := s.at + 1
		if !s.take('"') || !s.plainString() {
			return list, false
		}
		list = append(list, s.text[start:s.at-1])
		if s.skipSpace(); s.take(']') {
			return list, true
		}
		if !s.take(',') {
			return list, false
		}
	}
}

func (s *scanner) value() bool {
	if s.at >= len(s.text) {
		return false
	}
	switch c := s.text[s.at]; c {
	case '"':
		s.at++
		return s.string()
	case '{':
		return s.object(nil, nil)
	case '[':
		return s.array()
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	default:
		return (c == '-' || isDigit(c)) && s.number()
	}
}

func (s *scanner) literal(word string) bool {
	end := s.at + len(word)
	if end > len(s.text) || s.text[s.at:end] != word {
		return false
	}
	s.at = end
	return true
}

// number follows the grammar of RFC 8259, section 6.
func (s *scanner) number() bool {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return false
	}
	if s.take('.') && !s.digits() {
		return false
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		return s.digits()
	}
	return true
}

// digits reads at least one digit.
func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.text) && isDigit(s.text[s.at]) {
		s.at++
	}
	return s.at > start
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// plainString reads the rest of a string without escapes.
func (s *scanner) plainString() (ok bool) {
	s.at, ok = plainEnd(s.text, s.at)
	return ok
}

// plainEnd returns where a string ends of which the rest begins at start, if it is valid and has no escapes.
func plainEnd(text string, start int) (end int, ok bool) {
	ascii := true
	for at := start; at < len(text); at++ {
		at += plainRun(text[at:])
		if at >= len(text) {
			break
		}
		c := text[at]
		if c < utf8.RuneSelf {
			return at + 1, c == '"' && (ascii || utf8.ValidString(text[start:at]))
		}
		ascii = false
	}
	return len(text), false
}

const (
	eachByte = 0x01_01_01_01_01_01_01_01
	topBits  = 0x80 * eachByte
)

// plainRun returns how many octets there are before the first that is a quote, a backslash, a control character or part of
// a character that takes several octets. It looks at eight at a time: subtracting sets the top bit of the lowest octet
// that is looked for, and of none below it.
func plainRun(text string) int {
	at := 0
	for ; at+8 <= len(text); at += 8 {
		word := binary.LittleEndian.Uint64(octets.Of(text[at : at+8]))
		quote, backslash := word^'"'*eachByte, word^'\\'*eachByte
		found := word | (word-' '*eachByte)&^word | (quote-eachByte)&^quote | (backslash-eachByte)&^backslash
		if found &= topBits; found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	for ; at < len(text); at++ {
		if c := text[at]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			break
		}
	}
	return at
}

// string reads the rest of a string.
func (s *scanner) string() bool {
	start := s.at
	if s.plainString() {
		return true
	}
	s.at = start
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return utf8.ValidString(s.text[start : s.at-1])
		case c == '\\':
			if !s.escape() {
				return false
			}
		case c < ' ':
			return false
		default:
			s.at++
		}
	}
	return false
}

// escape reads one escape. Surrogates are left to the library.
func (s *scanner) escape() bool {
	rest := s.text[s.at:]
	if len(rest) < 2 {
		return false
	}
	switch rest[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at += 2
		return true
	case 'u':
		s.at += 6
		return len(rest) >= 6 && isHex(rest[2]) && isHex(rest[3]) && isHex(rest[4]) && isHex(rest[5]) &&
			(rest[2]|0x20 != 'd' || rest[3] < '8')
	}
	return false
}

func isHex(c byte) bool { return isDigit(c) || c|0x20-'a' <= 'f'-'a' }

func (s *scanner) skipSpace() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// take reads c, if that comes next.
func (s *scanner) take(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// atEnd reports whether nothing but white space is left.
func (s *scanner) atEnd() bool {
	s.skipSpace()
	return s.at == len(s.text)
}
