// Package authdetails asks for more than scopes can say: the authorization_details of a token (RFC 9396).
//
// A [Need] covers the members that RFC 9396, section 2.2 defines for every type. [Permit] covers types with members of
// their own. Both are for middleware.Policy.Check:
//
//	middleware.Policy{Check: authdetails.Need{Type: "account", Actions: []string{"read"}}.Check}
//
// A token whose details do not suffice is answered with insufficient_scope, one whose details are malformed with
// invalid_token.
package authdetails

import (
	"context"
	"errors"
	"slices"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

var (
	errMalformed    = errors.New("authorization_details is not an array of objects with a type")
	errInsufficient = errors.New("no authorization details of the token permit this")
	errIncomplete   = errors.New("authdetails: a type is required, and for Permit a function")
)

// common are the members that RFC 9396, section 2.2 defines for every type.
type common struct {
	Type       string  `json:"type"`
	Locations  texts   `json:"locations"`
	Actions    texts   `json:"actions"`
	DataTypes  texts   `json:"datatypes"`
	Identifier *string `json:"identifier"`
	Privileges texts   `json:"privileges"`
}

// texts is an array of strings. A decoder would take null for an empty one.
type texts []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *texts) UnmarshalJSON(data []byte) error {
	var elements []strictjson.Value
	if err := strictjson.Unmarshal(data, &elements); err != nil || elements == nil {
		return errMalformed
	}
	*l = texts{}
	for _, element := range elements {
		text, ok := strictjson.String(element)
		if !ok {
			return errMalformed
		}
		*l = append(*l, text)
	}
	return nil
}

// object is one of a token's authorization details.
type object struct {
	common
	raw strictjson.Value
}

// at reports whether the object is about location. One that names no locations is about all; without a location of our
// own, only such apply.
func (o *object) at(location string) bool {
	return o.Locations == nil || location != "" && slices.Contains(o.Locations, location)
}

// objects returns the details of one type that apply at location.
func objects(t middleware.Token, typ, location string) ([]object, error) {
	if t.Claims == nil {
		return nil, nil
	}
	claims, err := middleware.Claims[struct {
		Details strictjson.Value `json:"authorization_details"`
	}](t)
	if err != nil {
		return nil, malformed()
	}
	if claims.Details == nil {
		return nil, nil
	}
	var all []strictjson.Value
	if err := strictjson.Unmarshal(claims.Details, &all); err != nil || all == nil {
		return nil, malformed()
	}
	var found []object
	for _, raw := range all {
		o, err := read(raw, typ)
		if err != nil {
			return nil, err
		}
		if o != nil && o.at(location) {
			found = append(found, *o)
		}
	}
	return found, nil
}

// read returns the object if it has the type, nil if it has another. The members of other types are not ours to judge.
func read(raw strictjson.Value, typ string) (*object, error) {
	var head struct {
		Type       strictjson.Value `json:"type"`
		Identifier strictjson.Value `json:"identifier"`
	}
	if err := strictjson.Unmarshal(raw, &head); err != nil || raw.Kind() != '{' {
		return nil, malformed()
	}
	switch name, ok := strictjson.String(head.Type); {
	case !ok:
		return nil, malformed()
	case name != typ:
		return nil, nil
	}
	// What narrows an object must not vanish by being null.
	odd := head.Identifier != nil && head.Identifier.Kind() == 'n'
	o := object{raw: raw}
	if err := strictjson.Unmarshal(raw, &o.common); err != nil || odd {
		return nil, malformed()
	}
	return &o, nil
}

func malformed() error { return middleware.Reject(middleware.ReasonMalformedClaim, errMalformed) }

// Permit returns a check for middleware.Policy.Check that admits a token if permits returns true for one of its
// authorization details of type typ. permits sees one object at a time, because what several objects grant must not be
// mixed; it must be safe for concurrent use. Member names match exactly, case included.
//
// An object that lists locations counts only if location, the identifier of this resource server, is one of them.
func Permit[T any](typ, location string, permits func(T) bool) func(context.Context, middleware.Token) error {
	return func(_ context.Context, t middleware.Token) error {
		if typ == "" || permits == nil {
			return errIncomplete
		}
		found, err := objects(t, typ, location)
		if err != nil {
			return err
		}
		for _, o := range found {
			var detail T
			if err := strictjson.Unmarshal(o.raw, &detail); err != nil {
				return malformed()
			}
			if permits(detail) {
				return nil
			}
		}
		return errInsufficient
	}
}
