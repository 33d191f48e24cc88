package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

const serviceURL = audience + "/orders"

// network reaches the service by its name, and everything else through the authorization server's client.
type network struct {
	service http.Handler
	rest    http.RoundTripper

	mu   sync.Mutex
	sent []string // Authorization fields that the service got
}

// RoundTrip implements http.RoundTripper.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "api.example.com" {
		return n.rest.RoundTrip(r)
	}
	n.mu.Lock()
	n.sent = append(n.sent, r.Header["Authorization"]...)
	n.mu.Unlock()
	recorder := httptest.NewRecorder()
	served := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), nil)
	served.Header = r.Header
	n.service.ServeHTTP(recorder, served)
	return recorder.Result(), nil
}

// guarded is a service with the kit in front of it.
func guarded(t *testing.T, as *server, change func(*middleware.Config)) http.Handler {
	t.Helper()
	validator, err := jwks.New(jwks.Config{
		Issuer: as.Issuer(), Audience: audience, HTTPClient: as.HTTPClient(), Now: atNoon,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = validator.Close() })
	config := middleware.Config{Metadata: middleware.Metadata{Resource: audience}, Now: atNoon}
	if change != nil {
		change(&config)
	}
	guard, err := middleware.New(validator, config)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/orders", oauthhttp.Require(guard, "orders:read")(http.HandlerFunc(nothing)))
	if path := guard.MetadataPath(); path != "" {
		mux.Handle(path, guard.MetadataHandler())
	}
	return mux
}

func nothing(http.ResponseWriter, *http.Request) {}

// answering is a service that gives one answer to everything.
func answering(status int, header http.Header) func(*testing.T, *server) http.Handler {
	return func(*testing.T, *server) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, values := range header {
				w.Header()[name] = values
			}
			w.WriteHeader(status)
		})
	}
}

// publishing is a service with that metadata.
func publishing(metadata string) func(*testing.T, *server) http.Handler {
	return func(*testing.T, *server) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/metadata" {
				_, _ = w.Write([]byte(metadata))
				return
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="x", resource_metadata="https://api.example.com/metadata"`)
			w.WriteHeader(http.StatusUnauthorized)
		})
	}
}

func kit(t *testing.T, as *server) http.Handler { return guarded(t, as, nil) }

// visit is a look at a service.
type visit struct {
	name    string
	service func(*testing.T, *server) http.Handler
	token   oauthtest.Token
	args    []string
	status  int
	sent    int // how often the service saw the token
	says    []string
}

var services = []visit{
	{
		name: "service-anonymous", service: kit,
		says: []string{`resource_metadata="https://api.example.com/.well-known/oauth-protected-resource"`, `authorization servers "https://as.example.com"`},
	},
	{
		name: "service-accepts", service: kit, token: oauthtest.Token{Scope: "orders:read"}, args: []string{"-send-token"},
		sent: 1, says: []string{"The service accepts the token."},
	},
	{
		name: "service-refuses", service: kit, token: oauthtest.Token{Audience: []string{"account"}}, args: []string{"-send-token"},
		status: exitRefused, sent: 1, says: []string{"one of token_too_large", "wrong_audience", "-issuer and -audience"},
	},
	{
		name: "service-explained", service: kit, token: oauthtest.Token{Audience: []string{"account"}},
		args:   []string{"-send-token", "-issuer", "https://as.example.com", "-audience", audience},
		status: exitRefused, sent: 1, says: []string{"The judgement here explains the answer: wrong_audience."},
	},
	{
		name: "service-not-sent", service: kit, token: oauthtest.Token{Scope: "orders:read"},
		args: []string{"-issuer", "https://as.example.com", "-audience", audience},
		says: []string{"verdict: accepted"},
	},
	{
		name: "service-scope", service: kit, token: oauthtest.Token{Scope: "orders:write"},
		args:   []string{"-send-token", "-issuer", "https://as.example.com", "-audience", audience, "-scope", "orders:read"},
		status: exitRefused, sent: 1, says: []string{`The route asks for the scopes "orders:read"`, "explains the answer: insufficient_scope"},
	},
	{
		name: "service-differs", service: answering(http.StatusUnauthorized, http.Header{"Www-Authenticate": {`Bearer realm="x", error="invalid_token"`}}),
		token: oauthtest.Token{}, args: []string{"-send-token", "-issuer", "https://as.example.com", "-audience", audience},
		status: exitRefused, sent: 1, says: []string{"The service answers otherwise than the kit does here (401 and 200)", "it should not"},
	},
	{
		name: "service-dpop", token: oauthtest.Token{}, args: []string{"-send-token"},
		service: func(t *testing.T, as *server) http.Handler {
			verifier, err := dpop.New(dpop.Config{BaseURL: audience, Required: true, Algorithms: []string{"ES256"}})
			if err != nil {
				t.Fatal(err)
			}
			return guarded(t, as, func(c *middleware.Config) { c.Bindings = []middleware.Binding{verifier} })
		},
		status: exitRefused, sent: 1, says: []string{"saw no credentials that it understands", `Schemes: "DPoP"`},
	},
	{
		name: "service-unavailable", service: answering(http.StatusServiceUnavailable, http.Header{"Retry-After": {"5"}}), token: oauthtest.Token{},
		args: []string{"-send-token"}, status: exitUnknown, sent: 1, says: []string{"keys_unavailable", `Retry-After "5"`},
	},
	{
		name: "service-open", service: answering(http.StatusOK, nil), status: exitRefused,
		says: []string{"The route answers without a token"},
	},
	{
		name: "service-no-challenge", service: answering(http.StatusUnauthorized, nil), status: exitRefused,
		says: []string{"A 401 needs a challenge"},
	},
	{
		name: "service-redirect", service: answering(http.StatusFound, http.Header{"Location": {"https://elsewhere.example/login"}}),
		token: oauthtest.Token{}, args: []string{"-send-token"}, status: exitUnknown, sent: 1,
		says: []string{`"https://elsewhere.example/login"`, "Clients drop the Authorization field"},
	},
	{
		name: "service-broken", service: answering(http.StatusInternalServerError, nil), status: exitUnknown,
		says: []string{"misconfigured: The route lets nobody pass"},
	},
	{
		name: "service-of-another", service: publishing(`{"resource":"https://api.example.com","authorization_servers":["https://other.example"]}`),
		token: oauthtest.Token{}, args: []string{"-issuer", "https://as.example.com", "-audience", "orders"}, status: exitRefused,
		says: []string{
			`honours tokens of "https://other.example", and -issuer is "https://as.example.com"`, `calls itself "https://api.example.com"`,
		},
	},
	{
		name: "service-other-resource", service: publishing(`{"resource":"https://api.example.com.attacker.example"}`),
		says: []string{"its resource is not the service"},
	},
	{
		name: "service-foreign-metadata", status: exitAccepted,
		service: answering(http.StatusUnauthorized, http.Header{"Www-Authenticate": {
			`Negotiate b2s=, Bearer realm="a\"b", resource_metadata="https://attacker.example/metadata"`,
		}}),
		says: []string{"which is on another host and was not fetched", `challenge Negotiate challenge Bearer realm="a\"b"`},
	},
}

func TestServices(t *testing.T) {
	for _, test := range services {
		t.Run(test.name, func(t *testing.T) {
			as := newServer(t, oauthtest.Config{})
			token := as.mint(test.token)
			n := &network{service: test.service(t, as), rest: as.HTTPClient().Transport}
			args := append(slices.Clone(test.args), "-url", serviceURL)
			got := bearercheck(t, world{client: &http.Client{Transport: n}}, token, args...)
			if got.stderr != "" || got.status != test.status {
				t.Errorf("exit status %d, want %d; %s\n%s", got.status, test.status, got.stderr, got.stdout)
			}
			for _, part := range test.says {
				if !strings.Contains(plain(got.stdout), part) {
					t.Errorf("%q is missing in\n%s", part, got.stdout)
				}
			}
			if len(n.sent) != test.sent || test.sent == 1 && n.sent[0] != "Bearer "+token {
				t.Errorf("the service saw %d tokens, want %d", len(n.sent), test.sent)
			}
			as.wantUntold(t, token)
			golden(t, test.name, got.stdout)
		})
	}
	for _, name := range goldens(t) {
		known := slices.ContainsFunc(services, func(v visit) bool { return v.name == name })
		if strings.HasPrefix(name, "service-") && !known {
			t.Errorf("testdata/%s.txt belongs to no service", name)
		}
	}
}

// TestSilence ends with a service that does not answer.
func TestSilence(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	got := bearercheck(t, world{}, "", "-url", silent.URL, "-allow-loopback-http", "-timeout", "100ms")
	if got.status != exitUnknown || !strings.Contains(got.stdout, "no answer: timed out") {
		t.Errorf("exit status %d: %s%s", got.status, got.stdout, got.stderr)
	}
}

// TestStrangeCertificate says of a service whose certificate is not trusted what to do, and not how it answers.
func TestStrangeCertificate(t *testing.T) {
	as := newServer(t, oauthtest.Config{})
	service := httptest.NewTLSServer(http.HandlerFunc(nothing))
	service.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer service.Close()
	token := as.mint(oauthtest.Token{})
	keys := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(keys, []byte(as.keySet(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	got := bearercheck(t, world{}, token, "-url", service.URL, "-send-token", "-issuer", "https://as.example.com",
		"-jwks-file", keys, "-audience", audience)
	for _, want := range []string{"verdict: accepted", "no answer: the server's certificate is not trusted", "-ca-file"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(got.stdout, "answers otherwise") || got.status != exitUnknown {
		t.Errorf("exit status %d: %s%s", got.status, got.stdout, got.stderr)
	}
}

// TestEcho wants nothing of the token in the report although the service repeats it.
func TestEcho(t *testing.T) {
	as := newServer(t, oauthtest.Config{})
	token := as.mint(oauthtest.Token{})
	for _, part := range []string{token, token[:100], token[50:70], token[len(token)-20:]} {
		echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" {
				w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token", error_description="bad token `+part+`"`)
				w.Header().Set("Location", "/?access_token="+part)
			}
			w.WriteHeader(http.StatusUnauthorized)
		})
		w := world{client: &http.Client{Transport: &network{service: echo, rest: as.HTTPClient().Transport}}}
		for _, flag := range []string{"-json=true", "-json=false"} {
			got := bearercheck(t, w, token, flag, "-url", serviceURL, "-send-token")
			if strings.Contains(got.stdout, part) || !strings.Contains(got.stdout, "a part of the token is in it") {
				t.Errorf("%s", got.stdout)
			}
		}
	}
}

func TestParseChallenges(t *testing.T) {
	tests := []struct {
		fields []string
		want   string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{"Bearer"}, "Bearer"},
		{[]string{`Bearer realm="a", error=invalid_token`}, `Bearer error="invalid_token", realm="a"`},
		{[]string{`Bearer realm="a, Basic b=\"c"`}, `Bearer realm="a, Basic b=\"c"`},
		{[]string{`Bearer realm="a", DPoP algs="ES256"`}, `Bearer realm="a"; DPoP algs="ES256"`},
		{[]string{`Bearer realm="a"`, `DPoP algs="ES256"`}, `Bearer realm="a"; DPoP algs="ES256"`},
		{[]string{`Negotiate YWJj==, Basic realm="x"`}, `Negotiate; Basic realm="x"`},
		{[]string{`NTLM, Bearer realm="x"`}, `NTLM; Bearer realm="x"`},
		{[]string{`Bearer realm = "x" , error = "y"`}, `Bearer error="y", realm="x"`},
		{[]string{`Bearer REALM="x"`}, `Bearer realm="x"`},
		{[]string{`Bearer realm="unclosed`}, `Bearer realm="unclosed"`},
		{[]string{`=, "`}, ""},
	}
	for _, test := range tests {
		var got []string
		for _, c := range parseChallenges(test.fields) {
			got = append(got, c.String())
		}
		if text := strings.Join(got, "; "); text != test.want {
			t.Errorf("%q: got %s, want %s", test.fields, text, test.want)
		}
	}
}
