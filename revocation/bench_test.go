package revocation_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// benchmarkList returns a list with that many tokens revoked, and if everyWay is set also one revocation of each other
// kind, which makes a look-up look for all of them.
func benchmarkList(b *testing.B, entries int, everyWay bool) *revocation.List {
	b.Helper()
	list := newList(b, &clock{}, revocation.Config{MaxEntries: 2_000_000})
	for i := range entries {
		revoke(b, list, revocation.Revocation{Token: nth(i)})
	}
	if everyWay {
		for _, way := range ways[1:] {
			way.revoke.Issuer = otherIssuer
			revoke(b, list, way.revoke)
		}
	}
	return list
}

// BenchmarkCheck looks up tokens that nobody revoked.
func BenchmarkCheck(b *testing.B) {
	for _, bb := range []struct {
		entries  int
		everyWay bool
	}{{0, false}, {1_000, false}, {1_000_000, false}, {1_000, true}, {1_000_000, true}} {
		b.Run(fmt.Sprintf("entries=%d/everyway=%t", bb.entries, bb.everyWay), func(b *testing.B) {
			list := benchmarkList(b, bb.entries, bb.everyWay)
			tokens := make([]middleware.Token, 1<<12)
			for i := range tokens {
				tokens[i] = alice()
				tokens[i].Subject = nth(i)
				tokens[i].Fingerprint = middleware.FingerprintOf("good-" + nth(i))
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if list.Check(&tokens[i%len(tokens)]) != nil {
					b.Fatal("revoked")
				}
			}
		})
	}
}

// BenchmarkRevoke adds tokens to a list that grows.
func BenchmarkRevoke(b *testing.B) {
	list := newList(b, &clock{}, revocation.Config{MaxEntries: 1 << 30})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		revoke(b, list, revocation.Revocation{Token: nth(i)})
	}
}

// BenchmarkMemory reports what a list of a million entries holds.
func BenchmarkMemory(b *testing.B) {
	const entries = 1_000_000
	held := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	for b.Loop() {
		before := held()
		list := benchmarkList(b, entries, false)
		b.ReportMetric(float64(held()-before)/entries, "B/entry")
		runtime.KeepAlive(list)
	}
}
