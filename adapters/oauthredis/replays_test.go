package oauthredis_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/adapters/oauthredis"
	"github.com/bearergate/bearergate/dpop"
)

var _ dpop.ReplayStore = (*oauthredis.Replays)(nil)

func newReplays(t testing.TB, client redis.UniversalClient, cfg oauthredis.ReplaysConfig) *oauthredis.Replays {
	t.Helper()
	replays, err := oauthredis.NewReplays(client, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return replays
}

// D9449-26: of any number of replicas that are shown one proof at once, one takes it.
func TestReplays(t *testing.T) {
	s := startRedis(t)
	var replicas []*oauthredis.Replays
	for range 2 {
		replicas = append(replicas, newReplays(t, s.client(), oauthredis.ReplaysConfig{}))
	}
	for round := range byte(20) {
		var taken atomic.Int32
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				added, err := replicas[i%2].Add(t.Context(), [32]byte{round}, time.Minute)
				if err != nil {
					t.Error(err)
				}
				if added {
					taken.Add(1)
				}
			})
		}
		all.Wait()
		if n := taken.Load(); n != 1 {
			t.Errorf("taken %d times", n)
		}
	}
}

// A proof is forgotten when it is of no use any more, and not before; services with another prefix have other proofs.
func TestReplaysForget(t *testing.T) {
	s := startRedis(t)
	client := s.client()
	replays, others := newReplays(t, client, oauthredis.ReplaysConfig{}), newReplays(t, client, oauthredis.ReplaysConfig{Prefix: "other:"})
	key := [32]byte{1}
	add := func(r *oauthredis.Replays, ttl time.Duration) bool {
		t.Helper()
		added, err := r.Add(t.Context(), key, ttl)
		if err != nil {
			t.Fatal(err)
		}
		return added
	}
	if !add(replays, time.Hour) || add(replays, time.Hour) || !add(others, 200*time.Millisecond) || add(others, time.Hour) {
		t.Error("not remembered, or not apart")
	}
	eventually(t, "a proof is forgotten", func() bool { return add(others, time.Hour) })
	if add(replays, time.Hour) {
		t.Error("forgotten too soon")
	}
}

// Without Redis, and where Redis has no room, nobody knows whether a proof was used.
func TestReplaysUnavailable(t *testing.T) {
	s := startRedis(t, "--maxmemory", "1", "--maxmemory-policy", "noeviction")
	replays := newReplays(t, s.client(), oauthredis.ReplaysConfig{Timeout: 200 * time.Millisecond})
	if added, err := replays.Add(t.Context(), [32]byte{1}, time.Minute); added || err == nil {
		t.Errorf("full: %t, %v", added, err)
	}
	s.kill()
	if added, err := replays.Add(t.Context(), [32]byte{2}, time.Minute); added || err == nil {
		t.Errorf("gone: %t, %v", added, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if added, err := replays.Add(ctx, [32]byte{3}, time.Minute); added || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %t, %v", added, err)
	}
	if added, err := replays.Add(t.Context(), [32]byte{3}, 0); added || err == nil {
		t.Errorf("without a time: %t, %v", added, err)
	}
}

// deaf is a connection that breaks before the answer to a certain command is read, once.
type deaf struct {
	net.Conn
	command string
	once    *sync.Once
	broken  bool
	ended   bool
}

func (d *deaf) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(d.command)) {
		d.once.Do(func() { d.broken = true })
	}
	return d.Conn.Write(b)
}

func (d *deaf) Read(b []byte) (int, error) {
	if d.ended {
		return 0, io.EOF
	}
	n, err := d.Conn.Read(b)
	if d.broken { // after Redis has done it
		d.ended = true
		return 0, io.EOF
	}
	return n, err
}

// A proof is not taken for a replay of itself because the answer of Redis got lost and the client asked again.
func TestReplaysLostAnswer(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	options, once := s.options(), &sync.Once{}
	options.Dialer = func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", s.socket())
		return &deaf{Conn: conn, command: "bearergate:proof:", once: once}, err
	}
	replays := newReplays(t, newClient(t, options), oauthredis.ReplaysConfig{Timeout: patience})
	if added, err := replays.Add(t.Context(), [32]byte{1}, time.Minute); !added || err != nil {
		t.Errorf("first: %t, %v", added, err)
	}
	once.Do(func() { t.Error("no answer was lost") })
	if added, err := replays.Add(t.Context(), [32]byte{1}, time.Minute); added || err != nil {
		t.Errorf("again: %t, %v", added, err)
	}
}

func TestNewReplaysRefuses(t *testing.T) {
	if _, err := oauthredis.NewReplays(nil, oauthredis.ReplaysConfig{}); err == nil {
		t.Error("no client: no error")
	}
	s := startRedis(t)
	if _, err := oauthredis.NewReplays((*redis.Client)(nil), oauthredis.ReplaysConfig{}); err == nil {
		t.Error("nil pointer: no error")
	}
	if replays, err := oauthredis.NewReplays(s.client(), oauthredis.ReplaysConfig{Timeout: -1}); err == nil || replays != nil {
		t.Errorf("negative timeout: %v, %v", replays, err)
	}
}
