package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/adapters/oauthredis"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation"
)

// replica is one process of a service, as far as it matters here: nothing in it is shared with the others but Redis.
type replica struct {
	name, url string
	redisAddr string
	server    *http.Server
	validator *jwks.Validator
	stream    *oauthredis.Stream
	client    redis.UniversalClient
}

func startReplica(ctx context.Context, name string, as *oauthtest.Server, redisURL string) (*replica, error) {
	r := &replica{name: name}
	if err := r.start(ctx, as, redisURL); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

func (r *replica) start(ctx context.Context, as *oauthtest.Server, redisURL string) error {
	if err := r.connect(redisURL); err != nil {
		return err
	}
	handler, err := r.protect(as)
	if err != nil {
		return err
	}
	// Readiness is for the load balancer: a replica that has not read the stream yet does not know what was revoked.
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := r.stream.Ready(ctx); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.url = "http://" + listener.Addr().String()
	r.server = &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = r.server.Serve(listener) }() // until stop
	return nil
}

func (r *replica) connect(redisURL string) error {
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		return errors.New("-redis-url: write it as redis://host:port")
	}
	options.ContextTimeoutEnabled = true
	r.redisAddr = options.Addr
	r.client = redis.NewClient(options)
	r.stream, err = oauthredis.NewStream(r.client, oauthredis.StreamConfig{FailClosed: true})
	return err
}

// protect is what an existing service adds to itself.
func (r *replica) protect(as *oauthtest.Server) (http.Handler, error) {
	denied, err := revocation.NewList(revocation.Config{
		Replicator: r.stream,
		Logger:     slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	r.validator, err = jwks.New(jwks.Config{
		Issuer:     as.Issuer(),
		Audience:   audience,
		HTTPClient: as.HTTPClient(),
	})
	if err != nil {
		return nil, err
	}
	guard, err := middleware.New(r.validator, middleware.Config{Revocations: denied})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /orders", oauthhttp.Require(guard, "orders:read")(http.HandlerFunc(orders)))
	mux.Handle("GET /stream", oauthhttp.Enforce(guard, middleware.Policy{EndWithToken: true})(http.HandlerFunc(stream)))
	mux.Handle("POST /revocations", oauthhttp.Require(guard, "revocations:write")(revocation.ListHandler(denied)))
	return mux, nil
}

func orders(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "orders\n")
}

// stream goes on until the client leaves or its token is no longer good.
func stream(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprintln(w, "open")
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
	_, _ = fmt.Fprintln(w, "ended:", middleware.ReasonOf(context.Cause(r.Context())))
}

// stop ends what was started of a replica.
func (r *replica) stop() {
	if r.server != nil {
		_ = r.server.Close()
	}
	if r.stream != nil {
		_ = r.stream.Close()
	}
	if r.client != nil {
		_ = r.client.Close()
	}
	if r.validator != nil {
		_ = r.validator.Close()
	}
}
