package strictjson

import (
	"bytes"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// Members is Object for a document whose parts are judged one by one: duplicate names are refused among the members
// of the object itself. Duplicates and nesting further down are left for whoever reads a member.
// The error is ErrSyntax or ErrType.
func Members(data []byte) (map[string]Value, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))
	switch d.PeekKind() {
	case jsontext.KindBeginObject:
	case jsontext.KindInvalid:
		return nil, ErrSyntax
	default:
		return nil, ErrType
	}
	members, err := readMembers(d)
	if err != nil {
		return nil, ErrSyntax
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, ErrSyntax
	}
	return members, nil
}

func readMembers(d *jsontext.Decoder) (map[string]Value, error) {
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	members := make(map[string]Value)
	for d.PeekKind() == jsontext.KindString {
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		if _, duplicate := members[name]; duplicate {
			return nil, ErrSyntax
		}
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		members[name] = value.Clone()
	}
	_, err := d.ReadToken()
	return members, err
}

// Elements returns the elements of data, which must be one JSON array. Like Members it leaves duplicate names and nesting
// inside an element to whoever reads that element.
// The error is ErrSyntax or ErrType.
func Elements(data []byte) ([]Value, error) {
	var elements []Value
	if err := decode(data, &elements, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, err
	}
	if elements == nil {
		return nil, ErrType // null
	}
	return elements, nil
}
