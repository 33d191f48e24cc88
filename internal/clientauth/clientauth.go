// Package clientauth authenticates this resource server, as a client, at endpoints of its authorization server
// (RFC 6749, section 2.3; RFC 7662, section 2.1; RFC 7009, section 2.1).
package clientauth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/bearergate/bearergate/internal/sanity"
)

// Credentials are how this resource server authenticates. They are immutable and safe for concurrent use, and print
// nothing of a secret. The zero value authenticates nobody.
type Credentials struct {
	err   error
	apply func(*exchange) error
}

// Endpoint is whom a request is for.
type Endpoint struct {
	// URL is where the form is posted.
	URL string
	// Issuer is the authorization server's issuer identifier; empty when unknown.
	Issuer string
	// Now is the clock.
	Now func() time.Time
}

// exchange is a request in the making.
type exchange struct {
	ctx  context.Context
	to   Endpoint
	head http.Header
	form url.Values
}

var (
	errNone     = errors.New("there are no credentials: make them with SecretBasic or another function of this package")
	errNoClient = errors.New("the client ID is empty: write the one that the server knows this service by")
	errNoSecret = errors.New("the client secret is empty: write the one that belongs to the client ID")
	errControl  = errors.New("the client secret has a control character, such as the line break at the end of a file: remove it")
)

// Check says why the credentials cannot be used, nil if they can.
func (c Credentials) Check() error {
	if c.apply == nil && c.err == nil {
		return errNone
	}
	return c.err
}

// NewRequest returns an authenticated POST of form, which gets the parameters that the method of authentication needs.
// It may take a while if an access token of our own has to be obtained first; ctx bounds that too. A transport may send
// the request again on another connection if the first one turns out to be dead: asking twice does no harm at the
// endpoints this is for.
func (c Credentials) NewRequest(ctx context.Context, to Endpoint, form url.Values) (*http.Request, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	x := &exchange{ctx: ctx, to: to, head: http.Header{}, form: form}
	if err := c.apply(x); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, strings.NewReader(x.form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header = x.head
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header["Idempotency-Key"] = nil // tells net/http, and is not sent
	return req, nil
}

func checkID(clientID string) error {
	if clientID == "" {
		return errNoClient
	}
	if err := sanity.Identifier(clientID); err != nil {
		return fmt.Errorf("the client ID: %w", err)
	}
	return nil
}

func checkSecret(clientID, secret string) error {
	switch {
	case strings.TrimSpace(secret) == "":
		return errNoSecret
	case strings.ContainsFunc(secret, unicode.IsControl): // RFC 6749, appendix A.2
		return errControl
	}
	return checkID(clientID)
}

// SecretBasic is client_secret_basic: ID and secret, form-encoded, in the Authorization field (RFC 6749, section 2.3.1).
func SecretBasic(clientID, secret string) Credentials {
	pair := url.QueryEscape(clientID) + ":" + url.QueryEscape(secret)
	field := "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
	return Credentials{err: checkSecret(clientID, secret), apply: func(x *exchange) error {
		x.head.Set("Authorization", field)
		return nil
	}}
}

// SecretPost is client_secret_post: ID and secret as parameters of the form (RFC 6749, section 2.3.1).
func SecretPost(clientID, secret string) Credentials {
	return Credentials{err: checkSecret(clientID, secret), apply: func(x *exchange) error {
		x.form.Set("client_id", clientID)
		x.form.Set("client_secret", secret)
		return nil
	}}
}

// MutualTLS is tls_client_auth and self_signed_tls_client_auth (RFC 8705, section 2): the form names the client, and the
// certificate of the HTTP client's transport proves it.
func MutualTLS(clientID string) Credentials {
	return Credentials{err: checkID(clientID), apply: func(x *exchange) error {
		x.form.Set("client_id", clientID)
		return nil
	}}
}

var (
	errNoSource = errors.New("there is no function that returns an access token of our own: give one to BearerToken")
	errNoToken  = errors.New("no access token of our own")
	errOddToken = errors.New("our own access token does not follow the grammar of RFC 6750")
	errOwnToken = errors.New("a token must not authenticate the question about itself")
)

// BearerToken is an access token of our own in the Authorization field (RFC 7662, section 2.1). source is called for each
// request, possibly concurrently, and should keep the token until it expires.
func BearerToken(source func(context.Context) (string, error)) Credentials {
	if source == nil {
		return Credentials{err: errNoSource}
	}
	return Credentials{apply: func(x *exchange) error {
		token, err := source(x.ctx)
		if err != nil {
			return err
		}
		if err := checkToken(token, x.form.Get("token")); err != nil {
			return err
		}
		x.head.Set("Authorization", "Bearer "+token)
		return nil
	}}
}

// checkToken keeps a malformed token from becoming a malformed request, whose error would quote it.
func checkToken(token, subject string) error {
	outside := func(c rune) bool { return c <= ' ' || c > '~' }
	switch {
	case token == "":
		return errNoToken
	case strings.ContainsFunc(token, outside):
		return errOddToken
	case token == subject:
		return errOwnToken
	}
	return nil
}
