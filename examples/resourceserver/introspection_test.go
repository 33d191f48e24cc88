package main

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

const (
	clientID     = "api"
	clientSecret = "a secret: with + and %"
)

// newAuthorizationServer starts an authorization server that knows this resource server alone.
func newAuthorizationServer(t *testing.T) *oauthtest.Server {
	t.Helper()
	return newIssuer(t, oauthtest.Config{Clients: map[string]string{clientID: clientSecret}})
}

// credentials returns the flags that authenticate this resource server.
func credentials(t *testing.T, secret string) []string {
	t.Helper()
	return []string{"-introspection-client-id", clientID, "-introspection-client-secret-file", writeFile(t, secret+"\n")}
}

// asking returns the flags to introspect at as.
func asking(t *testing.T, as *oauthtest.Server, args ...string) []string {
	t.Helper()
	endpoint := []string{"-introspection-url", as.URL(oauthtest.EndpointIntrospection)}
	return slices.Concat(endpoint, credentials(t, clientSecret), args)
}

// introspecting starts the program with nothing but introspection to go by.
func introspecting(t *testing.T, as *oauthtest.Server, args ...string) *server {
	t.Helper()
	return start(t, slices.Concat([]string{"-insecure-http", "-audience", audience}, asking(t, as), args)...)
}

// Who is asked about which token: the keys, the authorization server, or both.
func TestIntrospectionModes(t *testing.T) {
	as := newAuthorizationServer(t)
	revoked := func(token oauthtest.Token) string {
		minted := as.Mint(token)
		as.Revoke(minted)
		return minted
	}
	jwt, opaque := oauthtest.Token{Scope: "orders:read"}, oauthtest.Token{Scope: "orders:read", Opaque: true}
	untyped, elsewhere := jwt, opaque
	untyped.Header = map[string]any{"typ": "JWT"}
	elsewhere.Audience = []string{"https://other.example.com"}
	silent := jwt
	silent.Audience, silent.Introspection = elsewhere.Audience, map[string]any{"aud": nil}
	tokens := []struct {
		name, token string
		// statuses without an issuer, in mode opaque and in mode all
		usual, fresh [3]int
	}{
		{"JWT", as.Mint(jwt), [3]int{200, 200, 200}, [3]int{200, 200, 200}},
		{"opaque", as.Mint(opaque), [3]int{200, 200, 401}, [3]int{200, 200, 401}},
		{"revoked JWT", revoked(jwt), [3]int{401, 200, 401}, [3]int{401, 401, 401}},
		{"revoked opaque", revoked(opaque), [3]int{401, 401, 401}, [3]int{401, 401, 401}},
		{"JWT of another type", as.Mint(untyped), [3]int{200, 401, 401}, [3]int{200, 401, 401}},
		{"JWT for another, which the answer does not say", as.Mint(silent), [3]int{200, 401, 401}, [3]int{200, 401, 401}},
		{"opaque for another", as.Mint(elsewhere), [3]int{401, 401, 401}, [3]int{401, 401, 401}},
		{"unknown", "unknown", [3]int{401, 401, 401}, [3]int{401, 401, 401}},
	}
	eachAdapter(t, func(t *testing.T, adapter string) {
		for mode, s := range []*server{
			introspecting(t, as, "-adapter", adapter),
			trusting(t, as, asking(t, as, "-adapter", adapter)...),
			trusting(t, as, asking(t, as, "-adapter", adapter, "-introspection-mode", "all")...),
		} {
			for _, test := range tokens {
				for path, want := range map[string]int{"/orders": test.usual[mode], "/fresh": test.fresh[mode]} {
					if got := s.get(path, test.token); got.status != want {
						t.Errorf("mode %d, %s, %s: %d, want %d", mode, path, test.name, got.status, want)
					}
				}
			}
			weak := as.Mint(oauthtest.Token{Opaque: mode < 2, Scope: "orders:write"})
			wantRefusal(t, s.get("/orders", weak), 403, wantScope+ordersScope)
		}
	})
}

func TestIntrospectionAnswer(t *testing.T) {
	as := newAuthorizationServer(t)
	token := as.Mint(oauthtest.Token{Opaque: true, Subject: "bob", ClientID: "app", Scope: "a b"})
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := introspecting(t, as, "-adapter", adapter)
		for _, handler := range []string{"me", "fresh"} {
			want := fmt.Sprintf(`{"handler":%q,"iss":%q,"sub":"bob","client_id":"app","scopes":["a","b"],"anonymous":false,"calls":1}`, handler, as.Issuer())
			if got := s.get("/"+handler, token); got.status != 200 || got.body != want+"\n" {
				t.Errorf("%d %s, want %s", got.status, got.body, want)
			}
		}
	})
}

// How often two requests have the server asked.
func TestIntrospectionCaches(t *testing.T) {
	tests := []struct {
		name, path    string
		args          []string
		good, unknown int
	}{
		{"by default", "/me", nil, 1, 1},
		{"without", "/me", []string{"-introspection-cache-ttl", "-1s", "-introspection-negative-ttl", "-1s"}, 2, 2},
		{"zero", "/me", []string{"-introspection-cache-ttl", "0", "-introspection-negative-ttl", "0"}, 2, 2},
		{"long", "/me", []string{"-introspection-cache-ttl", "1h", "-introspection-negative-ttl", "1h"}, 1, 1},
		{"positive alone", "/me", []string{"-introspection-negative-ttl", "-1s"}, 1, 2},
		{"not on this route", "/fresh", nil, 2, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			as := newAuthorizationServer(t)
			s := introspecting(t, as, test.args...)
			calls := func(token string, want int) int {
				before := as.Requests(oauthtest.EndpointIntrospection)
				for range 2 {
					wantStatus(t, s.get(test.path, token), want)
				}
				return as.Requests(oauthtest.EndpointIntrospection) - before
			}
			good := calls(as.Mint(oauthtest.Token{Opaque: true}), 200)
			unknown := calls("unknown", 401)
			if good != test.good || unknown != test.unknown {
				t.Errorf("%d and %d calls, want %d and %d", good, unknown, test.good, test.unknown)
			}
		})
	}
}

func TestIntrospectionOutage(t *testing.T) {
	eachAdapter(t, func(t *testing.T, adapter string) {
		as := newAuthorizationServer(t)
		s := introspecting(t, as, "-adapter", adapter)
		known, unknown := as.Mint(oauthtest.Token{Opaque: true}), as.Mint(oauthtest.Token{Opaque: true})
		s.wantStatus(known, 200)
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Status: 503, Header: http.Header{"Retry-After": {"17"}}})
		s.wantStatus(known, 200)
		wantUnavailable(t, s.get("/me", unknown), "17")
		wantUnavailable(t, s.get("/fresh", known), "17")
		as.Heal()
		s.wantStatus(unknown, 200)
	})
}

// wantUnavailable wants a 503 that blames nobody's token. An empty retryAfter is any.
func wantUnavailable(t *testing.T, got answer, retryAfter string) {
	t.Helper()
	after := got.header.Get("Retry-After")
	if got.status != 503 || got.challenge != "" || after == "" || retryAfter != "" && after != retryAfter {
		t.Errorf("%d, challenge %q, Retry-After %q; %s", got.status, got.challenge, after, got.body)
	}
}

func TestIntrospectionCredentials(t *testing.T) {
	as := newAuthorizationServer(t)
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := introspecting(t, as, append(credentials(t, "wrong"), "-adapter", adapter)...)
		wantUnavailable(t, s.get("/me", as.Mint(oauthtest.Token{})), "")
		if got := s.get("/readyz", ""); got.status != 503 || got.body != `{"ready":false,"reason":"introspection_unavailable"}`+"\n" {
			t.Errorf("/readyz: %d %s", got.status, got.body)
		}
	})
}

func TestSignedIntrospection(t *testing.T) {
	eachAdapter(t, func(t *testing.T, adapter string) {
		as := newAuthorizationServer(t)
		s := trusting(t, as, asking(t, as, "-adapter", adapter, "-introspection-jwt")...)
		token := as.Mint(oauthtest.Token{Opaque: true})
		wantStatus(t, s.get("/fresh", token), 200)

		claims := func(audience string) []byte {
			return fmt.Appendf(nil, `{"iss":%q,"aud":%q,"iat":%d,"token_introspection":{"active":true}}`,
				as.Issuer(), audience, time.Now().Unix())
		}
		signed := map[string]any{"typ": "token-introspection+jwt"}
		for name, answer := range map[string]struct {
			mediaType, body string
			status          int
		}{
			"signed for us":        {"application/token-introspection+jwt", as.Sign(signed, claims(clientID)), 200},
			"signed for another":   {"application/token-introspection+jwt", as.Sign(signed, claims(audience)), 503},
			"signed by a stranger": {"application/token-introspection+jwt", newAuthorizationServer(t).Sign(signed, claims(clientID)), 503},
			"not signed":           {"application/json", `{"active":true}`, 503},
		} {
			as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{
				Body: answer.body, Header: http.Header{"Content-Type": {answer.mediaType}},
			})
			if got := s.get("/fresh", token); got.status != answer.status {
				t.Errorf("%s: %d, want %d", name, got.status, answer.status)
			}
		}
	})
}

// The program is ready once it can ask, and has keys if it needs them.
func TestReadyToIntrospect(t *testing.T) {
	for endpoint, want := range map[oauthtest.Endpoint]string{
		oauthtest.EndpointJWKS:          `{"ready":false,"reason":"keys_unavailable"}`,
		oauthtest.EndpointIntrospection: `{"ready":false,"reason":"introspection_unavailable"}`,
	} {
		t.Run(string(endpoint), func(t *testing.T) {
			t.Parallel()
			as := newAuthorizationServer(t)
			as.Break(endpoint, oauthtest.Fault{Status: 500})
			s := trusting(t, as, asking(t, as)...)
			if got := s.get("/readyz", ""); got.status != 503 || got.body != want+"\n" {
				t.Errorf("%d %s, want %s", got.status, got.body, want)
			}
			as.Heal()
			wantStatus(t, s.get("/readyz", ""), 200)
		})
	}
}
