package statuslist_test

import (
	"strings"
	"testing"

	"github.com/bearergate/bearergate/revocation/statuslist"
)

// TestT12: a list is fetched from the configured places alone (section 11.3).
func TestT12(t *testing.T) {
	for _, uri := range []string{
		"https://evil.example/lists/1",
		"https://as.example.com.evil.example/lists/1",
		"https://as.example.com@evil.example/lists/1",
		"https://as.example.com/lists@evil.example/1",
		"https://user@as.example.com/lists/1",
		"https://as.example.com:8443/lists/1",
		"https://as.example.com:443/lists/1",
		"https://AS.example.com/lists/1",
		"HTTPS://as.example.com/lists/1",
		"http://as.example.com/lists/1",
		"https://as.example.com/listsx",
		"https://as.example.com/lists-2/1",
		"https://as.example.com/list",
		"https://as.example.com/",
		"https://as.example.com/admin",
		"https://as.example.com//lists/1",
		"https://as.example.com/./lists/1",
		"https://as.example.com/x/../lists/1",
		prefix + "/../admin",
		prefix + "/..",
		prefix + "/.",
		prefix + "/./1",
		prefix + "/1/../../admin",
		prefix + "/%2e%2e/admin",
		prefix + "/%2E./admin",
		prefix + "/..%2fadmin",
		prefix + "%2f..%2fadmin",
		prefix + "/%252e%252e/admin",
		prefix + `/..\admin`,
		prefix + `\..\admin`,
		prefix + "/..;/admin",
		prefix + "//1",
		prefix + "/1//",
		prefix + "/1?x=y",
		prefix + "?x=y",
		prefix + "/1#f",
		prefix + "/1\n",
		prefix + "/1 ",
		" " + listURI,
		prefix + "/\u2025/1",
		prefix + "/\u00e9",
		"/lists/1",
		"",
	} {
		run(t, nil, func(f *fixture) {
			f.host.put(uri, page{body: f.claims(object{"sub": uri})})
			f.refuses(`{"status":{"status_list":{"idx":0,"uri":`+encode(f, uri)+`}}}`, statuslist.ReasonUntrustedList)
			f.fetched(0)
		})
	}
	for _, tt := range []struct{ prefix, uri string }{
		{prefix, prefix},
		{prefix, listURI},
		{prefix, listURI + "/"},
		{prefix, prefix + "/a-b_c~d.e/..f/g../...x/42"},
		{prefix + "/", listURI},
		{listURI, listURI},
		{"https://as.example.com", listURI},
		{"https://as.example.com/", listURI},
		{"https://as.example.com:8443/lists", "https://as.example.com:8443/lists/1"},
		{"http://127.0.0.1:9000/lists", "http://127.0.0.1:9000/lists/1"},
	} {
		change := func(c *statuslist.Config) {
			c.Prefixes, c.AllowLoopbackHTTP = []string{"https://other.example/x", tt.prefix}, true
		}
		run(t, change, func(f *fixture) {
			f.host.put(tt.uri, page{body: f.claims(object{"sub": tt.uri})})
			f.accepts(token(tt.uri, 0))
		})
	}
}

// TestURICharacters: below a prefix there are the unreserved characters of RFC 3986, section 2.3, and slashes; no others.
func TestURICharacters(t *testing.T) {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"
	run(t, nil, func(f *fixture) {
		for c := range rune(0x100) {
			uri := listURI + string(c)
			f.host.put(uri, page{body: f.claims(object{"sub": uri})})
			accessToken := `{"status":{"status_list":{"idx":0,"uri":` + encode(f, uri) + `}}}`
			if strings.ContainsRune(allowed, c) {
				f.accepts(accessToken)
			} else {
				f.refuses(accessToken, statuslist.ReasonUntrustedList)
			}
		}
	})
}
