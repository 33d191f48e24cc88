package oauthredis_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/bearergate/bearergate/internal/faultproxy"
)

// go-redis tells the standard error of every connection that it did not get.
func init() { logging.Disable() }

// patience is how long the tests wait for what has to happen. None of them needs it.
const patience = 30 * time.Second

// server is a redis-server of a test, on a unix socket in a directory of its own. It can be ended and started again.
type server struct {
	t      testing.TB
	dir    string
	args   []string
	log    bytes.Buffer
	cmd    *exec.Cmd
	orders io.WriteCloser
}

// supervise passes signals on to Redis, and ends it together with the standard input, which ends with the test binary.
const supervise = `redis-server "$@" & redis=$!
while read -r signal; do kill -s "$signal" $redis; done
kill -s KILL $redis 2>/dev/null
wait $redis
`

// startRedis starts a server that loses nothing it has acknowledged. It ends with the test.
func startRedis(t testing.TB, args ...string) *server {
	t.Helper()
	return startServer(t, append([]string{"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--port", "0"}, args...)...)
}

func startServer(t testing.TB, args ...string) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("these tests need redis-server 7.0 or later; scripts/setup installs it")
	}
	dir, err := os.MkdirTemp("", "redis") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, dir: dir, args: append(args,
		"--bind", "127.0.0.1", "--unixsocket", filepath.Join(dir, "s"), "--dir", dir, "--daemonize", "no", "--loglevel", "warning")}
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("redis-server said:\n%s", s.log.Bytes())
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	s.start()
	return s
}

func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command("sh", append([]string{"-c", supervise, "sh"}, s.args...)...)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	var err error
	if s.orders, err = s.cmd.StdinPipe(); err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	client := redis.NewClient(s.options())
	defer client.Close()
	eventually(s.t, "redis-server answers", func() bool { return client.Ping(s.t.Context()).Err() == nil })
}

// stop ends the server as an operator does.
func (s *server) stop() {
	s.t.Helper()
	if _, err := io.WriteString(s.orders, "TERM\n"); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, "redis-server ends", func() bool {
		_, err := os.Stat(s.socket())
		return errors.Is(err, fs.ErrNotExist)
	})
	s.kill()
}

// kill ends the server as a crash does.
func (s *server) kill() {
	if s.cmd != nil {
		_ = s.orders.Close()
		_ = s.cmd.Wait() // a killed program has failed
		s.cmd = nil
	}
}

func (s *server) socket() string { return filepath.Join(s.dir, "s") }

func (s *server) options() *redis.Options {
	return &redis.Options{Network: "unix", Addr: s.socket(), ContextTimeoutEnabled: true}
}

// client returns one that ends with the test.
func (s *server) client() *redis.Client { return newClient(s.t, s.options()) }

// freePort returns one that nobody listens on, and that nobody else is likely to be given soon.
func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func newClient(t testing.TB, options *redis.Options) *redis.Client {
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// do gives a command that has to work.
func do(t testing.TB, client redis.UniversalClient, args ...any) any {
	t.Helper()
	reply, err := client.Do(context.WithoutCancel(t.Context()), args...).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		t.Fatalf("%v: %v", args, err)
	}
	return reply
}

// eventually waits for what other goroutines or processes bring about.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.After(patience); !done(); {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// proxy is a network in front of a server that can be at fault.
type proxy struct {
	*faultproxy.Proxy
	before int // connections that were refused before the last cut
}

func newProxy(t testing.TB, to *server) *proxy {
	t.Helper()
	p, err := faultproxy.Listen("unix", to.socket())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return &proxy{Proxy: p}
}

func (p *proxy) options() *redis.Options {
	return &redis.Options{Addr: p.Addr(), ContextTimeoutEnabled: true}
}

// cut ends all connections and takes no more.
func (p *proxy) cut() {
	p.before = p.Counts().Refused
	p.Cut()
}

// heal takes connections again, to whichever server is given.
func (p *proxy) heal(to *server) {
	p.Redirect("unix", to.socket())
	p.Heal()
}

// refusals returns how many connections were not taken since the last cut.
func (p *proxy) refusals() int { return p.Counts().Refused - p.before }

// linesWith returns the lines of a text that mention something.
func linesWith(text, word string) (found []string) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			found = append(found, line)
		}
	}
	return found
}
