package middleware

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Metadata describes this resource server to clients (RFC 9728). All of it is optional but Resource.
type Metadata struct {
	// Resource is the identifier of this resource server, an https URL without fragment that clients reach it by; http is
	// accepted for loopback hosts. It is usually what the authorization server writes into aud, too. What requests say in
	// Host has no part in it. Default: there is no metadata.
	Resource string
	// AuthorizationServers are the issuers whose tokens are honoured. Default: those of the Validator, if it can say.
	AuthorizationServers []string
	// Scopes are those a client may want to ask for: a few for the start, rather than all there are. Default: the scopes of
	// all routes, as told by Guard.Declare.
	Scopes []string
	// AuthorizationDetailsTypes are the types of authorization_details that are understood (RFC 9396).
	AuthorizationDetailsTypes []string
	// Name is the name of this resource server for people.
	Name string
	// DocumentationURI, PolicyURI and TermsURI are pages for developers and users.
	DocumentationURI, PolicyURI, TermsURI string
	// MaxAge is how long clients may keep the document. Default: 1 hour.
	MaxAge time.Duration
}

const wellKnown = "/.well-known/oauth-protected-resource"

var (
	errResource = errors.New("oauth: Metadata.Resource must be an absolute https URL without credentials and fragment, and percent-encoded where a URL " +
		"has to be; http only for loopback hosts")
	errNoResource     = errors.New("oauth: Metadata needs a Resource: the URL that identifies this resource server")
	errTwoMetadata    = errors.New("oauth: ResourceMetadata follows from Metadata.Resource, leave it empty")
	errOfflineAccess  = errors.New("oauth: Metadata.Scopes must not contain offline_access: it is the client's affair and grants nothing here")
	errMetadataMaxAge = errors.New("oauth: Metadata.MaxAge must not be negative; zero is an hour")
	errDetailsType    = errors.New("oauth: Metadata.AuthorizationDetailsTypes contains an empty type: leave it out, or name it")
)

// metadataURL inserts the well-known path between host and path of the resource (RFC 9728, section 3.1).
func (m *Metadata) metadataURL() (*url.URL, error) {
	u, err := url.Parse(m.Resource)
	if err != nil || !isPublicURL(u, m.Resource) || u.String() != m.Resource {
		return nil, errResource
	}
	escaped := u.EscapedPath()
	if escaped == "/" {
		escaped = ""
	}
	return url.Parse(u.Scheme + "://" + u.Host + wellKnown + escaped + query(u))
}

func query(u *url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	return "?" + u.RawQuery
}

// isPublicURL reports whether clients can be sent to u, which was parsed from raw.
func isPublicURL(u *url.URL, raw string) bool {
	secure := u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())
	return secure && u.Opaque == "" && u.Hostname() != "" && u.User == nil && !strings.Contains(raw, "#") && isScopeToken(raw)
}

func (m *Metadata) isZero() bool {
	return m.Resource == "" && m.AuthorizationServers == nil && m.Scopes == nil && m.AuthorizationDetailsTypes == nil &&
		m.Name == "" && m.DocumentationURI == "" && m.PolicyURI == "" && m.TermsURI == "" && m.MaxAge == 0
}

// applyMetadata checks the metadata and derives what follows from it. It returns nil without a resource.
func (c *Config) applyMetadata() (*url.URL, error) {
	m := &c.Metadata
	switch {
	case m.isZero():
		return nil, nil
	case m.Resource == "":
		return nil, errNoResource
	case c.ResourceMetadata != "":
		return nil, errTwoMetadata
	case slices.Contains(m.Scopes, "offline_access"):
		return nil, errOfflineAccess
	case slices.Contains(m.AuthorizationDetailsTypes, ""):
		return nil, errDetailsType
	case m.MaxAge < 0:
		return nil, errMetadataMaxAge
	case m.MaxAge == 0:
		m.MaxAge = time.Hour
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	m.Scopes = slices.Clone(m.Scopes)
	m.AuthorizationServers = slices.Clone(m.AuthorizationServers)
	m.AuthorizationDetailsTypes = slices.Clone(m.AuthorizationDetailsTypes)
	located, err := m.metadataURL()
	if err != nil {
		return nil, err
	}
	c.ResourceMetadata = located.String()
	return located, nil
}

// check looks at what clients and their users are told to rely on.
func (m *Metadata) check() error {
	for _, scope := range m.Scopes {
		if !isScopeToken(scope) {
			return fmt.Errorf("oauth: Metadata.Scopes contains %q, which is no scope: name each by itself", scope)
		}
	}
	for i, issuer := range m.AuthorizationServers {
		if u, err := url.Parse(issuer); err != nil || !isPublicURL(u, issuer) || strings.Contains(issuer, "?") {
			return fmt.Errorf("oauth: Metadata.AuthorizationServers[%d] must be an issuer identifier, an absolute https URL without "+
				"credentials, query and fragment; http only for loopback hosts", i)
		}
	}
	for _, page := range []struct{ name, raw string }{
		{"DocumentationURI", m.DocumentationURI}, {"PolicyURI", m.PolicyURI}, {"TermsURI", m.TermsURI},
	} {
		without, _, _ := strings.Cut(page.raw, "#")
		if u, err := url.Parse(page.raw); page.raw != "" && (err != nil || !isPublicURL(u, without)) {
			return fmt.Errorf("oauth: Metadata.%s must be an absolute https URL without credentials; http only for loopback hosts", page.name)
		}
	}
	return nil
}

// maxDeclared bounds the scopes and the routes that a Guard remembers, should somebody declare policies that requests made.
const maxDeclared = 1000

// declared are the routes and their scopes, in the order they were told of.
type declared struct {
	mu     sync.Mutex
	scopes []string
	routes []route
}

// Declare tells the Guard of a route, whose scopes its metadata names then, and which [Guard.LogValue] lists. The adapters
// do so for every policy they are given. It is safe for concurrent use.
func (g *Guard) Declare(p Policy) {
	if g == nil || g.validator == nil {
		return
	}
	g.routes.mu.Lock()
	defer g.routes.mu.Unlock()
	g.routes.note(&p)
	for _, scope := range slices.Concat(p.Scopes, slices.Concat(p.AnyScopes...)) {
		known := slices.Contains(g.routes.scopes, scope) || len(g.routes.scopes) >= maxDeclared
		if !known && isScopeToken(scope) && scope != "offline_access" {
			g.routes.scopes = append(g.routes.scopes, scope)
		}
	}
}

func (d *declared) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.scopes)
}
