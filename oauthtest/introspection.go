package oauthtest

import (
	"net/http"
	"net/url"
	"time"

	"github.com/bearergate/bearergate/internal/strictjson"
)

const introspectionJWT = "application/token-introspection+jwt"

// record is what the server knows of a token it issued; nil if it did not issue it.
type record struct {
	client  string
	answer  strictjson.Value // of introspection, while active
	expires time.Time
	revoked bool
}

func (r *record) active(now time.Time) bool {
	return r != nil && !r.revoked && now.Before(r.expires)
}

// Revoke revokes a token, as if its user had done so at the authorization server. A token that the server did not issue
// stays unknown.
func (s *Server) Revoke(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.issued[token]; known != nil {
		known.revoked = true
	}
}

// introspect returns the answer of RFC 7662, section 2.2.
func (s *Server) introspect(token string) strictjson.Value {
	now := s.cfg.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.issued[token]; known.active(now) {
		return known.answer
	}
	return strictjson.Value(`{"active":false}`)
}

// introspectSigned answers with a JWT for one resource server (RFC 9701, section 5).
func (s *Server) introspectSigned(token, resourceServer string) *answer {
	payload, err := strictjson.Marshal(map[string]any{
		"iss":                 s.Issuer(),
		"aud":                 resourceServer,
		"iat":                 s.cfg.Now().Unix(),
		"token_introspection": s.introspect(token),
	})
	if err != nil {
		return refused(http.StatusInternalServerError, "server_error")
	}
	signed, err := s.sign("", map[string]any{"typ": "token-introspection+jwt"}, payload)
	if err != nil {
		return refused(http.StatusInternalServerError, "server_error")
	}
	a := jsonAnswer(http.StatusOK, []byte(signed))
	a.header.Set("Content-Type", introspectionJWT)
	return a
}

// grant issues a token to a client acting for itself (RFC 6749, section 4.4; RFC 9068, section 2.2 for sub).
func (s *Server) grant(client string, form url.Values) *answer {
	if form.Get("grant_type") != "client_credentials" {
		return refused(http.StatusBadRequest, "unsupported_grant_type")
	}
	token, err := s.mint(Token{
		Subject:  client,
		ClientID: client,
		Scope:    form.Get("scope"),
		Audience: form["resource"],
	})
	if err != nil {
		return refused(http.StatusBadRequest, "invalid_request")
	}
	response := map[string]any{
		"access_token": token,
		"token_type":   "Bearer",
		"expires_in":   int(defaultLifetime.Seconds()),
	}
	if form.Has("scope") {
		response["scope"] = form.Get("scope")
	}
	return encoded(response)
}
