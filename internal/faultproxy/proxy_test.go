package faultproxy_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/faultproxy"
)

const patience = 10 * time.Second

// startEcho starts a server that sends back every line it gets.
func startEcho(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}

func listen(t *testing.T, address string) *faultproxy.Proxy {
	t.Helper()
	p, err := faultproxy.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// client speaks through a proxy.
type client struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func dial(t *testing.T, p *faultproxy.Proxy) *client {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &client{conn, t, bufio.NewReader(conn)}
}

// ask sends a line and returns what comes back, and how long that took.
func (c *client) ask(line string) (string, time.Duration, error) {
	c.t.Helper()
	start := time.Now()
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		return "", 0, err
	}
	got, err := c.r.ReadString('\n')
	return got, time.Since(start), err
}

func (c *client) wantEcho(line string) time.Duration {
	c.t.Helper()
	got, took, err := c.ask(line)
	if err != nil || got != line+"\n" {
		c.t.Fatalf("got %q, %v", got, err)
	}
	return took
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("in vain:", what)
		}
	}
}

func TestSlow(t *testing.T) {
	p := listen(t, startEcho(t))
	c := dial(t, p)
	c.wantEcho("well")
	wantDelayed := func(want int) {
		t.Helper()
		if got := p.Counts().Delayed; got != want {
			t.Errorf("octets were held back %d times, want %d", got, want)
		}
	}
	wantDelayed(0)
	p.Break(faultproxy.Fault{Latency: 50 * time.Millisecond, Jitter: 10 * time.Millisecond})
	if took := c.wantEcho("late"); took < 100*time.Millisecond {
		t.Errorf("took %v, want 50 ms there and 50 ms back", took)
	}
	wantDelayed(2)
	p.Break(faultproxy.Fault{Drip: 10 * time.Millisecond})
	if took := c.wantEcho("drop by drop"); took < 130*time.Millisecond {
		t.Errorf("took %v, want 10 ms for each of 13 octets", took)
	}
	wantDelayed(2 + 13)
	p.Heal()
	c.wantEcho("well again")
}

func TestCut(t *testing.T) {
	p := listen(t, startEcho(t))
	before := dial(t, p)
	before.wantEcho("x")
	p.Cut()
	if got, _, err := before.ask("y"); err == nil {
		t.Errorf("a connection that was cut says %q", got)
	}
	if got, _, err := dial(t, p).ask("y"); err == nil {
		t.Errorf("a connection during the cut says %q", got)
	}
	if c := p.Counts(); c.Accepted != 1 || c.Refused != 1 || c.Open != 0 {
		t.Errorf("%+v", c)
	}
	p.Heal()
	dial(t, p).wantEcho("z")
}

// Neither end of a stranded connection hears anything; new ones are well.
func TestStrand(t *testing.T) {
	p := listen(t, startEcho(t))
	c := dial(t, p)
	c.wantEcho("x")
	if n := p.Strand(); n != 1 {
		t.Errorf("%d stranded, want 1", n)
	}
	if err := c.SetDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if got, _, err := c.ask("y"); !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
		t.Errorf("got %q, %v", got, err)
	}
	p.Heal()
	dial(t, p).wantEcho("z")
	if n := p.Counts().Stranded; n != 1 {
		t.Errorf("%d stranded, want 1", n)
	}
	c.Close()
	eventually(t, "it is forgotten once the client gave up", func() bool { return p.Counts().Stranded == 0 })
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// A reset comes after so many octets of each answer, and is a reset.
func TestReset(t *testing.T) {
	p := listen(t, startEcho(t))
	c := dial(t, p)
	p.Break(faultproxy.Fault{ResetAfter: 8})
	c.wantEcho("1234567"[:6]) // seven octets
	c.wantEcho("abcdef")
	got, _, err := c.ask("more than eight")
	if !errors.Is(err, syscall.ECONNRESET) || !strings.HasPrefix("more than eight", got) {
		t.Errorf("got %q, %v", got, err)
	}
	if n := p.Counts().Reset; n != 1 {
		t.Errorf("%d connections were reset, want 1", n)
	}
	p.Heal()
	dial(t, p).wantEcho("more than eight")
}

func TestNoServer(t *testing.T) {
	p := listen(t, "127.0.0.1:1")
	if _, _, err := dial(t, p).ask("x"); err == nil {
		t.Error("somebody answered")
	}
	p.Redirect("tcp", startEcho(t))
	dial(t, p).wantEcho("y")
}

// Close leaves nothing behind, whatever state connections are in.
func TestClose(t *testing.T) {
	address := startEcho(t)
	p, err := faultproxy.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	stranded, open := dial(t, p), dial(t, p)
	stranded.wantEcho("x")
	p.Strand()
	late := dial(t, p)
	late.wantEcho("x")
	p.Break(faultproxy.Fault{Latency: time.Hour})
	go func() { _, _, _ = late.ask("held back") }()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error("closed twice:", err)
	}
	if c := p.Counts(); c.Open != 0 || c.Stranded != 0 {
		t.Errorf("%+v", c)
	}
	_, _ = stranded, open
}

func TestNames(t *testing.T) {
	names, err := faultproxy.ListenNames()
	if err != nil {
		t.Fatal(err)
	}
	p := listen(t, startEcho(t))
	dial := names.DialContext("login.example.test")
	connect := func() error {
		conn, err := dial(t.Context(), "tcp", p.Addr())
		if err == nil {
			conn.Close()
		}
		return err
	}
	if err := connect(); err != nil {
		t.Error(err)
	}
	names.Fail(true)
	if err := connect(); err == nil || !strings.Contains(err.Error(), "login.example.test") {
		t.Errorf("got %v, want that the name does not resolve", err)
	}
	names.Fail(false)
	if err := connect(); err != nil {
		t.Error(err)
	}
	if names.Asked() < 3 {
		t.Errorf("%d questions", names.Asked())
	}
	if err := names.Close(); err != nil {
		t.Error(err)
	}
}
