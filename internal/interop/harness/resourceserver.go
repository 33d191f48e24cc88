package harness

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"testing"
)

// ResourceServer is a running examples/resourceserver.
type ResourceServer struct {
	*Process
	url    string
	client *http.Client
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
	url := "http://" + ready.Addr
	if slices.Contains(flags, "-tls-cert") {
		url = "https://" + ready.Addr
	}
	return &ResourceServer{process, url, client}
}

// URL returns where it serves.
func (s *ResourceServer) URL() string { return s.url }

// As returns the same resource server, asked by another HTTP client.
func (s *ResourceServer) As(client *http.Client) *ResourceServer {
	return &ResourceServer{s.Process, s.url, client}
}

// Via returns the same resource server, asked by another HTTP client at another URL: that of a proxy in front of it.
func (s *ResourceServer) Via(proxy string, client *http.Client) *ResourceServer {
	return &ResourceServer{s.Process, proxy, client}
}

// Get requests path with accessToken as bearer token, or with no credentials if it is empty.
func (s *ResourceServer) Get(t testing.TB, path, accessToken string) Answer {
	t.Helper()
	return s.sendAs(t, newRequest(t, http.MethodGet, s.url+path, http.NoBody), accessToken)
}

// Post sends a form to path with accessToken as bearer token.
func (s *ResourceServer) Post(t testing.TB, path, accessToken string, form url.Values) Answer {
	t.Helper()
	return s.sendAs(t, newForm(t, s.url+path, form), accessToken)
}

// GetWith requests path with a header. Its names are sent as they are written.
func (s *ResourceServer) GetWith(t testing.TB, path string, header http.Header) Answer {
	t.Helper()
	r := newRequest(t, http.MethodGet, s.url+path, http.NoBody)
	r.Header = header
	return sendWith(t, s.client, r)
}

func (s *ResourceServer) sendAs(t testing.TB, r *http.Request, accessToken string) Answer {
	t.Helper()
	if accessToken != "" {
		r.Header.Set("Authorization", "Bearer "+accessToken)
	}
	return sendWith(t, s.client, r)
}

// PostJSON sends a JSON document to path with accessToken as bearer token.
func (s *ResourceServer) PostJSON(t testing.TB, path, accessToken string, document any) Answer {
	t.Helper()
	return s.sendAs(t, newJSON(t, s.url+path, document), accessToken)
}

// OpenStream requests path with accessToken and returns a channel that is closed when the answer, which must begin well,
// has ended.
func (s *ResourceServer) OpenStream(t testing.TB, path, accessToken string) <-chan struct{} {
	t.Helper()
	r := newRequest(t, http.MethodGet, s.url+path, http.NoBody)
	r.Header.Set("Authorization", "Bearer "+accessToken)
	response, err := http.DefaultClient.Do(r) // without a timeout
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status %d, want 200", response.StatusCode)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, response.Body)
	}()
	return ended
}
