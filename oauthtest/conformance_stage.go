package oauthtest

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/strictjson"
)

// stage is where cases are played: the authorization server, the service that trusts it, and a place that nobody should
// trust.
type stage struct {
	as      *Server
	subject Subject
	opaque  bool // good tokens are no JWTs
	base    string
	client  *http.Client
	service *httptest.Server // nil for a service with a URL

	attacker  *jose.Signer
	elsewhere *httptest.Server
	visits    atomic.Int64 // at elsewhere
}

const (
	answerLimit = 30 * time.Second
	closeLimit  = time.Second
)

func newStage(as *Server, subject Subject, attacker *jose.Signer, opaque bool) *stage {
	s := &stage{as: as, subject: subject, opaque: opaque, attacker: attacker, base: strings.TrimSuffix(subject.URL, "/")}
	client := http.Client{Timeout: answerLimit}
	if subject.Handler != nil {
		s.service = httptest.NewServer(subject.Handler)
		s.base, client.Transport = s.service.URL, s.service.Client().Transport
	}
	if subject.Client != nil {
		client = *subject.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.client = &client
	s.elsewhere = httptest.NewServer(http.HandlerFunc(s.tempt))
	return s
}

func (s *stage) close() {
	if s.service != nil {
		s.stopService()
	}
	if s.subject.Close != nil {
		s.subject.Close()
	}
	s.elsewhere.Close()
	_ = s.as.Close()
}

// stopService does not wait for handlers that hang, as [httptest.Server.Close] does.
func (s *stage) stopService() {
	s.client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	if err := s.service.Config.Shutdown(ctx); err != nil {
		_ = s.service.Config.Close()
		return
	}
	s.service.Close()
}

// tempt offers the attacker's key to whoever believes where a token says that keys are.
func (s *stage) tempt(w http.ResponseWriter, r *http.Request) {
	s.visits.Add(1)
	if strings.HasSuffix(r.URL.Path, ".pem") {
		if der, err := s.attacker.Certificate(time.Now()); err == nil {
			_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: der})
		}
		return
	}
	if set, err := strictjson.Marshal(map[string]any{"keys": []any{s.attacker.JWK()}}); err == nil {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(set)
	}
}

// calls returns how often the handlers of the service were called, and whether that is known.
func (s *stage) calls() (int, bool) {
	if s.subject.Calls == nil {
		return 0, false
	}
	return s.subject.Calls(), true
}
