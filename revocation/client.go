package revocation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/bearergate/bearergate/internal/clientauth"
	"github.com/bearergate/bearergate/internal/sanity"
	"github.com/bearergate/bearergate/internal/upstream"
	"github.com/bearergate/bearergate/middleware"
)

// ClientConfig configures a [Client]. Endpoint, ClientAuth and List are required.
type ClientConfig struct {
	// Endpoint is the authorization server's revocation endpoint, an https URL.
	Endpoint string
	// Issuer is the authorization server's issuer identifier. It is used for the aud of [PrivateKeyJWT] alone. Default:
	// none.
	Issuer string
	// ClientAuth is how this service authenticates there.
	ClientAuth Credentials
	// List is where tokens are revoked at once, whatever the server says.
	List *List
	// Describe says what the authorization server knows of a token of any kind, as introspection does. It is asked about
	// a refresh token before that is revoked, because nothing can be learnt of it afterwards. It returns an error that
	// matches middleware.ErrInvalidToken for a token that is not active; its errors must not contain the token. That the
	// token is a refresh token is only what Request.Hint says: unless Describe refuses access tokens, somebody who holds
	// one can call it a refresh token and so end its session. Default:
	// none, and the access tokens that were issued with a refresh token stay good here until they expire.
	Describe func(ctx context.Context, token string) (*middleware.Token, error)

	// Timeout bounds each call, of Describe and of the server, as a whole. Default: 3 seconds; at most 1 minute.
	Timeout time.Duration
	// HTTPClient makes the calls. It is copied; redirects are never followed. Default: a client of its own that honours
	// the proxy environment.
	HTTPClient *http.Client
	// AllowLoopbackHTTP accepts an http Endpoint whose host is loopback, for tests and local development.
	AllowLoopbackHTTP bool
	// Now is the clock. Default: that of List.
	Now func() time.Time
}

// Client revokes tokens at their authorization server (RFC 7009) and, before that, in a [List]. It is immutable and safe
// for concurrent use.
type Client struct {
	config ClientConfig
	http   *http.Client
}

// NewClient returns a Client, or an error that says which field of cfg is missing or unsafe. It does no I/O.
func NewClient(cfg ClientConfig) (*Client, error) {
	if err := upstream.CheckURL(cfg.Endpoint, cfg.AllowLoopbackHTTP); err != nil {
		return nil, fmt.Errorf("revocation: Endpoint: %w", err)
	}
	if err := cfg.ClientAuth.Check(); err != nil {
		return nil, fmt.Errorf("revocation: ClientAuth: %w", err)
	}
	if err := sanity.Identifier(cfg.Issuer); err != nil {
		return nil, fmt.Errorf("revocation: Issuer: %w", err)
	}
	if err := upstream.CheckClient(cfg.HTTPClient); err != nil {
		return nil, fmt.Errorf("revocation: HTTPClient: %w", err)
	}
	if err := sanity.Durations(sanity.Duration{
		Name: "Timeout", Value: cfg.Timeout, Most: time.Minute, Because: "whoever revokes waits as long",
	}); err != nil {
		return nil, fmt.Errorf("revocation: %w", err)
	}
	if cfg.List == nil {
		return nil, errors.New("revocation: List is required: without it a revoked token would stay good here")
	}
	if cfg.List.table == nil {
		return nil, errors.New("revocation: List was not made with NewList")
	}
	if cfg.Timeout < 0 {
		return nil, errors.New("revocation: Timeout cannot be off: a call without an end would block its caller")
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 3 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = cfg.List.config.Now
	}
	return &Client{cfg, upstream.Client(cfg.HTTPClient)}, nil
}

// The values of [Request.Hint] (RFC 7009, section 2.1).
const (
	// HintAccessToken says that the token is an access token.
	HintAccessToken = "access_token"
	// HintRefreshToken says that it is a refresh token, so that the access tokens issued with it end too.
	HintRefreshToken = "refresh_token"
)

// Request asks for the revocation of one token.
type Request struct {
	// Token is the token to revoke. It is not checked: whoever holds a token may revoke it.
	Token string
	// Hint says what kind of token it is: HintAccessToken, HintRefreshToken, or empty if that is not known. Only what is
	// called a refresh token takes other tokens along.
	Hint string

	// By and Reason say who revokes and why, for the audit record. They must not contain a token.
	By, Reason string
}

var (
	// ErrHint says that the hint is none that RFC 7009 knows.
	ErrHint = errors.New("revocation: Hint must be access_token, refresh_token or empty")

	errUndescribed = errors.New("revocation: the tokens issued with the refresh token could not be found out")
)

// Revoke revokes a token here and then at the authorization server. A refresh token takes along what was issued with
// it, as far as Describe can tell: its session, or else what its subject had given to its client up to now.
//
// What was revoked here stays revoked, and is refused from the moment on that it is, whatever becomes of the rest. A
// server's answer that is no success is a [*ServerError]; then the token must be assumed to be good there still. Further
// errors are ErrTarget for an empty token, ErrHint, ErrFull, and one that wraps that of Describe; they may come joined.
func (c *Client) Revoke(ctx context.Context, r Request) error {
	if r.Hint != "" && r.Hint != HintAccessToken && r.Hint != HintRefreshToken {
		return ErrHint
	}
	if r.Token == "" {
		return ErrTarget
	}
	list := c.config.List
	failures := []error{list.Revoke(ctx, Revocation{Token: r.Token, By: r.By, Reason: r.Reason})}
	related, err := c.related(ctx, &r)
	failures = append(failures, err)
	if related != nil {
		failures = append(failures, list.Revoke(ctx, *related))
	}
	failures = append(failures, c.tell(ctx, &r))
	if related != nil && c.overtaken(related) {
		failures = append(failures, list.Revoke(ctx, *related))
	}
	return errors.Join(failures...)
}

// related returns the revocation of what was issued with a refresh token, nil if there is nothing to be known of it.
func (c *Client) related(ctx context.Context, r *Request) (*Revocation, error) {
	if r.Hint != HintRefreshToken || c.config.Describe == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	token, err := c.config.Describe(ctx, r.Token)
	switch {
	case errors.Is(err, middleware.ErrInvalidToken):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errUndescribed, err)
	case token == nil:
		return nil, errUndescribed
	}
	related := &Revocation{Issuer: token.Issuer, By: r.By, Reason: r.Reason}
	switch {
	case token.Issuer == "":
		return nil, nil
	case token.SessionID != "":
		related.SessionID = token.SessionID
	case token.Subject != "" && token.ClientID != "":
		related.Subject, related.ClientID = token.Subject, token.ClientID
		related.Before = c.config.Now()
	default:
		return nil, nil
	}
	return related, nil
}

// overtaken moves a revocation that names a time forward to now, and reports whether that makes a difference: until the
// server revoked the refresh token, somebody may have used it.
func (c *Client) overtaken(r *Revocation) bool {
	now := c.config.Now()
	if r.Before.IsZero() || now.Unix() <= r.Before.Unix() {
		return false
	}
	r.Before = now
	return true
}

// tell revokes the token at the authorization server. Its success says nothing of whether there was such a token.
func (c *Client) tell(ctx context.Context, r *Request) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	form := url.Values{"token": {r.Token}}
	if r.Hint != "" {
		form.Set("token_type_hint", r.Hint)
	}
	endpoint := clientauth.Endpoint{URL: c.config.Endpoint, Issuer: c.config.Issuer, Now: c.config.Now}
	req, err := c.config.ClientAuth.NewRequest(ctx, endpoint, form)
	if err != nil {
		return &ServerError{cause: err}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return &ServerError{cause: err}
	}
	defer resp.Body.Close()
	return judge(resp, c.config.Now())
}
