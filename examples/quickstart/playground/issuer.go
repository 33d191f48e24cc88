package playground

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation"
)

// issuer makes each kind of token afresh, so that none is too old however long the demo runs.
type issuer struct {
	as     *oauthtest.Server
	list   *revocation.List
	holder *holder

	mu             sync.Mutex
	beforeRotation string
	rotated        time.Time
}

const everything = "orders:read orders:write"

func (i *issuer) good() (credentials, error) { return i.bearer(oauthtest.Token{Scope: everything}) }

func (i *issuer) wrongScope() (credentials, error) {
	return i.bearer(oauthtest.Token{Scope: "profile"})
}

func (i *issuer) expired() (credentials, error) {
	return i.bearer(oauthtest.Token{Scope: everything, ExpiresIn: -time.Minute})
}

func (i *issuer) otherAudience() (credentials, error) {
	return i.bearer(oauthtest.Token{Scope: everything, Audience: []string{"https://billing.example.com"}})
}

func (i *issuer) revoked() (credentials, error) {
	c, err := i.good()
	if err != nil {
		return c, err
	}
	return c, i.list.Revoke(context.Background(), revocation.Revocation{
		Token: c.token, ExpiresAt: time.Now().Add(time.Hour), By: "playground",
	})
}

func (i *issuer) oldKey() (credentials, error) {
	before, err := i.rotate()
	return credentials{scheme: "Bearer", token: before}, err
}

func (i *issuer) newKey() (credentials, error) {
	if _, err := i.rotate(); err != nil {
		return credentials{}, err
	}
	return i.good()
}

const (
	day     = 24 * time.Hour
	halfDay = day / 2
)

// rotate returns a token that is older than the last rotation of keys. It rotates when first asked, and then before that
// token ends: the authorization server of the demo publishes every key it ever had, and no client takes hundreds.
func (i *issuer) rotate() (before string, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if time.Since(i.rotated) < halfDay {
		return i.beforeRotation, nil
	}
	c, err := i.bearer(oauthtest.Token{Scope: everything, ExpiresIn: day})
	if err != nil {
		return "", err
	}
	i.as.Rotate()
	i.beforeRotation, i.rotated = c.token, time.Now()
	return i.beforeRotation, nil
}

func (i *issuer) proven() (credentials, error) {
	token, err := i.mint(i.boundToken())
	return credentials{"DPoP", token, true}, err
}

func (i *issuer) downgraded() (credentials, error) { return i.bearer(i.boundToken()) }

func (i *issuer) none() (credentials, error) { return credentials{}, nil }

func (i *issuer) boundToken() oauthtest.Token {
	return oauthtest.Token{
		Scope:  everything,
		Claims: map[string]any{"cnf": map[string]any{"jkt": i.holder.thumbprint()}},
	}
}

func (i *issuer) bearer(t oauthtest.Token) (credentials, error) {
	token, err := i.mint(t)
	return credentials{scheme: "Bearer", token: token}, err
}

var errMint = errors.New("the authorization server issued no token")

func (i *issuer) mint(t oauthtest.Token) (string, error) {
	token := i.as.Mint(t)
	if token == "" {
		return "", errMint
	}
	return token, nil
}
