package statuslist

import (
	"context"
	"errors"

	"github.com/bearergate/bearergate/internal/upstream"
	"github.com/bearergate/bearergate/middleware"
)

// The reasons of this package, beside those of package middleware.
const (
	// ReasonUntrustedList: the token names a list outside Config.Prefixes.
	ReasonUntrustedList middleware.Reason = "untrusted_status_list"
	// ReasonBadList: the list of the token cannot be believed, or ends before the token's entry.
	ReasonBadList middleware.Reason = "bad_status_list"
)

// Checker validates access tokens with another Validator and looks those that are good up in their status list. It
// implements middleware.Validator and middleware.Forgetter and is safe for concurrent use. It starts no goroutine but
// fetches, at most Config.MaxLists of them, which end by themselves.
type Checker struct {
	validator middleware.Validator
	prefixes  prefixes
	require   bool
	memo      memo
	shelf     *shelf
	idle      func() // closes idle connections of a client of our own
}

// New returns a Checker around cfg.Validator. It does no I/O. It returns an error for a configuration that would be
// unsafe or could not work.
func New(cfg Config) (*Checker, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	prefixes, err := newPrefixes(cfg.Prefixes, cfg.AllowLoopbackHTTP)
	if err != nil {
		return nil, err
	}
	client := upstream.Client(cfg.HTTPClient)
	c := &Checker{
		validator: cfg.Validator,
		prefixes:  prefixes,
		require:   cfg.Require,
		shelf:     newShelf(&cfg, &fetcher{&cfg, client}),
		idle:      func() {},
	}
	if cfg.HTTPClient == nil {
		c.idle = client.CloseIdleConnections
	}
	return c, nil
}

// Validate implements middleware.Validator. The token is the one that Config.Validator returns.
func (c *Checker) Validate(ctx context.Context, accessToken string) (*middleware.Token, error) {
	if c.validator == nil {
		return nil, errUnmade
	}
	t, err := c.validator.Validate(ctx, accessToken)
	if err != nil || t == nil {
		return nil, err
	}
	if err := c.check(ctx, t); err != nil {
		return nil, err
	}
	return t, nil
}

var (
	errOutside  = errors.New("the status list is outside the allowed prefixes")
	errBeyond   = errors.New("the index is beyond the end of the status list")
	errRevoked  = middleware.Reject(middleware.ReasonRevoked, nil)
	errUnmade   = errors.Join(middleware.ErrMisconfigured, errors.New("statuslist: the Checker was not made with New"))
	errNoStatus = middleware.Reject(middleware.ReasonMissingClaim, nil)
)

// check looks up the status of a valid token.
func (c *Checker) check(ctx context.Context, t *middleware.Token) error {
	ref, err := c.memo.reference(t)
	switch {
	case err != nil:
		return middleware.Reject(middleware.ReasonMalformedClaim, err)
	case ref == nil && c.require:
		return errNoStatus
	case ref == nil:
		return nil
	case !c.prefixes.allow(ref.uri):
		return middleware.Reject(ReasonUntrustedList, errOutside)
	}
	list, err := c.shelf.usable(ctx, ref.uri)
	if err != nil {
		return err
	}
	switch status, ok := list.status(ref.index); {
	case !ok:
		return middleware.Reject(ReasonBadList, errBeyond)
	case status != 0:
		return errRevoked
	}
	return nil
}

// Forget implements middleware.Forgetter for Config.Validator. Lists speak for many tokens and are kept.
func (c *Checker) Forget(accessToken string) {
	if f, ok := c.validator.(middleware.Forgetter); ok {
		f.Forget(accessToken)
	}
}

// Close ends the fetches in progress and waits for them. Afterwards no lists are fetched: tokens are judged with those at
// hand until these are too old. Close always returns nil. It does not close Config.Validator.
func (c *Checker) Close() error {
	c.shelf.close()
	c.idle()
	return nil
}
