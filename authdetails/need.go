package authdetails

import (
	"context"
	"slices"

	"github.com/bearergate/bearergate/middleware"
)

// Need is what a route asks of a token's authorization details, in the members common to all types. Strings compare
// exactly. What it leaves open is not judged. It must not change once a route uses it.
type Need struct {
	// Type is the type of the details. Required.
	Type string
	// Location is the identifier of this resource server. An object that lists locations counts only if this is one of
	// them.
	Location string
	// Actions, DataTypes and Privileges are all needed, every one of them together with every one of the others: to read
	// and write contacts, both has to be granted for contacts, in one object or in two.
	Actions, DataTypes, Privileges []string
	// Identifier is the one resource that is meant. Default: none in particular, and an object for a certain resource
	// does not suffice.
	Identifier string
}

// Check is for middleware.Policy.Check. It returns nil for a token that grants what n asks for, and an error that leads to
// 403 for any other.
func (n Need) Check(_ context.Context, t middleware.Token) error {
	if n.Type == "" {
		return errIncomplete
	}
	granted, err := objects(t, n.Type, n.Location)
	if err != nil {
		return err
	}
	for _, action := range orNone(n.Actions) {
		for _, dataType := range orNone(n.DataTypes) {
			for _, privilege := range orNone(n.Privileges) {
				permits := func(o object) bool {
					return n.covers(&o) && has(o.Actions, action) && has(o.DataTypes, dataType) && has(o.Privileges, privilege)
				}
				if !slices.ContainsFunc(granted, permits) {
					return errInsufficient
				}
			}
		}
	}
	return nil
}

// covers reports whether the object is about the resource that is meant.
func (n Need) covers(o *object) bool {
	return o.Identifier == nil || n.Identifier != "" && *o.Identifier == n.Identifier
}

// orNone stands in for a list without demands.
func orNone(demands []string) []*string {
	if len(demands) == 0 {
		return []*string{nil}
	}
	list := make([]*string, len(demands))
	for i := range demands {
		list[i] = &demands[i]
	}
	return list
}

func has(granted []string, demand *string) bool {
	return demand == nil || slices.Contains(granted, *demand)
}
