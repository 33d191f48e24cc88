package middleware

import (
	"iter"
	"slices"
	"strings"
)

// Confirmation says which keys a token is bound to: the members of its cnf claim (RFC 7800, section 3). It is immutable;
// its zero value is the confirmation of a plain bearer token.
type Confirmation struct {
	_ [0]func() // not comparable: two with the same members need not be equal
	// bound is nil for most tokens, many of which are held in caches.
	bound *[]confirmationMember
}

type confirmationMember struct{ method, value string }

// NewConfirmation returns a confirmation with one member for each method, such as "jkt" (RFC 9449, section 6.1) or
// "x5t#S256" (RFC 8705, section 3.1). The value of a member that is not a JSON string is its JSON text.
func NewConfirmation(members map[string]string) Confirmation {
	if len(members) == 0 {
		return Confirmation{}
	}
	bound := make([]confirmationMember, 0, len(members))
	for method, value := range members {
		bound = append(bound, confirmationMember{method, value})
	}
	slices.SortFunc(bound, func(a, b confirmationMember) int { return strings.Compare(a.method, b.method) })
	return Confirmation{bound: &bound}
}

func (c Confirmation) members() []confirmationMember {
	if c.bound == nil {
		return nil
	}
	return *c.bound
}

// IsZero reports whether the token is bound to nothing.
func (c Confirmation) IsZero() bool { return c.bound == nil }

// Value returns the value of one member and whether the token has it.
func (c Confirmation) Value(method string) (string, bool) {
	for _, m := range c.members() {
		if m.method == method {
			return m.value, true
		}
	}
	return "", false
}

// All yields each method with its value, ordered by method.
func (c Confirmation) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, m := range c.members() {
			if !yield(m.method, m.value) {
				return
			}
		}
	}
}
