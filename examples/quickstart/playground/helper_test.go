package playground_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/bearergate/bearergate/examples/quickstart/playground"
	"github.com/bearergate/bearergate/oauthtest"
)

const audience = "https://orders.example.com"

// demo is a running playground with its authorization server.
type demo struct {
	*playground.Server
	as *oauthtest.Server
}

func start(t *testing.T) demo {
	t.Helper()
	as := oauthtest.NewServer(t, oauthtest.Config{Audience: audience, Algorithms: []string{"ES256"}})
	server, err := playground.Start(as, audience, listen(t, "127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return demo{server, as}
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// order is what the page sends.
type order struct {
	Token     string `json:"token"`
	Route     string `json:"route"`
	Framework string `json:"framework"`
}

// trace is what the page gets to draw.
type trace struct {
	order
	ID       string
	Status   string
	Request  string
	Response string
	Decision struct {
		Allowed bool
		Status  int
		Code    string
		Reason  string
		Steps   []struct{ Name, Outcome, Detail string }
	}
	Keys struct {
		ID      string
		Fetches int
	}
}

func (d demo) send(t *testing.T, o order) trace {
	t.Helper()
	got, err := d.ask(t.Context(), o)
	if err != nil {
		t.Fatalf("%+v: %v", o, err)
	}
	return got
}

// ask does so from any goroutine.
func (d demo) ask(ctx context.Context, o order) (got trace, err error) {
	octets, err := json.Marshal(o)
	if err != nil {
		return got, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL()+"send", bytes.NewReader(octets))
	if err != nil {
		return got, err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return got, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return got, errors.New(response.Status)
	}
	return got, json.NewDecoder(response.Body).Decode(&got)
}

func (d demo) request(t *testing.T, method, path string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, d.URL()+path, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// do sends a request.
func do(t *testing.T, r *http.Request) *http.Response {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return response
}
