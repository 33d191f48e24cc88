package dpop

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/bearergate/bearergate/internal/proxies"
	"github.com/bearergate/bearergate/middleware"
)

// ProxyConfig configures [BehindProxies]. TrustedProxies and BaseURLs are required.
type ProxyConfig struct {
	// TrustedProxies are the addresses of the proxies in front of this service, such as 10.0.0.7/32, as Request.RemoteAddr
	// has them. IPv4 addresses match however they are written; addresses with a zone match nothing.
	TrustedProxies []netip.Prefix
	// BaseURLs are all URLs under which clients know this service, as in Config.BaseURL. The first one is that of requests
	// that do not come from a trusted proxy.
	BaseURLs []string
	// Prefix reads X-Forwarded-Prefix too, the path that a proxy took away from that of the request. Many proxies pass on what
	// a client sent there: those in front of this service must set the field, or remove it. Default: not read.
	Prefix bool
	// Forwarded reads scheme and host in the field Forwarded (RFC 7239) instead of X-Forwarded-Proto and X-Forwarded-Host.
	// It has to be the field that the proxies set: another one would be what a client sent.
	Forwarded bool
}

// BehindProxies returns a function for Config.URL that asks a trusted proxy which of the BaseURLs a request came to. It
// reads X-Forwarded-Proto and X-Forwarded-Host (or Forwarded), of several values the last, which is the proxy's own; what
// is not said there is the Host and the scheme of the request to this service. What that amounts to has to be one of the
// BaseURLs, or the proof is refused. From anybody else, the fields have no effect. The proxies must set each field that is
// read, or remove it: what a client sent there is otherwise taken for theirs.
//
// Who sent a request is what its RemoteAddr says, as net/http sets it. Middleware that puts there what it read in
// X-Forwarded-For must not run before the Guard.
func BehindProxies(cfg ProxyConfig) (func(*http.Request) (string, error), error) {
	if len(cfg.TrustedProxies) == 0 || len(cfg.BaseURLs) == 0 {
		return nil, errors.New("dpop: TrustedProxies and BaseURLs are required; without proxies, use Config.BaseURL")
	}
	if err := proxies.Check(cfg.TrustedProxies); err != nil {
		return nil, fmt.Errorf("dpop: %w", err)
	}
	p := &forwarders{trusted: slices.Clone(cfg.TrustedProxies), read: xForwarded, prefixed: cfg.Prefix}
	for i, raw := range cfg.BaseURLs {
		base, err := parseBase(raw)
		if err != nil {
			return nil, fmt.Errorf("dpop: BaseURLs[%d]: %w", i, err)
		}
		p.bases = append(p.bases, base)
	}
	if cfg.Forwarded {
		p.read = forwarded
	}
	return p.url, nil
}

// forwarders are the proxies in front of a service, and the URLs they may name.
type forwarders struct {
	trusted []netip.Prefix
	bases   []string
	read    func(http.Header) (origin, bool)
	// prefixed: X-Forwarded-Prefix is read.
	prefixed bool
}

// origin is what a proxy says about a request to it. What it does not say is empty.
type origin struct{ scheme, host string }

var (
	errUnlisted  = middleware.RejectProof(ReasonWrongURL, errors.New("a trusted proxy named a URL that is none of the BaseURLs"))
	errForwarded = middleware.RejectProof(ReasonWrongURL, errors.New("the Forwarded field does not follow the grammar of RFC 7239"))
)

func (p *forwarders) url(r *http.Request) (string, error) {
	path, ok := requestPath(r)
	if !ok {
		return "", errRequestTarget
	}
	base := p.bases[0]
	if proxies.Sent(p.trusted, r) {
		var err error
		if base, err = p.base(r); err != nil {
			return "", err
		}
	}
	return base + path, nil
}

// base returns the one of the BaseURLs that a trusted proxy means.
func (p *forwarders) base(r *http.Request) (string, error) {
	sent, ok := p.read(r.Header)
	if !ok {
		return "", errForwarded
	}
	if sent.host == "" {
		sent.host = r.Host
	}
	if sent.scheme == "" {
		sent.scheme = schemeOf(r)
	}
	prefix, plain := p.prefix(r.Header)
	named, ok := canonicalURL(sent.scheme + "://" + sent.host + prefix)
	named = strings.TrimSuffix(named, "/")
	if !ok || !plain || !slices.Contains(p.bases, named) {
		return "", errUnlisted
	}
	return named, nil
}

// prefix returns the path that a proxy took away, and whether it is a plain path: it must not reach into the host, nor out
// of itself.
func (p *forwarders) prefix(h http.Header) (prefix string, plain bool) {
	if !p.prefixed {
		return "", true
	}
	prefix = lastOf(h["X-Forwarded-Prefix"])
	if prefix == "" {
		return "", true
	}
	return prefix, prefix[0] == '/' && !strings.ContainsAny(prefix, "?#%\\") && !strings.Contains(prefix, "/.") && !strings.Contains(prefix, "//")
}

func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

func xForwarded(h http.Header) (origin, bool) {
	return origin{lastOf(h["X-Forwarded-Proto"]), lastOf(h["X-Forwarded-Host"])}, true
}

// lastOf returns the last value of a field that is a list.
func lastOf(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	list := fields[len(fields)-1]
	return strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:])
}
