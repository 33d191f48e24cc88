package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/bearergate/bearergate/jwks"
)

// trust adds a validator for the tokens of all issuers.
func (o options) trust(v *validators, common jwks.Config) error {
	for i := range o.issuers {
		issuer, err := jwks.New(o.of(i, common))
		if err != nil {
			return err
		}
		v.issuers = append(v.issuers, issuer)
	}
	router, err := jwks.Issuers(v.issuers...)
	if err != nil {
		return err
	}
	v.router, v.jwt, v.sources = router, router, append(v.sources, router)
	if len(o.statusListPrefixes) == 0 {
		return nil
	}
	return o.checkStatus(v)
}

// of returns the configuration of one issuer.
func (o options) of(issuer int, common jwks.Config) jwks.Config {
	common.Issuer = o.issuers[issuer]
	if issuer < len(o.jwksURLs) {
		common.JWKSURL = o.jwksURLs[issuer]
	}
	return common
}

// config is what all issuers have in common.
func (o options) config() (jwks.Config, error) {
	if len(o.jwksURLs) > len(o.issuers) {
		return jwks.Config{}, fmt.Errorf("-jwks-url: %d key sets for %d issuers", len(o.jwksURLs), len(o.issuers))
	}
	config := jwks.Config{
		Profile:           jwks.Profile(o.profile),
		Algorithms:        o.algorithms,
		Leeway:            time.Duration(o.leeway),
		FetchTimeout:      time.Duration(o.fetchTimeout),
		MaxStale:          time.Duration(o.maxStale),
		Cooldown:          time.Duration(o.cooldown),
		AllowLoopbackHTTP: o.insecureHTTP,
	}
	if o.tokenCache == "off" {
		config.CacheBytes = -1
	}
	if len(o.audiences) > 0 {
		config.Audience, config.OtherAudiences = o.audiences[0], o.audiences[1:]
	}
	return config, errors.Join(o.readKeys(&config), o.readSecret(&config))
}

func (o options) readKeys(config *jwks.Config) error {
	if o.jwksFile == "" {
		return nil
	}
	document, err := os.ReadFile(o.jwksFile)
	if err != nil {
		return fmt.Errorf("-jwks-file: %w", err)
	}
	if config.Keys, err = jwks.ParseKeys(document); err != nil {
		return fmt.Errorf("-jwks-file: %w", err)
	}
	return nil
}

func (o options) readSecret(config *jwks.Config) error {
	if o.secretFile == "" {
		return nil
	}
	secret, err := os.ReadFile(o.secretFile)
	if err != nil {
		return fmt.Errorf("-hs256-secret-file: %w", err)
	}
	config.Secret = withoutLineEnd(secret)
	return nil
}

// withoutLineEnd removes the line end that editors and echo put behind a line of text. A key of random bytes is not
// text, and keeps them all.
func withoutLineEnd(secret []byte) []byte {
	text := bytes.TrimRight(secret, "\r\n")
	if slices.ContainsFunc(text, func(c byte) bool { return c < ' ' || c > '~' }) {
		return secret
	}
	return text
}
