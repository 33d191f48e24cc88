package main

import (
	"context"
	"errors"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// validators say what tokens mean. At least one of jwt and asked is there.
type validators struct {
	issuers []*jwks.Validator
	router  *jwks.Router             // to them; nil without -issuer
	jwt     middleware.Validator     // the tokens of all issuers; nil without -issuer
	lists   *statuslist.Checker      // in front of it; nil without -status-list-prefix
	asked   *introspection.Validator // nil without -introspection-url
	sources []source
	// verifiers have keys of their own, for what are no access tokens. Their names tell them from the issuers.
	verifiers map[string]*jwks.Verifier
}

// source is where a validator learns what it knows.
type source interface {
	Ready(context.Context) error
	Close() error
}

func (o options) validators(with *shared) (*validators, error) {
	if len(o.issuers) == 0 && o.introspectionURL == "" {
		return nil, errors.New("-issuer is required unless -introspection-url is set: the issuer identifier exactly as tokens carry it in iss")
	}
	common, err := o.config()
	if err != nil {
		return nil, err
	}
	v := &validators{verifiers: map[string]*jwks.Verifier{}}
	if len(o.issuers) > 0 {
		if err := o.trust(v, common); err != nil {
			return nil, err
		}
	}
	if o.introspectionURL == "" {
		return v, nil
	}
	return v, o.ask(v, common, with)
}

// ask adds introspection.
func (o options) ask(v *validators, common jwks.Config, with *shared) error {
	verifier, err := o.verifier(common)
	if err != nil {
		return err
	}
	if verifier != nil {
		v.sources = append(v.sources, verifier)
		v.verifiers["introspection answers"] = verifier
	}
	if v.asked, err = o.introspection(verifier, with); err != nil {
		return err
	}
	v.sources = append(v.sources, v.asked)
	return nil
}

// The values of -introspection-mode.
const (
	modeOpaque = "opaque"
	modeAll    = "all"
)

// usual is for routes that can do with what was true a moment ago.
func (v *validators) usual(mode string) middleware.Validator {
	switch {
	case v.asked == nil:
		return v.jwt
	case v.jwt == nil:
		return v.asked
	case mode == modeAll:
		return middleware.All(v.jwt, v.asked)
	}
	return middleware.ByFormat(v.jwt, v.asked)
}

// fresh asks about every token on every request, and honours none that usual would not. It needs introspection.
func (v *validators) fresh(mode string) middleware.Validator {
	uncached := v.asked.Uncached()
	if v.jwt == nil {
		return uncached
	}
	jwt := middleware.All(v.jwt, uncached)
	if mode == modeAll {
		return jwt
	}
	return middleware.ByFormat(jwt, uncached)
}
