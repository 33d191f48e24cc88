package oauthredis_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/adapters/oauthredis"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

const issuer = "https://as.example.com"

// clock is the real one, which that of Redis agrees with, and ahead of it as a test wants.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// journal keeps what was logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) lines(word string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return linesWith(j.text.String(), word)
}

// replica is one of the processes of a service.
type replica struct {
	*revocation.List
	t      testing.TB
	stream *oauthredis.Stream
	clock  *clock
	log    *journal
}

// settings are the configurations of a replica.
type settings struct {
	stream oauthredis.StreamConfig
	list   revocation.Config
}

func newReplica(t testing.TB, client redis.UniversalClient, with settings) *replica {
	t.Helper()
	r := &replica{t: t, clock: &clock{}, log: &journal{}}
	if with.stream.Now == nil {
		with.stream.Now = r.clock.now
	}
	if with.list.Now == nil {
		with.list.Now = r.clock.now
	}
	with.stream.Logger = slog.New(slog.NewTextHandler(r.log, nil))
	with.list.Logger = slog.New(slog.DiscardHandler)
	r.stream = newStream(t, client, with.stream)
	with.list.Replicator = r.stream
	var err error
	if r.List, err = revocation.NewList(with.list); err != nil {
		t.Fatal(err)
	}
	return r
}

func newStream(t testing.TB, client redis.UniversalClient, cfg oauthredis.StreamConfig) *oauthredis.Stream {
	t.Helper()
	stream, err := oauthredis.NewStream(client, cfg)
	if err != nil {
		t.Fatal(err)
	}
	context.AfterFunc(t.Context(), func() { _ = stream.Close() }) // all of them at the same time
	t.Cleanup(func() { _ = stream.Close() })
	return stream
}

// ready waits until the replicas have replayed the stream.
func ready(t testing.TB, replicas ...*replica) {
	t.Helper()
	for _, r := range replicas {
		if err := r.stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// nth names a token of its own for every n.
func nth(n int) string { return fmt.Sprintf("token-%d", n) }

func (r *replica) revoke(accessToken string) {
	r.t.Helper()
	if err := r.Revoke(r.t.Context(), revocation.Revocation{Token: accessToken}); err != nil {
		r.t.Fatal(err)
	}
}

// verdict says "good" or "revoked", or what else comes of a token.
func (r *replica) verdict(accessToken string) string {
	return r.verdictOn(&middleware.Token{
		Issuer:      issuer,
		Fingerprint: middleware.FingerprintOf(accessToken),
		ExpiresAt:   r.clock.now().Add(time.Minute),
	})
}

func (r *replica) verdictOn(token *middleware.Token) string {
	err := r.Check(token)
	switch {
	case err == nil:
		return "good"
	case middleware.ReasonOf(err) == middleware.ReasonRevoked:
		return "revoked"
	case errors.Is(err, middleware.ErrUnavailable):
		return "unavailable"
	}
	return err.Error()
}

func (r *replica) want(accessToken, verdict string) {
	r.t.Helper()
	if got := r.verdict(accessToken); got != verdict {
		r.t.Errorf("%s is %s, want %s", accessToken, got, verdict)
	}
}

// learns waits until the replica refuses a token.
func (r *replica) learns(accessToken string) {
	r.t.Helper()
	eventually(r.t, "the revocation of "+accessToken+" arrives", func() bool { return r.verdict(accessToken) == "revoked" })
}

// catchesUp waits until everything that is in the stream now has arrived.
func (r *replica) catchesUp() {
	r.t.Helper()
	since := r.clock.now()
	eventually(r.t, "contact", func() bool { return r.stream.State().Contact.After(since) })
}
