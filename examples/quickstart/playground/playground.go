// Package playground is the page of the quickstart: pick a token, a route and a framework, send the request, and see what
// went over the wire and how the Guard decided.
//
// What the page shows is made here, from the connection and from middleware.Config.OnDecision; its script only draws. No
// token leaves this process but on loopback connections, and the page sees them shortened.
package playground

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

// Server is a running playground.
type Server struct {
	url      string
	audience string
	as       *oauthtest.Server
	issuer   *issuer
	observer *observer
	bases    map[string]string // of the API, by framework
	servers  []*http.Server
}

var errExposed = errors.New("playground: the listener must be one on a loopback address: whoever reaches the page can use it")

// Start serves the page on a loopback listener, which it closes in the end, and the API behind it on free ports. Tokens
// come from as, for the API that audience names. The caller closes the Server.
func Start(as *oauthtest.Server, audience string, listener net.Listener) (*Server, error) {
	s := &Server{
		url:      "http://" + listener.Addr().String() + "/",
		audience: audience,
		as:       as,
		observer: newObserver(),
		bases:    map[string]string{},
	}
	err := errExposed
	if at, ok := listener.Addr().(*net.TCPAddr); ok && at.IP.IsLoopback() {
		err = s.start(listener)
	}
	if err != nil {
		listener.Close()
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(listener net.Listener) error {
	holder, err := newHolder()
	if err != nil {
		return err
	}
	list, err := newList()
	if err != nil {
		return err
	}
	s.issuer = &issuer{as: s.as, list: list, holder: holder}
	guard, err := newGuard(s.as, s.audience, list, s.observer)
	if err != nil {
		return err
	}
	handlers := protect(guard)
	for _, h := range handlers {
		if err := s.serveAPI(h); err != nil {
			return err
		}
	}
	page, err := newPage(handlers)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", page)
	mux.HandleFunc("POST /send", s.serveSend)
	mux.Handle("GET /counters", s.observer.counters)
	s.serve(listener, guarded(listener.Addr(), page.policy, mux))
	return nil
}

func (s *Server) serveAPI(h handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.bases[h.framework] = "http://" + listener.Addr().String()
	s.serve(listener, s.observer.watch(h.framework, h))
	return nil
}

func (s *Server) serve(listener net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	s.servers = append(s.servers, server)
	go func() { _ = server.Serve(listener) }() // until Close
}

// URL returns where the page is.
func (s *Server) URL() string { return s.url }

// Close ends the playground, requests under way included.
func (s *Server) Close() {
	for _, server := range s.servers {
		server.Close()
	}
}
