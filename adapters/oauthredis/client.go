package oauthredis

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/internal/sanity"
)

var (
	errNoClient = errors.New("oauthredis: a client is required, such as that of redis.NewUniversalClient")
	errDeadline = errors.New("oauthredis: the client ignores the deadlines of contexts, so a broken connection would " +
		"block for longer than it may; set ContextTimeoutEnabled in its options")
	errRing = errors.New("oauthredis: a Ring moves a key to another server, without its value, while one is down; use a " +
		"ClusterClient or Sentinel")
	errRoutedReads = errors.New("oauthredis: the client reads from replicas of Redis, which may be behind; leave out " +
		"ReadOnly, RouteByLatency and RouteRandomly")
)

// check refuses clients that cannot keep what this package promises. Those of other types than go-redis has are trusted.
func check(client redis.UniversalClient) error {
	if sanity.IsNil(client) {
		return errNoClient
	}
	obeysDeadlines, readsReplicas := true, false
	switch c := client.(type) {
	case *redis.Ring:
		return errRing
	case *redis.Client:
		obeysDeadlines = c.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		obeysDeadlines, readsReplicas = c.Options().ContextTimeoutEnabled, c.Options().ReadOnly
	}
	switch {
	case !obeysDeadlines:
		return errDeadline
	case readsReplicas:
		return errRoutedReads
	}
	return nil
}

// timeoutOr returns the timeout of a configuration.
func timeoutOr(timeout, fallback time.Duration) (time.Duration, error) {
	switch {
	case timeout == 0:
		return fallback, nil
	case timeout < time.Millisecond || timeout > time.Minute:
		return 0, errors.New("oauthredis: Timeout must be between a millisecond and a minute, with its unit, such as 200*time.Millisecond")
	}
	return timeout, nil
}

var (
	errTimeout     = errors.New("oauthredis: no answer from Redis in time")
	errUnreachable = errors.New("oauthredis: no connection to Redis")
	errBroken      = errors.New("oauthredis: the connection to Redis broke")
	errClosed      = errors.New("oauthredis: closed")
	errRefused     = errors.New("oauthredis: Redis refused a command")
	errReplica     = errors.New("oauthredis: Redis is a replica, which may be behind")
)

// refusals are what Redis says of itself, by the word its error begins with.
var refusals = []struct {
	word string
	err  error
}{
	{"NOAUTH", errors.New("oauthredis: Redis wants a password")},
	{"WRONGPASS", errors.New("oauthredis: Redis refuses our password")},
	{"NOPERM", errors.New("oauthredis: Redis does not permit a command, see the package documentation for what is used")},
	{"READONLY", errReplica},
	{"OOM", errors.New("oauthredis: Redis is out of memory")},
	{"MISCONF", errors.New("oauthredis: Redis cannot write to its disk")},
	{"NOREPLICAS", errors.New("oauthredis: Redis has too few replicas to accept writes")},
	{"LOADING", errors.New("oauthredis: Redis is loading its data")},
	{"MASTERDOWN", errors.New("oauthredis: Redis lost its master")},
	{"CLUSTERDOWN", errors.New("oauthredis: the cluster is down")},
	{"WRONGTYPE", errors.New("oauthredis: the key holds something else, choose another one")},
	{"unknown command", errors.New("oauthredis: Redis lacks a command, version 7.0 or later is needed")},
}

// cause says in words of our own what went wrong. The errors of go-redis, and those of Redis, may name addresses, users and
// arguments.
func cause(err error) error {
	if _, ok := errors.AsType[redis.Error](err); ok {
		for _, r := range refusals {
			if redis.HasErrorPrefix(err, r.word) {
				return r.err
			}
		}
		return errRefused
	}
	timeout, _ := errors.AsType[net.Error](err)
	dial, _ := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, redis.ErrClosed):
		return errClosed
	case dial != nil && dial.Op == "dial":
		return errUnreachable
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded), timeout != nil && timeout.Timeout(), errors.Is(err, redis.ErrPoolTimeout):
		return errTimeout
	case errors.Is(err, io.EOF), dial != nil:
		return errBroken
	}
	return errUnreachable
}
