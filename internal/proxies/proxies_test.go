package proxies_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/proxies"
)

func TestCheck(t *testing.T) {
	for prefix, want := range map[string]string{
		"10.0.0.7/32":         "",
		"2001:db8::/32":       "",
		"0.0.0.0/0":           "every address",
		"::/0":                "every address",
		"::ffff:10.0.0.7/128": "IPv4 prefix",
		"10.0.0.5/8":          "bits beyond",
		"fe80::1/128":         "link-local",
	} {
		err := proxies.Check([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix(prefix)})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", prefix, err, want)
		}
	}
	if err := proxies.Check([]netip.Prefix{{}}); err == nil {
		t.Error("no prefix: no error")
	}
}

func TestSent(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("2001:db8::1/128")}
	for peer, want := range map[string]bool{
		"10.0.0.7:1234":          true,
		"[::ffff:10.0.0.7]:1234": true,
		"[2001:db8::1]:1234":     true,
		"10.0.1.7:1234":          false,
		"[2001:db8::2]:1234":     false,
		"[2001:db8::1%eth0]:1":   false,
		"10.0.0.7":               false,
		"":                       false,
		"@":                      false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		if got := proxies.Sent(trusted, r); got != want {
			t.Errorf("%q: %t", peer, got)
		}
		local := context.WithValue(t.Context(), http.LocalAddrContextKey, &net.UnixAddr{Name: "/run/api", Net: "unix"})
		if proxies.Sent(trusted, r.WithContext(local)) || !proxies.OverUnixSocket(r.WithContext(local)) {
			t.Errorf("%q over a Unix socket: believed", peer)
		}
	}
}
