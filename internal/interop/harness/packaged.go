package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// systemPython is the interpreter that Debian's Python packages are installed for. The first one in PATH may be another.
const systemPython = "/usr/bin/python3"

const scriptTimeout = time.Minute

// StartGlewlwyd starts Glewlwyd, whose access tokens are JWTs that can be introspected and revoked, by the client they
// were issued to.
func StartGlewlwyd(t testing.TB) *AuthorizationServer {
	t.Helper()
	s := startPackaged(t, "glewlwyd")
	s.ResourceServer = ClientID
	return s
}

// StartDjangoOAuthToolkit starts django-oauth-toolkit, whose access tokens are opaque and whose introspection answers say
// little about them.
func StartDjangoOAuthToolkit(t testing.TB) *AuthorizationServer {
	t.Helper()
	return startPackaged(t, "djangooauth")
}

// FlaskTokens is the kind of access tokens that an authorization server of Flask and PyJWT issues.
type FlaskTokens string

const (
	// FlaskRS256 are JWTs (RFC 9068) whose keys it publishes.
	FlaskRS256 FlaskTokens = "RS256"
	// FlaskHS256 are JWTs of a kind of their own. Their key is in SecretFile.
	FlaskHS256 FlaskTokens = "HS256"
	// FlaskOpaque are random.
	FlaskOpaque FlaskTokens = "opaque"
)

// StartFlask starts an authorization server as tutorials build it. Tokens of every kind can be introspected and revoked.
func StartFlask(t testing.TB, tokens FlaskTokens) *AuthorizationServer {
	t.Helper()
	return startPackaged(t, "flaskpyjwt", "TOKENS="+string(tokens))
}

// StartFlaskMTLS does so with a second, secure port for clients with certificates of authority (RFC 8705).
func StartFlaskMTLS(t testing.TB, tokens FlaskTokens, authority *Authority) *AuthorizationServer {
	t.Helper()
	own := authority.Issue(t, "flask")
	return startPackaged(t, "flaskpyjwt",
		"TOKENS="+string(tokens), "TLS_CERT="+own.File, "TLS_KEY="+own.File, "CLIENT_CA="+authority.File)
}

func startPackaged(t testing.TB, project string, env ...string) *AuthorizationServer {
	t.Helper()
	return startServer(t, env, projectDir(t, project), systemPython, "server.py")
}

// projectDir returns the directory of a Python project of this module, and fails the test if the project could not run.
func projectDir(t testing.TB, project string) string {
	t.Helper()
	if err := findPackages(); err != nil {
		t.Fatal(err)
	}
	module, err := moduleDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(module, project)
}

// RunPython runs main.py of a project of this module to its end. It gets input in JSON, and what it prints in JSON is decoded
// into output.
func RunPython(t testing.TB, project string, input, output any) {
	t.Helper()
	stdin, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), scriptTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, systemPython, "main.py")
	cmd.Dir, cmd.Stdin = projectDir(t, project), bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, &stderr)
	}
	if err := json.Unmarshal(stdout, output); err != nil {
		t.Fatalf("%s says %s: %v", cmd, stdout, err)
	}
}

// findPackages reports what of the servers' programs and libraries is missing.
var findPackages = sync.OnceValue(func() error {
	_, err := exec.LookPath("glewlwyd")
	if err == nil {
		err = run("", systemPython, "-c",
			"import authlib, cryptography, django, flask, jwcrypto, jwt, oauth2_provider, requests_oauthlib, sqlite3")
	}
	if err != nil {
		return fmt.Errorf("%w\nthe interop suites need the Debian packages that scripts/setup installs", err)
	}
	return nil
})

// RotateFlask makes a server of FlaskRS256 sign with a new key, and publish no other.
func RotateFlask(t testing.TB, s *AuthorizationServer) {
	t.Helper()
	var rotated struct {
		KeyIDs []string `json:"kids"`
	}
	send(t, newRequest(t, http.MethodPost, s.Issuer+"/_test/rotate", http.NoBody)).Decode(t, &rotated)
}
