package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/oauthtest"
)

// asProgram makes the test binary behave as the program it tests.
const asProgram = "BEARERCHECK_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestProgram runs the program as a process, against a server with TLS.
func TestProgram(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{})
	resp, err := as.HTTPClient().Get(as.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: resp.TLS.PeerCertificates[0].Raw})
	file := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(file, roots, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		token string
		args  []string
		want  int
		says  string
	}{
		{"accepted", as.Mint(oauthtest.Token{}), []string{"-ca-file", file}, exitAccepted, "verdict: accepted"},
		{"refused", as.Mint(oauthtest.Token{Audience: []string{"account"}}), []string{"-ca-file", file}, exitRefused, "wrong_audience"},
		{"untrusted", as.Mint(oauthtest.Token{}), nil, exitUnknown, "-ca-file here, and trust it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(self, append(test.args, "-issuer", as.Issuer(), "-audience", audience)...)
			cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
			cmd.Stdin = strings.NewReader(test.token)
			out, err := cmd.Output()
			if exit, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
				t.Fatal(err)
			} else if failed && exit.ExitCode() != test.want || !failed && test.want != 0 {
				t.Errorf("%v, want exit status %d", err, test.want)
			}
			if !strings.Contains(string(out), test.says) || strings.Contains(string(out), test.token[:40]) {
				t.Errorf("%q is missing, or the token is there, in\n%s", test.says, out)
			}
		})
	}
}

// TestTokenAsArgument wants a refusal that does not repeat the token.
func TestTokenAsArgument(t *testing.T) {
	token := newServer(t, oauthtest.Config{}).mint(oauthtest.Token{})
	const opaque = "0123456789abcdefghijklmnop"
	for _, args := range [][]string{
		{token}, {"-token", token}, {"--token=" + token}, {"-token=" + opaque}, {"-access-token", opaque}, {"-leeway", token},
		{"-issuer", "https://as.example.com", opaque}, {"-issuer", "https://as.example.com", "-token-file", "f", token},
		{"Bearer " + token}, {"-profile=" + token}, {"-issuer", token},
	} {
		got := bearercheck(t, world{}, token, args...)
		if got.status != exitMistake || got.stdout != "" || !strings.Contains(got.stderr, "a token is never an argument") ||
			strings.Contains(got.stderr, opaque) {
			t.Errorf("exit status %d: %s%s", got.status, got.stderr, got.stdout)
		}
	}
}

// nobody is a client that reaches nobody.
var nobody = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
	return nil, errors.New("a mistake is noticed before anybody is asked")
})}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestMistakes(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	issuer := []string{"-issuer", "https://as.example.com", "-audience", audience}
	for _, test := range []struct {
		args []string
		says string
	}{
		{nil, "-issuer or -url is required"},
		{[]string{"-unknown"}, "-unknown"},
		{[]string{"-issuer", "http://as.example.com"}, "jwks: Issuer: the URL must be https, not http"},
		{[]string{"-issuer", "as.example.com"}, "not an absolute URL"},
		{append(issuer, "-profile", "okra"), "use one of rfc9068, keycloak"},
		{append(issuer, "-leeway", "1h"), "at most 5 minutes"},
		{append(issuer, "-alg", "none"), "not a supported signature algorithm; those are [RS256 "},
		{append(issuer, "-alg", "HS256"), "does not fit the keys"},
		{append(issuer, "-jwks-url", "http://as.example.com/jwks"), "jwks: JWKSURL: the URL must be https"},
		{append(issuer, "-token-file", missing), "-token-file: open"},
		{append(issuer, "-token-file", "a", "-token-env", "B"), "exclude each other"},
		{append(issuer, "-token-env", "UNSET"), "no token: pipe it in"},
		{append(issuer, "-jwks-file", missing), "-jwks-file: open"},
		{append(issuer, "-jwks-file", short), "-jwks-file: jwks: key set"},
		{append(issuer, "-hs256-secret-file", missing), "-hs256-secret-file: open"},
		{append(issuer, "-hs256-secret-file", short), "secret shorter than 32"},
		{append(issuer, "-ca-file", short), "no certificate in PEM form"},
		{append(issuer, "-send-token"), "-send-token needs -url"},
		{append(issuer, "-timeout", "0"), "-timeout must be between 1ms and 1m"},
		{append(issuer, "-timeout", "5ns"), "-timeout must be between 1ms and 1m"},
		{append(issuer, "-timeout", "2m"), "-timeout must be between 1ms and 1m"},
		{append(issuer, "-audience", "api\n"), "OtherAudiences[0]: it has a control character"},
		{[]string{"-issuer", "https://as.example.com/.well-known/openid-configuration"}, "Issuer: this is where an issuer has its metadata"},
		{append(issuer, "-scope", "not a scope"), "-scope"},
		{[]string{"-url", "http://api.example.com"}, "-url: the URL must be https"},
		{[]string{"-url", "http://localhost:8080"}, "-url: the URL must be https, not http; for a server on this machine add -allow-loopback-http"},
		{[]string{"-issuer", "http://127.0.0.1:9000"}, "-issuer: the URL must be https, not http; for a server on this machine add -allow-loopback-http"},
		{append(issuer, "-jwks-url", "http://[::1]:9000/jwks"), "-jwks-url: the URL must be https, not http; for a server on this machine add"},
		{[]string{"-url", serviceURL, "-audience", audience}, "need -issuer"},
	} {
		got := bearercheck(t, world{client: nobody}, "opaque", test.args...)
		if got.status != exitMistake || !strings.Contains(got.stderr, test.says) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%q: exit status %d: %s%s, want %s", test.args, got.status, got.stderr, got.stdout, test.says)
		}
	}
	if got := bearercheck(t, world{}, "", "-h"); got.status != 0 || !strings.Contains(got.stderr, "-send-token") {
		t.Errorf("help: exit status %d: %s", got.status, got.stderr)
	}
	for _, empty := range []string{"", "  \n ", "Bearer "} {
		if got := bearercheck(t, world{client: nobody}, empty, issuer...); got.status != exitMistake || !strings.Contains(got.stderr, "no token") {
			t.Errorf("token %q: exit status %d: %s", empty, got.status, got.stderr)
		}
	}
}

// TestSources reads one token from wherever it may be.
func TestSources(t *testing.T) {
	as := newServer(t, oauthtest.Config{})
	token := as.mint(oauthtest.Token{})
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(" bearer  "+token+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := world{client: as.HTTPClient(), getenv: func(name string) string {
		return map[string]string{"ACCESS_TOKEN": "Bearer " + token}[name]
	}}
	for _, test := range []struct {
		stdin string
		args  []string
	}{
		{token, nil}, {"Bearer " + token, nil}, {token, []string{"-token-file", "-"}},
		{"", []string{"-token-file", file}}, {"", []string{"-token-env", "ACCESS_TOKEN"}},
	} {
		got := bearercheck(t, w, test.stdin, append(test.args, "-issuer", as.Issuer(), "-audience", audience)...)
		if got.status != exitAccepted {
			t.Errorf("%q: exit status %d: %s%s", test.args, got.status, got.stderr, got.stdout)
		}
		got.wantDiscreet(t, token)
	}
}

// TestKeyFiles judges without a network: by a key set, and by a secret.
func TestKeyFiles(t *testing.T) {
	secret := strings.Repeat("sesame", 6)
	as := newServer(t, oauthtest.Config{Secret: []byte(secret)})
	directory := t.TempDir()
	keys, shared := filepath.Join(directory, "keys.json"), filepath.Join(directory, "secret")
	for file, content := range map[string]string{keys: as.keySet(t), shared: secret + "\n"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	public, symmetric := as.mint(oauthtest.Token{}), as.mint(oauthtest.Token{Algorithm: "HS256", Header: object{"kid": "key-1"}})
	before := as.Requests(oauthtest.EndpointAny)
	for _, test := range []struct {
		token string
		args  []string
		want  int
		says  string
	}{
		{public, []string{"-jwks-file", keys}, exitAccepted, "verdict: accepted"},
		{symmetric, []string{"-hs256-secret-file", shared}, exitAccepted, "verdict: accepted"},
		{public, []string{"-hs256-secret-file", shared}, exitRefused, "a Secret, which goes with HS256 alone"},
		{symmetric, []string{"-jwks-file", keys}, exitRefused, "a secret that issuer and service share"},
	} {
		got := bearercheck(t, world{client: as.HTTPClient()}, test.token, append(test.args, "-issuer", as.Issuer(), "-audience", audience)...)
		if got.status != test.want || !strings.Contains(plain(got.stdout), test.says) {
			t.Errorf("%q: exit status %d, want %d and %q\n%s%s", test.args, got.status, test.want, test.says, got.stderr, got.stdout)
		}
		if strings.Contains(got.stdout, secret) {
			t.Error("the secret is shown")
		}
	}
	if made := as.Requests(oauthtest.EndpointAny) - before; made != 0 {
		t.Errorf("%d requests to the issuer, want none", made)
	}
}

// TestStranger wants no request to a host because a token names it.
func TestStranger(t *testing.T) {
	as := newServer(t, oauthtest.Config{})
	for _, issuer := range []string{"https://attacker.example", "https://as.example.com.attacker.example", "https://as.example.com@attacker.example"} {
		token := as.mint(oauthtest.Token{Claims: object{"iss": issuer}, Header: object{"jku": issuer + "/jwks"}})
		asked := &hosts{rest: as.HTTPClient().Transport}
		got := bearercheck(t, world{client: &http.Client{Transport: asked}}, token, "-issuer", as.Issuer(), "-audience", audience)
		if got.status != exitRefused || !slices.Equal(asked.names(), []string{"as.example.com"}) {
			t.Errorf("exit status %d, hosts %q", got.status, asked.names())
		}
	}
}

// hosts notes who is asked.
type hosts struct {
	rest  http.RoundTripper
	asked []string
}

func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	h.asked = append(h.asked, r.URL.Host)
	return h.rest.RoundTrip(r)
}

func (h *hosts) names() []string { return slices.Compact(slices.Sorted(slices.Values(h.asked))) }

func TestJSON(t *testing.T) {
	as := newServer(t, keycloakServer)
	token := keycloak(object{"aud": "account"})(t, as)
	n := &network{service: answering(http.StatusUnauthorized, http.Header{"Www-Authenticate": {`Bearer realm="<x>"`}})(t, as), rest: as.HTTPClient().Transport}
	w := world{client: &http.Client{Transport: n}}
	got := bearercheck(t, w, token, "-json", "-issuer", as.Issuer(), "-audience", audience, "-url", serviceURL)
	if got.status != exitRefused {
		t.Errorf("exit status %d", got.status)
	}
	var document map[string]any
	d := json.NewDecoder(bytes.NewReader([]byte(got.stdout)))
	if err := d.Decode(&document); err != nil || d.More() {
		t.Errorf("no single JSON object: %v", err)
	}
	verdict, _ := document["verdict"].(map[string]any)
	if verdict["outcome"] != "refused" || verdict["reason"] != "wrong_type" {
		t.Errorf("verdict %v", verdict)
	}
	golden(t, "json", got.stdout)

	hostile := as.mint(oauthtest.Token{Header: object{"kid": "\u009b31m\u202e\U0001f511"}})
	got = bearercheck(t, w, hostile, "-json", "-issuer", as.Issuer(), "-audience", audience)
	if !strings.Contains(got.stdout, `"kid": "\u009b31m\u202e\ud83d\udd11"`) || !json.Valid([]byte(got.stdout)) {
		t.Errorf("the kid is not there in ASCII:\n%s", got.stdout)
	}
}
