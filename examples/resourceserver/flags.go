package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/jwks"
)

// options are the flags. Zero values of the durations mean the kit's defaults.
type options struct {
	addr, adapter string

	issuers, jwksURLs    list
	jwksFile, secretFile string
	audiences            list
	profile              string
	algorithms           list
	insecureHTTP         bool

	introspectionURL, revocationURL string
	clientID, clientSecretFile      string
	introspectionMode               string
	introspectionJWT                bool

	leeway, maxStale, cooldown, fetchTimeout duration
	cacheTTL, negativeTTL                    duration

	statusListPrefixes list

	redisURL         string
	maxTokenLifetime duration

	setIssuer, setJWKSURL, setAudience string
	setAuthorizationFile               string
	logoutClientID                     string

	dpop             string
	dpopNonce        bool
	dpopNonceKeyFile string
	tlsCert, tlsKey  string
	trustedProxies   prefixes

	resource   string
	realm      string
	tokenCache string
}

// parseFlags reads the command line. Help, if asked for, goes to stderr.
func parseFlags(args []string, stderr io.Writer) (options, error) {
	o := options{adapter: "nethttp", profile: string(jwks.RFC9068), introspectionMode: modeOpaque, dpop: dpopOff, tokenCache: "on", maxTokenLifetime: -1}
	set := flag.NewFlagSet("resourceserver", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	o.declare(set)
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		set.SetOutput(stderr)
		set.PrintDefaults()
		return o, err
	case err != nil:
		return o, err
	case set.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q: everything is a flag", set.Arg(0))
	}
	return o, refuseIncomplete(set)
}

func (o *options) declare(set *flag.FlagSet) {
	set.StringVar(&o.addr, "addr", "127.0.0.1:8080", "listen `address`; port 0 picks one")
	set.Var(choice{&o.adapter, slices.Sorted(maps.Keys(adapters))}, "adapter", "`framework` to serve with: nethttp, echo or gin")

	set.Var(&o.issuers, "issuer", "trusted issuer `URL`; repeatable")
	set.Var(&o.jwksURLs, "jwks-url", "key set `URL` of the issuer with the same position, empty for discovery; repeatable")
	set.StringVar(&o.jwksFile, "jwks-file", "", "`file` with the key set of every issuer instead")
	set.StringVar(&o.secretFile, "hs256-secret-file", "", "`file` with the symmetric key of every issuer instead, at least 32 bytes")
	set.Var(&o.audiences, "audience", "accepted `audience`; repeatable")
	set.Var(choice{&o.profile, profiles}, "profile", "`kind` of tokens: rfc9068, keycloak, entra, okta, auth0, cognito or generic")
	set.Var(&o.algorithms, "alg", "accepted signature `algorithm`; repeatable (default the kit's)")
	set.BoolVar(&o.insecureHTTP, "insecure-http", false, "allow http URLs of loopback hosts, for tests")

	set.StringVar(&o.introspectionURL, "introspection-url", "", "introspection `URL` of the first issuer, or of the only server there is without one")
	set.StringVar(&o.clientID, "introspection-client-id", "", "`name` of this service there")
	set.StringVar(&o.clientSecretFile, "introspection-client-secret-file", "", "`file` with its secret")
	set.Var(choice{&o.introspectionMode, []string{modeOpaque, modeAll}}, "introspection-mode", "`tokens` to introspect beside -issuer: opaque, those that are no JWTs, or all, JWTs after their own checks")
	set.Var(&o.cacheTTL, "introspection-cache-ttl", "`duration` an active token is believed to stay so (default the kit's, 0 for none)")
	set.Var(&o.negativeTTL, "introspection-negative-ttl", "`duration` a refused token is believed to stay so (default the kit's, 0 for none)")
	set.BoolVar(&o.introspectionJWT, "introspection-jwt", false, "demand introspection answers that the first issuer has signed")
	set.StringVar(&o.revocationURL, "revocation-url", "", "revocation `URL` of the same server, with the same name and secret")

	set.Var(&o.leeway, "leeway", "`duration` the issuer's clock may be off (default the kit's, 0 for none)")
	set.Var(&o.maxStale, "jwks-max-stale", "`duration` keys may be used past their lifetime while the issuer is down (default the kit's, 0 for none)")
	set.Var(&o.cooldown, "jwks-cooldown", "`duration` between fetches for unknown keys, at least (default the kit's)")
	set.Var(&o.fetchTimeout, "fetch-timeout", "`duration` of a fetch, at most (default the kit's)")

	set.Var(&o.statusListPrefixes, "status-list-prefix", "`URL` prefix that token status lists of the issuer may be fetched from; repeatable")

	set.StringVar(&o.redisURL, "redis-url", "", "`URL` of the Redis by which replicas share what is revoked, used DPoP proofs and introspection answers")
	set.Var(&o.maxTokenLifetime, "max-token-lifetime", "`duration` that the issuer's tokens live at most, and so revocations are remembered (default without end)")

	set.StringVar(&o.setIssuer, "set-issuer", "", "`issuer` of security event tokens, which are accepted at POST /events")
	set.StringVar(&o.setJWKSURL, "set-jwks-url", "", "key set `URL` of that issuer (default found by discovery)")
	set.StringVar(&o.setAudience, "set-audience", "", "`audience` of these tokens: who this server is to their issuer")
	set.StringVar(&o.setAuthorizationFile, "set-authorization-file", "", "`file` with the Authorization field that their issuer sends")
	set.StringVar(&o.logoutClientID, "logout-client-id", "", "`client` of the issuer whose logout tokens are accepted at POST /backchannel-logout")

	set.Var(choice{&o.dpop, []string{dpopOff, dpopAllowed, dpopRequired}}, "dpop", "DPoP-bound `tokens`: off, allowed or required")
	set.BoolVar(&o.dpopNonce, "dpop-nonce", false, "demand nonces of this server in DPoP proofs")
	set.StringVar(&o.dpopNonceKeyFile, "dpop-nonce-key-file", "", "`file` with the key of these nonces that replicas share, at least 32 bytes (default a key of this process)")
	set.StringVar(&o.tlsCert, "tls-cert", "", "`file` with the certificate to serve TLS with; client certificates are asked for")
	set.StringVar(&o.tlsKey, "tls-key", "", "`file` with its key")
	set.Var(&o.trustedProxies, "trusted-proxy", "`network` whose Client-Cert field is believed, instead of the connection's certificate; repeatable")

	set.StringVar(&o.resource, "resource", "", "external base `URL` of this server, for its metadata and for DPoP")
	set.StringVar(&o.realm, "realm", "", "`realm` of the challenges (default the kit's)")
	set.Var(choice{&o.tokenCache, []string{"on", "off"}}, "token-cache", "cache of verified tokens, `on or off`")
}

var profiles = []string{
	string(jwks.RFC9068), string(jwks.Keycloak), string(jwks.Entra), string(jwks.Okta),
	string(jwks.Auth0), string(jwks.Cognito), string(jwks.Generic),
}

// list is a flag that may be given more than once.
type list []string

func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func (l *list) String() string { return strings.Join(*l, " ") }

// choice is a flag with a few possible values.
type choice struct {
	value *string
	among []string
}

func (c choice) Set(s string) error {
	if !slices.Contains(c.among, s) {
		return fmt.Errorf("use one of %s", strings.Join(c.among, ", "))
	}
	*c.value = s
	return nil
}

func (c choice) String() string {
	if c.value == nil { // the flag package asks a zero value for its default
		return ""
	}
	return *c.value
}

// duration is a flag whose default is the kit's. Zero on the command line means none, which the kit writes as a negative
// value.
type duration time.Duration

func (d *duration) Set(s string) error {
	parsed, err := time.ParseDuration(s)
	if err != nil {
		return errors.New("use a duration such as 30s or 5m")
	}
	if parsed == 0 {
		parsed = -1
	}
	*d = duration(parsed)
	return nil
}

func (d *duration) String() string { return time.Duration(*d).String() }
