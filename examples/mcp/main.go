// Command mcp is an MCP server whose tools ask for scopes. Clients find out by themselves where to get a token, and come
// back with a stronger one when a tool needs it:
//
//	mcp -addr 127.0.0.1:8080 -issuer https://login.example.com -resource https://orders.example.com/mcp
//
// Once it can accept connections it prints one line of JSON on standard output; logs go to standard error. SIGINT and
// SIGTERM end it. A configuration mistake is one line on standard error and exit status 2.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "listen `address`; port 0 picks one")
	issuer := flag.String("issuer", "", "`URL` of the authorization server, exactly as tokens carry it in iss")
	resource := flag.String("resource", "", "`URL` of the MCP endpoint, exactly as clients write it and tokens carry it in aud")
	insecure := flag.Bool("insecure-http", false, "allow an http issuer on a loopback host, for tests")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config := jwks.Config{Issuer: *issuer, Audience: *resource, AllowLoopbackHTTP: *insecure}
	if err := run(ctx, *addr, config, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mcp:", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, addr string, config jwks.Config, stdout io.Writer) error {
	validator, err := jwks.New(config)
	if err != nil {
		return err
	}
	defer validator.Close()
	handler, err := newHandler(validator, config.Audience)
	if err != nil {
		return err
	}
	return serve(ctx, addr, handler, stdout)
}

const (
	readOrders  = "orders:read"
	writeOrders = "orders:write"
)

// newHandler serves MCP at the path of resource, and the metadata that leads a client from the challenge of a refusal to
// the authorization server (RFC 9728).
func newHandler(validator middleware.Validator, resource string) (http.Handler, error) {
	endpoint, err := url.Parse(resource)
	if err != nil || endpoint.Path == "" {
		return nil, errors.New("-resource must be a URL with a path, such as https://orders.example.com/mcp")
	}
	//docs:begin guard
	guard, err := middleware.New(validator, middleware.Config{
		// Clients begin with these scopes, and learn of others when they are refused.
		Metadata:        middleware.Metadata{Resource: resource, Scopes: []string{readOrders}},
		AdvertiseScopes: true,
		Implies:         func(granted, required string) bool { return granted == writeOrders && required == readOrders },
		OnDecision:      middleware.LogDecisions(slog.New(slog.NewJSONHandler(os.Stderr, nil))),
	})
	//docs:end
	if err != nil {
		return nil, err
	}
	//docs:begin tools
	gate := newGate(guard, "orders")
	addTool(gate, readOrders, &mcp.Tool{Name: "list_orders", Description: "List your orders"}, listOrders)
	addTool(gate, writeOrders, &mcp.Tool{Name: "create_order", Description: "Order something"}, createOrder)

	// Every message needs a token. The scope is the least that is of any use here, for the first challenge to name one.
	// Answers may be streams of events; they end with the token.
	everything := middleware.Policy{Scopes: []string{readOrders}, EndWithToken: true}
	mux := http.NewServeMux()
	mux.Handle(endpoint.Path, oauthhttp.Enforce(guard, everything)(gate))
	mux.Handle(guard.MetadataPath(), guard.MetadataHandler())
	//docs:end
	return mux, nil
}

// serve sets no limit to a request as a whole, as it may be answered with a stream.
func serve(ctx context.Context, addr string, handler http.Handler, stdout io.Writer) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute}
	// No waiting for requests in flight: streams do not end by themselves.
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := json.NewEncoder(stdout).Encode(readyLine{true, listener.Addr().String(), "nethttp"}); err != nil {
		return err
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// readyLine tells whoever started the program where it listens. The socket is open before the line is printed.
type readyLine struct {
	Ready   bool   `json:"ready"`
	Addr    string `json:"addr"`
	Adapter string `json:"adapter"`
}
