package oauthredis

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
)

// ReplaysConfig configures [Replays]. Its zero value works.
type ReplaysConfig struct {
	// Prefix begins the key of each proof in Redis. Replicas have to have the same one, and services that accept each
	// other's proofs too. Default: "bearergate:proof:".
	Prefix string
	// Timeout bounds each question. Default: 1 second; at most a minute.
	Timeout time.Duration
}

// Replays remembers used DPoP proofs for all replicas of a service: it is a dpop.ReplayStore. It is safe for concurrent use.
type Replays struct {
	config ReplaysConfig
	client redis.UniversalClient
	tally  tally
}

// NewReplays returns Replays that use client, which the caller closes. It does no I/O. The Redis must not evict keys: its
// maxmemory-policy has to be noeviction, so that it refuses new proofs when it is full, which answers them with 503.
func NewReplays(client redis.UniversalClient, cfg ReplaysConfig) (*Replays, error) {
	if err := check(client); err != nil {
		return nil, err
	}
	if cfg.Prefix == "" {
		cfg.Prefix = "bearergate:proof:"
	}
	var err error
	if cfg.Timeout, err = timeoutOr(cfg.Timeout, time.Second); err != nil {
		return nil, err
	}
	return &Replays{config: cfg, client: client}, nil
}

var errTTL = errors.New("oauthredis: a proof has to be remembered for a while")

// Add implements dpop.ReplayStore. It is one atomic command (SET with NX, GET and PX). The value tells the attempts of one
// call, which go-redis makes when an answer was lost, from another call with the same key.
func (r *Replays) Add(ctx context.Context, key [32]byte, ttl time.Duration) (added bool, err error) {
	if ttl < time.Millisecond {
		return false, errTTL
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	name, call := r.config.Prefix+base64.RawURLEncoding.EncodeToString(key[:]), rand.Text()
	before, err := r.client.SetArgs(ctx, name, call, redis.SetArgs{Mode: "NX", Get: true, TTL: ttl}).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return true, r.tally.note(nil)
	case err != nil:
		return false, r.tally.note(cause(err))
	}
	return before == call, r.tally.note(nil)
}

// State describes how Redis answers. It does no I/O.
func (r *Replays) State() StoreState { return r.tally.read() }

// Ready returns nil if Redis remembers a proof now: it has it remember one of nobody, for a second. A service that takes other
// tokens than bound ones can do without. An error matches middleware.ErrUnavailable and says what is wrong.
func (r *Replays) Ready(ctx context.Context) error {
	var nobodys [32]byte
	rand.Read(nobodys[:]) // never fails
	if _, err := r.Add(ctx, nobodys, time.Second); err != nil {
		return middleware.Unavailable(dpop.ReasonReplaysUnavailable, 0, err)
	}
	return nil
}
