package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

func TestIssuers(t *testing.T) {
	byDiscovery, byURL := newIssuer(t, oauthtest.Config{}), newIssuer(t, oauthtest.Config{})
	stranger := newIssuer(t, oauthtest.Config{})
	s := trusting(t, byDiscovery, "-jwks-url", "",
		"-issuer", byURL.Issuer(), "-jwks-url", byURL.URL(oauthtest.EndpointJWKS))

	s.wantStatus(byDiscovery.Mint(oauthtest.Token{}), 200)
	s.wantStatus(byURL.Mint(oauthtest.Token{}), 200)
	s.wantStatus(stranger.Mint(oauthtest.Token{}), 401)
	s.wantStatus(stranger.Mint(oauthtest.Token{Claims: map[string]any{"iss": byURL.Issuer()}}), 401)

	if n := byURL.Requests(oauthtest.EndpointMetadata); n != 0 {
		t.Errorf("%d requests for metadata beside -jwks-url, want none", n)
	}
	if n := stranger.Requests(oauthtest.EndpointAny); n != 0 {
		t.Errorf("%d requests to a stranger, want none", n)
	}
}

func TestAudiences(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	s := trusting(t, as, "-audience", "https://old.example.com", "-audience", "urn:api")
	for audience, want := range map[string]int{
		audience: 200, "https://old.example.com": 200, "urn:api": 200, "urn:other": 401, audience + "/": 401,
	} {
		s.wantStatus(as.Mint(oauthtest.Token{Audience: []string{audience}}), want)
	}
}

func TestKeySetFile(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	response, err := as.HTTPClient().Get(as.URL(oauthtest.EndpointJWKS))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	document, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	known := as.Requests(oauthtest.EndpointAny)

	s := trusting(t, as, "-jwks-file", writeFile(t, string(document)))
	s.wantStatus(as.Mint(oauthtest.Token{}), 200)
	as.Rotate()
	s.wantStatus(as.Mint(oauthtest.Token{}), 401)
	if n := as.Requests(oauthtest.EndpointAny) - known; n != 0 {
		t.Errorf("%d requests to the issuer of fixed keys, want none", n)
	}
}

func TestSecretFile(t *testing.T) {
	for name, secret := range map[string]string{
		"text":   "correct horse battery staple again",
		"binary": strings.Repeat("\x00", 31) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			as := newIssuer(t, oauthtest.Config{Secret: []byte(secret)})
			file := secret
			if name == "text" {
				file += "\n"
			}
			s := trusting(t, as, "-hs256-secret-file", writeFile(t, file))
			s.wantStatus(as.Mint(oauthtest.Token{Algorithm: "HS256"}), 200)
			s.wantStatus(as.Mint(oauthtest.Token{}), 401)
		})
	}
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTokenRules(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{Algorithms: []string{"RS256", "ES256"}})
	justExpired := oauthtest.Token{ExpiresIn: -3 * time.Second}
	untyped := oauthtest.Token{Header: map[string]any{"typ": nil}}
	tests := []struct {
		name   string
		args   []string
		token  oauthtest.Token
		status int
	}{
		{"default leeway", nil, justExpired, 200},
		{"no leeway", []string{"-leeway", "0"}, justExpired, 401},
		{"leeway off", []string{"-leeway", "-1s"}, justExpired, 401},
		{"long leeway", []string{"-leeway", "2m"}, oauthtest.Token{ExpiresIn: -time.Minute}, 200},
		{"default profile", nil, untyped, 401},
		{"profile", []string{"-profile", "generic"}, untyped, 200},
		{"default algorithms", nil, oauthtest.Token{Algorithm: "ES256"}, 200},
		{"algorithm", []string{"-alg", "RS256"}, oauthtest.Token{Algorithm: "ES256"}, 401},
		{"algorithms", []string{"-alg", "RS256", "-alg", "ES256"}, oauthtest.Token{Algorithm: "ES256"}, 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			trusting(t, as, test.args...).wantStatus(as.Mint(test.token), test.status)
		})
	}
}

func TestRealm(t *testing.T) {
	s := trusting(t, newIssuer(t, oauthtest.Config{}), "-realm", "orders")
	if got := s.get("/me", ""); got.challenge != `Bearer realm="orders"` {
		t.Errorf("challenge %q", got.challenge)
	}
}

// A fetch is given up after the time of the flag, which is far from the default of 5 seconds.
func TestFetchTimeout(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Hang: true})
	s := trusting(t, as, "-fetch-timeout", "50ms")

	began := time.Now()
	wantStatus(t, s.get("/me", as.Mint(oauthtest.Token{})), 503)
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("given up after %v", took)
	}
}

func TestFetching(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Status: http.StatusBadGateway})
	s := trusting(t, as, "-fetch-timeout", "1m", "-jwks-cooldown", "1h", "-jwks-max-stale", "1m")

	got := s.get("/me", as.Mint(oauthtest.Token{}))
	if got.status != 503 || got.header.Get("Retry-After") == "" || got.challenge != "" {
		t.Errorf("got %d, Retry-After %q, challenge %q", got.status, got.header.Get("Retry-After"), got.challenge)
	}
	as.Heal()
	s.wantStatus(as.Mint(oauthtest.Token{}), 200)

	for range 2 { // the second rotation falls into the cool-down
		as.Rotate()
		s.wantStatus(as.Mint(oauthtest.Token{}), 200)
	}
}

// Keys that do not exist are looked for once in a cool-down, however many tokens name them.
func TestCooldown(t *testing.T) {
	fetches := func(cooldown string, tokens int) int {
		as := newIssuer(t, oauthtest.Config{})
		s := trusting(t, as, "-jwks-cooldown", cooldown)
		s.wantStatus(as.Mint(oauthtest.Token{}), 200)
		before := as.Requests(oauthtest.EndpointJWKS)
		for range tokens {
			s.wantStatus(as.Mint(oauthtest.Token{Header: map[string]any{"kid": "invented"}}), 401)
		}
		return as.Requests(oauthtest.EndpointJWKS) - before
	}
	if n := fetches("1h", 3); n != 1 {
		t.Errorf("an hour: looked for %d times", n)
	}
	if n := fetches("1ms", 200); n < 3 {
		t.Errorf("no time: looked for %d times", n)
	}
}
