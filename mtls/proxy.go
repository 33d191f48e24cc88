package mtls

import (
	"net/http"

	"github.com/bearergate/bearergate/internal/proxies"
)

// trusts reports whether a trusted proxy sent r.
func (c *Config) trusts(r *http.Request) bool {
	if proxies.OverUnixSocket(r) {
		return c.AllowUnixSocketProxies
	}
	return proxies.Sent(c.TrustedProxies, r)
}
