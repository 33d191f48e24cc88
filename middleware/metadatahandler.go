package middleware

import (
	"encoding/json"
	"errors"
	"net/http"
)

// metadataDocument has the members of RFC 9728, section 2.
type metadataDocument struct {
	Resource                  string   `json:"resource"`
	AuthorizationServers      []string `json:"authorization_servers,omitempty"`
	Scopes                    []string `json:"scopes_supported,omitempty"`
	BearerMethods             []string `json:"bearer_methods_supported"`
	Name                      string   `json:"resource_name,omitempty"`
	DocumentationURI          string   `json:"resource_documentation,omitempty"`
	PolicyURI                 string   `json:"resource_policy_uri,omitempty"`
	TermsURI                  string   `json:"resource_tos_uri,omitempty"`
	CertificateBound          bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	AuthorizationDetailsTypes []string `json:"authorization_details_types_supported,omitempty"`
	DPoPAlgorithms            []string `json:"dpop_signing_alg_values_supported,omitempty"`
	DPoPRequired              bool     `json:"dpop_bound_access_tokens_required,omitempty"`
}

// MetadataPath returns the path at which clients look for the metadata, such as "/.well-known/oauth-protected-resource".
// It is empty without Config.Metadata. Where the resource has percent-encoded characters, so has the path; routers that match
// decoded paths, as those of Echo and Gin do, need it decoded (url.PathUnescape).
func (g *Guard) MetadataPath() string {
	if g == nil || g.metadataURL == nil {
		return ""
	}
	return g.metadataURL.EscapedPath()
}

var errNoMetadata = errors.New("the metadata handler belongs to a Guard without Metadata.Resource")

// MetadataHandler returns the handler of the metadata document (RFC 9728, section 3). It belongs at [Guard.MetadataPath],
// outside of every Guard, and answers 404 at any other path: a client takes the document of another resource for a
// forgery. Scripts of every origin may read it. It is safe for concurrent use.
func (g *Guard) MetadataHandler() http.Handler { return metadataHandler{g} }

type metadataHandler struct{ guard *Guard }

func (m metadataHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g := m.guard
	h := w.Header()
	switch {
	case g == nil || g.metadataURL == nil:
		WriteError(w, errNoMetadata)
	case r.URL.EscapedPath() != g.metadataURL.EscapedPath() || r.URL.RawQuery != g.metadataURL.RawQuery:
		http.NotFound(w, r)
	case r.Method == http.MethodOptions:
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "GET, HEAD")
		h.Set("Access-Control-Allow-Headers", "*")
		w.WriteHeader(http.StatusNoContent)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		w.WriteHeader(http.StatusMethodNotAllowed)
	default:
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "public, max-age="+wholeSeconds(g.config.Metadata.MaxAge))
		_ = json.NewEncoder(w).Encode(g.metadata()) // the client is gone: nobody is left to be told
	}
}

// metadata says what the configuration says, so that the document cannot lie.
func (g *Guard) metadata() metadataDocument {
	m := &g.config.Metadata
	d := metadataDocument{
		Resource:                  m.Resource,
		AuthorizationServers:      m.AuthorizationServers,
		Scopes:                    m.Scopes,
		BearerMethods:             g.bearerMethods(),
		Name:                      m.Name,
		DocumentationURI:          m.DocumentationURI,
		PolicyURI:                 m.PolicyURI,
		TermsURI:                  m.TermsURI,
		CertificateBound:          g.bindings.handles("x5t#S256"),
		AuthorizationDetailsTypes: m.AuthorizationDetailsTypes,
		DPoPRequired:              g.bindings.onlyScheme(),
	}
	if d.AuthorizationServers == nil {
		d.AuthorizationServers = describe(g.validator).Issuers
	}
	if d.Scopes == nil {
		d.Scopes = g.routes.all()
	}
	if g.bindings.scheme != nil {
		d.DPoPAlgorithms = g.bindings.scheme.Algorithms()
	}
	return d
}

// bearerMethods returns an empty list, not nil, where no bearer tokens are accepted: that is how to say so.
func (g *Guard) bearerMethods() []string {
	methods := []string{}
	if !g.bindings.onlyScheme() {
		methods = append(methods, "header")
	}
	if g.config.AllowFormToken {
		methods = append(methods, "body")
	}
	if g.config.AllowQueryToken {
		methods = append(methods, "query")
	}
	return methods
}
