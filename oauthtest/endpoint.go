package oauthtest

import (
	"net/http"
	"net/url"
	"strings"
)

// Endpoint names one thing that a [Server] serves.
type Endpoint string

// The endpoints.
const (
	// EndpointAny stands for all endpoints, and for requests to a URL that is none.
	EndpointAny Endpoint = ""
	// EndpointMetadata is the metadata document of RFC 8414, its well-known part between host and path of the issuer.
	EndpointMetadata Endpoint = "metadata"
	// EndpointOpenIDConfiguration is the same document where OpenID Connect Discovery has it, behind the path.
	EndpointOpenIDConfiguration Endpoint = "openid-configuration"
	// EndpointJWKS is the key set (RFC 7517), with an ETag.
	EndpointJWKS Endpoint = "jwks"
	// EndpointToken issues JWTs for the client credentials grant (RFC 6749, section 4.4). It grants every scope, and
	// every resource (RFC 8707).
	EndpointToken Endpoint = "token"
	// EndpointIntrospection answers as of RFC 7662, or RFC 9701 if the request accepts that.
	EndpointIntrospection Endpoint = "introspection"
	// EndpointRevocation revokes as of RFC 7009.
	EndpointRevocation Endpoint = "revocation"
)

var endpoints = []Endpoint{
	EndpointMetadata, EndpointOpenIDConfiguration, EndpointJWKS, EndpointToken, EndpointIntrospection, EndpointRevocation,
}

// URL returns where the endpoint is, and "" for one that is nowhere.
func (s *Server) URL(e Endpoint) string {
	path := strings.TrimSuffix(s.cfg.Path, "/")
	switch e {
	case EndpointMetadata:
		return s.base + "/.well-known/oauth-authorization-server" + path
	case EndpointOpenIDConfiguration:
		return s.base + path + "/.well-known/openid-configuration"
	case EndpointJWKS:
		return s.base + path + "/jwks"
	case EndpointToken:
		return s.base + path + "/token"
	case EndpointIntrospection:
		return s.base + path + "/introspect"
	case EndpointRevocation:
		return s.base + path + "/revoke"
	}
	return ""
}

// endpoint is the opposite of URL.
func (s *Server) endpoint(u *url.URL) Endpoint {
	for _, e := range endpoints {
		if s.URL(e) == s.base+u.EscapedPath() {
			return e
		}
	}
	return EndpointAny
}

func (s *Server) answer(e Endpoint, r *http.Request) *answer {
	switch e {
	case EndpointMetadata, EndpointOpenIDConfiguration, EndpointJWKS:
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return wrongMethod("GET, HEAD")
		}
		return s.document(e, r)
	case EndpointToken, EndpointIntrospection, EndpointRevocation:
		if r.Method != http.MethodPost {
			return wrongMethod("POST")
		}
		a := s.decide(e, r)
		a.header.Set("Cache-Control", "no-store")
		return a
	}
	return refused(http.StatusNotFound, "not_found")
}

func wrongMethod(allowed string) *answer {
	a := refused(http.StatusMethodNotAllowed, "invalid_request")
	a.header.Set("Allow", allowed)
	return a
}
