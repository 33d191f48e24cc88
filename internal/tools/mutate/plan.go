package main

// plan says which tests, besides its own, a package is held against: those of packages that use it. Mutants that survive the
// package's own tests are tried with these, in this order. They are also the packages that "make mutation" mutates.
var plan = []struct {
	dir  string
	also []string
}{
	{"internal/jose", []string{"jwks", "dpop", "introspection", "adapters/oauthhttp"}},
	{"jwks", []string{"adapters/oauthhttp"}},
	{"dpop", []string{"adapters/oauthhttp"}},
	{"mtls", []string{"adapters/oauthhttp"}},
	{"middleware", []string{"adapters/oauthhttp", "jwks", "introspection", "revocation", "dpop", "mtls"}},
	{"introspection", []string{"adapters/oauthhttp"}},
	{"revocation", []string{"revocation/events", "revocation/statuslist", "adapters/oauthhttp"}},
	{"revocation/events", nil},
	{"revocation/statuslist", nil},
}

// also returns the further test packages of a package.
func also(dir string) []string {
	for _, p := range plan {
		if p.dir == dir {
			return p.also
		}
	}
	return nil
}

func planned() (dirs []string) {
	for _, p := range plan {
		dirs = append(dirs, p.dir)
	}
	return dirs
}
