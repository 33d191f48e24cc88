package oauthredis_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/adapters/oauthredis"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// A replica with a short memory removes nothing that one with a longer memory, which may only start later, needs.
func TestShortMemory(t *testing.T) {
	s := startRedis(t)
	client := s.client()
	before := time.Now().Add(-3 * time.Hour)
	for n := range 300 { // trimming removes whole blocks of entries, so there have to be some
		record := revocation.Record{Fingerprint: middleware.FingerprintOf(nth(n)), RevokedAt: before}
		text, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprintf("%d-%d", before.UnixMilli(), n)
		if err := client.XAdd(t.Context(), &redis.XAddArgs{Stream: "other", ID: id, Values: []any{"record", text}}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	// Both start anew, on a stream with a past.
	with := func(lifetime time.Duration) settings {
		return settings{oauthredis.StreamConfig{Key: "other"}, revocation.Config{MaxTokenLifetime: lifetime}}
	}
	ready(t, newReplica(t, client, with(24*time.Hour)))
	short := newReplica(t, client, with(time.Minute))
	ready(t, short)
	for n := range 10 {
		short.revoke(nth(1000 + n))
	}
	late := newReplica(t, client, with(24*time.Hour))
	ready(t, late)
	if got := late.verdict(nth(0)); got != "revoked" {
		t.Errorf("the oldest revocation: %s", got)
	}
}
