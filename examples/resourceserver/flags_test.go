package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/oauthtest"
)

// refused runs the program, which must not start, and returns the line it says instead.
func refused(t *testing.T, args ...string) string {
	t.Helper()
	cmd := program(t, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 2 {
		t.Errorf("%q: %v, want exit status 2", args, err)
	}
	line, found := strings.CutPrefix(stderr.String(), "resourceserver: ")
	if !found || strings.Index(line, "\n") != len(line)-1 || stdout.Len() > 0 {
		t.Errorf("%q: stdout %q, stderr %q, want one line on stderr", args, &stdout, &stderr)
	}
	return line
}

// introspectionWith returns sound flags for introspection.
func introspectionWith(secretFile string) []string {
	return []string{
		"-introspection-url", "https://login.example.com/i", "-introspection-client-id", "api",
		"-introspection-client-secret-file", secretFile,
	}
}

func TestMistakes(t *testing.T) {
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte("31 bytes are not enough for this\n")[1:], 0o600); err != nil {
		t.Fatal(err)
	}
	sound := []string{"-issuer", "https://login.example.com", "-audience", audience, "-addr", "127.0.0.1:0"}
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no issuer", []string{"-audience", audience}, "-issuer is required"},
		{"no audience", sound[:2], "Audience is required"},
		{"empty audience", append(sound, "-audience", ""), "OtherAudiences[0] is empty"},
		{"unknown flag", append(sound, "-nope"), "not defined: -nope"},
		{"argument", append(sound, "nope"), `unexpected argument "nope"`},
		{"adapter", append(sound, "-adapter", "chi"), "use one of echo, gin, nethttp"},
		{"profile", append(sound, "-profile", "okto"), "use one of rfc9068, keycloak,"},
		{"token cache", append(sound, "-token-cache", "maybe"), "use one of on, off"},
		{"algorithm", append(sound, "-alg", "none"), `"none" is not a supported signature algorithm`},
		{"symmetric algorithm", append(sound, "-alg", "HS256"), "HS256 does not fit the keys"},
		{"duration", append(sound, "-leeway", "10"), "use a duration such as"},
		{"leeway", append(sound, "-leeway", "1h"), "Leeway must be at most 5 minutes"},
		{"no fetch timeout", append(sound, "-fetch-timeout", "0"), "FetchTimeout cannot be off"},
		{"no cool-down", append(sound, "-jwks-cooldown", "0"), "Cooldown cannot be off"},
		{"realm", append(sound, "-realm", "caf\u00e9"), "Realm must be printable ASCII"},
		{"address", append(sound, "-addr", "nowhere"), "-addr: "},
		{"same issuer twice", append(sound, sound[:2]...), "two Validators for issuer"},
		{"plain http", append(sound, "-issuer", "http://127.0.0.1:9"), "must be https"},
		{"plain http elsewhere", append(sound, "-insecure-http", "-issuer", "http://example.com"), "loopback"},
		{"more key sets than issuers", append(sound, "-jwks-url", "", "-jwks-url", ""), "2 key sets for 1 issuers"},
		{"no such file", append(sound, "-jwks-file", short+"er"), "-jwks-file: "},
		{"no key set", append(sound, "-jwks-file", short), "-jwks-file: "},
		{"short secret", append(sound, "-hs256-secret-file", short), "Secret"},
		{"keys of nobody", []string{"-jwks-file", short, "-introspection-url", "https://login.example.com/i"}, "-jwks-file needs -issuer"},
		{"introspection as nobody", append(sound, "-introspection-url", "https://login.example.com/i"), "-introspection-url needs -introspection-client-id"},
		{"introspection without secret", append(sound, "-introspection-client-id", "api"), "-introspection-client-id needs -introspection-client-secret-file"},
		{"introspection secret missing", append(sound, introspectionWith(short+"er")...), "-introspection-client-secret-file: "},
		{"introspection nowhere", append(sound, "-introspection-mode", "all"), "-introspection-mode needs -introspection-url"},
		{"introspection mode", append(sound, "-introspection-mode", "some"), "use one of opaque, all"},
		{"introspection cached nowhere", append(sound, "-introspection-cache-ttl", "0"), "-introspection-cache-ttl needs -introspection-url"},
		{"signatures of nobody", append(introspectionWith(short), "-introspection-jwt"), "-introspection-jwt needs -issuer"},
		{"introspection in plain http", append(introspectionWith(short), "-introspection-url", "http://127.0.0.1:9"), "Endpoint: "},
		{"revocation as nobody", append(sound, "-revocation-url", "https://login.example.com/r"), "-revocation-url needs -introspection-client-id"},
		{"revocation in plain http", append(append(sound, introspectionWith(short)...), "-revocation-url", "http://127.0.0.1:9"), "Endpoint: "},
		{"status lists of nobody", append(introspectionWith(short), "-status-list-prefix", "https://login.example.com/l"), "-status-list-prefix needs -issuer"},
		{"status lists of several", append(sound, "-issuer", "https://b.example.com", "-status-list-prefix", "https://login.example.com/l"), "exactly one -issuer"},
		{"status lists in plain http", append(sound, "-status-list-prefix", "http://login.example.com/l"), "https"},
		{"resource in plain http", append(sound, "-resource", "http://api.example.com"), "Metadata.Resource"},
		{"no Redis", append(sound, "-redis-url", "http://user:secret@127.0.0.1:6379"), "-redis-url: write it as"},
		{"tokens that live for ages", append(sound, "-max-token-lifetime", "100000h"), "MaxTokenLifetime"},
		{"empty Redis", append(sound, "-redis-url", ""), "-redis-url must not be empty"},
		{"empty client", append(sound, "-logout-client-id", ""), "-logout-client-id must not be empty"},
		{"empty transmitter", append(sound, "-set-issuer", "", "-set-audience", ""), "must not be empty"},
		{"empty Authorization", append(sound, "-set-issuer", "https://events.example.com", "-set-audience", "us", "-set-authorization-file", os.DevNull), "anybody could be the transmitter"},
		{"events for nobody", append(sound, "-set-issuer", "https://events.example.com"), "-set-issuer needs -set-audience"},
		{"events of nobody", append(sound, "-set-audience", "us"), "-set-audience needs -set-issuer"},
		{"events in plain http", append(sound, "-set-issuer", "http://127.0.0.1:9", "-set-audience", "us"), "-set-issuer: "},
		{"logouts of nobody", append(introspectionWith(short), "-logout-client-id", "us"), "-logout-client-id needs -issuer"},
		{"logouts of several", append(sound, "-issuer", "https://b.example.com", "-logout-client-id", "us"), "exactly one -issuer"},
		{"proofs for nowhere", append(sound, "-dpop", "allowed"), "-dpop needs -resource"},
		{"nonces without proofs", append(sound, "-dpop-nonce"), "-dpop-nonce needs -dpop"},
		{"proofs, perhaps", append(sound, "-dpop", "maybe"), "use one of off, allowed, required"},
		{"short nonce key", append(sound, "-resource", audience, "-dpop", "allowed", "-dpop-nonce", "-dpop-nonce-key-file", short), "at least 32 bytes"},
		{"certificate without key", append(sound, "-tls-cert", short), "-tls-cert needs -tls-key"},
		{"no certificate", append(sound, "-tls-cert", short, "-tls-key", short), "-tls-cert: "},
		{"no network", append(sound, "-trusted-proxy", "10.0.0.7"), "use a network such as"},
		{"everybody is a proxy", append(sound, "-trusted-proxy", "0.0.0.0/0"), "-trusted-proxy: "},
		{"two kinds of keys", append(sound, "-hs256-secret-file", short, "-jwks-url", "https://login.example.com/k"), "only one of"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := refused(t, test.args...); !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q in it", got, test.want)
			}
		})
	}
}

// What a flag says by default may be said aloud.
func TestIdleFlags(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	s := trusting(t, as, "-dpop", "off", "-dpop-nonce=false", "-introspection-mode", "opaque", "-introspection-url", "",
		"-token-cache", "off")
	s.wantStatus(as.Mint(oauthtest.Token{}), 200)
}

func TestHelp(t *testing.T) {
	cmd := program(t, "-help")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
	if stdout.Len() > 0 || !strings.Contains(stderr.String(), "  -issuer URL\n") {
		t.Errorf("stdout %q, stderr %q", &stdout, &stderr)
	}
}
