package introspection_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
)

// typical is an answer of the usual size.
const typical = `{"active":true,"iss":"https://as.example.com","sub":"Z5O3upPC88QrAjx00dis","aud":"https://api.example.com",` +
	`"client_id":"l238j323ds-23ij4","scope":"orders:read orders:write","token_type":"Bearer","exp":1800003600,` +
	`"iat":1799999940,"jti":"t1FoCCaZd4Xv4ORJUWVUeTZfsKhW30CQCrWDDjwXy6w","username":"jdoe","tenant":"acme"}`

func benchValidator(b *testing.B, body string, cfg introspection.Config) *introspection.Validator {
	cfg.Issuer, cfg.Audience = issuer, audience
	return asking(b, say(body), cfg)
}

// tokens are opaque tokens of 46 octets, all different.
func tokens(n int) []string {
	list := make([]string, n)
	prefix := rand.Text()
	for i := range list {
		list[i] = fmt.Sprintf("%s%020d", prefix, i)
	}
	return list
}

func BenchmarkCached(b *testing.B) {
	for _, live := range []int{1, 4096, 20_000} {
		b.Run(fmt.Sprintf("tokens=%d", live), func(b *testing.B) {
			v := benchValidator(b, typical, introspection.Config{CacheTTL: 24 * time.Hour})
			list := tokens(live)
			for _, token := range list {
				honoured(b, v, token)
			}
			ctx := b.Context()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := v.Validate(ctx, list[i%live]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCachedParallel(b *testing.B) {
	v := benchValidator(b, typical, introspection.Config{})
	list := tokens(4096)
	for _, token := range list {
		honoured(b, v, token)
	}
	ctx := b.Context()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := v.Validate(ctx, list[i%len(list)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCachedRefusal(b *testing.B) {
	v := benchValidator(b, `{"active":false}`, introspection.Config{})
	token := tokens(1)[0]
	want(b, v, token, "refused inactive")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Validate(b.Context(), token); err == nil {
			b.Fatal("accepted")
		}
	}
}

// BenchmarkGuard is a whole decision with a cached token.
func BenchmarkGuard(b *testing.B) {
	guard, err := middleware.New(benchValidator(b, typical, introspection.Config{}), middleware.Config{})
	if err != nil {
		b.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "/orders", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+tokens(1)[0])
	policy := middleware.Policy{Scopes: []string{"orders:read"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := guard.Authorize(nil, r, policy); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAsk is a question without a network.
func BenchmarkAsk(b *testing.B) {
	v := benchValidator(b, typical, introspection.Config{}).Uncached()
	token := tokens(1)[0]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Validate(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMemory reports what one cached token takes, in a cache that has room for all.
func BenchmarkMemory(b *testing.B) {
	for name, body := range map[string]string{"active": typical, "refused": `{"active":false}`} {
		b.Run(name, func(b *testing.B) {
			const n = 100_000
			list := tokens(n)
			for b.Loop() {
				v := benchValidator(b, body, introspection.Config{MaxCacheBytes: 1 << 30, MaxNegativeEntries: n})
				before := heap()
				for _, token := range list {
					_, _ = v.Validate(b.Context(), token)
				}
				s := v.State()
				b.ReportMetric(float64(heap()-before)/float64(s.Entries+s.NegativeEntries), "B/entry")
				b.ReportMetric(float64(s.Entries+s.NegativeEntries), "entries")
				runtime.KeepAlive(v)
			}
		})
	}
}

// BenchmarkFlood asks about one garbage token after the other while a thousand good ones are cached, and reports what
// that leaves in memory. For the figure of a million: go test -run none -bench Flood -benchtime 1000000x
func BenchmarkFlood(b *testing.B) {
	good := tokens(1000)
	known := map[string]bool{}
	for _, token := range good {
		known[token] = true
	}
	calls := 0
	v := asking(b, func(r *http.Request) *http.Response {
		calls++
		if err := r.ParseForm(); err == nil && known[r.PostForm.Get("token")] {
			return reply(http.StatusOK, "application/json", typical)
		}
		return reply(http.StatusOK, "application/json", `{"active":false}`)
	}, introspection.Config{Issuer: issuer, Audience: audience})
	for _, token := range good {
		honoured(b, v, token)
	}
	before := heap()
	prefix := rand.Text()
	b.ResetTimer()
	for i := range b.N {
		if _, err := v.Validate(b.Context(), fmt.Sprintf("%s%020d", prefix, i)); err == nil {
			b.Fatal("accepted garbage")
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(int64(heap()-before)), "B-left")
	asked := calls
	for _, token := range good {
		honoured(b, v, token)
	}
	b.ReportMetric(float64(calls-asked), "good-lost")
	b.ReportMetric(float64(v.State().NegativeEntries), "refusals")
}

// heap returns the octets in use.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
