package oauthtest_test

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

func TestIssuerAndURLs(t *testing.T) {
	tests := []struct {
		name               string
		cfg                oauthtest.Config
		issuer             string
		metadata, oidc, ks string
	}{
		{
			"default", oauthtest.Config{InMemory: true}, "https://as.example.com",
			"https://as.example.com/.well-known/oauth-authorization-server",
			"https://as.example.com/.well-known/openid-configuration",
			"https://as.example.com/jwks",
		},
		{
			"path", oauthtest.Config{InMemory: true, Host: "login.example:8443", Path: "/tenants/a"},
			"https://login.example:8443/tenants/a",
			"https://login.example:8443/.well-known/oauth-authorization-server/tenants/a",
			"https://login.example:8443/tenants/a/.well-known/openid-configuration",
			"https://login.example:8443/tenants/a/jwks",
		},
		{
			"terminating slash", oauthtest.Config{InMemory: true, PlainHTTP: true, Path: "/"}, "http://as.example.com/",
			"http://as.example.com/.well-known/oauth-authorization-server",
			"http://as.example.com/.well-known/openid-configuration",
			"http://as.example.com/jwks",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			as := oauthtest.NewServer(t, test.cfg)
			got := []string{
				as.Issuer(), as.URL(oauthtest.EndpointMetadata),
				as.URL(oauthtest.EndpointOpenIDConfiguration), as.URL(oauthtest.EndpointJWKS), as.URL(oauthtest.EndpointAny),
			}
			for i, want := range []string{test.issuer, test.metadata, test.oidc, test.ks, ""} {
				if got[i] != want {
					t.Errorf("got %s, want %s", got[i], want)
				}
			}
		})
	}
}

func TestMetadata(t *testing.T) {
	everyWay(t, oauthtest.Config{Path: "/tenants/a"}, func(t *testing.T, as *oauthtest.Server) {
		for _, e := range []oauthtest.Endpoint{oauthtest.EndpointMetadata, oauthtest.EndpointOpenIDConfiguration} {
			answer := get(t, as, e)
			if answer.status != http.StatusOK || answer.header.Get("Content-Type") != "application/json" {
				t.Fatalf("%s: %d %v", e, answer.status, answer.header)
			}
			members := object(t, answer.body)
			want := map[string]string{
				"issuer":                 as.Issuer(),
				"jwks_uri":               as.URL(oauthtest.EndpointJWKS),
				"token_endpoint":         as.URL(oauthtest.EndpointToken),
				"introspection_endpoint": as.URL(oauthtest.EndpointIntrospection),
				"revocation_endpoint":    as.URL(oauthtest.EndpointRevocation),
			}
			for name, value := range want {
				if members[name] != value {
					t.Errorf("%s: %s is %v, want %s", e, name, members[name], value)
				}
			}
		}
	})
}

func TestKeySetCaching(t *testing.T) {
	cfg := oauthtest.Config{CacheControl: "max-age=60"}
	everyWay(t, cfg, func(t *testing.T, as *oauthtest.Server) {
		first := get(t, as, oauthtest.EndpointJWKS)
		tag := first.header.Get("ETag")
		if first.header.Get("Cache-Control") != "max-age=60" || tag == "" {
			t.Errorf("header %v", first.header)
		}
		conditional := func() response {
			r := request(t, http.MethodGet, as.URL(oauthtest.EndpointJWKS), "")
			r.Header.Set("If-None-Match", tag)
			return do(t, as, r)
		}
		unchanged := conditional()
		if unchanged.status != http.StatusNotModified || unchanged.body != "" || unchanged.header.Get("ETag") != tag {
			t.Errorf("unchanged: %+v", unchanged)
		}
		as.Rotate()
		if changed := conditional(); changed.status != http.StatusOK || changed.header.Get("ETag") == tag {
			t.Errorf("changed: %+v", changed)
		}
	})
}

func TestRequests(t *testing.T) {
	everyWay(t, oauthtest.Config{}, func(t *testing.T, as *oauthtest.Server) {
		get(t, as, oauthtest.EndpointJWKS)
		get(t, as, oauthtest.EndpointJWKS)
		get(t, as, oauthtest.EndpointMetadata)
		if stranger := do(t, as, request(t, "GET", as.Issuer()+"/elsewhere", "")); stranger.status != http.StatusNotFound {
			t.Errorf("unknown path: %d", stranger.status)
		}
		want := map[oauthtest.Endpoint]int{
			oauthtest.EndpointJWKS: 2, oauthtest.EndpointMetadata: 1, oauthtest.EndpointToken: 0, oauthtest.EndpointAny: 4,
		}
		for e, n := range want {
			if got := as.Requests(e); got != n {
				t.Errorf("%q: %d requests, want %d", e, got, n)
			}
		}
	})
}

func TestOnRequest(t *testing.T) {
	type seen struct {
		endpoint      oauthtest.Endpoint
		token, accept string
	}
	requests := make(chan seen, 1)
	cfg := oauthtest.Config{OnRequest: func(e oauthtest.Endpoint, r *http.Request) {
		requests <- seen{e, r.PostForm.Get("token"), r.Header.Get("Accept")}
	}}
	everyWay(t, cfg, func(t *testing.T, as *oauthtest.Server) {
		r := formRequest(t, as, oauthtest.EndpointIntrospection, url.Values{"token": {"a+/=&b"}})
		r.Header.Set("Accept", "application/json")
		do(t, as, r)
		want := seen{oauthtest.EndpointIntrospection, "a+/=&b", "application/json"}
		if got := <-requests; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestMethods(t *testing.T) {
	everyWay(t, oauthtest.Config{}, func(t *testing.T, as *oauthtest.Server) {
		tests := []struct {
			method   string
			endpoint oauthtest.Endpoint
			status   int
			allow    string
		}{
			{http.MethodHead, oauthtest.EndpointJWKS, 200, ""},
			{http.MethodPost, oauthtest.EndpointJWKS, 405, "GET, HEAD"},
			{http.MethodGet, oauthtest.EndpointIntrospection, 405, "POST"},
			{http.MethodGet, oauthtest.EndpointToken, 405, "POST"},
			{http.MethodPut, oauthtest.EndpointRevocation, 405, "POST"},
		}
		for _, test := range tests {
			got := do(t, as, request(t, test.method, as.URL(test.endpoint), ""))
			if got.status != test.status || got.header.Get("Allow") != test.allow {
				t.Errorf("%s %s: %d, Allow %q", test.method, test.endpoint, got.status, got.header.Get("Allow"))
			}
		}
	})
}

func TestDateFollowsTheClock(t *testing.T) {
	cfg := oauthtest.Config{Now: func() time.Time { return time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC) }}
	everyWay(t, cfg, func(t *testing.T, as *oauthtest.Server) {
		if got := get(t, as, oauthtest.EndpointJWKS).header.Get("Date"); got != "Mon, 03 Feb 2031 04:05:06 GMT" {
			t.Errorf("Date is %s", got)
		}
	})
}

func TestHostByName(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{Host: "localhost:0", Algorithms: []string{"ES256"}})
	if !strings.HasPrefix(as.Issuer(), "https://localhost:") {
		t.Errorf("issuer %s", as.Issuer())
	}
	if got := get(t, as, oauthtest.EndpointJWKS); got.status != http.StatusOK {
		t.Errorf("status %d", got.status)
	}
}

func TestInMemoryReachesNothingElse(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}})
	targets := []string{"http://as.example.com/jwks", "https://as.example.com:8443/jwks", "https://example.com/"}
	for _, target := range targets {
		answer, err := as.HTTPClient().Get(target)
		if err == nil {
			answer.Body.Close()
			t.Errorf("%s was reached", target)
		}
	}
	if n := as.Requests(oauthtest.EndpointAny); n != 0 {
		t.Errorf("%d requests were counted", n)
	}
}

func TestClose(t *testing.T) {
	everyWay(t, oauthtest.Config{}, func(t *testing.T, as *oauthtest.Server) {
		for range 2 {
			if err := as.Close(); err != nil {
				t.Error(err)
			}
		}
		if answer, err := as.HTTPClient().Get(as.URL(oauthtest.EndpointJWKS)); err == nil {
			answer.Body.Close()
			t.Error("a closed server answered")
		}
	})
}

func TestConfigMistakes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()

	tests := map[string]struct {
		cfg  oauthtest.Config
		want string
	}{
		"unknown algorithm":   {oauthtest.Config{Algorithms: []string{"RS1"}}, `Config.Algorithms: "RS1"`},
		"none":                {oauthtest.Config{Algorithms: []string{"none"}}, `Config.Algorithms: "none"`},
		"symmetric algorithm": {oauthtest.Config{Algorithms: []string{"HS256"}}, `Config.Algorithms: "HS256"`},
		"short secret":        {oauthtest.Config{Secret: []byte("short")}, "Config.Secret"},
		"relative path":       {oauthtest.Config{Path: "tenants/a"}, "Config.Path"},
		"path with query":     {oauthtest.Config{Path: "/a?b=c"}, "Config.Path"},
		"path that is none":   {oauthtest.Config{Path: "/%zz"}, "Config.Path"},
		"host with path":      {oauthtest.Config{Host: "as.example.com/a", InMemory: true}, "Config.Host"},
		"host without port":   {oauthtest.Config{Host: "127.0.0.1"}, "Config.Host"},
		"host in use":         {oauthtest.Config{Host: taken.Addr().String()}, "Config.Host"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			as, err := oauthtest.Start(test.cfg)
			if err == nil || as != nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Start: %v", err)
			}
			message := fatal(t, func(tb testing.TB) { oauthtest.NewServer(tb, test.cfg) })
			if !strings.Contains(message, test.want) {
				t.Errorf("NewServer: %q", message)
			}
		})
	}
}

func TestServerSharesNothingWithConfig(t *testing.T) {
	cfg := oauthtest.Config{
		InMemory:   true,
		Algorithms: []string{"ES256"},
		Clients:    map[string]string{"api": "s"},
	}
	as := oauthtest.NewServer(t, cfg)
	cfg.Algorithms[0] = "none"
	cfg.Clients["api"] = "changed"
	as.Rotate()
	if introspect(t, as, as.Mint(oauthtest.Token{}))["active"] != true {
		t.Error("the server saw a later change to its configuration")
	}
}

func TestStart(t *testing.T) {
	as, err := oauthtest.Start(oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { err = errors.Join(err, as.Close()) }()
	if token := as.Mint(oauthtest.Token{Algorithm: "RS256"}); token != "" {
		t.Error("minted a token without a key")
	}
	if token := as.Sign(map[string]any{"x": make(chan int)}, nil); token != "" {
		t.Error("signed a header that JSON cannot express")
	}
	if _, _, ok := verify(t, as, as.Mint(oauthtest.Token{})); !ok {
		t.Error("unusable token")
	}
}

func TestConcurrentUse(t *testing.T) {
	everyWay(t, oauthtest.Config{}, func(t *testing.T, as *oauthtest.Server) {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				token := as.Mint(oauthtest.Token{})
				as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Header: http.Header{"Retry-After": {"1"}}})
				introspect(t, as, token)
				get(t, as, oauthtest.EndpointJWKS)
				as.Rotate()
				as.Revoke(token)
				as.Retire()
				as.Heal()
			})
		}
		group.Wait()
		if n := as.Requests(oauthtest.EndpointAny); n != 16 {
			t.Errorf("%d requests, want 16", n)
		}
	})
}
