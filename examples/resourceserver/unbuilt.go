package main

import (
	"flag"
	"fmt"
)

// unbuilt lists the flags whose feature is still to come, each with the value that does not ask for it.
var unbuilt = []struct {
	flag, feature string
	idle          any
}{
	{"dpop", "DPoP", "off"},
	{"dpop-nonce", "DPoP", false},
	{"tls-cert", "TLS", ""},
	{"tls-key", "TLS", ""},
	{"trusted-proxy", "certificate-bound tokens", ""},
	{"redis-url", "Redis", ""},
	{"set-issuer", "security event tokens", ""},
	{"set-jwks-url", "security event tokens", ""},
	{"set-audience", "security event tokens", ""},
	{"logout-client-id", "back-channel logout", ""},
}

func declareUnbuilt(set *flag.FlagSet) {
	for _, u := range unbuilt {
		usage := "not in this build: " + u.feature
		switch idle := u.idle.(type) {
		case bool:
			set.Bool(u.flag, idle, usage)
		case string:
			set.String(u.flag, idle, usage)
		}
	}
}

// refuseUnbuilt returns an error for the first flag that asks for a feature this build does not have: to ignore it would
// be to serve with less protection than was asked for.
func refuseUnbuilt(set *flag.FlagSet) error {
	for _, u := range unbuilt {
		if f := set.Lookup(u.flag); f.Value.String() != f.DefValue {
			return fmt.Errorf("-%s: this build does not support %s yet", u.flag, u.feature)
		}
	}
	return nil
}
