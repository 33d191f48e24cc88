package oauthtest_test

import (
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

func TestIntrospection(t *testing.T) {
	active := map[string]any{
		"active": true, "token_type": "Bearer",
		"sub": "alice", "client_id": "test-client", "aud": "https://api.example.com",
		"iat": unix(0), "exp": unix(10 * time.Minute),
	}
	inactive := map[string]any{
		"active": false, "token_type": nil, "iss": nil, "sub": nil, "client_id": nil, "aud": nil, "iat": nil, "exp": nil,
	}
	tests := []struct {
		name  string
		token oauthtest.Token
		want  map[string]any // what differs from active
	}{
		{"JWT", oauthtest.Token{}, nil},
		{"opaque", oauthtest.Token{Opaque: true}, nil},
		{"scope", oauthtest.Token{Opaque: true, Scope: "a b"}, map[string]any{"scope": "a b"}},
		{"expired", oauthtest.Token{ExpiresIn: -time.Second}, inactive},
		{
			"claims say it is over, the server does not",
			oauthtest.Token{Claims: map[string]any{"exp": 1}}, map[string]any{"exp": 1.0},
		},
		{
			"answer of its own",
			oauthtest.Token{
				Claims:        map[string]any{"tenant": "acme"},
				Introspection: map[string]any{"active": "true", "aud": nil, "tenant": "other"},
			},
			map[string]any{"active": "true", "aud": nil, "tenant": "other"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			as := memoryServer(t)
			got := introspect(t, as, as.Mint(test.token))
			delete(got, "jti")
			want := map[string]any{"iss": as.Issuer()}
			for name, value := range active {
				want[name] = value
			}
			same(t, got, test.want, want)
		})
	}
}

func TestRevocation(t *testing.T) {
	ways := map[string]func(*testing.T, *oauthtest.Server, string){
		"at the server": func(_ *testing.T, as *oauthtest.Server, token string) { as.Revoke(token) },
		"at the endpoint": func(t *testing.T, as *oauthtest.Server, token string) {
			answer := post(t, as, oauthtest.EndpointRevocation, url.Values{"token": {token}})
			if answer.status != http.StatusOK || answer.body != "" {
				t.Errorf("%d %s", answer.status, answer.body)
			}
		},
	}
	for name, revoke := range ways {
		t.Run(name, func(t *testing.T) {
			as := memoryServer(t)
			for _, token := range []oauthtest.Token{{}, {Opaque: true}} {
				revoked, other := as.Mint(token), as.Mint(token)
				revoke(t, as, revoked)
				revoke(t, as, "unknown")
				if got := introspect(t, as, revoked); got["active"] != false || len(got) != 1 {
					t.Errorf("revoked: %v", got)
				}
				if introspect(t, as, other)["active"] != true || introspect(t, as, "unknown")["active"] != false {
					t.Error("revocation changed what is said about another token")
				}
			}
		})
	}
}

func TestTokensExpireByTheClock(t *testing.T) {
	var now atomic.Int64
	as := oauthtest.NewServer(t, oauthtest.Config{
		InMemory: true, Algorithms: []string{"ES256"},
		Now: func() time.Time { return time.Unix(now.Load(), 0) },
	})
	token := as.Mint(oauthtest.Token{ExpiresIn: time.Minute})
	for at, want := range map[int64]bool{0: true, 59: true, 60: false} {
		now.Store(at)
		if got := introspect(t, as, token)["active"]; got != want {
			t.Errorf("after %d s active is %v", at, got)
		}
	}
}

func TestSignedIntrospection(t *testing.T) {
	as := memoryServer(t)
	form := url.Values{"token": {as.Mint(oauthtest.Token{Opaque: true})}, "client_id": {"api"}, "client_secret": {"s"}}
	r := formRequest(t, as, oauthtest.EndpointIntrospection, form)
	r.Header.Set("Accept", "application/token-introspection+jwt")
	answer := do(t, as, r)
	if got := answer.header.Get("Content-Type"); got != "application/token-introspection+jwt" {
		t.Errorf("Content-Type is %s", got)
	}
	header, claims, ok := verify(t, as, answer.body)
	if !ok || header["typ"] != "token-introspection+jwt" {
		t.Errorf("header %v, verified %v", header, ok)
	}
	inner, _ := claims["token_introspection"].(map[string]any)
	delete(claims, "token_introspection")
	same(t, claims, nil, map[string]any{"iss": as.Issuer(), "aud": "api", "iat": unix(0)})
	if inner["active"] != true || inner["sub"] != "alice" {
		t.Errorf("token_introspection is %v", inner)
	}
}

func TestClientCredentialsGrant(t *testing.T) {
	everyWay(t, oauthtest.Config{}, func(t *testing.T, as *oauthtest.Server) {
		answer := post(t, as, oauthtest.EndpointToken, url.Values{
			"grant_type": {"client_credentials"}, "scope": {"a b"}, "resource": {"https://orders.example.com"},
		})
		if answer.status != http.StatusOK || answer.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v", answer.status, answer.header)
		}
		response := object(t, answer.body)
		token, _ := response["access_token"].(string)
		delete(response, "access_token")
		same(t, response, nil, map[string]any{"token_type": "Bearer", "expires_in": 600.0, "scope": "a b"})

		_, claims, ok := verify(t, as, token)
		if !ok {
			t.Fatal("no published key verifies the token")
		}
		want := map[string]any{"sub": "api", "client_id": "api", "scope": "a b", "aud": "https://orders.example.com"}
		for name, value := range want {
			if claims[name] != value {
				t.Errorf("%s is %v, want %v", name, claims[name], value)
			}
		}
	})
}

func TestFormMistakes(t *testing.T) {
	as := memoryServer(t)
	password := url.Values{"grant_type": {"password"}}
	tests := []struct {
		name     string
		endpoint oauthtest.Endpoint
		form     url.Values
		body     string
	}{
		{"no grant", oauthtest.EndpointToken, url.Values{}, `{"error":"unsupported_grant_type"}`},
		{"other grant", oauthtest.EndpointToken, password, `{"error":"unsupported_grant_type"}`},
		{"nothing to introspect", oauthtest.EndpointIntrospection, url.Values{}, `{"error":"invalid_request"}`},
		{"nothing to revoke", oauthtest.EndpointRevocation, url.Values{}, `{"error":"invalid_request"}`},
	}
	for _, test := range tests {
		if got := post(t, as, test.endpoint, test.form); got.status != http.StatusBadRequest || got.body != test.body {
			t.Errorf("%s: %d %s", test.name, got.status, got.body)
		}
	}
	r := request(t, http.MethodPost, as.URL(oauthtest.EndpointToken), "client_id=%zz")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := do(t, as, r); got.status != http.StatusBadRequest {
		t.Errorf("broken form: %d", got.status)
	}
}

func TestClientAuthentication(t *testing.T) {
	registered := map[string]string{"api": "s", "a:b/c": "p+q %&ü"}
	basic := func(id, secret string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) }
	}
	header := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", value) }
	}
	tests := []struct {
		name string
		form url.Values
		auth func(*http.Request)
		// want is the status if the clients are registered, and if any client will do.
		want [2]int
	}{
		{"basic", nil, basic("api", "s"), [2]int{200, 200}},
		{"basic with odd characters", nil, basic("a:b/c", "p+q %&ü"), [2]int{200, 200}},
		{"basic without form encoding", nil, func(r *http.Request) { r.SetBasicAuth("a:b/c", "p+q") }, [2]int{401, 200}},
		{"basic, wrong secret", nil, basic("api", "x"), [2]int{401, 200}},
		{"basic, unknown client", nil, basic("other", "s"), [2]int{401, 200}},
		{"basic, no secret", nil, basic("api", ""), [2]int{401, 401}},
		{"basic, no colon", nil, header("Basic YXBp"), [2]int{401, 401}},
		{"basic, no base64", nil, header("Basic !"), [2]int{401, 401}},
		{"basic, broken encoding", nil, func(r *http.Request) { r.SetBasicAuth("%zz", "s") }, [2]int{401, 401}},
		{"post", url.Values{"client_id": {"a:b/c"}, "client_secret": {"p+q %&ü"}}, nil, [2]int{200, 200}},
		{"post, wrong secret", url.Values{"client_id": {"api"}, "client_secret": {"x"}}, nil, [2]int{401, 200}},
		{"post, no secret", url.Values{"client_id": {"api"}}, nil, [2]int{401, 401}},
		{"both", url.Values{"client_id": {"api"}, "client_secret": {"s"}}, basic("api", "s"), [2]int{401, 401}},
		{"neither", nil, nil, [2]int{401, 401}},
		{"unknown access token", nil, header("Bearer x"), [2]int{401, 401}},
	}
	for i, clients := range []map[string]string{registered, nil} {
		as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}, Clients: clients})
		for _, test := range tests {
			form := url.Values{"token": {"unknown"}}
			for name, values := range test.form {
				form[name] = values
			}
			r := formRequest(t, as, oauthtest.EndpointIntrospection, form)
			if test.auth != nil {
				test.auth(r)
			}
			got := do(t, as, r)
			if got.status != test.want[i] {
				t.Errorf("%s, registered %v: %d, want %d", test.name, clients != nil, got.status, test.want[i])
			}
			if challenged := got.header.Get("WWW-Authenticate") != ""; challenged != (got.status == 401) {
				t.Errorf("%s: status %d, challenged %v", test.name, got.status, challenged)
			}
		}
	}
}

// A resource server may authenticate with an access token of its own, never with the one it asks about.
func TestIntrospectionByAccessToken(t *testing.T) {
	as := memoryServer(t)
	own, presented := as.Mint(oauthtest.Token{}), as.Mint(oauthtest.Token{})
	ask := func(e oauthtest.Endpoint, credentials, token string) int {
		r := formRequest(t, as, e, url.Values{"token": {token}})
		r.Header.Set("Authorization", "Bearer "+credentials)
		return do(t, as, r).status
	}
	if got := ask(oauthtest.EndpointIntrospection, own, presented); got != http.StatusOK {
		t.Errorf("own token: %d", got)
	}
	if got := ask(oauthtest.EndpointIntrospection, presented, presented); got != http.StatusUnauthorized {
		t.Errorf("presented token: %d", got)
	}
	if got := ask(oauthtest.EndpointRevocation, own, presented); got != http.StatusUnauthorized {
		t.Errorf("revocation: %d", got)
	}
	as.Revoke(own)
	if got := ask(oauthtest.EndpointIntrospection, own, presented); got != http.StatusUnauthorized {
		t.Errorf("revoked token: %d", got)
	}
}
