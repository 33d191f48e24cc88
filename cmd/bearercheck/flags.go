package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/upstream"
	"github.com/bearergate/bearergate/jwks"
)

// options are the flags.
type options struct {
	issuer, profile               string
	audiences, algorithms, scopes list
	leeway                        time.Duration
	jwksURL, jwksFile, secretFile string
	tokenFile, tokenEnv           string
	url                           string
	sendToken                     bool
	allowLoopbackHTTP             bool
	caFile                        string
	timeout                       time.Duration
	json                          bool
}

// profiles are the values of -profile.
var profiles = []jwks.Profile{
	jwks.RFC9068, jwks.Keycloak, jwks.Entra, jwks.Okta, jwks.Auth0, jwks.Cognito, jwks.Generic,
}

// parseFlags reads the command line. Help, if asked for, goes to stderr.
func parseFlags(args []string, stderr io.Writer) (options, error) {
	o := options{profile: string(jwks.RFC9068)}
	if err := refuseToken(args); err != nil {
		return o, err
	}
	set := flag.NewFlagSet("bearercheck", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	o.declare(set)
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		set.SetOutput(stderr)
		fmt.Fprintln(stderr, "usage: bearercheck -issuer URL -audience ID [flags] < token")
		fmt.Fprintln(stderr, "       bearercheck -url URL [-send-token] [flags]")
		set.PrintDefaults()
		return o, err
	case err != nil:
		return o, err
	case set.NArg() > 0:
		return o, errArgument
	}
	return o, o.check()
}

func (o *options) declare(set *flag.FlagSet) {
	set.StringVar(&o.issuer, "issuer", "", "issuer `URL`, as jwks.Config.Issuer")
	set.Var(&o.audiences, "audience", "`identifier` of the service, as jwks.Config.Audience; repeatable")
	set.StringVar(&o.profile, "profile", o.profile, "`kind` of tokens, as jwks.Config.Profile: "+profileNames())
	set.Var(&o.algorithms, "alg", "accepted signature `algorithm`; repeatable (default the kit's)")
	set.DurationVar(&o.leeway, "leeway", 0, "`duration` the issuer's clock may be off (default the kit's, negative for none)")
	set.StringVar(&o.jwksURL, "jwks-url", "", "key set `URL` (default found by discovery)")
	set.StringVar(&o.jwksFile, "jwks-file", "", "`file` with the key set instead")
	set.StringVar(&o.secretFile, "hs256-secret-file", "", "`file` with the shared secret instead, at least 32 bytes")
	set.Var(&o.scopes, "scope", "`scope` that the route requires; repeatable")

	set.StringVar(&o.tokenFile, "token-file", "", "`file` with the token, - for standard input (the default)")
	set.StringVar(&o.tokenEnv, "token-env", "", "`name` of the environment variable with the token")

	set.StringVar(&o.url, "url", "", "`URL` of a running service to look at")
	set.BoolVar(&o.sendToken, "send-token", false, "send the token to -url, and to nobody else")

	set.BoolVar(&o.allowLoopbackHTTP, "allow-loopback-http", false, "allow http URLs of loopback hosts, for tests")
	set.StringVar(&o.caFile, "ca-file", "", "`file` with the certificates to trust instead of the system's, in PEM form")
	set.DurationVar(&o.timeout, "timeout", 5*time.Second, "`duration` of one request, at most, and at most 1m")
	set.BoolVar(&o.json, "json", false, "write the report as JSON")
}

func profileNames() string {
	var names []string
	for _, p := range profiles {
		names = append(names, string(p))
	}
	return strings.Join(names, ", ")
}

var (
	errArgument = errors.New("everything is a flag, and a token is never an argument: other processes could read it. " +
		"Pipe it in, or use -token-file or -token-env")
	errNothing = errors.New("-issuer or -url is required: whose tokens are accepted, or which service is to be looked at")
)

// refuseToken finds tokens on the command line before anything could repeat them in an error.
func refuseToken(args []string) error {
	for _, arg := range args {
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		named := strings.HasPrefix(arg, "-") && slices.Contains([]string{"token", "access-token", "bearer", "t"}, name)
		if named || strings.Contains(arg, "eyJ") && strings.Count(arg, ".") >= 2 {
			return errArgument
		}
	}
	return nil
}

func (o *options) check() error {
	switch {
	case o.issuer == "" && o.url == "":
		return errNothing
	case !slices.Contains(profiles, jwks.Profile(o.profile)):
		return errors.New("-profile: use one of " + profileNames())
	case o.tokenFile != "" && o.tokenEnv != "":
		return errors.New("-token-file and -token-env exclude each other, set one")
	case o.sendToken && o.url == "":
		return errors.New("-send-token needs -url: the service to send the token to")
	case slices.ContainsFunc(o.scopes, notScope):
		return errors.New("-scope: one scope, without white space, quotes and backslashes; repeat the flag for more")
	case o.timeout < time.Millisecond || o.timeout > time.Minute:
		return errors.New("-timeout must be between 1ms and 1m, with its unit, such as 5s")
	case o.issuer == "" && len(o.audiences)+len(o.algorithms) > 0:
		return errors.New("-audience and -alg need -issuer: without it no token is judged here")
	}
	if err := o.checkLoopback(); err != nil || o.url == "" {
		return err
	}
	if err := upstream.CheckURL(o.url, o.allowLoopbackHTTP); err != nil {
		return fmt.Errorf("-url: %w", err)
	}
	return nil
}

// checkLoopback names the flag that http needs, where the kit would name a field.
func (o *options) checkLoopback() error {
	for _, given := range []struct{ flag, url string }{{"issuer", o.issuer}, {"jwks-url", o.jwksURL}, {"url", o.url}} {
		if upstream.CheckURL(given.url, o.allowLoopbackHTTP) != nil && upstream.CheckURL(given.url, true) == nil {
			return fmt.Errorf("-%s: the URL must be https, not http; for a server on this machine add -allow-loopback-http",
				given.flag)
		}
	}
	return nil
}

// notScope applies the grammar of RFC 6749, section 3.3.
func notScope(scope string) bool {
	return scope == "" || strings.ContainsFunc(scope, func(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' })
}

// list is a flag that may be given more than once.
type list []string

func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func (l *list) String() string { return strings.Join(*l, " ") }
