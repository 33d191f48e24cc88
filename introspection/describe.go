package introspection

import "github.com/bearergate/bearergate/middleware"

// Describe implements middleware.Describer.
func (v *Validator) Describe() middleware.Acceptance {
	a := middleware.Acceptance{NoticesRevocation: true}
	if v.issuer != "" {
		a.Issuers = []string{v.issuer}
	}
	return a
}
