package sections

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bearergate/bearergate/internal/bench/measure"
	"github.com/bearergate/bearergate/internal/bench/peers"
	"github.com/bearergate/bearergate/internal/bench/report"
	"github.com/bearergate/bearergate/internal/bench/tokens"
)

// connections is how many clients there are.
const connections = 64

func loopback(b *bench) error {
	list, err := b.tokens(tokens.RS256, b.Tokens)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name       string
		list       []string
		cacheBytes int
	}{
		{report.LoopbackHot, list[:1], 0},
		{report.LoopbackNew, list, peers.NoCache},
	} {
		handlers, err := b.handlers(c.cacheBytes)
		if err != nil {
			return err
		}
		var cases []measure.Case
		for _, h := range handlers {
			one, err := b.overLoopback(h, c.list)
			if err != nil {
				return fmt.Errorf("%s: %w", h.name, err)
			}
			cases = append(cases, one)
		}
		if err := b.compareSlowly(c.name, "", cases); err != nil {
			return err
		}
	}
	return nil
}

// overLoopback serves a handler, and returns a case whose operations are shared among its connections. The clients write
// requests that were made before and read answers of known length, so that most of the time is the server's and the
// kernel's.
func (b *bench) overLoopback(h named, list []string) (measure.Case, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return measure.Case{}, err
	}
	server := &http.Server{Handler: h.handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	context.AfterFunc(b, func() { _ = server.Close() })
	requests := make([][]byte, len(list))
	for i, token := range list {
		requests[i] = []byte("GET /orders HTTP/1.1\r\nHost: orders.example.com\r\nAuthorization: Bearer " + token + "\r\n\r\n")
	}
	clients := make([]*caller, connections)
	for i := range clients {
		if clients[i], err = call(b, listener.Addr().String(), requests, i); err != nil {
			return measure.Case{}, err
		}
	}
	return measure.Case{Name: h.name, Peer: h.peer, Lacks: h.lacks, Base: h.base, Worker: func() func(int) error {
		return func(n int) error {
			var group errgroup.Group
			for i, c := range clients {
				group.Go(func() error { return c.send(n/connections + min(max(n%connections-i, 0), 1)) })
			}
			return group.Wait()
		}
	}}, nil
}

// caller is a client with one connection.
type caller struct {
	connection net.Conn
	requests   [][]byte
	next       int
	answer     []byte
}

// call connects and finds out how long answers are.
func call(ctx context.Context, address string, requests [][]byte, first int) (*caller, error) {
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = connection.Close() })
	c := &caller{connection: connection, requests: requests, next: first % len(requests)}
	if _, err := connection.Write(requests[c.next]); err != nil {
		return nil, err
	}
	buffer := make([]byte, 4096)
	n, err := connection.Read(buffer)
	c.answer = buffer[:n]
	return c, errors.Join(err, c.check())
}

var success = []byte("HTTP/1.1 200 ")

func (c *caller) check() error {
	if !bytes.HasPrefix(c.answer, success) || !bytes.HasSuffix(c.answer, []byte("\r\n\r\n")) {
		return errStatus
	}
	return nil
}

func (c *caller) send(n int) error {
	for range n {
		if c.next++; c.next == len(c.requests) {
			c.next = 0
		}
		if _, err := c.connection.Write(c.requests[c.next]); err != nil {
			return err
		}
		if _, err := io.ReadFull(c.connection, c.answer); err != nil {
			return err
		}
		if err := c.check(); err != nil {
			return err
		}
	}
	return nil
}
