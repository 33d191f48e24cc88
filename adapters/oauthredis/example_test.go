package oauthredis_test

import (
	"context"
	"fmt"
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

// A client that ignores deadlines would let a request wait for as long as Redis takes, so it is refused.
func ExampleNewStream() {
	client := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{"redis.internal:6379"}})
	defer client.Close()
	_, err := oauthredis.NewStream(client, oauthredis.StreamConfig{})
	fmt.Println(err)
	// Output:
	// oauthredis: the client ignores the deadlines of contexts, so a broken connection would block for longer than it may; set ContextTimeoutEnabled in its options
}

func exitOn(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
