// Command bearercheck says why an access token is refused, or that it is not, and what to change.
//
//	bearercheck -issuer https://login.example.com -audience https://api.example.com < token
//
// It judges the token with the same code that a service runs, under the configuration that the flags describe, and shows
// each step of the decision. Where the token fails, it goes on as if that were put right, so that one run shows all that is
// wrong. It looks at the issuer's metadata, key set and clock, and suggests the jwks.Config that accepts the token, with
// what that would loosen, or says why none should.
//
// The token is read from standard input, from a file (-token-file) or from an environment variable (-token-env). It is never
// taken as an argument, which every process of the machine could read. It is never printed, and of its claims only names,
// and the values of those that name parties, times and scopes. It is sent nowhere, but to the service under test if
// -send-token says so.
//
// With -url it looks at a running service by GET requests: the challenge to one without a token, the metadata (RFC 9728) of
// the service, and with -send-token the answer to one with the token:
//
//	bearercheck -url https://api.example.com/orders
//	bearercheck -url https://api.example.com/orders -send-token < token
//
// Nothing but the issuer that -issuer names, and that host alone if the token names another one there, the key set that it
// points to, and the service that -url names is ever contacted. What is said of a token before its signature was verified is
// marked as unverified.
//
// The exit status is 0 if the token is accepted (without a token: if the service challenges as it should), 1 if it is
// refused, 2 for a mistake on the command line, and 3 if that could not be found out. With -json the report is one JSON
// object. docs/reasons.md explains every reason code.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/bearergate/bearergate/internal/upstream"
)

// The exit statuses.
const (
	exitAccepted = 0
	exitRefused  = 1
	exitMistake  = 2
	exitUnknown  = 3
)

// world is what the program sees of its surroundings.
type world struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	now            func() time.Time
	client         *http.Client // nil for one of our own
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], world{os.Stdin, os.Stdout, os.Stderr, os.Getenv, time.Now, nil}))
}

// run writes the report and returns the exit status.
func run(ctx context.Context, args []string, w world) int {
	o, err := parseFlags(args, w.stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitAccepted
	}
	if err != nil {
		return mistake(w, err)
	}
	if w.client, err = o.client(w.client); err != nil {
		return mistake(w, err)
	}
	token, err := o.readToken(w)
	if err != nil {
		return mistake(w, err)
	}
	r, err := examine(ctx, o, w, token)
	if err != nil {
		return mistake(w, err)
	}
	if err := r.write(w.stdout, o.json); err != nil {
		fmt.Fprintln(w.stderr, "bearercheck:", err)
		return exitUnknown
	}
	return r.exit()
}

// mistake reports what is wrong with the command line, in one line.
func mistake(w world, err error) int {
	fmt.Fprintln(w.stderr, "bearercheck:", strings.ReplaceAll(err.Error(), "\n", "; "))
	return exitMistake
}

// examine makes the report that the flags ask for. An error means that they ask for something impossible.
func examine(ctx context.Context, o options, w world, token string) (*report, error) {
	r := &report{}
	if o.issuer != "" {
		c, err := newCheck(o, w, token)
		if err != nil {
			return nil, err
		}
		c.run(ctx, r)
	}
	if o.url != "" {
		s := &prober{client: w.client, now: w.now, options: o, token: token}
		r.Service = s.probe(ctx)
		r.relate()
	}
	return r, nil
}

// client returns the HTTP client of the program, which follows no redirects.
func (o *options) client(given *http.Client) (*http.Client, error) {
	client := upstream.Client(given)
	client.Timeout = o.timeout
	if o.caFile == "" {
		return client, nil
	}
	text, err := os.ReadFile(o.caFile)
	if err != nil {
		return nil, fmt.Errorf("-ca-file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New("-ca-file: the file has no certificate in PEM form")
	}
	if transport, ok := client.Transport.(*http.Transport); ok {
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return client, nil
}
