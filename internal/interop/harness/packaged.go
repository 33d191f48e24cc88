package harness

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// systemPython is the interpreter that Debian's Python packages are installed for. The first one in PATH may be another.
const systemPython = "/usr/bin/python3"

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
