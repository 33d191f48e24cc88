package jwks_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/bearergate/bearergate/jwks"
)

// stub is a web server without a web: it maps URLs to answers and records who was asked for what.
type stub struct {
	mu      sync.Mutex
	answers map[string]page
	asked   []string
}

type page struct {
	status int // default: 200
	header http.Header
	body   string
}

var errNobodyThere = errors.New("connection refused")

func (s *stub) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.URL.String())
	p, ok := s.answers[r.URL.String()]
	if !ok {
		return nil, errNobodyThere
	}
	if p.status == 0 {
		p.status = http.StatusOK
	}
	if p.header == nil {
		p.header = http.Header{}
	}
	return &http.Response{
		StatusCode: p.status, Header: p.header, Body: io.NopCloser(strings.NewReader(p.body)), Request: r,
	}, nil
}

func (s *stub) client() *http.Client { return &http.Client{Transport: s} }

// requests returns the URLs that were asked for, in order.
func (s *stub) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

// put sets the answer of a URL.
func (s *stub) put(url string, p page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answers == nil {
		s.answers = map[string]page{}
	}
	s.answers[url] = p
}

// trap is a stub that no request may reach.
func trap(t *testing.T) *http.Client {
	t.Helper()
	s := &stub{}
	t.Cleanup(func() {
		if asked := s.requests(); len(asked) > 0 {
			t.Errorf("requests were made: %v", asked)
		}
	})
	return s.client()
}

const keysURL = issuer + "/keys"

// fromURL returns a validator that fetches its keys from keysURL, served by s.
func fromURL(t testing.TB, s *stub) *jwks.Validator {
	t.Helper()
	return newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, JWKSURL: keysURL, HTTPClient: s.client(), Now: atNoon,
	})
}
