package oauthredis

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/revocation"
)

// StreamConfig configures a [Stream]. Its zero value works.
type StreamConfig struct {
	// Key is the key of the stream in Redis. Whoever may write to it can revoke any token, and services with different
	// keys do not learn of each other's revocations. Default: "bearergate:revocations".
	Key string
	// StaleAfter is how long this replica may have been unable to learn of revocations before it counts as stale. At least
	// a second, and at most an hour. Default: 15 seconds.
	StaleAfter time.Duration
	// FailClosed answers tokens with 503, unless they are known to be revoked, while revocations may exist that this replica
	// does not know: before it has read the stream for the first time, while it is stale, and for List.Retention after it
	// missed some. Default: such tokens pass; Ready and State tell.
	FailClosed bool
	// Timeout bounds each exchange with Redis. Default: 2 seconds; at most a minute.
	Timeout time.Duration
	// WaitReplicas is how many replicas of Redis have to confirm a revocation before List.Revoke returns without
	// ErrNotShared, so that it survives a failover to one of them. They get half of Timeout. Default: none.
	WaitReplicas int
	// Logger is told when contact is lost and found, and of revocations that are missed. Default: slog.Default().
	Logger *slog.Logger
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

const (
	minStaleAfter = time.Second
	maxStaleAfter = time.Hour
)

func (c StreamConfig) withDefaults() (StreamConfig, error) {
	if c.Key == "" {
		c.Key = "bearergate:revocations"
	}
	if c.StaleAfter == 0 {
		c.StaleAfter = 15 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	switch {
	case c.StaleAfter < minStaleAfter || c.StaleAfter > maxStaleAfter:
		return c, errors.New("oauthredis: StaleAfter must be between a second, for that is how often the stream is read, and an hour")
	case c.WaitReplicas < 0:
		return c, errors.New("oauthredis: WaitReplicas must not be negative")
	}
	var err error
	c.Timeout, err = timeoutOr(c.Timeout, 2*time.Second)
	return c, err
}

// Stream carries the revocations of one revocation.List to those of the other replicas, by a stream in Redis. It
// implements revocation.Replicator and is safe for concurrent use.
type Stream struct {
	config StreamConfig
	client redis.UniversalClient

	// retention is that of the list, in nanoseconds: negative if nothing may ever be removed, and zero before Follow.
	retention atomic.Int64
	// longest is that of the replica with the longest memory, and zero while it is not known. agreed is when it was found
	// out, for the follower alone.
	longest atomic.Int64
	agreed  time.Time
	// newest is the time of the newest entry seen, in milliseconds by the clock of Redis.
	newest atomic.Uint64
	// contact is when everything in the stream was last known here; nil if it never was.
	contact atomic.Pointer[time.Time]
	// missedUntil is when a revocation that was missed stops to matter; nil if none was.
	missedUntil atomic.Pointer[time.Time]
	// replayed is closed at the first contact.
	replayed chan struct{}

	mu       sync.Mutex
	followed bool
	closed   bool
	counts   counts

	lifetime context.Context
	end      context.CancelFunc
	running  sync.WaitGroup
}

// NewStream returns a Stream that uses client, which the caller closes after the Stream. It does no I/O, and refuses
// clients that ignore the deadlines of contexts or read from replicas of Redis.
func NewStream(client redis.UniversalClient, cfg StreamConfig) (*Stream, error) {
	if err := check(client); err != nil {
		return nil, err
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Stream{config: cfg, client: client, replayed: make(chan struct{})}
	s.lifetime, s.end = context.WithCancel(context.Background())
	return s, nil
}

var (
	errFollowed = errors.New("oauthredis: a Stream is for one List")
	errUnmade   = errors.New("oauthredis: the Stream was not made with NewStream")
)

// Follow implements revocation.Replicator. It starts the one goroutine that reads the stream, from the beginning and then
// as it grows, until Close.
func (s *Stream) Follow(l *revocation.List) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return errClosed
	case s.followed:
		return errFollowed
	case s.end == nil:
		return errUnmade
	}
	s.followed = true
	s.retention.Store(int64(l.Retention()))
	f := &follower{stream: s, list: l}
	s.running.Go(f.run)
	return nil
}

// Close ends the reading and waits for that, for a second at most while Redis answers. Revocations that are made
// afterwards are still published. Close always returns nil.
func (s *Stream) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.running.Wait()
	return nil
}
