package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
)

// needs lists the flags that mean nothing without another one.
var needs = []struct {
	flag  string
	oneOf []string
}{
	{"jwks-file", []string{"issuer"}},
	{"hs256-secret-file", []string{"issuer"}},
	{"status-list-prefix", []string{"issuer"}},
	{"introspection-url", []string{"introspection-client-id"}},
	{"introspection-client-id", []string{"introspection-client-secret-file"}},
	{"introspection-client-id", []string{"introspection-url", "revocation-url"}},
	{"introspection-client-secret-file", []string{"introspection-client-id"}},
	{"introspection-mode", []string{"introspection-url"}},
	{"introspection-cache-ttl", []string{"introspection-url"}},
	{"introspection-negative-ttl", []string{"introspection-url"}},
	{"introspection-jwt", []string{"introspection-url"}},
	{"introspection-jwt", []string{"issuer"}},
	{"set-issuer", []string{"set-audience"}},
	{"set-issuer", []string{"issuer"}},
	{"set-jwks-url", []string{"set-issuer"}},
	{"set-audience", []string{"set-issuer"}},
	{"set-authorization-file", []string{"set-issuer"}},
	{"logout-client-id", []string{"issuer"}},
	{"dpop", []string{"resource"}},
	{"dpop-nonce", []string{"dpop"}},
	{"dpop-nonce-key-file", []string{"dpop-nonce"}},
	{"tls-cert", []string{"tls-key"}},
	{"tls-key", []string{"tls-cert"}},
	{"revocation-url", []string{"introspection-client-id"}},
}

// emptied returns a flag of protection that was given an empty value, as a shell does whose variable is not set; "" if there
// is none. The flags of where things are may be empty.
func emptied(set *flag.FlagSet) (name string) {
	set.Visit(func(f *flag.Flag) {
		if f.Value.String() == "" && slices.Contains(mustSay, f.Name) {
			name = f.Name
		}
	})
	return name
}

var mustSay = []string{
	"redis-url", "resource", "set-issuer", "set-audience", "set-authorization-file", "logout-client-id", "revocation-url",
	"dpop-nonce-key-file", "tls-cert", "tls-key", "hs256-secret-file", "jwks-file",
}

// refuseIncomplete returns an error for the first flag that was given without another one it needs: to ignore it would be
// to serve with less protection than was asked for.
func refuseIncomplete(set *flag.FlagSet) error {
	given := func(name string) bool {
		f := set.Lookup(name)
		return f.Value.String() != f.DefValue
	}
	if name := emptied(set); name != "" {
		return fmt.Errorf("-%s must not be empty: leave it out instead", name)
	}
	for _, n := range needs {
		if given(n.flag) && !slices.ContainsFunc(n.oneOf, given) {
			return fmt.Errorf("-%s needs -%s", n.flag, strings.Join(n.oneOf, " or -"))
		}
	}
	return nil
}
