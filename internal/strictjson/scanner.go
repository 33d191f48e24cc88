package strictjson

import (
	"math"
	"math/bits"
	"unicode/utf8"

	"github.com/bearergate/bearergate/internal/octets"
)

// scanner reads JSON once, from left to right. Its methods take where something begins in the text and return where it
// ends, or nowhere if it is not right beyond doubt; the scanner is of no use then any more. Positions go from hand to hand
// in registers: one kept in memory would be what every step waits for.
type scanner struct {
	text string
	// depth is how many objects and arrays are open.
	depth int
	// seen holds the member names of all open objects, but for those that a layout has, and those of the innermost one last;
	// known is how many they are.
	seen  [maxSeen]name
	known int
	// marks has a bit for the hash of each name that was seen, so that most names need not be compared to be new.
	marks uint64
}

// nowhere is beyond the end of every text, so that nothing is found there either.
const nowhere = math.MaxInt / 2

// maxSeen bounds the members that are compared with each other, and so the time that takes. Those that a layout has are not
// among them.
const maxSeen = 32

// name is a member name: its hash, and where it is.
type name struct {
	hash       uint32
	start, end int32
}

// peek returns the octet at a position, or zero, which is right nowhere, if the text has ended there.
func (s *scanner) peek(at int) byte {
	if at >= len(s.text) {
		return 0
	}
	return s.text[at]
}

// after returns where something begins that may have white space before it.
func (s *scanner) after(at int) int {
	if at < len(s.text) && s.text[at] > ' ' {
		return at
	}
	return s.skipSpace(at)
}

func (s *scanner) skipSpace(at int) int {
	for ; at < len(s.text); at++ {
		switch s.text[at] {
		case ' ', '\t', '\r', '\n':
		default:
			return at
		}
	}
	return at
}

// isAll reports whether there is nothing but white space from a position on.
func (s *scanner) isAll(at int) bool { return s.skipSpace(at) == len(s.text) }

// object reads an object. The values of members that l has are stored in values, if l is not nil.
func (s *scanner) object(at int, l *Layout, values []Value) int {
	if s.peek(at) != '{' || !s.open() {
		return nowhere
	}
	outer := s.known
	if at = s.after(at + 1); s.peek(at) == '}' {
		return s.close(at, outer)
	}
	for {
		at = s.after(s.member(at, outer, l, values))
		switch s.peek(at) {
		case ',':
			at = s.after(at + 1)
		case '}':
			return s.close(at, outer)
		default:
			return nowhere
		}
	}
}

// member reads a name and its value. The names of the object begin at outer.
func (s *scanner) member(at, outer int, l *Layout, values []Value) int {
	if s.peek(at) != '"' {
		return nowhere
	}
	start := at + 1
	spelt, end := s.spelling(start)
	if end == nowhere {
		return nowhere
	}
	text := s.text[start : end-1]
	hash := spelt.hash()
	value := l.find(text, &spelt, hash, values)
	if value == nil && !s.isNew(text, name{hash, int32(start), int32(end - 1)}, outer) || value != nil && *value != nil {
		return nowhere
	}
	if at = s.after(end); s.peek(at) != ':' {
		return nowhere
	}
	start = s.after(at + 1)
	end = s.value(start)
	if value != nil && end != nowhere {
		*value = octets.Of(s.text[start:end])
	}
	return end
}

// spelling reads the rest of a name, which is not empty and has no escapes.
func (s *scanner) spelling(start int) (spelling, int) {
	eight := word(s.text, start)
	if n := bits.TrailingZeros64(stops(eight)) / 8; n > 0 && n < 8 && s.peek(start+n) == '"' { // nearly always
		return spelling{first: eight & (1<<(8*n) - 1), length: n}, start + n + 1
	}
	end := plainEnd(s.text, start)
	if end == nowhere || end-1 == start {
		return spelling{}, nowhere
	}
	return spellingOf(s.text, start, end-1), end
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

func (s *scanner) close(at, outer int) int {
	s.depth--
	s.known = outer
	return at + 1
}

func (s *scanner) array(at int) int {
	if !s.open() {
		return nowhere
	}
	if at = s.after(at + 1); s.peek(at) == ']' {
		return s.close(at, s.known)
	}
	for {
		at = s.after(s.value(at))
		switch s.peek(at) {
		case ',':
			at = s.after(at + 1)
		case ']':
			return s.close(at, s.known)
		default:
			return nowhere
		}
	}
}

// strings reads an array of strings without escapes and appends them to list.
func (s *scanner) strings(at int, list []string) ([]string, int) {
	if s.peek(at) != '[' {
		return list, nowhere
	}
	if at = s.after(at + 1); s.peek(at) == ']' {
		return list, at + 1
	}
	for s.peek(at) == '"' {
		end := plainEnd(s.text, at+1)
		if end == nowhere {
			break
		}
		list = append(list, s.text[at+1:end-1])
		at = s.after(end)
		switch s.peek(at) {
		case ',':
			at = s.after(at + 1)
		case ']':
			return list, at + 1
		default:
			return list, nowhere
		}
	}
	return list, nowhere
}

func (s *scanner) value(at int) int {
	switch c := s.peek(at); c {
	case '"':
		if end := plainEnd(s.text, at+1); end != nowhere {
			return end
		}
		return s.escaped(at + 1)
	case '{':
		return s.object(at, nil, nil)
	case '[':
		return s.array(at)
	case 't':
		return s.literal(at, "true")
	case 'f':
		return s.literal(at, "false")
	case 'n':
		return s.literal(at, "null")
	default:
		if c == '-' || isDigit(c) {
			return s.number(at)
		}
		return nowhere
	}
}

func (s *scanner) literal(at int, word string) int {
	end := at + len(word)
	if end > len(s.text) || s.text[at:end] != word {
		return nowhere
	}
	return end
}

// number follows the grammar of RFC 8259, section 6.
func (s *scanner) number(at int) int {
	if s.peek(at) == '-' {
		at++
	}
	if s.peek(at) == '0' {
		at++
	} else {
		at = s.digits(at)
	}
	if s.peek(at) == '.' {
		at = s.digits(at + 1)
	}
	if s.peek(at)|0x20 == 'e' {
		if at++; s.peek(at) == '+' || s.peek(at) == '-' {
			at++
		}
		at = s.digits(at)
	}
	return at
}

// digits reads at least one digit.
func (s *scanner) digits(at int) int {
	start := at
	for areDigits(word(s.text, at)) {
		at += 8
	}
	for isDigit(s.peek(at)) {
		at++
	}
	if at == start {
		return nowhere
	}
	return at
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// areDigits reports whether eight octets are. In a digit the upper half is three, and stays so if six is added.
func areDigits(eight uint64) bool {
	const upper, six = 0xF0 * eachByte, 6 * eachByte
	return eight&upper|(eight+six)&upper>>4 == 0x33*eachByte
}

const (
	eachByte = 0x01_01_01_01_01_01_01_01
	topBits  = 0x80 * eachByte
)

// stops sets the top bit of the lowest of eight octets that is a quote, a backslash, a control character or part of a
// character that takes several octets, and of none below it. The quote, with its second bit turned, comes right after the
// control characters.
func stops(eight uint64) uint64 {
	return topBits & (eight | (eight ^ 2*eachByte - ('"'-1)*eachByte) | (eight ^ '\\'*eachByte - eachByte))
}

// plainEnd returns where a string ends of which the rest begins at start, if it is valid and has no escapes.
func plainEnd(text string, start int) int {
	for at := start; at < len(text); at += 8 {
		if found := stops(word(text, at)); found != 0 {
			at += bits.TrailingZeros64(found) / 8
			if at < len(text) && text[at] == '"' {
				return at + 1
			}
			return foreignEnd(text, start, at)
		}
	}
	return nowhere
}

// foreignEnd is plainEnd for a string with something at a position that is no plain ASCII, as characters of several octets.
func foreignEnd(text string, start, at int) int {
	for ; at < len(text) && text[at] >= ' ' && text[at] != '\\'; at++ {
		if text[at] == '"' {
			if utf8.ValidString(text[start:at]) {
				return at + 1
			}
			break
		}
	}
	return nowhere
}

// escaped reads the rest of a string that may have escapes.
func (s *scanner) escaped(start int) int {
	for at := start; at < len(s.text); {
		switch c := s.text[at]; {
		case c == '"':
			if !utf8.ValidString(s.text[start:at]) {
				return nowhere
			}
			return at + 1
		case c == '\\':
			at = s.escape(at)
		case c < ' ':
			return nowhere
		default:
			at++
		}
	}
	return nowhere
}

// escape reads one escape. Surrogates are left to the library.
func (s *scanner) escape(at int) int {
	switch s.peek(at + 1) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return at + 2
	case 'u':
		if at+6 <= len(s.text) && isCodePoint(s.text[at+2:at+6]) {
			return at + 6
		}
	}
	return nowhere
}

// isCodePoint reports whether four hexadecimal digits name a character, rather than half of one.
func isCodePoint(digits string) bool {
	return isHex(digits[0]) && isHex(digits[1]) && isHex(digits[2]) && isHex(digits[3]) &&
		(digits[0]|0x20 != 'd' || digits[1] < '8')
}

func isHex(c byte) bool { return isDigit(c) || c|0x20-'a' <= 'f'-'a' }
