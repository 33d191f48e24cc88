package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

const (
	resource = "https://orders.example.com/mcp"
	metadata = "https://orders.example.com/.well-known/oauth-protected-resource/mcp"
)

// scene is the MCP server with an authorization server.
type scene struct {
	as      *oauthtest.Server
	handler http.Handler
	url     string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	as, validator := newValidator(t)
	handler, err := newHandler(validator, resource)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &scene{as, handler, server.URL + "/mcp"}
}

func newValidator(t *testing.T) (*oauthtest.Server, *jwks.Validator) {
	t.Helper()
	as := oauthtest.NewServer(t, oauthtest.Config{Audience: resource})
	validator, err := jwks.New(jwks.Config{Issuer: as.Issuer(), Audience: resource, HTTPClient: as.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = validator.Close() })
	return as, validator
}

func (s *scene) token(scope string) string { return s.as.Mint(oauthtest.Token{Scope: scope}) }

// answer is a response, read to its end.
type answer struct {
	status          int
	challenge, body string
}

// post sends a message the way clients of protocol versions before 2026-07-28 do, which leave out what later ones ask for.
func (s *scene) post(t *testing.T, token, message string) answer {
	t.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, newPost(token, message))
	return answer{w.Code, strings.Join(w.Header().Values("WWW-Authenticate"), "\n"), w.Body.String()}
}

func newPost(token, message string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, resource, strings.NewReader(message))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

const (
	list   = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_orders","arguments":{}}}`
	create = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_order","arguments":{"item":"tea"}}}`
)

// A refusal names all that the client needs to come back with a better token, in one challenge.
func TestChallenges(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const (
		needsToken = `Bearer realm="api", scope="orders:read", resource_metadata="` + metadata + `"`
		badToken   = `Bearer realm="api", error="invalid_token", error_description="The access token is not valid here", ` +
			`resource_metadata="` + metadata + `"`
		needsScope = `Bearer realm="api", error="insufficient_scope", ` +
			`error_description="The access token does not grant what this request needs", `
		needsRead  = needsScope + `scope="orders:read", resource_metadata="` + metadata + `"`
		needsWrite = needsScope + `scope="orders:write", resource_metadata="` + metadata + `"`
	)
	for _, tt := range []struct {
		name, token, message string
		status               int
		challenge            string
	}{
		{"no token", "", list, http.StatusUnauthorized, needsToken},
		{"token for another resource", s.as.Mint(oauthtest.Token{
			Audience: []string{"https://orders.example.com"}, Scope: "orders:read",
		}), list, http.StatusUnauthorized, badToken},
		{"token without scope", s.token(""), `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, http.StatusForbidden, needsRead},
		{"weaker token", s.token("orders:read"), create, http.StatusForbidden, needsWrite},
		{"enough", s.token("orders:read"), list, http.StatusOK, ""},
		{"implied", s.token("orders:write"), list, http.StatusOK, ""},
		{"stronger", s.token("orders:write"), create, http.StatusOK, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := s.post(t, tt.token, tt.message)
			if got.status != tt.status || got.challenge != tt.challenge {
				t.Errorf("status %d, challenge %s\nwant %d, %s", got.status, got.challenge, tt.status, tt.challenge)
			}
			if ran := strings.Contains(got.body, `"owner":"alice"`); ran != (tt.status == http.StatusOK) {
				t.Errorf("body %s", got.body)
			}
		})
	}
}

// No way of writing a message runs a tool whose scope nobody asked for.
func TestAmbiguousCalls(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	token := s.token("orders:read")
	const (
		call   = `{"jsonrpc":"2.0","id":1,"method":"tools/call",`
		params = `"params":{"name":"create_order","arguments":{"item":"tea"}}`
	)
	for name, message := range map[string]string{
		"batch of two":         "[" + list + "," + create + "]",
		"batch of one":         "[" + create + "]",
		"second method":        call + params + `,"Method":"ping"}`,
		"second params":        call + params + `,"PARAMS":{"name":"list_orders"}}`,
		"params by folding":    call + params + `,"param\u017f":{"name":"list_orders"}}`,
		"params of other type": call + params + `,"Params":[]}`,
		"second name":          call + `"params":{"name":"create_order","arguments":{"item":"tea"},"Name":"list_orders"}}`,
		"null name":            call + `"params":{"name":"create_order","arguments":{"item":"tea"},"name":null}}`,
		"escaped name":         strings.Replace(create, "create", `cre\u0061te`, 1),
		"escaped member":       strings.Replace(create, `"name"`, `"n\u0061me"`, 1),
		"message after it":     create + list,
		"rubbish after it":     create + "}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := s.post(t, token, message); strings.Contains(got.body, `"item":"tea"`) {
				t.Errorf("the tool ran: %d %s", got.status, got.body)
			}
		})
	}
}

func TestMessageSize(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	large := strings.Replace(create, "tea", strings.Repeat("a", maxMessage), 1)
	if got := s.post(t, s.token("orders:write"), large); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", got.status, got.body)
	}
	body := &watched{}
	r := newPost("", create)
	r.Body = body
	s.handler.ServeHTTP(httptest.NewRecorder(), r)
	if body.read {
		t.Error("the body of a stranger was read")
	}
}

type watched struct{ read bool }

func (w *watched) Read([]byte) (int, error) { w.read = true; return 0, io.EOF }
func (*watched) Close() error               { return nil }

// bearer sends the token of the moment.
type bearer struct{ token string }

func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return http.DefaultTransport.RoundTrip(r)
}

// A tool sees the token of the call, not one that came before it on the same connection.
func TestTokenOfTheCall(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	credentials := &bearer{s.token("orders:read")}
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: s.url, HTTPClient: &http.Client{Transport: credentials},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for _, user := range []string{"alice", "bob"} {
		credentials.token = s.as.Mint(oauthtest.Token{Subject: user, Scope: "orders:write"})
		for _, call := range []*mcp.CallToolParams{
			{Name: "list_orders"},
			{Name: "create_order", Arguments: map[string]any{"item": "tea"}},
		} {
			result, err := session.CallTool(t.Context(), call)
			if err != nil || result.IsError {
				t.Fatalf("%s: %v %+v", call.Name, err, result)
			}
			if got := result.StructuredContent.(map[string]any)["owner"]; got != user {
				t.Errorf("%s ran for %v, want %s", call.Name, got, user)
			}
		}
	}
}

// latest makes a message of protocol version 2026-07-28, with its header.
func latest(method, name, params string) (string, http.Header) {
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
		`"io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`
	h := http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {method}, "Mcp-Name": {name}}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s,%s}}`, method, params, meta), h
}

// A stream of events ends when the token does.
func TestStreamEndsWithToken(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	message, header := latest("subscriptions/listen", "", `"notifications":{"toolsListChanged":true}`)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = newPost(s.as.Mint(oauthtest.Token{Scope: "orders:read", ExpiresIn: 2 * time.Second}), "").Header
	maps.Copy(r.Header, header)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	events := bufio.NewScanner(response.Body)
	if !events.Scan() || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s, first line %q", response.Status, events.Text())
	}
	for events.Scan() {
	}
	if err := events.Err(); err != nil {
		t.Errorf("the stream did not end with the token: %v", err)
	}
}

// What a tool is doing ends with the request, and so with the token.
func TestToolEndsWithRequest(t *testing.T) {
	t.Parallel()
	as, validator := newValidator(t)
	guard, err := middleware.New(validator, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan bool, 1)
	gate := newGate(guard, "test")
	wait := func(tool context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		cancel()
		select {
		case <-tool.Done():
			ended <- true
		case <-time.After(20 * time.Second):
			ended <- false
		}
		return nil, nil, nil
	}
	addTool(gate, readOrders, &mcp.Tool{Name: "wait"}, wait)
	message, header := latest("tools/call", "wait", `"name":"wait","arguments":{}`)
	r := newPost(as.Mint(oauthtest.Token{Scope: "orders:read"}), message)
	maps.Copy(r.Header, header)
	gate.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
	if !<-ended {
		t.Error("the tool went on")
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, metadata, nil))
	var document struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
		Scopes   []string `json:"scopes_supported"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if document.Resource != resource || len(document.Servers) != 1 || document.Servers[0] != s.as.Issuer() ||
		len(document.Scopes) != 1 || document.Scopes[0] != "orders:read" {
		t.Errorf("document %s", w.Body)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	good := jwks.Config{Issuer: "https://login.example.com", Audience: resource}
	for name, mistake := range map[string]func(*jwks.Config, *string){
		"no issuer":          func(c *jwks.Config, _ *string) { c.Issuer = "" },
		"no resource":        func(c *jwks.Config, _ *string) { c.Audience = "" },
		"resource, no path":  func(c *jwks.Config, _ *string) { c.Audience = "https://orders.example.com" },
		"resource with http": func(c *jwks.Config, _ *string) { c.Audience = "http://orders.example.com/mcp" },
		"bad address":        func(_ *jwks.Config, addr *string) { *addr = "127.0.0.1:port" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, addr := good, "127.0.0.1:0"
			mistake(&config, &addr)
			if err := run(t.Context(), addr, config, io.Discard); err == nil {
				t.Error("no error")
			}
		})
	}
	t.Run("ready until told to stop", func(t *testing.T) {
		t.Parallel()
		ctx, stop := context.WithCancel(t.Context())
		line, stdout := io.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- run(ctx, "127.0.0.1:0", good, stdout) }()
		var ready readyLine
		if err := json.NewDecoder(line).Decode(&ready); err != nil || !ready.Ready {
			t.Fatalf("%+v, %v", ready, err)
		}
		response, err := http.Get("http://" + ready.Addr + "/mcp")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("status %d without a token", response.StatusCode)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
