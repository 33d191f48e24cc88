package harness

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// StartInProcess starts an authorization server that is a handler in this process. newHandler returns the handler, and where it
// has what, once it is known which URL it will have. What the handler remembers outlives Stop and Restart.
func StartInProcess(t testing.TB, newHandler func(url string) (http.Handler, Endpoints)) *AuthorizationServer {
	t.Helper()
	addr := FreeAddr(t)
	handler, endpoints := newHandler("http://" + addr)
	s := &AuthorizationServer{ResourceServer: ResourceServerID}
	s.start = func(t testing.TB) (*Process, Endpoints) {
		t.Helper()
		return serve(t, addr, handler), endpoints
	}
	s.Process, s.Endpoints = s.start(t)
	return s
}

// serve serves at addr as a program would that has nothing to say on standard error.
func serve(t testing.TB, addr string, handler http.Handler) *Process {
	t.Helper()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	p := &Process{name: addr, done: make(chan struct{})}
	p.stop = sync.OnceFunc(func() {
		server.CloseClientConnections()
		server.Close()
		close(p.done)
	})
	t.Cleanup(p.Stop)
	return p
}
