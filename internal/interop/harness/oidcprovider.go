package harness

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"
)

// Rotation says what becomes of the old keys when an authorization server starts to sign with new ones.
type Rotation string

const (
	// Add keeps publishing the old keys.
	Add Rotation = "add"
	// Replace withdraws them at once.
	Replace Rotation = "replace"
)

// OIDCProvider is a running oidc-provider, the authorization server of the npm project in oidcprovider.
type OIDCProvider struct{ *AuthorizationServer }

// TokenRequest describes a JWT access token (RFC 9068). A zero TTL is the server's ten minutes; it counts in whole
// seconds.
type TokenRequest struct {
	Audience  string
	Algorithm string
	Scopes    []string
	TTL       time.Duration
}

// StartOIDCProvider starts oidc-provider on a free loopback port, with new keys for RS256, ES256 and EdDSA. The
// first start on a machine installs it with npm.
func StartOIDCProvider(t testing.TB) *OIDCProvider {
	t.Helper()
	return startOIDCProvider(t)
}

// StartOIDCProviderCaching starts one that lets its key set be cached for so long (RFC 9111), in whole seconds.
func StartOIDCProviderCaching(t testing.TB, maxAge time.Duration) *OIDCProvider {
	t.Helper()
	return startOIDCProvider(t, "KEYS_MAX_AGE="+strconv.Itoa(int(maxAge/time.Second)))
}

func startOIDCProvider(t testing.TB, env ...string) *OIDCProvider {
	t.Helper()
	dir, err := installOIDCProvider()
	if err != nil {
		t.Fatalf("install oidc-provider: %v", err)
	}
	return &OIDCProvider{startServer(t, env, dir, "node", "server.mjs")}
}

// Token obtains an access token for a resource indicator (RFC 8707) that says what is wanted.
func (p *OIDCProvider) Token(t testing.TB, request TokenRequest) string {
	t.Helper()
	wanted := url.Values{"alg": {request.Algorithm}}
	if request.TTL > 0 {
		wanted.Set("ttl", strconv.Itoa(int(request.TTL/time.Second)))
	}
	return p.Grant(t, request.Audience+"/?"+wanted.Encode(), request.Scopes...)
}

// Rotate makes the server sign with new keys of every algorithm.
func (p *OIDCProvider) Rotate(t testing.TB, rotation Rotation) {
	t.Helper()
	var rotated struct {
		KeyIDs []string `json:"kids"`
	}
	url := p.Issuer + "/_test/rotate?mode=" + string(rotation)
	send(t, newRequest(t, http.MethodPost, url, http.NoBody)).Decode(t, &rotated)
}

// KeySetRequests returns how often the key set was fetched since the start.
func (p *OIDCProvider) KeySetRequests(t testing.TB) int {
	t.Helper()
	var log struct {
		Requests map[string]int `json:"requests"`
	}
	send(t, newRequest(t, http.MethodGet, p.Issuer+"/_test/log", http.NoBody)).Decode(t, &log)
	return log.Requests["/jwks"]
}
