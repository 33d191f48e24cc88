package harness

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
)

const (
	// ClientID is the client that tokens are issued to.
	ClientID = "orders-app"
	// ResourceServerID is the client that introspects and revokes them.
	ResourceServerID = "resource-server"
)

// Secret returns the secret of a client.
func Secret(clientID string) string { return clientID + "-secret" }

// AuthorizationServer is a running authorization server, whatever its make. Its port, keys and tokens outlive its
// process.
type AuthorizationServer struct {
	*Process
	Endpoints
	// ResourceServer is the client that introspects and revokes here.
	ResourceServer string

	start func(testing.TB) (*Process, Endpoints)
}

// Endpoints are where an authorization server is. Issuer is empty if it publishes nothing about itself; what else is empty
// it does not have.
type Endpoints struct {
	Issuer           string `json:"issuer"`
	AuthorizationURL string `json:"authorization_endpoint"`
	TokenURL         string `json:"token_endpoint"`
	IntrospectionURL string `json:"introspection_endpoint"`
	RevocationURL    string `json:"revocation_endpoint"`
	RegistrationURL  string `json:"registration_endpoint"`
	EndSessionURL    string `json:"end_session_endpoint"`
	MTLSTokenURL     string `json:"mtls_token_endpoint"`
	SecretFile       string `json:"secret_file"` // with the symmetric key of its signatures
	ControlURL       string `json:"control"`     // where it does what a test asks for
}

// startServer runs a program of this module that takes PORT and STATE from its environment, and more if env says more.
func startServer(t testing.TB, env []string, dir, interpreter, script string) *AuthorizationServer {
	t.Helper()
	env = append(env, "PORT="+strconv.Itoa(freePort(t)), "STATE="+t.TempDir())
	s := &AuthorizationServer{ResourceServer: ResourceServerID}
	s.start = func(t testing.TB) (*Process, Endpoints) {
		t.Helper()
		var ready struct {
			Ready bool `json:"ready"`
			Endpoints
		}
		process := Start(t, &ready, dir, env, interpreter, script)
		if !ready.Ready || ready.TokenURL == "" {
			t.Fatalf("authorization server says %+v", ready)
		}
		return process, ready.Endpoints
	}
	s.Process, s.Endpoints = s.start(t)
	return s
}

// Restart starts the server again after Stop, until the end of t.
func (s *AuthorizationServer) Restart(t testing.TB) {
	t.Helper()
	s.Process, s.Endpoints = s.start(t)
}

// The ports that freePort tries are below those that systems pick by themselves, so that a port is still free when a
// server that stopped comes back to it.
const firstPort, ports = 10_000, 20_000

var portsTried atomic.Int32

func init() { portsTried.Store(rand.Int32N(ports)) }

// FreeAddr returns a loopback address, host and port, that nobody listens on: for programs that others have to know
// before they start.
func FreeAddr(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort(t)))
}

// freePort returns a loopback port that nobody listens on, and a different one each time.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := firstPort + int(portsTried.Add(1))%ports
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = listener.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}
