package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/bearergate/bearergate/internal/sanity"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// check judges one token under one configuration.
type check struct {
	token    string
	view     *tokenView
	now      time.Time
	recorder *recorder
	client   *http.Client
	options  options
	given    situation
	issuer   *issuerView
	clock    *clockView
}

// situation is what a token is judged under.
type situation struct {
	config jwks.Config
	scopes []string
	// place is the claim that scopes are looked for in, "" for where the profile has them.
	place string
	// proven are the members of cnf that count as proven, because no proof can be made here.
	proven []string
}

// noAudience stands in for an audience that was neither given nor can be taken from the token.
const noAudience = "urn:bearercheck:no-audience"

// newCheck returns a check. An error is the kit's, about a configuration that it refuses.
func newCheck(o options, w world, token string) (*check, error) {
	c := &check{token: token, view: view(token), now: w.now(), options: o, recorder: newRecorder(w.client, w.now)}
	c.client = c.recorder.client(o.timeout)
	config := jwks.Config{
		Issuer:            o.issuer,
		Profile:           jwks.Profile(o.profile),
		Algorithms:        o.algorithms,
		Leeway:            o.leeway,
		JWKSURL:           o.jwksURL,
		HTTPClient:        c.client,
		FetchTimeout:      o.timeout,
		AllowLoopbackHTTP: o.allowLoopbackHTTP,
		CacheBytes:        -1,
		Now:               func() time.Time { return c.now },
	}
	if len(o.audiences) > 0 {
		config.Audience, config.OtherAudiences = o.audiences[0], o.audiences[1:]
	} else {
		config.Audience = append(c.audiences(config.Profile), noAudience)[0]
	}
	if err := o.readKeys(&config); err != nil {
		return nil, err
	}
	c.given = situation{config: config, scopes: o.scopes}
	v, err := jwks.New(config)
	if err != nil {
		return nil, err
	}
	return c, v.Close()
}

// audience returns whom the token is for: under the profile Cognito, its client if it does not say.
func (c *check) audience(p jwks.Profile) []string {
	if c.view.Audience == nil && p == jwks.Cognito && c.view.Client != "" {
		return []string{c.view.Client}
	}
	return c.view.Audience
}

// audiences returns those of whom the token is for that a service could have as its Audience.
func (c *check) audiences(p jwks.Profile) []string {
	odd := func(audience string) bool { return audience == "" || sanity.Identifier(audience) != nil }
	return slices.DeleteFunc(slices.Clone(c.audience(p)), odd)
}

// readKeys reads the files that stand in for keys from the network.
func (o *options) readKeys(config *jwks.Config) error {
	if o.jwksFile != "" {
		document, err := os.ReadFile(o.jwksFile)
		if err != nil {
			return fmt.Errorf("-jwks-file: %w", err)
		}
		if config.Keys, err = jwks.ParseKeys(document); err != nil {
			return fmt.Errorf("-jwks-file: %w", err)
		}
	}
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

// withoutLineEnd removes the line end that editors put behind text. A secret of random bytes is no text and keeps all.
func withoutLineEnd(secret []byte) []byte {
	text := bytes.TrimRight(secret, "\r\n")
	if bytes.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' }) {
		return secret
	}
	return text
}

// outcome is what a Guard says.
type outcome struct {
	reason middleware.Reason // "" if the token is accepted
	status int
	code   middleware.Code
	// cause is the kit's text for logs, which holds nothing of the token; "" without one.
	cause string
}

func (o outcome) accepted() bool { return o.reason == "" }

// judge has a Guard decide about the token, as a service in that situation would.
func (c *check) judge(ctx context.Context, s situation) outcome {
	validator, err := jwks.New(s.config)
	if err != nil {
		return outcome{middleware.ReasonMisconfigured, http.StatusInternalServerError, "", err.Error()}
	}
	defer func() { _ = validator.Close() }()
	config := middleware.Config{Now: s.config.Now}
	for _, method := range s.proven {
		config.Bindings = append(config.Bindings, assumed(method))
	}
	guard, err := middleware.New(validator, config)
	if err != nil {
		return outcome{middleware.ReasonMisconfigured, http.StatusInternalServerError, "", err.Error()}
	}
	// The request goes nowhere.
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://service.invalid/", nil)
	if err != nil {
		return outcome{middleware.ReasonMisconfigured, http.StatusInternalServerError, "", err.Error()}
	}
	r.Header["Authorization"] = []string{"Bearer " + c.token}
	_, err = guard.Authorize(http.Header{}, r, s.policy())
	return outcomeOf(err)
}

func outcomeOf(err error) outcome {
	if err == nil {
		return outcome{status: http.StatusOK}
	}
	refusal, ok := errors.AsType[*middleware.Error](err)
	if !ok {
		return outcome{middleware.ReasonValidatorFailed, http.StatusServiceUnavailable, "", err.Error()}
	}
	o := outcome{reason: refusal.Reason, status: refusal.StatusCode(), code: refusal.Code}
	if cause := errors.Unwrap(refusal); cause != nil {
		o.cause = cause.Error()
	}
	return o
}

// assumed is a binding that counts as proven, since only the client can prove it.
type assumed string

// Method implements middleware.Binding.
func (a assumed) Method() string { return string(a) }

// Verify implements middleware.Binding.
func (assumed) Verify(http.Header, *http.Request, string, string) error { return nil }
