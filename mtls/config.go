package mtls

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/bearergate/bearergate/internal/proxies"
)

// Config configures a [Verifier]. Its zero value takes the certificate from the TLS connection of the request.
type Config struct {
	// TrustedProxies are the addresses of the proxies that end TLS for this service, such as 10.0.0.7/32. Requests from
	// there carry the client's certificate in a header field, and only that counts: a certificate that the proxy itself
	// presents to this service does not. The field is ignored in requests from anywhere else. IPv4 addresses match however
	// they are written; addresses with a zone match nothing. Default: none, and every such field is ignored.
	TrustedProxies []netip.Prefix
	// AllowUnixSocketProxies trusts, as TrustedProxies does, whoever can connect to a Unix domain socket that this service
	// listens on. The permissions of the socket are then all that protects it.
	AllowUnixSocketProxies bool
	// Header is the name of that field. It needs a trusted proxy. Default: "Client-Cert" (RFC 9440).
	Header string
	// Extract returns the DER encoding of the certificate from the value of a field that is not written as RFC 9440,
	// section 2.1, has it, such as X-Forwarded-Client-Cert or URL-encoded PEM. Nothing, without an error, means that the
	// client sent no certificate. It is called only for requests of a trusted proxy that have the field once, with at most
	// 16 KiB, and must be safe for concurrent use. Its errors are for logs and must not contain any part of the value. It
	// needs a trusted proxy. Default: the syntax of RFC 9440.
	Extract func(value string) (der []byte, err error)
}

// clientCert is the field of RFC 9440, section 2.2.
const clientCert = "Client-Cert"

// withDefaults returns a checked copy with everything filled in.
func (c Config) withDefaults() (Config, error) {
	if (c.Header != "" || c.Extract != nil) && !c.proxied() {
		return c, errors.New("mtls: Header and Extract need TrustedProxies: nobody else's word is taken for a certificate")
	}
	if err := proxies.Check(c.TrustedProxies); err != nil {
		return c, fmt.Errorf("mtls: %w", err)
	}
	if strings.ContainsFunc(c.Header, notInName) {
		return c, errors.New("mtls: Header must be the name of a field alone, such as X-Client-Cert, without colon and white space")
	}
	c.TrustedProxies = slices.Clone(c.TrustedProxies)
	if c.Header == "" {
		c.Header = clientCert
	}
	c.Header = http.CanonicalHeaderKey(c.Header)
	return c, nil
}

// notInName reports what the name of a field does not contain (RFC 9110, section 5.6.2).
func notInName(c rune) bool {
	letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}

// proxied reports whether a header field is the source of certificates.
func (c *Config) proxied() bool { return len(c.TrustedProxies) > 0 || c.AllowUnixSocketProxies }
