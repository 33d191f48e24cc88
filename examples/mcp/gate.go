package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/middleware"
)

// gate is an MCP server that holds every call of a tool against the scope of that tool. It does so before the SDK sees
// the call: the SDK can answer with an error inside a 200 only, and it takes a 403 with a challenge to send a client for
// a stronger token.
type gate struct {
	guard  *middleware.Guard
	server *mcp.Server
	sdk    http.Handler
	tools  map[string]http.Handler // the SDK behind the scope of each tool
}

// newGate returns a gate without tools.
//
// Its server is stateless, as MCP 2026-07-28 wants it. In a session, every call would have the context of the request
// that opened the session, and [middleware.FromContext] would return that request's token: a weaker one, or that of
// somebody else.
func newGate(guard *middleware.Guard, name string) *gate {
	server := mcp.NewServer(&mcp.Implementation{Name: name, Version: "1.0.0"}, nil)
	sdk := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{
		Stateless:                    true,
		JSONResponse:                 true,
		PropagateRequestCancellation: true, // what a tool still does when the token ends, ends too
	})
	return &gate{guard: guard, server: server, sdk: sdk, tools: map[string]http.Handler{}}
}

// addTool offers a tool to tokens that grant scope. Tools are added in no other way, so that none is open to all.
//
// The gate and the SDK each read the message by themselves, and a batch or a member that occurs twice may say different
// things to them. So a tool runs only if it is the one whose scope was asked for.
func addTool[In, Out any](g *gate, scope string, tool *mcp.Tool, run mcp.ToolHandlerFor[In, Out]) {
	g.tools[tool.Name] = oauthhttp.Require(g.guard, scope)(g.sdk)
	checked := func(ctx context.Context, call *mcp.CallToolRequest, in In) (*mcp.CallToolResult, Out, error) {
		if ctx.Value(calledTool{}) != tool.Name {
			var none Out
			return nil, none, errAmbiguous
		}
		return run(ctx, call, in)
	}
	mcp.AddTool(g.server, tool, checked)
}

var errAmbiguous = &jsonrpc.Error{Code: jsonrpc.CodeInvalidRequest, Message: "send one call at a time, and every member once"}

// calledTool is the context key of the tool whose scope was asked for.
type calledTool struct{}

// maxMessage bounds what is held in memory. Strangers do not get this far: the token was looked at before.
const maxMessage = 1 << 20

// ServeHTTP leaves it to the SDK to answer what calls no tool, or none that exists.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMessage))
	if err != nil {
		http.Error(w, "the message is too large or incomplete", http.StatusRequestEntityTooLarge)
		return
	}
	name := toolName(body)
	r = r.WithContext(context.WithValue(r.Context(), calledTool{}, name))
	r.Body = io.NopCloser(bytes.NewReader(body))
	if tool, ok := g.tools[name]; ok {
		tool.ServeHTTP(w, r)
		return
	}
	g.sdk.ServeHTTP(w, r)
}

// toolName returns the name of the tool that a message calls, if it does.
func toolName(body []byte) string {
	var message struct {
		Method string `json:"method"`
		Params struct {
			Name string `json:"name"`
		} `json:"params"`
	}
	if err := json.Unmarshal(body, &message); err != nil || message.Method != "tools/call" {
		return ""
	}
	return message.Params.Name
}
