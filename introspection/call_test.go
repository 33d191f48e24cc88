package introspection_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

func TestRequest(t *testing.T) {
	const accessToken = "a+/b==-._~"
	v := asking(t, func(r *http.Request) *http.Response {
		form := formOf(t, r)
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			t.Errorf("%s with %s", r.Method, r.Header.Get("Content-Type"))
		}
		if r.Header.Get("Accept") != "application/json" {
			t.Errorf("Accept: %s", r.Header.Get("Accept"))
		}
		if id, secret, ok := r.BasicAuth(); !ok || id != "api%3A1" || secret != "s+%25" {
			t.Errorf("credentials %q %q", id, secret)
		}
		if len(form) != 2 || form.Get("token") != accessToken || form.Get("token_type_hint") != "access_token" {
			t.Errorf("form %v", form)
		}
		return reply(http.StatusOK, "application/json", `{"active":true}`)
	}, introspection.Config{ClientAuth: introspection.SecretBasic("api:1", "s %")})
	want(t, v, accessToken, "active")
}

// Every way to authenticate works with a server that checks.
func TestCredentials(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{
		InMemory: true, Algorithms: []string{"ES256"}, Clients: map[string]string{"a+ %:b": "s:=&+ %"},
	})
	own := as.Mint(oauthtest.Token{ClientID: "a+ %:b"})
	token := as.Mint(oauthtest.Token{Opaque: true})
	for name, auth := range map[string]introspection.Credentials{
		"basic": introspection.SecretBasic("a+ %:b", "s:=&+ %"),
		"post":  introspection.SecretPost("a+ %:b", "s:=&+ %"),
		"token": introspection.BearerToken(func(context.Context) (string, error) { return own, nil }),
	} {
		t.Run(name, func(t *testing.T) {
			want(t, trusting(t, as, introspection.Config{ClientAuth: auth}), token, "active")
		})
	}
	v := trusting(t, as, introspection.Config{ClientAuth: introspection.SecretBasic("a+ %:b", "wrong")})
	want(t, v, token, "unavailable")
	_, err := v.Validate(t.Context(), token)
	if !errors.Is(err, introspection.ErrOwnCredentials) {
		t.Errorf("%v, want ErrOwnCredentials", err)
	}
}

// No token authenticates the question about itself, and one that cannot be had is our fault.
func TestOwnToken(t *testing.T) {
	asked := 0
	endpoint := endpointFunc(func(*http.Request) *http.Response {
		asked++
		return reply(http.StatusOK, "application/json", `{"active":true}`)
	})
	for name, source := range map[string]func(context.Context) (string, error){
		"the same": func(context.Context) (string, error) { return "opaque", nil },
		"none":     func(context.Context) (string, error) { return "", nil },
		"odd":      func(context.Context) (string, error) { return "a\r\nX-Other: 1", nil },
		"failing":  func(context.Context) (string, error) { return "a", errors.New("no token today") },
	} {
		v := asking(t, endpoint, introspection.Config{ClientAuth: introspection.BearerToken(source)})
		if got := validate(t, v, "opaque"); got != "unavailable" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if asked != 0 {
		t.Errorf("%d calls", asked)
	}
}

// Everything that is no answer is 503 and is not remembered.
func TestRefusals(t *testing.T) {
	tests := []struct {
		name   string
		status int
		header http.Header
		body   string
		own    bool
		wait   time.Duration
	}{
		{name: "wrong credentials", status: 401, body: `{"error":"invalid_client"}`, own: true},
		{name: "wrong credentials, as django-oauth-toolkit says it", status: 403, own: true},
		{name: "wrong credentials, as RFC 6749 allows", status: 400, body: `{"error":"invalid_client"}`, own: true},
		{name: "client without the right to ask", status: 400, body: `{"error":"unauthorized_client"}`, own: true},
		{name: "token type that cannot be introspected", status: 400, body: `{"error":"unsupported_token_type"}`},
		{name: "not found", status: 404},
		{name: "overload", status: 429, header: http.Header{"Retry-After": {"7"}}, wait: 7 * time.Second},
		{name: "maintenance", status: 503, header: http.Header{"Retry-After": {"120"}}, wait: 2 * time.Minute},
		{name: "maintenance until a date", status: 503, header: http.Header{"Retry-After": {noon.Add(time.Minute).UTC().Format(http.TimeFormat)}}, wait: time.Minute},
		{name: "a date by the clock of the server", status: 503, header: http.Header{
			"Retry-After": {noon.Add(time.Hour).UTC().Format(http.TimeFormat)},
			"Date":        {noon.Add(time.Hour - 30*time.Second).UTC().Format(http.TimeFormat)},
		}, wait: 30 * time.Second},
		{name: "maintenance for a year", status: 503, header: http.Header{"Retry-After": {"31536000"}}, wait: time.Hour},
		{name: "retry at once", status: 503, header: http.Header{"Retry-After": {"0"}}, wait: time.Second},
		{name: "retry in the past", status: 503, header: http.Header{"Retry-After": {noon.Add(-time.Hour).UTC().Format(http.TimeFormat)}}, wait: time.Second},
		{name: "nonsense", status: 503, header: http.Header{"Retry-After": {"soon"}}, wait: 5 * time.Second},
		{name: "negative", status: 503, header: http.Header{"Retry-After": {"-5"}}, wait: 5 * time.Second},
		{name: "failure", status: 500, wait: 5 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			v := asking(t, func(*http.Request) *http.Response {
				calls++
				resp := reply(tt.status, "application/json", tt.body)
				for name, values := range tt.header {
					resp.Header[name] = values
				}
				return resp
			}, introspection.Config{})
			guard, err := middleware.New(v, middleware.Config{})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.Header.Set("Authorization", "Bearer opaque")
				_, err := guard.Authorize(http.Header{}, r, middleware.Policy{})
				e, ok := errors.AsType[*middleware.Error](err)
				if !ok || e.StatusCode() != http.StatusServiceUnavailable || len(e.Challenges()) > 0 {
					t.Fatalf("got %v", err)
				}
				if tt.wait != 0 && e.RetryAfter() != tt.wait {
					t.Errorf("Retry-After %v, want %v", e.RetryAfter(), tt.wait)
				}
				if errors.Is(err, introspection.ErrOwnCredentials) != tt.own {
					t.Errorf("own credentials %v, want %v: %v", !tt.own, tt.own, err)
				}
			}
			if calls != 2 {
				t.Errorf("%d calls, want 2", calls)
			}
		})
	}
}

// The token and our credentials go where they were configured to go and nowhere else.
func TestRedirects(t *testing.T) {
	var leaked atomic.Int64
	attacker := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { leaked.Add(1) }))
	defer attacker.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		as := httptest.NewTLSServer(http.RedirectHandler(attacker.URL, status))
		client := as.Client()
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return nil } // ours counts, not the user's
		v := newValidator(t, introspection.Config{Endpoint: as.URL, HTTPClient: client})
		if got := validate(t, v, "opaque"); got != "unavailable" {
			t.Errorf("%d: %s", status, got)
		}
		as.Close()
	}
	if leaked.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

func TestCompressedBomb(t *testing.T) {
	as := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Error("the transport does not ask for gzip")
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write([]byte(`{"active":true,"x":"` + strings.Repeat("A", 8<<20) + `"}`))
		_ = z.Close()
	}))
	defer as.Close()
	want(t, newValidator(t, introspection.Config{Endpoint: as.URL, HTTPClient: as.Client()}), "opaque", "unavailable")
}

// A body that comes octet by octet is given up after the timeout as a whole.
func TestSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := server(t, nil)
		token := as.Mint(oauthtest.Token{})
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Drip: time.Second})
		v := trusting(t, as, introspection.Config{})
		start := time.Now()
		want(t, v, token, "unavailable")
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
		as.Heal()
		want(t, v, token, "active")
	})
}

func TestDiscovery(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}, Path: "/tenants/a"})
	token := as.Mint(oauthtest.Token{Opaque: true})
	v := newValidator(t, introspection.Config{Issuer: as.Issuer(), HTTPClient: as.HTTPClient()})

	as.Break(oauthtest.EndpointAny, oauthtest.Fault{Status: 500})
	want(t, v, token, "unavailable")
	if err := v.Ready(t.Context()); !errors.Is(err, middleware.ErrUnavailable) {
		t.Errorf("Ready: %v", err)
	}
	as.Heal()
	want(t, v, token, "active")
	if err := v.Ready(t.Context()); err != nil {
		t.Errorf("Ready: %v", err)
	}
	found := as.Requests(oauthtest.EndpointMetadata)
	want(t, v.Uncached(), token, "active")
	if n := as.Requests(oauthtest.EndpointMetadata); n != found {
		t.Errorf("the metadata was read %d more times", n-found)
	}
}

// When the endpoint is gone, the metadata may say where to.
func TestEndpointMoves(t *testing.T) {
	for name, gone := range map[string]func() *http.Response{
		"not found":   func() *http.Response { return reply(404, "application/json", `{}`) },
		"gone":        func() *http.Response { return reply(410, "application/json", `{}`) },
		"redirect":    func() *http.Response { return reply(308, "application/json", `{}`) },
		"unreachable": func() *http.Response { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			where := "/old"
			v := newValidator(t, introspection.Config{Issuer: issuer, HTTPClient: endpointFunc(func(r *http.Request) *http.Response {
				switch r.URL.Path {
				case "/.well-known/oauth-authorization-server":
					return reply(200, "application/json", fmt.Sprintf(`{"issuer":%q,"introspection_endpoint":%q}`, issuer, issuer+where))
				case where:
					return reply(200, "application/json", `{"active":true}`)
				}
				return gone()
			}).client()})
			want(t, v, "a", "active")
			where = "/new"
			want(t, v, "b", "unavailable")
			want(t, v, "b", "active")
		})
	}
}

// What the metadata says is not followed into the internal network, nor away from https.
func TestDiscoveredEndpoint(t *testing.T) {
	for _, found := range []string{
		"http://as.example.com/introspect", "https://169.254.169.254/", "https://localhost/", "https://10.0.0.1/", "", "/introspect",
	} {
		v := newValidator(t, introspection.Config{Issuer: issuer, HTTPClient: endpointFunc(func(r *http.Request) *http.Response {
			if !strings.Contains(r.URL.Path, "well-known") {
				t.Errorf("%s was asked", r.URL)
			}
			return reply(200, "application/json", fmt.Sprintf(`{"issuer":%q,"introspection_endpoint":%q}`, issuer, found))
		}).client()})
		want(t, v, "a", "unavailable")
	}
}

// Errors end up in logs, so they may name neither the token nor what the server said.
func TestErrorsCarryNoSecrets(t *testing.T) {
	const secret = "hunter2"
	for _, endpoint := range []endpointFunc{
		func(*http.Request) *http.Response { return nil },
		say(secret), say(`{"active":"` + secret + `"}`), say(`{"active":true,"sub":["` + secret + `"]}`),
		say(`{"active":true,"iss":"` + secret + `"}`),
		func(*http.Request) *http.Response { return reply(500, secret, secret) },
		func(*http.Request) *http.Response { return reply(400, "application/json", `{"error":"`+secret+`"}`) },
		func(*http.Request) *http.Response { return reply(200, secret, `{"active":true}`) },
	} {
		v := asking(t, endpoint, introspection.Config{Issuer: issuer, ClientAuth: introspection.SecretPost("api", secret)})
		_, err := v.Validate(t.Context(), secret)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("the error is %v", err)
		}
	}
}

// Neither do they repeat what is no HTTP at all.
func TestErrorsDoNotQuoteTheWire(t *testing.T) {
	const secret = "hunter2"
	as := newSocketServer(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = conn.Write([]byte(secret + "\r\n\r\n"))
		_ = conn.Close()
	})
	v := newValidator(t, introspection.Config{Endpoint: as.URL, AllowLoopbackHTTP: true})
	_, err := v.Validate(t.Context(), "opaque")
	if got := outcome(nil, err); got != "unavailable" || strings.Contains(err.Error(), secret) {
		t.Errorf("%s: %v", got, err)
	}
}
