package dpop_test

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
)

const (
	proxyAddr    = "192.0.2.7:4711"
	internetAddr = "203.0.113.9:4711"
)

func prefixes(list ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, each := range list {
		all = append(all, netip.MustParsePrefix(each))
	}
	return all
}

func behindProxies(t testing.TB, cfg dpop.ProxyConfig) *dpop.Verifier {
	t.Helper()
	if cfg.TrustedProxies == nil {
		cfg.TrustedProxies = prefixes("192.0.2.0/24", "2001:db8::/32")
	}
	if cfg.BaseURLs == nil {
		cfg.BaseURLs = []string{"https://api.example.com", "https://api.example.org:8443", "https://example.com/api/"}
	}
	url, err := dpop.BehindProxies(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return newVerifier(t, dpop.Config{URL: url})
}

// from is a request for /orders of a peer, with header fields given as name and value by turns.
func from(t testing.TB, peer, htu string, fields ...string) *http.Request {
	t.Helper()
	r := request("GET", "/orders", proofOf(t, object{"htu": htu}))
	r.RemoteAddr = peer
	for i := 0; i < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	return r
}

// The fields of a trusted proxy choose among the base URLs, and nobody else's do anything.
func TestBehindProxies(t *testing.T) {
	v := behindProxies(t, dpop.ProxyConfig{Prefix: true})
	for _, tt := range []struct {
		name, peer, htu string
		fields          []string
		want            string
	}{
		{"host and scheme", proxyAddr, "https://api.example.org:8443/orders",
			[]string{"X-Forwarded-Host", "api.example.org:8443", "X-Forwarded-Proto", "https"}, pass},
		{"another spelling", proxyAddr, "https://api.example.com/orders",
			[]string{"X-Forwarded-Host", "API.example.com:443", "X-Forwarded-Proto", "HTTPS"}, pass},
		{"prefix", proxyAddr, "https://example.com/api/orders",
			[]string{"X-Forwarded-Host", "example.com", "X-Forwarded-Proto", "https", "X-Forwarded-Prefix", "/api"}, pass},
		{"prefix with a slash", proxyAddr, "https://example.com/api/orders",
			[]string{"X-Forwarded-Host", "example.com", "X-Forwarded-Proto", "https", "X-Forwarded-Prefix", "/api/"}, pass},
		{"no prefix", proxyAddr, "https://example.com/api/orders",
			[]string{"X-Forwarded-Host", "example.com", "X-Forwarded-Proto", "https"}, other},
		{"unlisted prefix", proxyAddr, "https://api.example.com/x/orders",
			[]string{"X-Forwarded-Host", "api.example.com", "X-Forwarded-Proto", "https", "X-Forwarded-Prefix", "/x"}, other},
		{"unlisted host", proxyAddr, "https://evil.example/orders",
			[]string{"X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https"}, other},
		{"unlisted scheme", proxyAddr, "http://api.example.com/orders",
			[]string{"X-Forwarded-Host", "api.example.com", "X-Forwarded-Proto", "http"}, other},
		{"unlisted port", proxyAddr, "https://api.example.org/orders",
			[]string{"X-Forwarded-Host", "api.example.org", "X-Forwarded-Proto", "https"}, other},
		{"empty host", proxyAddr, "https://api.example.com/orders", []string{"X-Forwarded-Host", "", "X-Forwarded-Proto", "https"}, other},
		{"host with a path", proxyAddr, "https://api.example.com/orders",
			[]string{"X-Forwarded-Host", "api.example.com/x", "X-Forwarded-Proto", "https"}, other},
		{"host with user information", proxyAddr, "https://api.example.com/orders",
			[]string{"X-Forwarded-Host", "x@api.example.com", "X-Forwarded-Proto", "https"}, other},

		// What a client sent stands before what the proxy added.
		{"list", proxyAddr, "https://api.example.com/orders",
			[]string{"X-Forwarded-Host", "api.example.org:8443, api.example.com", "X-Forwarded-Proto", "http, https"}, pass},
		{"two fields", proxyAddr, "https://api.example.com/orders",
			[]string{"X-Forwarded-Host", "api.example.org:8443", "X-Forwarded-Host", "api.example.com", "X-Forwarded-Proto", "https"}, pass},
		{"first of a list", proxyAddr, "https://api.example.org:8443/orders",
			[]string{"X-Forwarded-Host", "api.example.org:8443, api.example.com", "X-Forwarded-Proto", "https"}, other},

		// The other field is not the one that the proxies set.
		{"Forwarded", proxyAddr, "https://api.example.org:8443/orders",
			[]string{"Forwarded", `host="api.example.org:8443";proto=https`, "X-Forwarded-Host", "api.example.com", "X-Forwarded-Proto", "https"}, other},

		// Nobody else's word counts.
		{"direct", internetAddr, "https://api.example.com/orders", nil, pass},
		{"forged", internetAddr, "https://api.example.com/orders",
			[]string{"X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "http", "X-Forwarded-Prefix", "/x", "Forwarded", "host=evil.example"}, pass},
		{"forged to another of ours", internetAddr, "https://api.example.org:8443/orders",
			[]string{"X-Forwarded-Host", "api.example.org:8443", "X-Forwarded-Proto", "https"}, other},
		{"forged with the proxy's address", internetAddr, "https://api.example.org:8443/orders",
			[]string{"X-Forwarded-For", "192.0.2.7", "X-Real-Ip", "192.0.2.7", "X-Forwarded-Host", "api.example.org:8443", "X-Forwarded-Proto", "https"}, other},

		// Who the peer is.
		{"IPv4 as IPv6", "[::ffff:192.0.2.7]:1", "https://api.example.org:8443/orders",
			[]string{"X-Forwarded-Host", "api.example.org:8443", "X-Forwarded-Proto", "https"}, pass},
		{"IPv6", "[2001:db8::9]:1", "https://api.example.org:8443/orders",
			[]string{"X-Forwarded-Host", "api.example.org:8443", "X-Forwarded-Proto", "https"}, pass},
		{"with a zone", "[2001:db8::9%eth0]:1", "https://api.example.org:8443/orders",
			[]string{"X-Forwarded-Host", "api.example.org:8443", "X-Forwarded-Proto", "https"}, other},
		{"without a port", "192.0.2.7", "https://api.example.org:8443/orders",
			[]string{"X-Forwarded-Host", "api.example.org:8443", "X-Forwarded-Proto", "https"}, other},
		{"Unix socket", "@", "https://api.example.com/orders", nil, pass},
		{"nobody", "", "https://api.example.com/orders", nil, pass},
	} {
		want(t, tt.name, outcomeOf(t, v, from(t, tt.peer, tt.htu, tt.fields...), alice(t).thumbprint()), tt.want)
	}
}

// A prefix, which many proxies pass on as a client wrote it, counts only where it is asked for, and then as a path alone.
func TestForwardedPrefix(t *testing.T) {
	bases := []string{"https://api.example.com", "https://api.example.com.eu", "https://api.example.com:8443", "https://api.example.com/admin",
		"https://api.example.com//admin"}
	for _, tt := range []struct {
		prefix string
		read   bool
		htu    string
		want   string
	}{
		{"/admin", true, bases[3] + "/orders", pass},
		{"/admin/", true, bases[3] + "/orders", pass},
		{"/admin", false, bases[3] + "/orders", other},
		{"/admin", false, bases[0] + "/orders", pass},
		{".eu", true, bases[1] + "/orders", other},
		{":8443", true, bases[2] + "/orders", other},
		{"/x/../admin", true, bases[3] + "/orders", other},
		{"/%61dmin", true, bases[3] + "/orders", other},
		{"?", true, bases[0] + "/orders", other},
		{"#", true, bases[0] + "/orders", other},
		{"/a b", true, bases[0] + "/orders", other},
		{"//admin", true, bases[4] + "/orders", other},
		{"", true, bases[0] + "/orders", pass},
	} {
		for _, forwarded := range []bool{false, true} {
			v := behindProxies(t, dpop.ProxyConfig{BaseURLs: bases, Prefix: tt.read, Forwarded: forwarded})
			r := from(t, proxyAddr, tt.htu, "X-Forwarded-Host", "api.example.com", "X-Forwarded-Proto", "https",
				"Forwarded", "host=api.example.com;proto=https", "X-Forwarded-Prefix", tt.prefix)
			want(t, tt.prefix+" for "+tt.htu, outcomeOf(t, v, r, alice(t).thumbprint()), tt.want)
		}
	}
}

// A proxy that leaves Host alone need not repeat it.
func TestBehindProxiesHost(t *testing.T) {
	v := behindProxies(t, dpop.ProxyConfig{BaseURLs: []string{"https://api.example.com", "https://api.example.org", "http://127.0.0.1"}})
	thumbprint := alice(t).thumbprint()
	r := from(t, proxyAddr, "https://api.example.org/orders", "X-Forwarded-Proto", "https")
	r.Host = "api.example.org"
	want(t, "Host", outcomeOf(t, v, r, thumbprint), pass)

	r = from(t, proxyAddr, "https://api.example.org/orders")
	r.Host, r.TLS = "api.example.org", &tls.ConnectionState{}
	want(t, "Host and TLS", outcomeOf(t, v, r, thumbprint), pass)

	r = from(t, proxyAddr, "https://api.example.org/orders")
	r.Host = "api.example.org"
	want(t, "Host without TLS", outcomeOf(t, v, r, thumbprint), other)

	r = from(t, internetAddr, "https://api.example.org/orders")
	r.Host, r.TLS = "api.example.org", &tls.ConnectionState{}
	want(t, "a client's Host", outcomeOf(t, v, r, thumbprint), other)

	r = request("OPTIONS", "*", proofOf(t, object{"htm": "OPTIONS"}))
	want(t, "no path", outcomeOf(t, v, r, thumbprint), other)
}

// The last element of Forwarded is the one of the trusted proxy (RFC 7239, section 4). What it does not say is in the
// request, but what cannot be read is not left out.
func TestForwarded(t *testing.T) {
	url, err := dpop.BehindProxies(dpop.ProxyConfig{
		TrustedProxies: prefixes("192.0.2.0/24"), Forwarded: true, Prefix: true,
		BaseURLs: []string{"https://first.example.com", "https://api.example.org:8443", "https://host.example.com", "https://example.com/api"},
	})
	if err != nil {
		t.Fatal(err)
	}
	find := func(peer string, fields ...string) string {
		r := from(t, peer, "", "X-Forwarded-Host", "first.example.com", "X-Forwarded-Proto", "http")
		r.Host, r.TLS = "host.example.com", &tls.ConnectionState{}
		r.Header["Forwarded"] = fields
		found, err := url(r)
		if err != nil {
			return kindOf(t, err) + " " + string(middleware.ReasonOf(err))
		}
		return found
	}
	const right, fromHost = "https://api.example.org:8443/orders", "https://host.example.com/orders"
	for _, tt := range []struct {
		want   string
		fields []string
	}{
		{right, []string{`host="api.example.org:8443";proto=https`}},
		{right, []string{`for=192.0.2.60; Proto=HTTPS ;by=203.0.113.43;Host="API.example.org:8443";ext="a,b;c\"d"`}},
		{right, []string{`host=api.example.org:8443;proto=https`}},
		{right, []string{`;host=api.example.org:8443;; proto=https;`}},
		{right, []string{`for="[2001:db8::1]:4711", host=evil.example;proto=http , host="api.example.org:8443";proto="https"`}},
		{right, []string{`for="a\", b", host="api.example.org:8443";proto=https`}},
		{right, []string{`host=evil.example;proto=http`, `host="api.example.org:8443";proto=https`}},
		{right, []string{`host="api.example.org:8443"`}},
		{right, []string{`host=evil.example\, host="api.example.org:8443";proto=https`}},
		{fromHost, []string{`proto=https`}},
		{fromHost, []string{`host="api.example.org:8443";proto=https, for=192.0.2.43`}},
		{fromHost, []string{`host="api.example.org:8443";proto=https`, ``}},
		{fromHost, []string{``}},
		{fromHost, nil},

		{other, []string{`host="api.example.org:8443";proto=https`, `host=evil.example;proto=https`}},
		{other, []string{`proto=http`}},
		{other, []string{`host=evil.example;host="api.example.org:8443";proto=https`}},
		{other, []string{`HOST=evil.example;host="api.example.org:8443";proto=https`}},
		{other, []string{`host="api.example.org:8443;proto=https`}},
		{other, []string{`for="`, `host="api.example.org:8443";proto=https`}},
		{other, []string{`for="\`, `host="api.example.org:8443";proto=https`}},
		{other, []string{`"for=x`}},
		{other, []string{`"`, `host="api.example.org:8443`}},
		{other, []string{`host="api.example.org:8443"x;proto=https`}},
		{other, []string{`host="api.example.org:8443"x";proto=https"`}},
		{other, []string{`host=api.example.org:8443 x;proto=https`}},
		{other, []string{`host="api.example.org:8443\"";proto=https`}},
		{other, []string{`host="api.example\.org:8443";proto=https`}},
		{other, []string{`host="api.example.org:8443"";proto="https"`}},
		{other, []string{`host=;proto=https`}},
		{other, []string{`host;proto=https`}},
	} {
		want(t, strings.Join(tt.fields, " | "), find(proxyAddr, tt.fields...), tt.want)
	}
	want(t, "forged", find(internetAddr, `host="api.example.org:8443";proto=https`), "https://first.example.com/orders")

	r := from(t, proxyAddr, "", "Forwarded", "host=example.com;proto=https", "X-Forwarded-Prefix", "/api")
	if found, err := url(r); found != "https://example.com/api/orders" {
		t.Errorf("with a prefix: %s, %v", found, err)
	}
}

func TestBehindProxiesConfig(t *testing.T) {
	good := []string{baseURL}
	for _, tt := range []struct {
		cfg  dpop.ProxyConfig
		says string
	}{
		{dpop.ProxyConfig{BaseURLs: good}, "TrustedProxies and BaseURLs are required"},
		{dpop.ProxyConfig{TrustedProxies: prefixes("10.0.0.0/8")}, "TrustedProxies and BaseURLs are required"},
		{dpop.ProxyConfig{TrustedProxies: []netip.Prefix{{}}, BaseURLs: good}, "TrustedProxies[0]: this is no prefix"},
		{dpop.ProxyConfig{TrustedProxies: prefixes("10.0.0.0/8", "0.0.0.0/0"), BaseURLs: good}, "TrustedProxies[1]: this is every address"},
		{dpop.ProxyConfig{TrustedProxies: prefixes("::/0"), BaseURLs: good}, "this is every address"},
		{dpop.ProxyConfig{TrustedProxies: prefixes("::ffff:10.0.0.0/104"), BaseURLs: good}, "write it as an IPv4 prefix"},
		{dpop.ProxyConfig{TrustedProxies: prefixes("10.0.0.7/8"), BaseURLs: good}, "bits beyond its length"},
		{dpop.ProxyConfig{TrustedProxies: prefixes("10.0.0.0/8"), BaseURLs: []string{baseURL, "api.example.com"}}, "BaseURLs[1]: this is no URL"},
		{dpop.ProxyConfig{TrustedProxies: prefixes("10.0.0.0/8"), BaseURLs: []string{"http://api.example.com"}}, "BaseURLs[0]: it must be an https URL"},
	} {
		url, err := dpop.BehindProxies(tt.cfg)
		if err == nil || url != nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%+v: %v, want %q", tt.cfg, err, tt.says)
		}
	}
}

// The configuration is copied.
func TestBehindProxiesOwnsNothingOfTheCaller(t *testing.T) {
	cfg := dpop.ProxyConfig{TrustedProxies: prefixes("10.0.0.0/8"), BaseURLs: []string{baseURL, "https://other.example"}}
	v := behindProxies(t, cfg)
	cfg.TrustedProxies[0] = prefixes("203.0.113.0/24")[0]
	cfg.BaseURLs[0] = "https://evil.example"
	r := from(t, internetAddr, "https://other.example/orders", "X-Forwarded-Host", "other.example", "X-Forwarded-Proto", "https")
	want(t, "trusted later", outcomeOf(t, v, r, alice(t).thumbprint()), other)
	want(t, "first", outcomeOf(t, v, from(t, internetAddr, baseURL+"/orders"), alice(t).thumbprint()), pass)
}
