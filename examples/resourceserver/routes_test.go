package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

// access is a route with what it demands.
type access struct {
	method, path string
	missing      string // parameters of the challenge to nobody
	good         oauthtest.Token
	weak         oauthtest.Token // good elsewhere; zero where any token will do
	status       int             // of the answer to weak
	challenge    string          // to weak
}

const (
	ordersScope = `scope="orders:read"`
	wantScope   = `error="insufficient_scope", error_description="The access token does not grant what this request needs", `
	wantLogin   = `error="insufficient_user_authentication", error_description="A stronger or more recent authentication is required", `
)

func accesses() []access {
	scope := func(s string) oauthtest.Token { return oauthtest.Token{Scope: s} }
	login := func(acr string, ago time.Duration) oauthtest.Token {
		claims := map[string]any{"acr": acr, "auth_time": time.Now().Add(-ago).Unix()}
		return oauthtest.Token{Scope: "orders:read", Claims: claims}
	}
	const loa1, loa2, loa3 = "urn:example:loa:1", "urn:example:loa:2", "urn:example:loa:3"
	const strong = `acr_values="` + loa2 + " " + loa3 + `"`
	fresh, old := 0*time.Second, 6*time.Minute
	return []access{
		{"GET", "/me", "", scope(""), scope(""), 200, ""},
		{"GET", "/orders", ordersScope, scope("orders:read"), scope("orders:write"), 403, wantScope + ordersScope},
		{"GET", "/orders/7", ordersScope, scope("a orders:read"), scope("orders"), 403, wantScope + ordersScope},
		{"POST", "/orders", `scope="orders:write"`, scope("orders:write"), scope("orders:read"), 403, wantScope + `scope="orders:write"`},
		{"GET", "/reports", `scope="reports:read admin"`, scope("admin"), scope("reports"), 403, wantScope + `scope="reports:read admin"`},
		{"GET", "/both", `scope="read write"`, scope("write read"), scope("read"), 403, wantScope + `scope="read write"`},
		{"GET", "/grouped", "", scope("orders:read"), scope("orders:write"), 403, wantScope + ordersScope},
		{"GET", "/stepup", "", login(loa3, old), login(loa1, fresh), 401, wantLogin + strong},
		{"GET", "/recent", "", login(loa1, fresh), login(loa3, old), 401, wantLogin + `max_age="300"`},
		{"GET", "/stepup-orders", ordersScope, login(loa2, fresh), login(loa3, fresh), 401, wantLogin + ordersScope + `, acr_values="` + loa2 + `", max_age="300"`},
	}
}

func TestRoutes(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := trusting(t, as, "-adapter", adapter)
		calls := map[string]int{}
		for _, a := range accesses() {
			t.Run(a.method+" "+a.path, func(t *testing.T) {
				handler := strings.Split(a.path, "/")[1]
				refused := s.do(a.method, a.path, "")
				wantRefusal(t, refused, 401, a.missing)
				if weak := s.do(a.method, a.path, as.Mint(a.weak)); a.status == 200 {
					calls[handler]++
					wantCall(t, weak, handler, calls[handler])
				} else {
					wantRefusal(t, weak, a.status, a.challenge)
				}
				calls[handler]++
				wantCall(t, s.do(a.method, a.path, as.Mint(a.good)), handler, calls[handler])
			})
		}
	})
}

func wantRefusal(t *testing.T, got answer, status int, params string) {
	t.Helper()
	want := `Bearer realm="api"`
	if params != "" {
		want += ", " + params
	}
	if got.status != status || got.challenge != want {
		t.Errorf("got %d with challenge\n%s\nwant %d with\n%s", got.status, got.challenge, status, want)
	}
}

func wantCall(t *testing.T, got answer, handler string, calls int) {
	t.Helper()
	var c call
	if err := json.Unmarshal([]byte(got.body), &c); err != nil || got.status != http.StatusOK {
		t.Fatalf("%d %s %v", got.status, got.body, err)
	}
	if c.Handler != handler || c.Calls != int64(calls) || c.Anonymous {
		t.Errorf("got %+v, want call %d of %s", c, calls, handler)
	}
}

func TestAnswer(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	bob := as.Mint(oauthtest.Token{Subject: "bob", ClientID: "app", Scope: "a b"})
	nobody := as.Mint(oauthtest.Token{})
	const anonymous = `{"handler":%q,"iss":"","sub":"","client_id":"","scopes":[],"anonymous":true,"calls":%d}`
	const known = `{"handler":%q,"iss":%q,"sub":%q,"client_id":%q,"scopes":%s,"anonymous":false,"calls":%d}`
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := trusting(t, as, "-adapter", adapter)
		for _, test := range []struct{ path, token, want string }{
			{"/public", "", fmt.Sprintf(anonymous, "public", 1)},
			{"/public", bob, fmt.Sprintf(anonymous, "public", 2)},
			{"/me", bob, fmt.Sprintf(known, "me", as.Issuer(), "bob", "app", `["a","b"]`, 1)},
			{"/me", nobody, fmt.Sprintf(known, "me", as.Issuer(), "alice", "test-client", `[]`, 2)},
			{"/optional", "", fmt.Sprintf(anonymous, "optional", 1)},
			{"/optional", nobody, fmt.Sprintf(known, "optional", as.Issuer(), "alice", "test-client", `[]`, 2)},
		} {
			got := s.get(test.path, test.token)
			if got.status != http.StatusOK || got.body != test.want+"\n" {
				t.Errorf("%s: %d %s, want %s", test.path, got.status, got.body, test.want)
			}
			if media := got.header.Get("Content-Type"); media != "application/json" {
				t.Errorf("%s: Content-Type %q", test.path, media)
			}
		}
		if got := s.get("/optional", "nonsense"); got.status != http.StatusUnauthorized {
			t.Errorf("/optional with a bad token: %d, want 401", got.status)
		}
	})
}

func TestOtherRequests(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := trusting(t, as, "-adapter", adapter)
		for _, test := range []struct {
			method, path string
			want         int
		}{
			{"HEAD", "/me", 200},
			{"DELETE", "/orders", 405},
			{"GET", "/me/", 404},
			{"GET", "/", 404},
			{"GET", "/revoke", 405},
			{"GET", "/fresh", 404}, // there is nobody to ask
			// What flags bring.
			{"POST", "/events", 404},
			{"POST", "/backchannel-logout", 404},
			{"GET", "/.well-known/oauth-protected-resource", 404},
		} {
			if got := s.do(test.method, test.path, as.Mint(oauthtest.Token{})); got.status != test.want {
				t.Errorf("%s %s: %d, want %d", test.method, test.path, got.status, test.want)
			}
		}
	})
}
