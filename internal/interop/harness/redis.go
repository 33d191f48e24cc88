package harness

import (
	"bufio"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Redis is a running redis-server. Its data outlives its process.
type Redis struct {
	URL  string
	port int
	dir  string
	cmd  *exec.Cmd
}

// StartRedis starts redis-server on a free loopback port.
func StartRedis(t testing.TB) *Redis {
	t.Helper()
	port := freePort(t)
	r := &Redis{URL: "redis://127.0.0.1:" + strconv.Itoa(port), port: port, dir: t.TempDir()}
	r.start(t)
	t.Cleanup(r.Stop)
	return r
}

// Restart starts the server again after Stop.
func (r *Redis) Restart(t testing.TB) {
	t.Helper()
	r.start(t)
}

// Stop ends the server and returns when it is gone.
func (r *Redis) Stop() {
	if r.cmd != nil {
		_ = r.cmd.Process.Kill() // what it was asked to keep is in its file
		_ = r.cmd.Wait()
		r.cmd = nil
	}
}

func (r *Redis) start(t testing.TB) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatalf("%v; the interop suites need Redis 7, in Debian the package redis-server", err)
	}
	r.cmd = exec.Command(path, "--port", strconv.Itoa(r.port), "--bind", "127.0.0.1", "--dir", r.dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", "always")
	if err := r.cmd.Start(); err != nil {
		t.Fatalf("start redis-server: %v", err)
	}
	deadline := time.Now().Add(readyTimeout)
	for !r.answers() {
		if time.Now().After(deadline) {
			t.Fatal("redis-server does not answer")
		}
		<-time.After(20 * time.Millisecond)
	}
}

// answers reports whether the server has loaded its data.
func (r *Redis) answers() bool {
	connection, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port)))
	if err != nil {
		return false
	}
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(time.Now().Add(time.Second))
	if _, err := connection.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	line, err := bufio.NewReader(connection).ReadString('\n')
	return err == nil && strings.HasPrefix(line, "+PONG")
}
