package peers

import (
	"net/http"

	"github.com/bearergate/bearergate/adapters/oauthecho"
	"github.com/bearergate/bearergate/adapters/oauthgin"
	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/internal/bench/tokens"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// Sizes of the kit's cache, besides zero for the default.
const (
	NoCache   = -1
	Unbounded = 1 << 34
)

// Kit returns the kit's validator with default settings but for the cache.
func Kit(s Source, cacheBytes int) (*jwks.Validator, error) {
	cfg := jwks.Config{Issuer: s.Issuer, Audience: s.Audience, CacheBytes: cacheBytes}
	if s.Algorithm == tokens.HS256 {
		cfg.Secret = s.Secret
	} else {
		cfg.JWKSURL, cfg.AllowLoopbackHTTP = s.JWKSURL, true
	}
	return jwks.New(cfg)
}

// Frameworks are all of them, in order.
var Frameworks = []string{NetHTTP, Chi, Echo, Gin}

// Protected returns a handler behind the kit, on a framework.
func Protected(framework string, g *middleware.Guard) http.Handler {
	switch framework {
	case Chi:
		return OnChi(oauthhttp.Require(g, tokens.Scope))
	case Echo:
		return OnEcho(oauthecho.Require(g, tokens.Scope))
	case Gin:
		return OnGin(oauthgin.Require(g, tokens.Scope))
	}
	return oauthhttp.Require(g, tokens.Scope)(http.HandlerFunc(Nothing))
}

// Unprotected returns the same handler without the kit.
func Unprotected(framework string) http.Handler {
	switch framework {
	case Chi:
		return OnChi()
	case Echo:
		return OnEcho()
	case Gin:
		return OnGin()
	}
	return http.HandlerFunc(Nothing)
}
