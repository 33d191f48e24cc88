package oauthredis

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/internal/sanity"
)

// AnswersConfig configures [Answers]. Keys is required.
type AnswersConfig struct {
	// Keys are secrets of 32 bytes that the replicas share, and Redis does not know. Answers are sealed with the first and
	// opened with each, at most 4. To replace a key, add the new one behind the old one everywhere, then put it first
	// everywhere, and take the old one away a CacheTTL later.
	Keys [][]byte
	// Prefix begins the key of each answer in Redis. Validators that authenticate as different clients need different ones.
	// Default: "bearergate:answer:".
	Prefix string
	// Timeout bounds each question. A Validator waits for a quarter of a second at most. Default: 200 milliseconds; at most a
	// minute.
	Timeout time.Duration
}

const (
	answerKeyBytes = 32
	maxAnswerKeys  = 4
)

// Answers keeps the answers of an introspection endpoint for all replicas of a service: it is an introspection.AnswerStore.
// What Redis holds is the digest of each token and the answer, encrypted and authenticated (AES-256-GCM) with keys that are
// not there: whoever reads Redis learns nothing of users, and whoever writes to it can make no token active. It is safe for
// concurrent use.
type Answers struct {
	config AnswersConfig
	client redis.UniversalClient
	seals  []cipher.AEAD
	tally  tally
}

// NewAnswers returns Answers that use client, which the caller closes, or an error that says what is wrong with client or
// which field of cfg is. It does no I/O.
func NewAnswers(client redis.UniversalClient, cfg AnswersConfig) (*Answers, error) {
	if err := check(client); err != nil {
		return nil, err
	}
	if len(cfg.Keys) == 0 || len(cfg.Keys) > maxAnswerKeys {
		return nil, errors.New("oauthredis: Keys needs 1 to 4 keys of 32 bytes from crypto/rand, the same for all replicas")
	}
	if cfg.Prefix == "" {
		cfg.Prefix = "bearergate:answer:"
	}
	var err error
	if cfg.Timeout, err = timeoutOr(cfg.Timeout, 200*time.Millisecond); err != nil {
		return nil, err
	}
	a := &Answers{config: cfg, client: client}
	for _, key := range cfg.Keys {
		if len(key) != answerKeyBytes {
			return nil, errors.New("oauthredis: each of the Keys needs 32 bytes, from crypto/rand")
		}
		if err := sanity.Key(key); err != nil {
			return nil, fmt.Errorf("oauthredis: one of the Keys: %w", err)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		seal, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		a.seals = append(a.seals, seal)
	}
	a.config.Keys = nil
	return a, nil
}

var errSeal = errors.New("oauthredis: an answer in Redis was not put there by a replica with these Keys")

// State describes how Redis answers. It does no I/O. There is nothing to be ready for: a Validator asks the authorization
// server instead of a store that fails.
func (a *Answers) State() StoreState { return a.tally.read() }

// Get implements introspection.AnswerStore.
func (a *Answers) Get(ctx context.Context, key [32]byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, a.config.Timeout)
	defer cancel()
	sealed, err := a.client.Get(ctx, a.name(key)).Bytes()
	switch {
	case errors.Is(err, redis.Nil):
		return nil, a.tally.note(nil)
	case err != nil:
		return nil, a.tally.note(cause(err))
	}
	for _, seal := range a.seals {
		if answer, err := seal.Open(nil, nil, sealed, key[:]); err == nil {
			return answer, a.tally.note(nil)
		}
	}
	return nil, a.tally.note(errSeal)
}

// Put implements introspection.AnswerStore.
func (a *Answers) Put(ctx context.Context, key [32]byte, answer []byte, ttl time.Duration) error {
	if ttl < time.Millisecond {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.config.Timeout)
	defer cancel()
	sealed := a.seals[0].Seal(nil, nil, answer, key[:]) // for this key: elsewhere it cannot be opened
	if err := a.client.Set(ctx, a.name(key), sealed, ttl).Err(); err != nil {
		return a.tally.note(cause(err))
	}
	return a.tally.note(nil)
}

// Drop implements introspection.AnswerStore.
func (a *Answers) Drop(ctx context.Context, key [32]byte) error {
	ctx, cancel := context.WithTimeout(ctx, a.config.Timeout)
	defer cancel()
	if err := a.client.Del(ctx, a.name(key)).Err(); err != nil {
		return a.tally.note(cause(err))
	}
	return a.tally.note(nil)
}

func (a *Answers) name(key [32]byte) string {
	return a.config.Prefix + base64.RawURLEncoding.EncodeToString(key[:])
}
