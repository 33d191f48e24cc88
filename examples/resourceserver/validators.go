package main

import (
	"context"
	"errors"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// validators say what tokens mean. At least one of them is there.
type validators struct {
	issuers *jwks.Router             // nil without -issuer
	asked   *introspection.Validator // nil without -introspection-url
	sources []source
}

// source is where a validator learns what it knows.
type source interface {
	Ready(context.Context) error
	Close() error
}

func (o options) validators() (*validators, error) {
	if len(o.issuers) == 0 && o.introspectionURL == "" {
		return nil, errors.New("-issuer is required unless -introspection-url is set: the issuer identifier exactly as tokens carry it in iss")
	}
	common, err := o.config()
	if err != nil {
		return nil, err
	}
	v := &validators{}
	if len(o.issuers) > 0 {
		if v.issuers, err = o.router(common); err != nil {
			return nil, err
		}
		v.sources = append(v.sources, v.issuers)
	}
	if o.introspectionURL == "" {
		return v, nil
	}
	verifier, err := o.verifier(common)
	if err != nil {
		return nil, err
	}
	if verifier != nil {
		v.sources = append(v.sources, verifier)
	}
	if v.asked, err = o.introspection(verifier); err != nil {
		return nil, err
	}
	v.sources = append(v.sources, v.asked)
	return v, nil
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
		return v.issuers
	case v.issuers == nil:
		return v.asked
	case mode == modeAll:
		return middleware.All(v.issuers, v.asked)
	}
	return middleware.ByFormat(v.issuers, v.asked)
}

// fresh asks about every token on every request, and honours none that usual would not. It needs introspection.
func (v *validators) fresh(mode string) middleware.Validator {
	uncached := v.asked.Uncached()
	if v.issuers == nil {
		return uncached
	}
	jwt := middleware.All(v.issuers, uncached)
	if mode == modeAll {
		return jwt
	}
	return middleware.ByFormat(jwt, uncached)
}
