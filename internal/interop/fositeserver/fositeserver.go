// Package fositeserver is an authorization server for the interop tests, of the library fosite, in process.
package fositeserver

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/storage"
	"github.com/ory/fosite/token/jwt"
	"golang.org/x/crypto/bcrypt"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

const lifetime = 10 * time.Minute

var (
	scopes    = []string{"orders:read", "orders:write", "reports:read"}
	audiences = []string{"https://orders.example.com", "https://billing.example.com"}
)

// Server is an authorization server. All its access tokens can be introspected and revoked.
type Server struct {
	issuer   string
	keys     *keySet // nil if tokens are opaque
	provider fosite.OAuth2Provider
}

// NewOpaque returns a server whose access tokens are opaque.
func NewOpaque(issuer string) (*Server, error) {
	config := newConfig(issuer)
	return newServer(issuer, nil, config, compose.NewOAuth2HMACStrategy(config))
}

// NewJWT returns a server whose access tokens are JWTs, of a kind of its own.
func NewJWT(issuer string) (*Server, error) {
	keys := &keySet{}
	if err := keys.rotate(); err != nil {
		return nil, err
	}
	config := newConfig(issuer)
	tokens := compose.NewOAuth2JWTStrategy(keys.signing, compose.NewOAuth2HMACStrategy(config), config)
	return newServer(issuer, keys, config, tokens)
}

func newConfig(issuer string) *fosite.Config {
	return &fosite.Config{
		GlobalSecret:      []byte("a secret for tests on one machine"),
		AccessTokenIssuer: issuer,
		ScopeStrategy:     fosite.ExactScopeStrategy,
	}
}

func newServer(issuer string, keys *keySet, config *fosite.Config, tokens oauth2.CoreStrategy) (*Server, error) {
	store := storage.NewMemoryStore()
	secret, err := bcrypt.GenerateFromPassword([]byte(harness.Secret(harness.ClientID)), bcrypt.MinCost)
	if err != nil {
		return nil, err
	}
	// A client may revoke its own tokens and no others, so this one is the resource server as well.
	store.Clients[harness.ClientID] = &fosite.DefaultClient{
		ID:         harness.ClientID,
		Secret:     secret,
		GrantTypes: []string{"client_credentials"},
		Scopes:     scopes,
		Audience:   audiences,
	}
	provider := compose.Compose(config, store, tokens,
		compose.OAuth2ClientCredentialsGrantFactory,
		compose.OAuth2TokenIntrospectionFactory,
		compose.OAuth2TokenRevocationFactory)
	return &Server{issuer, keys, provider}, nil
}

// Endpoints are where the Handler has what.
func (s *Server) Endpoints() harness.Endpoints {
	return harness.Endpoints{
		Issuer:           s.issuer,
		TokenURL:         s.issuer + "/token",
		IntrospectionURL: s.issuer + "/introspect",
		RevocationURL:    s.issuer + "/revoke",
	}
}

// Handler serves the endpoints of the server.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /introspect", s.introspect)
	mux.HandleFunc("POST /revoke", s.revoke)
	if s.keys != nil {
		mux.HandleFunc("GET /.well-known/oauth-authorization-server", s.metadata)
		mux.HandleFunc("GET /jwks", s.keys.serve)
	}
	return mux
}

// Rotate makes a server of JWTs sign with a new key, and publish no other.
func (s *Server) Rotate() error { return s.keys.rotate() }

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	request, err := s.provider.NewAccessRequest(ctx, r, newSession(s.issuer))
	if err != nil {
		s.provider.WriteAccessError(ctx, w, request, err)
		return
	}
	if err := grant(request); err != nil {
		s.provider.WriteAccessError(ctx, w, request, err)
		return
	}
	response, err := s.provider.NewAccessResponse(ctx, request)
	if err != nil {
		s.provider.WriteAccessError(ctx, w, request, err)
		return
	}
	s.provider.WriteAccessResponse(ctx, w, request, response)
}

func newSession(issuer string) *oauth2.JWTSession {
	return &oauth2.JWTSession{
		JWTClaims: &jwt.JWTClaims{Issuer: issuer, Subject: harness.ClientID},
		JWTHeader: &jwt.Headers{},
	}
}

// grant grants what the client asked for. A resource indicator (RFC 8707) says the audience, and with ?ttl= the lifetime
// in seconds.
func grant(request fosite.AccessRequester) error {
	for _, scope := range request.GetRequestedScopes() {
		request.GrantScope(scope)
	}
	indicator, err := url.Parse(request.GetRequestForm().Get("resource"))
	if err != nil {
		return fosite.ErrInvalidRequest
	}
	request.GrantAudience(indicator.Scheme + "://" + indicator.Host)
	ttl := lifetime
	if seconds, err := strconv.Atoi(indicator.Query().Get("ttl")); err == nil {
		ttl = time.Duration(seconds) * time.Second
	}
	request.GetSession().SetExpiresAt(fosite.AccessToken, time.Now().Add(ttl))
	return nil
}

func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	response, err := s.provider.NewIntrospectionRequest(r.Context(), r, newSession(s.issuer))
	if err != nil {
		s.provider.WriteIntrospectionError(r.Context(), w, err)
		return
	}
	s.provider.WriteIntrospectionResponse(r.Context(), w, response)
}

func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	s.provider.WriteRevocationResponse(r.Context(), w, s.provider.NewRevocationRequest(r.Context(), r))
}

func (s *Server) metadata(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]any{
		"issuer":                   s.issuer,
		"token_endpoint":           s.issuer + "/token",
		"introspection_endpoint":   s.issuer + "/introspect",
		"revocation_endpoint":      s.issuer + "/revoke",
		"jwks_uri":                 s.issuer + "/jwks",
		"response_types_supported": []string{},
	})
}
