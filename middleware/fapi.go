package middleware

import (
	"errors"
	"fmt"
	"slices"
)

// fapiAlgorithms are those of FAPI 2.0 Security Profile, section 5.4.1.
var fapiAlgorithms = []string{"PS256", "ES256", "EdDSA"}

// checkFAPI refuses a configuration that falls short of what FAPI 2.0 Security Profile, section 5.3.4 asks of resource
// servers.
func (c *Config) checkFAPI(v Validator, b *bindings) error {
	if !c.FAPI2 {
		return nil
	}
	accepted := describe(v)
	switch {
	case accepted.Unknown:
		return errors.New("oauth: FAPI2 needs validators that say beforehand what they accept, as those of this module do but for *jwks.Resolver")
	case slices.ContainsFunc(c.Bindings, isOtherBinding):
		return errors.New(`oauth: FAPI2 knows proofs of "jkt" and "x5t#S256" alone: leave *dpop.Verifier and *mtls.Verifier in Bindings, and nothing else`)
	case c.Revocations == nil && !accepted.NoticesRevocation:
		return errors.New("oauth: FAPI2 needs to learn of revocations: set Revocations, or have every token introspected")
	case c.AllowFormToken || c.AllowQueryToken:
		return errors.New("oauth: FAPI2 takes tokens from the Authorization field alone: leave AllowFormToken and AllowQueryToken off")
	}
	if weak := firstOther(accepted.Algorithms); weak != "" {
		return fmt.Errorf(`oauth: FAPI2 does not allow %s: set Algorithms of the validator to "PS256", "ES256" and "EdDSA", or some of them`, weak)
	}
	if b.scheme == nil {
		return nil
	}
	if weak := firstOther(b.scheme.Algorithms()); weak != "" {
		return fmt.Errorf(`oauth: FAPI2 does not allow %s: set Algorithms of the *dpop.Verifier to "PS256", "ES256" and "EdDSA", or some of them`, weak)
	}
	return nil
}

func isOtherBinding(b Binding) bool { return b.Method() != "jkt" && b.Method() != "x5t#S256" }

func firstOther(algorithms []string) string {
	i := slices.IndexFunc(algorithms, func(name string) bool { return !slices.Contains(fapiAlgorithms, name) })
	if i < 0 {
		return ""
	}
	return algorithms[i]
}
