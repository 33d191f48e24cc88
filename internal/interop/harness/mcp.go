package harness

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// MCPServer is a running examples/mcp.
type MCPServer struct {
	*Process
	// URL is its endpoint, and the resource that tokens for it are for.
	URL string
}

// StartMCPServer starts the MCP server on a free loopback port. The first start of a test run builds it.
func StartMCPServer(t testing.TB, as *OIDCProvider) *MCPServer {
	t.Helper()
	binary, err := buildMCPServer()
	if err != nil {
		t.Fatalf("build the MCP server: %v", err)
	}
	addr := FreeAddr(t)
	resource := url.URL{Scheme: "http", Host: addr, Path: "/mcp"}
	var ready struct {
		Ready bool   `json:"ready"`
		Addr  string `json:"addr"`
	}
	args := []string{"-addr", addr, "-issuer", as.Issuer, "-resource", resource.String(), "-insecure-http"}
	process := Start(t, &ready, "", nil, binary, args...)
	if !ready.Ready || ready.Addr != addr {
		t.Fatalf("MCP server says %+v", ready)
	}
	return &MCPServer{process, resource.String()}
}

// Post sends one message with accessToken as bearer token, or with no credentials if it is empty.
func (s *MCPServer) Post(t testing.TB, accessToken, message string) Answer {
	t.Helper()
	r := newRequest(t, http.MethodPost, s.URL, strings.NewReader(message))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if accessToken != "" {
		r.Header.Set("Authorization", "Bearer "+accessToken)
	}
	return send(t, r)
}

// ResourceMetadata fetches what a challenge points to (RFC 9728, section 5).
func (a Answer) ResourceMetadata(t testing.TB) Answer {
	t.Helper()
	return send(t, newRequest(t, http.MethodGet, a.Challenge(t)["resource_metadata"], http.NoBody))
}

// MCPClient is a running application that uses an MCP server through the official JavaScript SDK.
type MCPClient struct {
	*Process
	url string
}

// MCPVersions are those of the protocol that an MCPClient can speak, each by another generation of the SDK.
func MCPVersions() []string { return []string{"2025-11-25", "2026-07-28"} }

// StartMCPClient starts an application that knows the URL of the server, and nothing else of it. The first start on a
// machine installs it with npm.
func StartMCPClient(t testing.TB, server *MCPServer, version string) *MCPClient {
	t.Helper()
	dir, err := installMCPClient()
	if err != nil {
		t.Fatalf("install the MCP client: %v", err)
	}
	var ready struct {
		Ready bool   `json:"ready"`
		URL   string `json:"url"`
	}
	process := Start(t, &ready, dir, []string{"SERVER=" + server.URL, "VERSION=" + version}, "node", "client.mjs")
	if !ready.Ready || ready.URL == "" {
		t.Fatalf("MCP client says %+v", ready)
	}
	return &MCPClient{process, ready.URL}
}

// MCPOutcome is what became of a call.
type MCPOutcome struct {
	// Authorize is where the user has to go before the call can be made, or empty.
	Authorize string `json:"authorize"`
	// Result is what the tool says otherwise.
	Result struct {
		IsError bool           `json:"isError"`
		Content map[string]any `json:"structuredContent"`
	} `json:"result"`
}

// Call calls a tool. The first call connects to the server.
func (c *MCPClient) Call(t testing.TB, tool string, arguments map[string]any) MCPOutcome {
	t.Helper()
	var outcome MCPOutcome
	call := map[string]any{"name": tool, "arguments": arguments}
	postJSON(t, c.url+"/call", call).Decode(t, &outcome)
	return outcome
}

// MCPFetch is one request of the SDK and its answer.
type MCPFetch struct {
	Method    string `json:"method"`
	URL       string `json:"url"`
	Message   string `json:"message"` // the JSON-RPC method, in a request to the MCP server
	Status    int    `json:"status"`
	Challenge string `json:"challenge"`
}

// Log returns what the SDK has fetched since the start, in the order of the answers.
func (c *MCPClient) Log(t testing.TB) []MCPFetch {
	t.Helper()
	var log []MCPFetch
	send(t, newRequest(t, http.MethodGet, c.url+"/log", http.NoBody)).Decode(t, &log)
	return log
}
