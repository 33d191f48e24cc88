// Command oathkeeper asks an introspection endpoint by way of ORY Oathkeeper's authenticator, with its cache on. A line of
// its input is a token, how many requests to make with it at once, and how many times in a row each; it answers each line
// with how many of them were refused.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"

	"github.com/ory/oathkeeper/driver/configuration"
	"github.com/ory/oathkeeper/pipeline/authn"
	"github.com/ory/x/configx"
	"github.com/ory/x/logrusx"
	"go.opentelemetry.io/otel/trace/noop"
)

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "oathkeeper:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string) error {
	logger := logrusx.New("bench", "")
	logger.Logger.SetOutput(io.Discard)
	provider, err := configuration.NewKoanfProvider(ctx, nil, logger, configx.SkipValidation())
	if err != nil {
		return err
	}
	authenticator := authn.NewAuthenticatorOAuth2Introspection(provider, logger, noop.NewTracerProvider())
	config, err := json.Marshal(map[string]any{
		"introspection_url":             endpoint,
		"introspection_request_headers": map[string]string{"Authorization": "Basic b3JkZXJzOnNlY3JldA=="},
		"cache":                         map[string]any{"enabled": true, "ttl": "60s", "max_cost": 100_000},
	})
	if err != nil {
		return err
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var token string
		var atOnce, times int
		if _, err := fmt.Sscan(lines.Text(), &token, &atOnce, &times); err != nil {
			return err
		}
		fmt.Println(ask(ctx, authenticator, config, token, atOnce, times))
	}
	return nil
}

// ask returns how many of the requests were refused.
func ask(
	ctx context.Context, a *authn.AuthenticatorOAuth2Introspection, config []byte, token string, atOnce, times int,
) int64 {
	var refused atomic.Int64
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/orders", nil)
			if err != nil {
				refused.Add(1)
				return
			}
			r.Header.Set("Authorization", "Bearer "+token)
			for range times {
				if err := a.Authenticate(r, new(authn.AuthenticationSession), config, nil); err != nil {
					refused.Add(1)
					return
				}
			}
		})
	}
	all.Wait()
	return refused.Load()
}
