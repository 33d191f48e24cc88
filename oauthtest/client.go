package oauthtest

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// decide answers at the endpoints that want to know who asks.
func (s *Server) decide(e Endpoint, r *http.Request) *answer {
	client, ok := s.authenticate(e, r)
	if !ok {
		a := refused(http.StatusUnauthorized, "invalid_client")
		a.header.Set("WWW-Authenticate", `Basic realm="oauthtest"`)
		return a
	}
	if e == EndpointToken {
		return s.grant(client, r.PostForm)
	}
	token := r.PostForm.Get("token")
	if token == "" {
		return refused(http.StatusBadRequest, "invalid_request")
	}
	if e == EndpointRevocation {
		s.Revoke(token)
		return jsonAnswer(http.StatusOK, nil)
	}
	if strings.Contains(r.Header.Get("Accept"), introspectionJWT) {
		return s.introspectSigned(token, client)
	}
	return jsonAnswer(http.StatusOK, s.introspect(token))
}

// authenticate returns the ID of the client. It may use client_secret_basic or client_secret_post, not both at once
// (RFC 6749, section 2.3.1), and at the introspection endpoint an access token of its own (RFC 7662, section 2.1).
func (s *Server) authenticate(e Endpoint, r *http.Request) (client string, ok bool) {
	scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case strings.EqualFold(scheme, "Basic"):
		id, secret, ok := parseBasic(credentials)
		return id, ok && !r.PostForm.Has("client_secret") && s.registered(id, secret)
	case strings.EqualFold(scheme, "Bearer"):
		client, ok := s.clientOf(credentials)
		return client, ok && e == EndpointIntrospection && credentials != r.PostForm.Get("token")
	}
	id := r.PostForm.Get("client_id")
	return id, s.registered(id, r.PostForm.Get("client_secret"))
}

// parseBasic reads an ID and a secret that were form-encoded before they were joined (RFC 6749, section 2.3.1).
func parseBasic(credentials string) (id, secret string, ok bool) {
	decoded, err := base64.StdEncoding.DecodeString(credentials)
	if err != nil {
		return "", "", false
	}
	id, secret, ok = strings.Cut(string(decoded), ":")
	if !ok {
		return "", "", false
	}
	if id, err = url.QueryUnescape(id); err != nil {
		return "", "", false
	}
	secret, err = url.QueryUnescape(secret)
	return id, secret, err == nil
}

func (s *Server) registered(id, secret string) bool {
	if id == "" || secret == "" {
		return false
	}
	return s.cfg.Clients == nil || s.cfg.Clients[id] == secret
}

// clientOf returns the client that an active token was issued to.
func (s *Server) clientOf(token string) (client string, ok bool) {
	now := s.cfg.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.issued[token]
	if !known.active(now) {
		return "", false
	}
	return known.client, true
}
