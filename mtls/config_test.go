package mtls_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/mtls"
)

func TestConfigRefused(t *testing.T) {
	t.Parallel()
	nothing := func(string) ([]byte, error) { return nil, nil }
	trusting := func(prefix string) mtls.Config {
		return mtls.Config{TrustedProxies: []netip.Prefix{proxyPrefix, netip.MustParsePrefix(prefix)}}
	}
	for _, tt := range []struct {
		name string
		cfg  mtls.Config
		want string
	}{
		{"header from anybody", mtls.Config{Header: "Client-Cert"}, "TrustedProxies"},
		{"function for anybody", mtls.Config{Extract: nothing}, "TrustedProxies"},
		{"two words", mtls.Config{AllowUnixSocketProxies: true, Header: "Client Cert"}, "name of a field alone"},
		{"colon", mtls.Config{AllowUnixSocketProxies: true, Header: "X-Client-Cert:"}, "name of a field alone"},
		{"line break", mtls.Config{AllowUnixSocketProxies: true, Header: "X\r\nSet-Cookie"}, "name of a field alone"},
		{"no prefix", mtls.Config{TrustedProxies: []netip.Prefix{{}}}, "netip.ParsePrefix"},
		{"all of IPv4", trusting("0.0.0.0/0"), "TrustedProxies[1]: this is every address"},
		{"all of IPv6", trusting("::/0"), "every address"},
		{"all of IPv4 in IPv6", trusting("::ffff:0.0.0.0/96"), "IPv4 prefix"},
		{"IPv4 in IPv6", trusting("::ffff:192.0.2.0/120"), "IPv4 prefix"},
		{"host in a network", trusting("192.0.2.7/24"), "/32"},
		{"host in a network, IPv6", trusting("2001:db8::7/64"), "/128"},
		{"link-local", trusting("fe80::/10"), "zone"},
		{"link-local host", trusting("fe80::1/128"), "zone"},
	} {
		v, err := mtls.New(tt.cfg)
		if v != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want a sentence with %s", tt.name, err, tt.want)
		}
	}
	for _, header := range []string{"client-cert", "X-SSL-Client-Cert", "x_1"} {
		if _, err := mtls.New(mtls.Config{AllowUnixSocketProxies: true, Header: header}); err != nil {
			t.Errorf("%s: %v", header, err)
		}
	}
	for _, prefix := range []string{"10.0.0.0/8", "169.254.0.0/16", "fc00::/7", "fe80::/9", "::1/128", "127.0.0.1/32"} {
		if _, err := mtls.New(trusting(prefix)); err != nil {
			t.Errorf("%s: %v", prefix, err)
		}
	}
}

// Nobody becomes a trusted proxy after New.
func TestConfigIsCopied(t *testing.T) {
	t.Parallel()
	alice := anyClient(t)
	prefixes := []netip.Prefix{proxyPrefix}
	v := newVerifier(t, mtls.Config{TrustedProxies: prefixes})
	prefixes[0] = netip.MustParsePrefix("203.0.113.9/32")
	wantOutcome(t, v, from(internetAddr, "Client-Cert", item(alice.leaf.Raw)), alice.thumbprint(), "untrusted_proxy")
	wantOutcome(t, v, from(proxyAddr, "Client-Cert", item(alice.leaf.Raw)), alice.thumbprint(), "pass")
}

// The name of a field is a token (RFC 9110, section 5.6.2).
func TestHeaderName(t *testing.T) {
	t.Parallel()
	const tokens = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for c := range rune(256) {
		_, err := mtls.New(mtls.Config{AllowUnixSocketProxies: true, Header: "X-" + string(c)})
		if got, want := err == nil, strings.ContainsRune(tokens, c); got != want {
			t.Errorf("%q: taken %v, want %v", c, got, want)
		}
	}
}
