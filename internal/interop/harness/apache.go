package harness

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	texttemplate "text/template"
	"time"
)

// Apache configures an Apache HTTP Server that protects another server with a module.
type Apache struct {
	// Module is the name of the module, such as oauth2.
	Module string
	// Global and Location are directives of the module for the server and for everything it serves.
	Global, Location string
	// Backend is the URL of the protected server.
	Backend string
}

const apacheModules = "/usr/lib/apache2/modules"

// Its processes share in memory what they share: those that serve may not be allowed to read the files of a test.
var apacheConfig = texttemplate.Must(texttemplate.New("").Parse(`
ServerName 127.0.0.1
ServerRoot {{.Dir}}
DefaultRuntimeDir {{.Dir}}
PidFile {{.Dir}}/pid
Mutex posixsem
ErrorLog /dev/stderr
Listen {{.Addr}}
StartServers 1
{{- if .Root}}
User www-data
Group www-data
{{- end}}
{{- range $module := .Modules}}
LoadModule {{$module}}_module {{$.ModuleDir}}/mod_{{$module}}.so
{{- end}}
{{.Global}}
ProxyPass / {{.Backend}}/
<Location />
{{.Location}}
</Location>
`))

// StartApache starts the server on a free loopback port and returns its URL.
func StartApache(t testing.TB, config Apache) string {
	t.Helper()
	const program = "/usr/sbin/apache2" // only root's PATH leads there
	if _, err := os.Stat(filepath.Join(apacheModules, "mod_"+config.Module+".so")); err != nil {
		t.Fatalf("%v; the interop suites need the Debian packages that scripts/setup installs", err)
	}
	dir, addr := t.TempDir(), FreeAddr(t)
	var text bytes.Buffer
	err := apacheConfig.Execute(&text, struct {
		Apache
		Dir, Addr, ModuleDir string
		Root                 bool
		Modules              []string
	}{config, dir, addr, apacheModules, os.Geteuid() == 0, []string{
		"mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", config.Module,
	}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "apache.conf")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, func(*exec.Cmd) {}, program, "-D", "FOREGROUND", "-f", file)
	p.awaitAddr(t, addr)
	return "http://" + addr
}

// awaitAddr waits until a program that says nothing listens.
func (p *Process) awaitAddr(t testing.TB, addr string) {
	t.Helper()
	deadline := time.NewTimer(readyTimeout)
	defer deadline.Stop()
	for {
		if connection, err := net.Dial("tcp", addr); err == nil {
			_ = connection.Close()
			return
		}
		select {
		case <-p.done:
			t.Fatalf("%s ended before it was ready: %v", p.name, p.err)
		case <-deadline.C:
			t.Fatalf("%s was not ready after %s", p.name, readyTimeout)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
