package middleware

import "slices"

// Describer is implemented by validators that can say beforehand which tokens they honour. A Guard derives metadata from
// it and checks what FAPI2 asks for. The validators of this module, [ByFormat] and [All] implement it; that of a resolver
// of issuers says that it does not know.
type Describer interface {
	// Describe does no I/O and always returns the same.
	Describe() Acceptance
}

// Acceptance says which tokens a Validator honours.
type Acceptance struct {
	// Issuers are the authorization servers; empty when they are not known beforehand.
	Issuers []string
	// Algorithms are the signature algorithms of tokens that are judged by their signature alone.
	Algorithms []string
	// NoticesRevocation: a token that its authorization server revoked is noticed.
	NoticesRevocation bool
	// Token68: whatever is no token68 (RFC 9110, section 11.2) is refused, and nobody is asked about it. A Guard then looks
	// at the syntax of refused tokens only; otherwise it looks first.
	Token68 bool
	// Unknown: there is a validator that does not say.
	Unknown bool
}

func describe(v Validator) Acceptance {
	if d, ok := v.(Describer); ok {
		return d.Describe()
	}
	return Acceptance{Unknown: true}
}

// Describe implements Describer.
func (v byFormat) Describe() Acceptance {
	both := Acceptance{NoticesRevocation: true, Token68: true} // what ByFormat puts before each sees to that
	for _, each := range []Validator{v.jwt, v.opaque} {
		if each == nil {
			continue
		}
		a := describe(each)
		both.Issuers = union(both.Issuers, a.Issuers)
		both.Algorithms = union(both.Algorithms, a.Algorithms)
		both.NoticesRevocation = both.NoticesRevocation && a.NoticesRevocation
		both.Unknown = both.Unknown || a.Unknown
	}
	return both
}

// Describe implements Describer.
func (v all) Describe() Acceptance {
	var every Acceptance
	for i, each := range v {
		a := describe(each)
		if i == 0 {
			// The first says what a token means, and the others see only what it honours.
			every.Issuers, every.Token68 = a.Issuers, a.Token68
		}
		every.Algorithms = union(every.Algorithms, a.Algorithms)
		every.NoticesRevocation = every.NoticesRevocation || a.NoticesRevocation
		every.Unknown = every.Unknown || a.Unknown
	}
	return every
}

func union(a, b []string) []string {
	merged := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(merged, s) {
			merged = append(merged, s)
		}
	}
	return merged
}
