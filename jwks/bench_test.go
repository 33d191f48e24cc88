package jwks_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
)

// BenchmarkRemembered reports what a token takes that is remembered, with 387 octets of claims, and how long a garbage
// collection takes then.
func BenchmarkRemembered(b *testing.B) {
	const tokens = 200_000
	signer := newSigner(b, jose.EdDSA, "key")
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	for b.Loop() {
		v := newValidator(b, jwks.Config{
			Issuer: issuer, Audience: audience, Keys: parseKeys(b, keySet(b, signer)), Now: atNoon, CacheBytes: 1 << 31,
		})
		before := heap()
		size := 0
		for i := range tokens {
			claims := accessClaims(object{"jti": fmt.Sprintf("%036d", i)})
			claims["padding"] = strings.Repeat("x", max(0, 387-len(encode(b, claims))-len(`,"padding":""`)))
			size = len(encode(b, claims))
			accepted(b, v, sign(b, signer, atJWT, claims))
		}
		b.ReportMetric((heap()-before)/tokens, "B/token")
		b.ReportMetric(float64(size), "claims-B")
		runtime.KeepAlive(v)
	}
}
