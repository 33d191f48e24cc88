package main

import (
	"context"
	"errors"
	"time"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

const (
	maxListBytes = 4 << 20
	maxListJWT   = 2 * maxListBytes
)

// checkStatus adds the status lists of the issuer. With several issuers there would have to be prefixes for each, so that
// none of them can answer for another.
func (o options) checkStatus(v *validators) error {
	if len(v.issuers) != 1 {
		return errors.New("-status-list-prefix: lists are believed if they are those of the issuer, so name exactly one -issuer")
	}
	verifier, err := v.issuers[0].Verifier(jwks.VerifierConfig{Type: "statuslist+jwt", AnyAudience: true, MaxBytes: maxListJWT})
	if err != nil {
		return err
	}
	checker, err := statuslist.New(statuslist.Config{
		Validator:         v.jwt,
		Verify:            verifier.Verify,
		Prefixes:          o.statusListPrefixes,
		MaxListBytes:      maxListBytes,
		FetchTimeout:      time.Duration(o.fetchTimeout),
		AllowLoopbackHTTP: o.insecureHTTP,
	})
	if err != nil {
		return err
	}
	v.lists, v.jwt, v.sources = checker, checker, append(v.sources, alwaysReady{checker})
	return nil
}

// alwaysReady is a source that learns what it needs from the tokens themselves.
type alwaysReady struct{ closer }

type closer interface{ Close() error }

// Ready implements source.
func (alwaysReady) Ready(context.Context) error { return nil }
