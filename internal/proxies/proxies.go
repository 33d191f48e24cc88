// Package proxies tells the requests of trusted proxies from those of everybody else, who can write the same header
// fields.
package proxies

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// linkLocal are the addresses that never come without a zone, which a prefix cannot have.
var linkLocal = netip.MustParsePrefix("fe80::/10")

// Check says which of the prefixes cannot be meant, nil if there is none.
func Check(prefixes []netip.Prefix) error {
	for i, prefix := range prefixes {
		if err := check(prefix); err != nil {
			return fmt.Errorf("TrustedProxies[%d]: %w", i, err)
		}
	}
	return nil
}

func check(p netip.Prefix) error {
	switch {
	case !p.IsValid():
		return errors.New("this is no prefix: make one with netip.ParsePrefix")
	case p.Bits() == 0:
		return errors.New("this is every address there is, so everybody's word would be taken: name the proxies")
	case p.Addr().Is4In6():
		return errors.New("write it as an IPv4 prefix: IPv4 addresses never match in the form of IPv6")
	case p != p.Masked():
		return errors.New("it has bits beyond its length: write the first address of the network, or /32 or /128 for one host")
	case p.Overlaps(linkLocal) && p.Bits() >= linkLocal.Bits():
		return errors.New("link-local addresses have a zone and never match: have the proxy use another address")
	}
	return nil
}

// Sent reports whether a request came from one of the addresses, as net/http knows its peer. One that came over a Unix
// domain socket came from none.
func Sent(trusted []netip.Prefix, r *http.Request) bool {
	if OverUnixSocket(r) {
		return false
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
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// OverUnixSocket reports whether a request came over a Unix domain socket. The address of the peer cannot tell: it is the
// path that the peer chose for its end, which may be written like that of a proxy.
func OverUnixSocket(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && strings.HasPrefix(local.Network(), "unix")
}
