package faultproxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// Names is a DNS server (RFC 1035) on loopback that knows every name as 127.0.0.1, until it is told to fail.
type Names struct {
	conn    net.PacketConn
	failing atomic.Bool
	asked   atomic.Int64
	closed  sync.Once
	running sync.WaitGroup
}

// ListenNames returns a server on a free UDP port of 127.0.0.1.
func ListenNames() (*Names, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &Names{conn: conn}
	n.running.Go(n.serve)
	return n, nil
}

// Fail has names resolve no more: the server answers SERVFAIL until it is told otherwise.
func (n *Names) Fail(failing bool) { n.failing.Store(failing) }

// Asked returns how many questions came.
func (n *Names) Asked() int { return int(n.asked.Load()) }

// DialContext returns a function for an [net/http.Transport] that looks up a name here for each connection, whatever host
// the URL has, and connects to the URL's port there.
func (n *Names) DialContext(name string) func(ctx context.Context, network, address string) (net.Conn, error) {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", n.conn.LocalAddr().String())
	}}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		found, err := resolver.LookupNetIP(ctx, "ip4", name+".")
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("no address for %s", name)
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(found[0].Unmap().String(), port))
	}
}

// Close ends the server, and returns once its goroutine has ended.
func (n *Names) Close() error {
	var err error
	n.closed.Do(func() {
		err = n.conn.Close()
		n.running.Wait()
	})
	return err
}

func (n *Names) serve() {
	message := make([]byte, 512)
	for {
		length, from, err := n.conn.ReadFrom(message)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		if reply := answer(message[:length], n.failing.Load()); reply != nil {
			n.asked.Add(1)
			_, _ = n.conn.WriteTo(reply, from)
		}
	}
}

const (
	headerBytes   = 12
	typeA         = 1
	responseFlags = 0x8180 // a response, recursion desired and available
	serverFailure = 2
	ttlSeconds    = 0 // nobody may remember it
)

// answer returns the reply to a message with one question, nil for anything else.
func answer(message []byte, failing bool) []byte {
	end := questionEnd(message)
	if end == 0 {
		return nil
	}
	flags, answers := responseFlags, byte(0)
	asksForA := message[end-4] == 0 && message[end-3] == typeA
	switch {
	case failing:
		flags |= serverFailure
	case asksForA:
		answers = 1
	}
	reply := append([]byte{message[0], message[1], byte(flags >> 8), byte(flags), 0, 1, 0, answers, 0, 0, 0, 0},
		message[headerBytes:end]...)
	if answers == 0 {
		return reply
	}
	const nameOfQuestion = 0xc0 // a pointer, to octet 12 (section 4.1.4)
	return append(reply, nameOfQuestion, headerBytes, 0, typeA, 0, 1, 0, 0, 0, ttlSeconds, 0, 4, 127, 0, 0, 1)
}

// questionEnd returns where the one question of a message ends, zero if there is not exactly one.
func questionEnd(message []byte) int {
	if len(message) < headerBytes || message[2]&0x80 != 0 || message[4] != 0 || message[5] != 1 {
		return 0
	}
	at := headerBytes
	for at < len(message) && message[at] != 0 {
		at += 1 + int(message[at])
	}
	if end := at + 1 + 4; end <= len(message) {
		return end
	}
	return 0
}
