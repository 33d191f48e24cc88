package main

import (
	"bytes"
	"encoding/base64"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

var update = flag.Bool("update", false, "write the golden reports anew")

// noon is when everything here happens.
var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

const (
	audience = "https://api.example.com"
	// secret is the value of claims that must never be seen.
	secret = "alice.liddell@wonderland.example"
	// subject is never shown whole.
	subject = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
)

type object = map[string]any

// result is a run of the program.
type result struct {
	status         int
	stdout, stderr string
}

// bearercheck runs the program with a token on its standard input.
func bearercheck(t *testing.T, w world, token string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	w.stdin, w.stdout, w.stderr = strings.NewReader(token+"\n"), &stdout, &stderr
	if w.now == nil {
		w.now = atNoon
	}
	if w.getenv == nil {
		w.getenv = func(string) string { return "" }
	}
	status := run(t.Context(), args, w)
	got := result{status, stdout.String(), stderr.String()}
	got.wantDiscreet(t, token)
	return got
}

// wantDiscreet wants nothing of the token in what the program writes.
func (r result) wantDiscreet(t *testing.T, token string) {
	t.Helper()
	hidden := []string{secret, subject}
	for part := range strings.SplitSeq(token, ".") {
		if len(part) >= 16 {
			hidden = append(hidden, part[:16], part[len(part)-16:])
		}
	}
	for _, text := range hidden {
		if strings.Contains(r.stdout+r.stderr, text) {
			t.Errorf("a part of the token is shown: %s", text)
		}
	}
	for _, c := range r.stdout + r.stderr {
		if c < ' ' && c != '\n' && c != '\t' || c > '~' {
			t.Errorf("%U is written to the terminal", c)
		}
	}
}

// server is an authorization server at noon that notices when a token is sent to it.
type server struct {
	*oauthtest.Server
	mu   sync.Mutex
	seen []string
}

func newServer(t *testing.T, cfg oauthtest.Config) *server {
	t.Helper()
	s := &server{}
	cfg.InMemory = true
	if cfg.Now == nil {
		cfg.Now = atNoon
	}
	if cfg.Algorithms == nil {
		cfg.Algorithms = []string{"ES256"} // whose keys are made in no time
	}
	cfg.Audience = audience
	cfg.OnRequest = func(_ oauthtest.Endpoint, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen = append(s.seen, r.URL.String()+" "+strings.Join(r.Header["Authorization"], " ")+" "+r.Form.Encode())
	}
	s.Server = oauthtest.NewServer(t, cfg)
	return s
}

// wantUntold wants that nothing of the token reached the server.
func (s *server) wantUntold(t *testing.T, token string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, request := range s.seen {
		if strings.Contains(request, token[:min(len(token), 40)]) || strings.Contains(request, "Bearer") {
			t.Errorf("the token was sent to the authorization server: %s", request)
		}
	}
}

// mint issues a token with claims that must not be shown.
func (s *server) mint(token oauthtest.Token) string {
	if token.Subject == "" {
		token.Subject = subject
	}
	claims := object{"email": secret}
	for name, value := range token.Claims {
		claims[name] = value
	}
	token.Claims = claims
	return s.Mint(token)
}

// keySet returns the document that the server publishes.
func (s *server) keySet(t *testing.T) string {
	t.Helper()
	resp, err := s.HTTPClient().Get(s.URL(oauthtest.EndpointJWKS))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	document, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// golden compares a report with the one in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s\ngot\n%s\nwant\n%s", file, got, want)
	}
}

// goldens returns the names of the golden reports.
func goldens(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".txt")
	}
	slices.Sort(files)
	return files
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
