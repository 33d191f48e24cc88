package harness

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// ProxyAddr is the address that a Proxy sends its requests from.
const ProxyAddr = "127.0.0.2"

// The fields of a client are removed before the proxy sets its own, which are those of RFC 9440: what is left of the
// client's would be believed.
const proxyConfig = `
global
  log stderr format raw daemon
  hard-stop-after 1s

defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 10s
  timeout server 10s

frontend secure
  bind fd@3 ssl crt %s ca-file %s verify optional
  http-request del-header Client-Cert
  http-request del-header Client-Cert-Chain
  http-request set-header Client-Cert :%%[ssl_c_der,base64]: if { ssl_c_used }
  default_backend resource_server

backend resource_server
  server resource_server %s source %s
`

// StartProxy starts HAProxy in front of a server at addr and returns the URL it serves at. It ends TLS, with a
// certificate of authority, asks clients for theirs, and passes these on in Client-Cert.
func StartProxy(t testing.TB, authority *Authority, addr string) string {
	t.Helper()
	program, err := exec.LookPath("haproxy")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/haproxy") // where Debian has it, and only root's PATH leads to
	}
	if err != nil {
		t.Fatalf("%v; the interop suites need the Debian packages that scripts/setup installs", err)
	}
	config := fmt.Sprintf(proxyConfig, authority.Issue(t, "haproxy").File, authority.File, addr, ProxyAddr)
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, inherited := listen(t)
	defer func() { _ = listener.Close() }()
	defer func() { _ = inherited.Close() }()
	// It gets a socket that listens already: clients need not wait for it.
	launch(t, func(cmd *exec.Cmd) {
		cmd.ExtraFiles = []*os.File{inherited}
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGUSR1) } // it has no handler for SIGTERM
	}, program, "-db", "-f", file)
	return "https://" + listener.Addr().String()
}

// listen returns a new loopback listener, and the file that a child process has it from.
func listen(t testing.TB) (net.Listener, *os.File) {
	t.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	file, err := listener.File()
	if err != nil {
		t.Fatal(err)
	}
	return listener, file
}
