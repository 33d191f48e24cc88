package mtls

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// trusts reports whether a trusted proxy sent r.
func (c *Config) trusts(r *http.Request) bool {
	if overUnixSocket(r) {
		return c.AllowUnixSocketProxies
	}
	// What has no port was not put there by net/http.
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	// The same link-local address may belong to somebody else on another link.
	if peer.Addr().Zone() != "" {
		return false
	}
	addr := peer.Addr().Unmap()
	return slices.ContainsFunc(c.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// overUnixSocket reports whether r came over a Unix domain socket. The address of the peer cannot tell: it is the path
// that the peer chose for its end, which may be written like that of a proxy.
func overUnixSocket(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && strings.HasPrefix(local.Network(), "unix")
}
