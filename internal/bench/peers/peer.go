// Package peers sets up other libraries that validate access tokens, each as its own documentation says: keys from a key
// set URL, and issuer, audience and times checked where it can.
package peers

import (
	"context"
	"net/http"
	"net/url"

	"github.com/bearergate/bearergate/internal/bench/tokens"
)

// Source is where tokens come from and what they have to say.
type Source struct {
	Issuer, Audience, JWKSURL, Algorithm string
	// Secret is the key of HS256.
	Secret []byte
	// Client fetches key sets and metadata where a peer takes one.
	Client *http.Client
	// Refresh asks for keys that a peer keeps up to date, where it has a way without.
	Refresh bool
}

// SourceOf describes the tokens of i that are signed with alg.
func SourceOf(i *tokens.Issuer, alg string) Source {
	return Source{
		Issuer: tokens.IssuerURL, Audience: tokens.Audience, JWKSURL: i.JWKSURL, Algorithm: alg,
		Secret: i.Secret, Client: i.Client,
	}
}

func (s Source) urls() (issuer, keys *url.URL, err error) {
	if issuer, err = url.Parse(s.Issuer); err != nil {
		return nil, nil, err
	}
	keys, err = url.Parse(s.JWKSURL)
	return issuer, keys, err
}

// Validate reports whether a token is good.
type Validate func(ctx context.Context, token string) error

// What a peer may be unable to check.
const (
	LacksAudience = "aud"
	LacksKeyID    = "kid"
)

// Peer is a library that validates JWTs.
type Peer struct {
	Name       string
	Algorithms []string
	// Lacks is what it cannot check.
	Lacks string
	// StaticKeys are all it takes: keeping them up to date is left to its user.
	StaticKeys bool
	// New sets it up. It may fetch keys until ctx ends.
	New func(ctx context.Context, s Source) (Validate, error)
}

var (
	asymmetric = tokens.Asymmetric
	all        = append(append([]string(nil), tokens.Asymmetric...), tokens.HS256)
)

// All are the peers.
var All = []Peer{
	{Name: "golang-jwt + keyfunc", Algorithms: all, New: golangJWT},
	{Name: "go-oidc", Algorithms: asymmetric, New: goOIDC},
	{Name: "go-jose", Algorithms: all, StaticKeys: true, New: goJose},
	{Name: "auth0 v2", Algorithms: all, New: auth0v2},
	{Name: "auth0 v3", Algorithms: all, New: auth0v3},
	{Name: "okta", Algorithms: []string{tokens.RS256}, New: okta},
	{Name: "jwx v2", Algorithms: all, New: jwxV2},
	{Name: "jwx v3", Algorithms: all, New: jwxV3},
	{Name: "hashicorp/cap", Algorithms: asymmetric, New: hashicorpCap},
	{Name: "zitadel", Algorithms: asymmetric, Lacks: LacksAudience, New: zitadel},
}

// Modules are the module paths of everything that is compared.
var Modules = []string{
	"github.com/MicahParks/keyfunc/v3", "github.com/appleboy/gin-jwt/v3", "github.com/auth0/go-jwt-middleware/v2",
	"github.com/auth0/go-jwt-middleware/v3", "github.com/coreos/go-oidc/v3", "github.com/gin-gonic/gin",
	"github.com/go-chi/chi/v5", "github.com/go-chi/jwtauth/v5", "github.com/go-jose/go-jose/v4", "github.com/golang-jwt/jwt/v5",
	"github.com/hashicorp/cap", "github.com/labstack/echo-jwt/v4", "github.com/labstack/echo/v4",
	"github.com/lestrrat-go/jwx/v2", "github.com/lestrrat-go/jwx/v3", "github.com/modelcontextprotocol/go-sdk",
	"github.com/okta/okta-jwt-verifier-golang/v2", "github.com/zitadel/oidc/v3",
}
