package oauthredis_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

const defaultKey = "bearergate:revocations"

// fill adds n records to the stream, as fast as Redis takes them.
func fill(t testing.TB, client redis.UniversalClient, n int) {
	t.Helper()
	const atOnce = 10_000
	for from := 0; from < n; from += atOnce {
		pipe := client.Pipeline()
		for i := from; i < min(from+atOnce, n); i++ {
			record := revocation.Record{Fingerprint: middleware.FingerprintOf(nth(i)), RevokedAt: time.Now()}
			text, err := json.Marshal(record)
			if err != nil {
				t.Fatal(err)
			}
			pipe.XAdd(t.Context(), &redis.XAddArgs{Stream: defaultKey, Values: []any{"record", text}})
		}
		if _, err := pipe.Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// How long a replica takes to start where a million tokens are revoked.
func BenchmarkReplay(b *testing.B) {
	const records = 1_000_000
	s := startRedis(b, "--appendonly", "no")
	fill(b, s.client(), records)
	for b.Loop() {
		r := newReplica(b, s.client(), settings{})
		ready(b, r)
		if got := r.Len(); got != records {
			b.Fatalf("%d entries", got)
		}
		_ = r.stream.Close()
	}
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// How long after Revoke was called another replica refuses the token.
func BenchmarkLatency(b *testing.B) {
	s := startRedis(b)
	here, there := newReplica(b, s.client(), settings{}), newReplica(b, s.client(), settings{})
	ready(b, here, there)
	var took []time.Duration
	arrived := make(chan struct{}, 1)
	for b.Loop() {
		token := nth(len(took))
		stop := there.Watch(&middleware.Token{Fingerprint: middleware.FingerprintOf(token)}, func(error) { arrived <- struct{}{} })
		start := time.Now()
		here.revoke(token)
		<-arrived
		took = append(took, time.Since(start))
		stop()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
