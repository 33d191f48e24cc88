// Command resourceserver is a small but complete API behind the kit, configured by flags alone: a target for any client
// or test, and a way to try the kit against an issuer of your own.
//
//	resourceserver -issuer https://login.example.com -audience https://api.example.com
//
// Once it can accept connections it prints one line of JSON on standard output; logs go to standard error, as lines of
// JSON too. SIGINT and SIGTERM end it after the requests in flight. A configuration mistake is one line on standard
// error and exit status 2.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const (
	exitFailure = 1
	exitMistake = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run serves until ctx ends and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return mistake(stderr, err)
	}
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	s, err := newService(o, log)
	if err != nil {
		return mistake(stderr, err)
	}
	defer s.close()
	secure, err := o.tlsConfig()
	if err != nil {
		return mistake(stderr, err)
	}
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return mistake(stderr, fmt.Errorf("-addr: %w", err))
	}
	handler := adapters[o.adapter](s.routes(ctx.Done()))
	log.Info("protected", "guard", s.guard)
	server := newServer(handler, secure, log)
	if err := serve(ctx, server, listener, stdout, o.adapter); err != nil {
		log.Error("server failed", "error", err)
		return exitFailure
	}
	return 0
}

// mistake reports what is wrong with the configuration in one line.
func mistake(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintln(stderr, "resourceserver:", strings.ReplaceAll(err.Error(), "\n", "; "))
	return exitMistake
}

// newServer bounds everything that a slow client could hold on to. The size of the header keeps the default of net/http:
// an oversized token is then refused by the guard, with a challenge.
func newServer(handler http.Handler, secure *tls.Config, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		TLSConfig:         secure,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// shutdownTimeout is how long requests in flight may take to finish. A fetch of keys takes 5 seconds at most.
const shutdownTimeout = 8 * time.Second

func serve(ctx context.Context, server *http.Server, listener net.Listener, stdout io.Writer, adapter string) error {
	failed := make(chan error, 1)
	go func() {
		if server.TLSConfig == nil {
			failed <- server.Serve(listener)
			return
		}
		failed <- server.ServeTLS(listener, "", "")
	}()
	err := json.NewEncoder(stdout).Encode(readyLine{true, listener.Addr().String(), adapter})
	if err != nil {
		return errors.Join(err, server.Close())
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	return server.Shutdown(grace)
}

// readyLine tells whoever started the program where it listens. The socket is open before the line is printed.
type readyLine struct {
	Ready   bool   `json:"ready"`
	Addr    string `json:"addr"`
	Adapter string `json:"adapter"`
}
