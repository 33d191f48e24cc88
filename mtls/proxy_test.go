package mtls_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/mtls"
)

// Client-Cert counts from trusted proxies alone; from anybody else it is ignored and counted.
func TestM9440_2(t *testing.T) {
	t.Parallel()
	alice := anyClient(t)
	cfg := mtls.Config{TrustedProxies: []netip.Prefix{
		proxyPrefix, netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8:1::/48"),
	}}
	for peer, want := range map[string]string{
		"192.0.2.7:1":                 "pass",
		"10.1.255.255:65535":          "pass",
		"[::ffff:192.0.2.7]:4711":     "pass",
		"[::ffff:a01:203]:4711":       "pass",
		"[2001:db8:1::5]:4711":        "pass",
		"192.0.2.8:4711":              "untrusted_proxy",
		"10.2.0.0:4711":               "untrusted_proxy",
		"[::ffff:192.0.2.8]:4711":     "untrusted_proxy",
		"[2001:db8:2::5]:4711":        "untrusted_proxy",
		"[2001:db8:1::5%eth0]:4711":   "untrusted_proxy",
		"[::ffff:10.1.0.1%eth0]:4711": "untrusted_proxy",
		"[::192.0.2.7]:4711":          "untrusted_proxy",
		"192.0.2.7":                   "untrusted_proxy",
		"192.0.2.7:":                  "untrusted_proxy",
		"192.0.2.7:http":              "untrusted_proxy",
		"192.0.2.7:99999":             "untrusted_proxy",
		"192.0.2.07:4711":             "untrusted_proxy",
		"10.1.0.1, 10.1.0.2":          "untrusted_proxy",
		" 192.0.2.7:4711":             "untrusted_proxy",
		"localhost:4711":              "untrusted_proxy",
		"@":                           "untrusted_proxy",
		"":                            "untrusted_proxy",
	} {
		v := newVerifier(t, cfg)
		counted := uint64(0)
		if want != "pass" {
			counted = 1
		}
		if got := outcome(t, v, from(peer, "Client-Cert", item(alice.leaf.Raw)), alice.thumbprint()); got != want {
			t.Errorf("%q: %s, want %s", peer, got, want)
		}
		if got := v.State().Ignored; got != counted {
			t.Errorf("%q: %d counted, want %d", peer, got, counted)
		}
		wantOutcome(t, v, from(peer), alice.thumbprint(), "no_certificate")
		if got := v.State().Ignored; got != counted {
			t.Errorf("%q: a request without the field was counted", peer)
		}
	}
}

// By default nobody's field counts, not even next to a certificate.
func TestIgnoredByDefault(t *testing.T) {
	t.Parallel()
	alice, mallory := anyClient(t), anyClient(t)
	v := newVerifier(t, mtls.Config{})
	field := item(alice.leaf.Raw)
	wantOutcome(t, v, from(proxyAddr, "Client-Cert", field), alice.thumbprint(), "no_certificate")
	wantOutcome(t, v, over(from("127.0.0.1:1", "Client-Cert", field), mallory), alice.thumbprint(), "wrong_certificate")
	wantOutcome(t, v, over(from(proxyAddr, "Client-Cert", field), mallory), mallory.thumbprint(), "pass")
	wantOutcome(t, v, over(from(proxyAddr, "Client-Cert", "nonsense"), mallory), mallory.thumbprint(), "pass")
	if got := v.State().Ignored; got != 4 {
		t.Errorf("%d counted, want 4", got)
	}
}

// There is one source. The other one neither adds to it nor stands in for it.
func TestM9440_7(t *testing.T) {
	t.Parallel()
	alice, proxy := anyClient(t), anyClient(t)
	field := item(alice.leaf.Raw)
	for _, tt := range []struct {
		name   string
		r      *http.Request
		client string
		proxy  string
	}{
		{"field and connection", over(from(proxyAddr, "Client-Cert", field), proxy), "pass", "wrong_certificate"},
		{"connection alone", over(from(proxyAddr), proxy), "no_certificate", "no_certificate"},
		{"malformed field", over(from(proxyAddr, "Client-Cert", "x"), proxy), "malformed_certificate", "malformed_certificate"},
		{"from the Internet", over(from(internetAddr, "Client-Cert", field), proxy), "untrusted_proxy", "untrusted_proxy"},
		{"from the Internet, connection alone", over(from(internetAddr), proxy), "no_certificate", "no_certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := newVerifier(t, behindProxy)
			wantOutcome(t, v, tt.r, alice.thumbprint(), tt.client)
			wantOutcome(t, v, tt.r, proxy.thumbprint(), tt.proxy)
		})
	}
}

// A-78, as the Internet sees it: whatever of Client-Cert arrives, the answer is the same.
func TestA78(t *testing.T) {
	t.Parallel()
	alice := anyClient(t)
	right := item(alice.leaf.Raw)
	for _, proxies := range [][]netip.Prefix{
		{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, {proxyPrefix}, nil,
	} {
		guard := newGuard(t, honour, newVerifier(t, mtls.Config{TrustedProxies: proxies}))
		handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		server := httptest.NewServer(oauthhttp.Require(guard)(handler))
		t.Cleanup(server.Close)
		for _, tt := range []struct {
			name   string
			fields []string
			good   bool
		}{
			{"once", []string{right}, true},
			{"twice", []string{right, right}, false},
			{"list", []string{right + ", " + right}, false},
			{"PEM", []string{escapedPEM(alice)}, false},
			{"trailing data", []string{item(slices.Concat(alice.leaf.Raw, []byte{0}))}, false},
			{"empty", []string{""}, false},
			{"none", nil, false},
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header["Client-Cert"] = tt.fields
			response, err := server.Client().Do(bearer(r, alice.thumbprint()))
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			want, vary := invalidToken, ""
			if tt.good && len(proxies) == 2 {
				want, vary = "200", "Client-Cert"
			}
			got := strings.TrimSpace(response.Status[:3] + " " + response.Header.Get("WWW-Authenticate"))
			if got != want || response.Header.Get("Vary") != vary {
				t.Errorf("%v, %s: %s, Vary %q, want %s", proxies, tt.name, got, response.Header.Get("Vary"), want)
			}
		}
	}
}
