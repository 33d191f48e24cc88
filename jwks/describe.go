package jwks

import (
	"maps"
	"slices"

	"github.com/bearergate/bearergate/middleware"
)

// Describe implements middleware.Describer.
func (v *Validator) Describe() middleware.Acceptance {
	a := middleware.Acceptance{Issuers: []string{v.issuer}, Token68: true}
	for _, alg := range v.allowed {
		a.Algorithms = append(a.Algorithms, string(alg))
	}
	return a
}

// Describe implements middleware.Describer.
func (r *Router) Describe() middleware.Acceptance {
	every := middleware.Acceptance{Token68: true}
	for _, issuer := range slices.Sorted(maps.Keys(r.byIssuer)) {
		a := r.byIssuer[issuer].Describe()
		every.Issuers = append(every.Issuers, a.Issuers...)
		for _, alg := range a.Algorithms {
			if !slices.Contains(every.Algorithms, alg) {
				every.Algorithms = append(every.Algorithms, alg)
			}
		}
	}
	return every
}

// Describe implements middleware.Describer. Which issuers there will be, and with what algorithms, is not known.
func (*Resolver) Describe() middleware.Acceptance {
	return middleware.Acceptance{Token68: true, Unknown: true}
}
