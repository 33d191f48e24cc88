package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"log/slog"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/adapters/oauthredis"
)

// shared is what the replicas of this service have in common.
type shared struct {
	client  redis.UniversalClient
	stream  *oauthredis.Stream
	replays *oauthredis.Replays
	kept    *oauthredis.Answers // nil as long as answers was not called
}

// shared returns nil without -redis-url.
func (o options) shared(log *slog.Logger) (*shared, error) {
	if o.redisURL == "" {
		return nil, nil
	}
	config, err := redis.ParseURL(o.redisURL)
	if err != nil {
		return nil, errors.New("-redis-url: write it as redis://user:password@host:port/db") // the error repeats the password
	}
	config.ContextTimeoutEnabled = true
	client := redis.NewClient(config)
	replays, err := oauthredis.NewReplays(client, oauthredis.ReplaysConfig{})
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	stream, err := oauthredis.NewStream(client, oauthredis.StreamConfig{FailClosed: true, Logger: log})
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &shared{client: client, stream: stream, replays: replays}, nil
}

// answers keeps what the authorization server says about tokens. All replicas have the secret that they show there, and
// Redis does not: what is kept in Redis is sealed with a key made of it.
func (s *shared) answers(secret string) (*oauthredis.Answers, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "resourceserver introspection answers", 32)
	if err != nil {
		return nil, err
	}
	s.kept, err = oauthredis.NewAnswers(s.client, oauthredis.AnswersConfig{Keys: [][]byte{key}})
	return s.kept, err
}

// Ready implements source: a replica that has not read the stream yet does not know what was revoked.
func (s *shared) Ready(ctx context.Context) error { return s.stream.Ready(ctx) }

// Close ends the stream before the connections it uses.
func (s *shared) Close() error { return errors.Join(s.stream.Close(), s.client.Close()) }
