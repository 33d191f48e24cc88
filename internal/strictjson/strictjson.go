// Package strictjson reads JSON (RFC 8259) so that no two parsers can disagree about it: one value, exact member
// names, no duplicate members at any depth, valid UTF-8, bounded nesting. RFC 7515 section 4 and RFC 7519 section 4
// allow a recipient to refuse duplicates; refusing closes the gap between readers that take the first and the last.
//
// All functions are safe for concurrent use. No error carries any octet of the input.
package strictjson

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bearergate/bearergate/internal/octets"
)

// MaxDepth is the deepest nesting of objects and arrays that is read.
const MaxDepth = 32

// Value is one raw, syntactically valid JSON value. A nil Value means that a member was absent.
type Value = jsontext.Value

var (
	// ErrSyntax says that the input is not exactly one strict JSON value.
	ErrSyntax = errors.New("json: not one strict value")
	// ErrDepth says that the input nests deeper than MaxDepth.
	ErrDepth = errors.New("json: nested too deeply")
	// ErrType says that a JSON value and a Go type do not fit each other.
	ErrType = errors.New("json: value of an unexpected type")
)

// Unmarshal reads exactly one JSON value from data into v, a non-nil pointer.
// Object members that v has no field for are skipped, yet held to the same rules.
// The error is ErrSyntax, ErrDepth or ErrType.
func Unmarshal(data []byte, v any) error {
	return unmarshal(data, v)
}

// UnmarshalKnown is Unmarshal for objects whose every member has a meaning: one that v has no field for is ErrType.
func UnmarshalKnown(data []byte, v any) error {
	if !shallow(data) {
		return ErrDepth
	}
	return decode(data, v, json.RejectUnknownMembers(true))
}

// Object reads data, which must be one JSON object, and returns its members.
// The error is ErrSyntax, ErrDepth or ErrType.
func Object(data []byte) (map[string]Value, error) {
	var members map[string]Value
	if err := unmarshal(data, &members); err != nil {
		return nil, err
	}
	if members == nil {
		return nil, ErrType // null
	}
	return members, nil
}

// String returns the text of v and whether v is a JSON string. The text may share the memory of v, which must not change
// any more.
func String(v Value) (string, bool) {
	if len(v) < 2 || v[0] != '"' {
		return "", false
	}
	if plainEnd(octets.Text(v), 1) == len(v) {
		return octets.Text(v[1 : len(v)-1]), true
	}
	text, err := jsontext.AppendUnquote(nil, v)
	return string(text), err == nil
}

// Text is String for a value that this package has read, and so need not look at again.
func Text(v Value) (string, bool) {
	if len(v) < 2 || v[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return octets.Text(v[1 : len(v)-1]), true
	}
	return String(v)
}

// Strings appends the elements of v, an array of strings, to list. It reports false for anything else. The texts may share
// the memory of v, which must not change any more.
func Strings(list []string, v Value) ([]string, bool) {
	s := scanner{text: octets.Text(v)}
	if appended, end := s.strings(0, list); s.isAll(end) {
		return appended, true
	}
	var elements []Value
	if v.Kind() != jsontext.KindBeginArray || unmarshal(v, &elements) != nil {
		return list, false
	}
	for _, element := range elements {
		text, ok := String(element)
		if !ok {
			return list, false
		}
		list = append(list, text)
	}
	return list, true
}

// Marshal writes v with the members of maps in sorted order, so that equal values give equal octets.
// The error is ErrType.
func Marshal(v any) ([]byte, error) {
	data, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return nil, ErrType
	}
	return data, nil
}

func unmarshal(data []byte, v any) error {
	if !shallow(data) {
		return ErrDepth
	}
	return decode(data, v)
}

// decode leaves nesting to the library, which gives up at ten thousand.
func decode(data []byte, v any, options ...json.Options) error {
	err := json.Unmarshal(data, v, options...)
	if err == nil {
		return nil
	}
	// The library's texts quote member names and values.
	if _, ok := errors.AsType[*json.SemanticError](err); ok && Value(data).IsValid() {
		return ErrType
	}
	return ErrSyntax
}

// shallow reports whether data nests at most MaxDepth levels. It tracks strings just as a parser does up to the
// first syntax error, where the parser stops; what comes after it does not matter.
func shallow(data []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{', c == '[':
			if depth++; depth > MaxDepth {
				return false
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return true
}
