// Command fleet shows a revocation reach every replica of a service: it starts two replicas of an API, revokes a token at
// one, and watches the other.
//
//	go run ./examples/fleet
//
// What makes replicas out of two processes' worth of code is in replica.go. It needs a redis-server on the path, which it
// starts for itself, or the URL of one that is there:
//
//	go run ./examples/fleet -redis-url redis://127.0.0.1:6379
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/bearergate/bearergate/oauthtest"
)

// audience is what this API is called in the aud of its tokens.
const audience = "https://orders.example.com"

func main() {
	redisURL := flag.String("redis-url", "", "`URL` of a Redis (default one of its own)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *redisURL); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, redisURL string) error {
	if redisURL == "" {
		own, err := startRedis(ctx)
		if err != nil {
			return err
		}
		defer own.stop()
		redisURL = own.url
	}
	as, err := oauthtest.Start(oauthtest.Config{Audience: audience, Algorithms: []string{"ES256"}})
	if err != nil {
		return err
	}
	defer as.Close()
	var replicas []*replica
	for _, name := range []string{"A", "B"} {
		r, err := startReplica(ctx, name, as, redisURL)
		if err != nil {
			return err
		}
		defer r.stop()
		replicas = append(replicas, r)
		fmt.Printf("replica %s   %s\n", name, r.url)
	}
	fmt.Printf("Redis       %s\n", replicas[0].redisAddr)
	return walk(ctx, as, replicas[0], replicas[1])
}
