package guides

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/adapters/oauthredis"
	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// replica is what one process of a fleet consists of.
type replica struct {
	validator *jwks.Validator
	stream    *oauthredis.Stream
	guard     *middleware.Guard
	denied    *revocation.List
}

func newRedis(address string) redis.UniversalClient {
	//docs:begin redis
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:                 []string{address},
		ContextTimeoutEnabled: true, // or deadlines are ignored, and NewStream refuses the client
	})
	//docs:end
	return client
}

func newReplica(client redis.UniversalClient, config jwks.Config, nonceKey []byte) (*replica, error) {
	validator, err := jwks.New(config)
	if err != nil {
		return nil, err
	}
	//docs:begin stream
	stream, err := oauthredis.NewStream(client, oauthredis.StreamConfig{FailClosed: true})
	if err != nil {
		return nil, err
	}
	denied, err := revocation.NewList(revocation.Config{Replicator: stream})
	if err != nil {
		return nil, err
	}
	//docs:end
	//docs:begin proofs
	replays, err := oauthredis.NewReplays(client, oauthredis.ReplaysConfig{})
	if err != nil {
		return nil, err
	}
	nonces, err := dpop.NewNonces(dpop.NonceConfig{Keys: [][]byte{nonceKey}, Label: "orders"})
	if err != nil {
		return nil, err
	}
	proofs, err := dpop.New(dpop.Config{
		BaseURL:      "https://orders.example.com",
		Replays:      replays,
		RequireNonce: true,
		Nonces:       nonces,
	})
	if err != nil {
		return nil, err
	}
	//docs:end
	//docs:begin fleet-guard
	guard, err := middleware.New(validator, middleware.Config{
		Revocations: denied,
		Bindings:    []middleware.Binding{proofs},
	})
	//docs:end
	return &replica{validator, stream, guard, denied}, err
}

func (r *replica) routes(list http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /orders", oauthhttp.Require(r.guard, "orders:read")(list))
	//docs:begin readiness
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, req *http.Request) {
		ctx, cancel := context.WithTimeout(req.Context(), time.Second)
		defer cancel()
		if err := errors.Join(r.validator.Ready(ctx), r.stream.Ready(ctx)); err != nil {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	//docs:end
	return mux
}

func sharedAnswers(client redis.UniversalClient, secret []byte, config introspection.Config) (*introspection.Validator, error) {
	//docs:begin answers
	answers, err := oauthredis.NewAnswers(client, oauthredis.AnswersConfig{Keys: [][]byte{secret}})
	if err != nil {
		return nil, err
	}
	config.Answers = answers
	validator, err := introspection.New(config)
	//docs:end
	return validator, err
}
