package harness

import (
	"net/http"
	"net/url"
	"testing"
)

// ResourceServer is a running examples/resourceserver.
type ResourceServer struct {
	*Process
	url string
}

// Call is what a protected handler of the resource server says when it ran. Calls counts the runs of that handler
// since the start, this one included.
type Call struct {
	Handler   string   `json:"handler"`
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	ClientID  string   `json:"client_id"`
	Scopes    []string `json:"scopes"`
	Anonymous bool     `json:"anonymous"`
	Calls     int      `json:"calls"`
}

// StartResourceServer starts the resource server with flags, on a free loopback port. The first start of a test
// run builds it.
func StartResourceServer(t testing.TB, flags ...string) *ResourceServer {
	t.Helper()
	binary, err := buildResourceServer()
	if err != nil {
		t.Fatalf("build the resource server: %v", err)
	}
	var ready struct {
		Ready bool   `json:"ready"`
		Addr  string `json:"addr"`
	}
	args := append([]string{"-addr", "127.0.0.1:0"}, flags...)
	process := Start(t, &ready, "", nil, binary, args...)
	if !ready.Ready || ready.Addr == "" {
		t.Fatalf("resource server says %+v", ready)
	}
	return &ResourceServer{Process: process, url: "http://" + ready.Addr}
}

// Get requests path with accessToken as bearer token, or with no credentials if it is empty.
func (s *ResourceServer) Get(t testing.TB, path, accessToken string) Answer {
	t.Helper()
	return sendAs(t, newRequest(t, http.MethodGet, s.url+path, http.NoBody), accessToken)
}

// Post sends a form to path with accessToken as bearer token.
func (s *ResourceServer) Post(t testing.TB, path, accessToken string, form url.Values) Answer {
	t.Helper()
	return sendAs(t, newForm(t, s.url+path, form), accessToken)
}

func sendAs(t testing.TB, r *http.Request, accessToken string) Answer {
	t.Helper()
	if accessToken != "" {
		r.Header.Set("Authorization", "Bearer "+accessToken)
	}
	return send(t, r)
}
