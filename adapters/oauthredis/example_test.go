package oauthredis_test

import (
	"context"
	"log"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/adapters/oauthredis"
	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// Everything that replicas share, from one client.
func Example() {
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:                 []string{"redis.internal:6379"},
		ContextTimeoutEnabled: true,
	})
	defer client.Close()

	stream, err := oauthredis.NewStream(client, oauthredis.StreamConfig{FailClosed: true})
	exitOn(err)
	defer stream.Close()
	list, err := revocation.NewList(revocation.Config{Replicator: stream})
	exitOn(err)

	replays, err := oauthredis.NewReplays(client, oauthredis.ReplaysConfig{})
	exitOn(err)
	proofs, err := dpop.New(dpop.Config{BaseURL: "https://orders.example.com", Replays: replays})
	exitOn(err)

	_ = middleware.Config{Revocations: list, Bindings: []middleware.Binding{proofs}}

	// Take requests once the revocations of the others are known.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	exitOn(stream.Ready(ctx))
}

func exitOn(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
