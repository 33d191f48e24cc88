package dpop_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
)

// other is what a proof for another URL gets.
var other = refusal(dpop.ReasonWrongURL)

// htu is the URL of the request (check 9) after the normalisation of RFC 3986, sections 6.2.2 and 6.2.3.
func TestD9449_8(t *testing.T) {
	for _, tt := range []struct{ base, target, htu, want string }{
		{"https://api.example.com", "/orders", "https://api.example.com/orders", pass},

		// Query and fragment do not count, on either side.
		{"https://api.example.com", "/orders?a=1", "https://api.example.com/orders", pass},
		{"https://api.example.com", "/orders", "https://api.example.com/orders?a=1", pass},
		{"https://api.example.com", "/orders", "https://api.example.com/orders#a", pass},
		{"https://api.example.com", "/orders", "https://api.example.com/orders?", pass},
		{"https://api.example.com", "/orders?/../secrets", "https://api.example.com/orders#/../secrets?x", pass},
		{"https://api.example.com", "/orders#x", "https://api.example.com/orders", other},
		{"https://api.example.com", "/orders%3Fa", "https://api.example.com/orders?a", other},
		{"https://api.example.com", "/orders", "https://api.example.com?/orders", other},

		// Scheme, host and port.
		{"https://api.example.com", "/orders", "HTTPS://API.EXAMPLE.COM/orders", pass},
		{"https://API.example.com", "/orders", "https://api.example.COM/orders", pass},
		{"https://api.example.com", "/orders", "https://api.example.com:443/orders", pass},
		{"https://api.example.com", "/orders", "https://api.example.com:/orders", pass},
		{"https://api.example.com:443", "/orders", "https://api.example.com/orders", pass},
		{"https://api.example.com:8443", "/orders", "https://api.example.com:8443/orders", pass},
		{"http://localhost", "/orders", "http://localhost:80/orders", pass},
		{"https://api.example.com", "/orders", "http://api.example.com/orders", other},
		{"https://api.example.com", "/orders", "http://api.example.com:443/orders", other},
		{"https://api.example.com", "/orders", "https://api.example.com:80/orders", other},
		{"https://api.example.com", "/orders", "https://api.example.com:8443/orders", other},
		{"https://api.example.com:8443", "/orders", "https://api.example.com/orders", other},
		{"https://api.example.com", "/orders", "https://api.example.com:0443/orders", other},
		{"https://api.example.com", "/orders", "https://api.example.com:443:443/orders", other},
		{"https://api.example.com", "/orders", "https://api.example.com:x/orders", other},
		{"https://api.example.com", "/orders", "https://api.example.com:-443/orders", other},
		{"https://api.example.com", "/orders", "https://evil.example/orders", other},
		{"https://api.example.com", "/orders", "https://api.example.com.evil.example/orders", other},
		{"https://api.example.com", "/orders", "https://api.example.com./orders", other},
		{"https://api.example.com", "/orders", "https://%61pi.example.com/orders", other},
		{"https://api.example.com", "/orders", "https://api.example.com%2Forders", other},
		{"https://api.example.com", "/orders", "wss://api.example.com/orders", other},

		// User information deceives the reader.
		{"https://api.example.com", "/orders", "https://user@api.example.com/orders", other},
		{"https://api.example.com", "/orders", "https://user:secret@api.example.com/orders", other},
		{"https://api.example.com", "/orders", "https://@api.example.com/orders", other},
		{"https://api.example.com", "/orders", "https://api.example.com@evil.example/orders", other},
		{"https://api.example.com", "/orders", `https://api.example.com\@evil.example/orders`, other},
		{"https://api.example.com", "/orders", `https://evil.example\@api.example.com/orders`, other},

		// What is no absolute URL.
		{"https://api.example.com", "/orders", "/orders", other},
		{"https://api.example.com", "/orders", "//api.example.com/orders", other},
		{"https://api.example.com", "/orders", "orders", other},
		{"https://api.example.com", "/orders", "https:/api.example.com/orders", other},
		{"https://api.example.com", "/orders", "https:///orders", other},
		{"https://api.example.com", "/orders", "https://:443/orders", other},
		{"https://api.example.com", "/orders", "https:", other},
		{"https://api.example.com", "/orders", "https://", other},
		{"https://api.example.com", "/orders", " https://api.example.com/orders", other},
		{"https://api.example.com", "/orders", "https://api.example.com/orders ", other},
		{"https://api.example.com", "/orders", "https://api.example.com/orders\n", other},
		{"https://api.example.com", "/orders", "https://api.example.com/or\tders", other},
		{"https://api.example.com", "/orders", `https:\\api.example.com\orders`, other},

		// IP addresses and international names.
		{"https://[2001:db8::1]", "/", "https://[2001:DB8:0:0:0:0:0:1]/", pass},
		{"https://[2001:db8::1]:8443", "/", "https://[2001:db8:0::1]:8443/", pass},
		{"https://[2001:db8::1]:443", "/", "https://[2001:db8::1]", pass},
		{"https://[2001:db8::1]", "/", "https://[2001:db8::2]/", other},
		{"https://[2001:db8::1]", "/", "https://[2001:db8::1%25eth0]/", other},
		{"https://[2001:db8::1]", "/", "https://[2001:db8::1]x/", other},
		{"https://[2001:db8::1]", "/", "https://2001:db8::1/", other},
		{"https://[2001:db8::1]", "/", "https://[2001:db8::1/", other},
		{"https://[2001:db8::1]", "/", "https://[2001:db8::1:443/", other},
		{"https://192.0.2.1", "/", "https://192.0.2.1:443/", pass},
		{"https://192.0.2.1", "/", "https://[192.0.2.1]/", other},
		{"https://192.0.2.1", "/", "https://192.0.2.01/", other},
		{"https://xn--bcher-kva.example", "/", "https://XN--BCHER-KVA.example/", pass},
		{"https://xn--bcher-kva.example", "/", "https://b\u00fccher.example/", other},
		{"https://my_service.internal", "/", "https://my_service.internal/", pass},

		// Paths are case-sensitive, and a slash more is another path.
		{"https://api.example.com", "/orders", "https://api.example.com/Orders", other},
		{"https://api.example.com", "/orders", "https://api.example.com/orders/", other},
		{"https://api.example.com", "/orders/", "https://api.example.com/orders", other},
		{"https://api.example.com", "//orders", "https://api.example.com/orders", other},
		{"https://api.example.com", "//orders", "https://api.example.com//orders", pass},
		{"https://api.example.com", "/orders", "https://api.example.com", other},
		{"https://api.example.com", "/", "https://api.example.com", pass},
		{"https://api.example.com", "/?a", "https://api.example.com?b", pass},

		// Escapes: unreserved characters mean the same either way, others do not, and a slash least of all.
		{"https://api.example.com", "/orders", "https://api.example.com/%6F%72ders", pass},
		{"https://api.example.com", "/%6frders", "https://api.example.com/orders", pass},
		{"https://api.example.com", "/a%2fb", "https://api.example.com/a%2Fb", pass},
		{"https://api.example.com", "/a%2Fb", "https://api.example.com/a/b", other},
		{"https://api.example.com", "/a/b", "https://api.example.com/a%2Fb", other},
		{"https://api.example.com", "/a%2Fb", "https://api.example.com/a%252Fb", other},
		{"https://api.example.com", "/pay%20ments", "https://api.example.com/pay%20ments", pass},
		{"https://api.example.com", "/pay%20ments", "https://api.example.com/pay+ments", other},
		{"https://api.example.com", "/pay%20ments", "https://api.example.com/pay ments", other},
		{"https://api.example.com", "/a%7eb", "https://api.example.com/a~b", pass},
		{"https://api.example.com", "/a%21b", "https://api.example.com/a!b", other},
		{"https://api.example.com", "/a%3Bb", "https://api.example.com/a;b", other},
		{"https://api.example.com", "/caf%C3%A9", "https://api.example.com/caf%c3%a9", pass},
		{"https://api.example.com", "/caf%C3%A9", "https://api.example.com/caf\u00e9", pass},
		{"https://api.example.com", "/caf%C3%A9", "https://api.example.com/cafe\u0301", other},
		{"https://api.example.com", "/a|b", "https://api.example.com/a%7Cb", pass},
		{"https://api.example.com", `/a\b`, "https://api.example.com/a/b", other},
		{"https://api.example.com", "/a%00b", "https://api.example.com/a%00b", pass},
		{"https://api.example.com", "/a%00b", "https://api.example.com/a", other},
		{"https://api.example.com", "/a%7Fb", "https://api.example.com/a\x7fb", other},
		{"https://api.example.com", "/a%20b", "https://api.example.com/a b", other},
		{"https://api.example.com", "/a%", "https://api.example.com/a%", other},
		{"https://api.example.com", "/a%4", "https://api.example.com/a%4", other},
		{"https://api.example.com", "/a%zz", "https://api.example.com/a%zz", other},
		{"https://api.example.com", "/a%4g", "https://api.example.com/a%4g", other},
		{"https://api.example.com", "/a%g4", "https://api.example.com/a%g4", other},
		{"https://api.example.com", "/a", "https://api.example.com/a%", other},

		// Dot segments.
		{"https://api.example.com", "/b", "https://api.example.com/a/../b", pass},
		{"https://api.example.com", "/a/./b", "https://api.example.com/a/b", pass},
		{"https://api.example.com", "/a/%2e%2E/b", "https://api.example.com/b", pass},
		{"https://api.example.com", "/a/", "https://api.example.com/a/b/..", pass},
		{"https://api.example.com", "/a", "https://api.example.com/a/b/..", other},
		{"https://api.example.com", "/a/", "https://api.example.com/a/.", pass},
		{"https://api.example.com", "/", "https://api.example.com/..", pass},
		{"https://api.example.com", "/b", "https://api.example.com/../../b", pass},
		{"https://api.example.com", "/a/b", "https://api.example.com/a//../b", pass},
		{"https://api.example.com", "/a/..%2fb", "https://api.example.com/b", other},
		{"https://api.example.com", "/.../b", "https://api.example.com/b", other},
		{"https://api.example.com", "/.well-known/x", "https://api.example.com/.well-known/x", pass},
		{"https://api.example.com", "/a/..", "https://api.example.com", pass},

		// A prefix that a proxy takes away is part of the base URL, and nothing climbs out of it.
		{"https://example.com/api", "/orders", "https://example.com/api/orders", pass},
		{"https://example.com/api/", "/orders", "https://example.com/api/orders", pass},
		{"https://example.com/%61pi", "/orders", "https://example.com/api/orders", pass},
		{"https://example.com/api", "/orders", "https://example.com/orders", other},
		{"https://example.com/api", "/api/orders", "https://example.com/api/orders", other},
		{"https://example.com/api", "/../admin", "https://example.com/admin", other},
		{"https://example.com/api", "/..%2fadmin", "https://example.com/admin", other},
		{"https://example.com/api", "/%2e%2e/admin", "https://example.com/admin", other},
		{"https://example.com/api", "/", "https://example.com/api/", pass},
		{"https://example.com", "/api/orders", "https://example.com/api/orders", pass},

		// The other forms of a request target (RFC 9112, section 3.2). The host in one does not count.
		{"https://api.example.com", "https://api.example.com/orders?a", "https://api.example.com/orders", pass},
		{"https://api.example.com", "http://evil.example/orders", "https://api.example.com/orders", pass},
		{"https://api.example.com", "http://evil.example/orders", "http://evil.example/orders", other},
		{"https://api.example.com", "http://evil.example", "https://api.example.com/", pass},
		{"https://api.example.com", "http://evil.example?/orders", "https://api.example.com/", pass},
		{"https://api.example.com", "*", "https://api.example.com/", other},
		{"https://api.example.com", "api.example.com:443", "https://api.example.com/", other},
		{"https://api.example.com", "https:///orders", "https://api.example.com/orders", pass},
		{"https://api.example.com", "?a", "https://api.example.com/", pass},

		// A target without a path, or with a broken one, is not the base URL itself.
		{"https://example.com/api", "*", "https://example.com/api", other},
		{"https://example.com/api", "example.com:443", "https://example.com/api", other},
		{"https://example.com/api", "/a\tb", "https://example.com/api", other},
		{"https://example.com/api", "/a%", "https://example.com/api", other},
	} {
		t.Run(tt.base+" "+tt.target+" "+tt.htu, func(t *testing.T) {
			v := newVerifier(t, dpop.Config{BaseURL: tt.base})
			r := request("GET", tt.target, proofOf(t, object{"htu": tt.htu}))
			want(t, tt.htu, outcomeOf(t, v, r, alice(t).thumbprint()), tt.want)
		})
	}
}

// What the client says about itself has no effect, nor has what routers do to the path (section 4.3, check 9).
func TestD9449_9(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	thumbprint := alice(t).thumbprint()
	var got string
	inner := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = outcomeOf(t, v, r, thumbprint) })
	mux := http.NewServeMux()
	mux.Handle("/v1/", http.StripPrefix("/v1", inner))
	mux.Handle("/{id}", inner)

	for _, tt := range []struct{ target, htu, want string }{
		{"/v1/orders", baseURL + "/v1/orders", pass},
		{"/v1/orders", baseURL + "/orders", other},
		{"/v1/a%2Fb?x=1", baseURL + "/v1/a%2Fb", pass},
		{"/v1/a%2Fb", baseURL + "/v1/a/b", other},
		{"/7%2F8", baseURL + "/7%2F8", pass},
		{"/7%3F8", baseURL + "/7%3F8", pass},
	} {
		server := httptest.NewServer(mux)
		r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+tt.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("DPoP", proofOf(t, object{"htu": tt.htu}))
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Server", "X-Original-Host", "X-Host"} {
			r.Header.Set(name, "evil.example")
		}
		r.Host = "evil.example"
		r.Header.Set("Forwarded", "host=evil.example;proto=http")
		r.Header.Set("X-Forwarded-Proto", "http")
		r.Header.Set("X-Forwarded-Prefix", "/evil")
		r.Header.Set("X-Original-Url", "/evil")
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		server.Close()
		want(t, tt.target+" with "+tt.htu, got, tt.want)
	}

	// A request that no server read has no request line.
	r, err := http.NewRequestWithContext(context.Background(), "GET", "https://anything.example/a%2Fb?x", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("DPoP", proofOf(t, object{"htu": baseURL + "/a%2Fb"}))
	want(t, "without a server", outcomeOf(t, v, r, thumbprint), pass)
	r.URL = &url.URL{Scheme: "https", Host: "anything.example"}
	r.Header.Set("DPoP", proofOf(t, object{"htu": baseURL}))
	want(t, "without a server and a path", outcomeOf(t, v, r, thumbprint), pass)
}

// Whoever has to find out why proofs are refused is told that it was the request's own target, and what the hook said.
func TestTargetCauses(t *testing.T) {
	cause := errors.New("no route")
	for _, tt := range []struct {
		cfg    dpop.Config
		target string
		says   string
	}{
		{dpop.Config{}, "*", "the target of the request has no path"},
		{dpop.Config{URL: func(*http.Request) (string, error) { return "", cause }}, "/orders", cause.Error()},
		{dpop.Config{URL: func(*http.Request) (string, error) { return "", nil }}, "/orders", "returned no http or https URL"},
	} {
		err := newVerifier(t, tt.cfg).Verify(http.Header{}, request("GET", tt.target, proofOf(t, nil)), accessToken, alice(t).thumbprint())
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", tt.target, err, tt.says)
		}
	}
}

// Config.URL replaces BaseURL. What it cannot find out is not the client's fault, unless it says so.
func TestURLHook(t *testing.T) {
	for _, tt := range []struct {
		url  string
		err  error
		want string
	}{
		{"https://api.example.com/orders", nil, pass},
		{"HTTPS://API.example.com:443/a/../orders?x#y", nil, pass},
		{"https://api.example.com/other", nil, other},
		{"", nil, "unavailable url_unavailable"},
		{"/orders", nil, "unavailable url_unavailable"},
		{"https://user@api.example.com/orders", nil, "unavailable url_unavailable"},
		{"https://api.example.com/orders", errors.New("no route"), "unavailable url_unavailable"},
		{"", middleware.Unavailable("x", 0, nil), "unavailable url_unavailable"},
		{"https://api.example.com/orders", middleware.RejectProof("unknown_tenant", nil), "proof unknown_tenant"},
	} {
		v := newVerifier(t, dpop.Config{URL: func(r *http.Request) (string, error) {
			if r.RequestURI != "/internal" {
				t.Errorf("asked about %s", r.RequestURI)
			}
			return tt.url, tt.err
		}})
		r := request("GET", "/internal", proofOf(t, nil))
		want(t, tt.url, outcomeOf(t, v, r, alice(t).thumbprint()), tt.want)
	}
}

// Long paths are no way to waste time: each is looked at once.
func TestLongPath(t *testing.T) {
	v := newVerifier(t, dpop.Config{MaxProofBytes: 64 << 10})
	for _, path := range []string{
		"/" + strings.Repeat("a/../", 8000), "/" + strings.Repeat("%2e%2e/", 5000), "/" + strings.Repeat("/", 30000),
	} {
		r := request("GET", path, proofOf(t, object{"htu": baseURL + path}))
		want(t, path[:10], outcomeOf(t, v, r, alice(t).thumbprint()), pass)
	}
}
