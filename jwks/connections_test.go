package jwks_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
)

// keyServer serves a key set over real connections.
type keyServer struct {
	*httptest.Server
	connections atomic.Int32  // that were opened
	closed      chan struct{} // has one for each that was closed
}

func newKeyServer(t testing.TB, signers ...*jose.Signer) *keyServer {
	t.Helper()
	document := keySet(t, signers...)
	s := &keyServer{closed: make(chan struct{}, 100)}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(document))
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.connections.Add(1)
		case http.StateClosed:
			s.closed <- struct{}{}
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// Close lets go of the connection that was kept for the next fetch.
func TestCloseClosesConnections(t *testing.T) {
	as := newKeyServer(t, signerOf(t, jose.ES256))
	v := newValidator(t, jwks.Config{Issuer: issuer, Audience: audience, JWKSURL: as.URL, AllowLoopbackHTTP: true})
	if err := v.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-as.closed:
		t.Fatal("closed before")
	default:
	}
	_ = v.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	select {
	case <-as.closed:
	case <-ctx.Done():
		t.Error("still open")
	}
}

// The connections of a client that was given are for others, too.
func TestCloseKeepsConnectionsOfOthers(t *testing.T) {
	as := newKeyServer(t, signerOf(t, jose.ES256))
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for range 2 {
		v := newValidator(t, jwks.Config{
			Issuer: issuer, Audience: audience, JWKSURL: as.URL, AllowLoopbackHTTP: true, HTTPClient: client,
		})
		if err := v.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		_ = v.Close()
	}
	if got := as.connections.Load(); got != 1 {
		t.Errorf("%d connections", got)
	}
}
