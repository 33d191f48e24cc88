package oauthtest

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Server is a fake authorization server. It remembers every token it issued. All its methods are safe for concurrent
// use.
type Server struct {
	cfg       Config
	tb        testing.TB
	base      string // scheme and authority of the issuer
	transport http.RoundTripper
	listener  *httptest.Server // nil in memory
	closing   chan struct{}
	closed    sync.Once

	mu       sync.Mutex
	keys     keyring
	issued   map[string]*record
	faults   map[Endpoint]*fault
	requests map[Endpoint]int
}

// NewServer starts a server that is closed when the test ends. A mistake in cfg, or later in the use of the server,
// fails the test at once; like [testing.T.Fatal], methods that say so belong in the goroutine of the test.
func NewServer(tb testing.TB, cfg Config) *Server {
	tb.Helper()
	s, err := start(tb, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

// Start starts a server for a program, such as a demo; the caller closes it. The error says what is wrong with cfg, or
// why [Config.Host] cannot be listened on.
func Start(cfg Config) (*Server, error) {
	return start(silent{}, cfg)
}

// silent stands in for the test that a server of Start does not have.
type silent struct{ testing.TB }

func (silent) Helper()      {}
func (silent) Fatal(...any) {}

func start(tb testing.TB, cfg Config) (*Server, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	keys, err := newKeyring(cfg.Algorithms, cfg.Secret)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg:      cfg,
		tb:       tb,
		keys:     keys,
		closing:  make(chan struct{}),
		issued:   make(map[string]*record),
		faults:   make(map[Endpoint]*fault),
		requests: make(map[Endpoint]int),
	}
	if cfg.InMemory {
		s.base = cfg.scheme() + "://" + cfg.Host
		s.transport = memory{s}
		return s, nil
	}
	if err := s.listen(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) listen() error {
	host, _, err := net.SplitHostPort(s.cfg.Host)
	if err != nil {
		return fmt.Errorf("oauthtest: Config.Host: want a host and a port to listen on, such as 127.0.0.1:0: %w", err)
	}
	listener, err := net.Listen("tcp", s.cfg.Host)
	if err != nil {
		return fmt.Errorf("oauthtest: Config.Host: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return err
	}
	s.base = s.cfg.scheme() + "://" + net.JoinHostPort(host, port)
	s.listener = &httptest.Server{Listener: listener, Config: &http.Server{
		Handler: http.HandlerFunc(s.serve),
		// A client that leaves during the handshake is an ordinary event in a test of faults.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}}
	transport := &http.Transport{}
	if s.cfg.PlainHTTP {
		s.listener.Start()
	} else {
		s.listener.StartTLS()
		transport.TLSClientConfig = trust(s.listener.Certificate())
	}
	s.transport = transport
	return nil
}

// trust accepts the certificate under whatever name the server goes by.
func trust(certificate *x509.Certificate) *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return &tls.Config{RootCAs: roots, ServerName: certificate.DNSNames[0], MinVersion: tls.VersionTLS12}
}

// Issuer returns the issuer identifier: the iss of the tokens, and where discovery starts.
func (s *Server) Issuer() string { return s.base + s.cfg.Path }

// HTTPClient returns a new client that reaches the server and trusts its certificate; the clients of a server share
// their connections. In memory it reaches nothing else, and leaves a compressed body compressed.
func (s *Server) HTTPClient() *http.Client {
	return &http.Client{Transport: s.transport}
}

// Requests returns how many requests the endpoint has received, broken or not; for [EndpointAny], how many the server
// has received at all.
func (s *Server) Requests(e Endpoint) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[e]
}

// Close stops the server. Requests under way end without an answer. Closing twice is harmless; the error is always nil.
func (s *Server) Close() error {
	s.closed.Do(func() {
		close(s.closing)
		if s.listener != nil {
			s.listener.Close()
			s.HTTPClient().CloseIdleConnections()
		}
	})
	return nil
}
