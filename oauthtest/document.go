package oauthtest

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
)

// document answers with what the server publishes, or that it has not changed.
func (s *Server) document(e Endpoint, r *http.Request) *answer {
	a := encoded(s.metadata())
	if e == EndpointJWKS {
		a = encoded(s.keySet())
	}
	digest := sha256.Sum256(a.body)
	tag := `"` + hex.EncodeToString(digest[:8]) + `"`
	if r.Header.Get("If-None-Match") == tag {
		a = jsonAnswer(http.StatusNotModified, nil)
	}
	a.header.Set("ETag", tag)
	if s.cfg.CacheControl != "" {
		a.header.Set("Cache-Control", s.cfg.CacheControl)
	}
	return a
}

func (s *Server) keySet() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"keys": s.keys.published()}
}

// metadata satisfies RFC 8414 section 2 and what OpenID Connect Discovery requires on top.
func (s *Server) metadata() map[string]any {
	methods := []string{"client_secret_basic", "client_secret_post"}
	return map[string]any{
		"issuer":                 s.Issuer(),
		"jwks_uri":               s.URL(EndpointJWKS),
		"token_endpoint":         s.URL(EndpointToken),
		"introspection_endpoint": s.URL(EndpointIntrospection),
		"revocation_endpoint":    s.URL(EndpointRevocation),

		"grant_types_supported":                         []string{"client_credentials"},
		"response_types_supported":                      []string{"none"},
		"subject_types_supported":                       []string{"public"},
		"id_token_signing_alg_values_supported":         s.cfg.Algorithms,
		"token_endpoint_auth_methods_supported":         methods,
		"introspection_endpoint_auth_methods_supported": methods,
		"revocation_endpoint_auth_methods_supported":    methods,
	}
}
