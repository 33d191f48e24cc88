package revocation_test

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// allKinds is how many kinds of revocations have a name of their own for every token.
const allKinds = 6

// benchmarkList returns a list with that many entries, of so many kinds in turn. With all of them comes one for another
// issuer, so that a look-up that finds nothing has looked for everything.
func benchmarkList(b *testing.B, entries, kinds int) *revocation.List {
	b.Helper()
	list := newList(b, &clock{}, revocation.Config{MaxEntries: 2_000_000})
	for n := range entries {
		name := nth(n)
		revoke(b, list, [allKinds]revocation.Revocation{
			{Token: name},
			{Issuer: issuer, ID: name},
			{Issuer: issuer, SessionID: name},
			{Issuer: issuer, Subject: name},
			{Issuer: issuer, ClientID: name},
			{Issuer: issuer, Subject: name, ClientID: name},
		}[n%kinds])
	}
	if kinds == allKinds {
		revoke(b, list, revocation.Revocation{Issuer: otherIssuer, Before: noon})
	}
	return list
}

// BenchmarkCheck looks up tokens that nobody revoked, as most are, and revoked ones, each time another.
func BenchmarkCheck(b *testing.B) {
	for _, kinds := range []int{1, allKinds} {
		for _, entries := range []int{0, 1_000, 1_000_000} {
			list := benchmarkList(b, entries, kinds)
			for _, revoked := range []bool{false, true}[:min(entries+1, 2)] {
				var tokens [1 << 12]middleware.Token
				for i := range tokens {
					name := nth(entries + i)
					if revoked {
						name = nth(i % entries)
					}
					tokens[i] = *holding(name)
					tokens[i].ID, tokens[i].SessionID, tokens[i].Subject, tokens[i].ClientID = name, name, name, name
				}
				b.Run(fmt.Sprintf("kinds=%d/entries=%d/revoked=%t", kinds, entries, revoked), func(b *testing.B) {
					b.ReportAllocs()
					for i := 0; b.Loop(); i++ {
						if (list.Check(&tokens[i%len(tokens)]) != nil) != revoked {
							b.Fatal("not what the list was told")
						}
					}
				})
			}
		}
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

// BenchmarkMemory reports what a list holds for each of a million entries, and the least and the most that it holds for
// one while it grows from half a million to that.
func BenchmarkMemory(b *testing.B) {
	const entries, step = 1_000_000, 10_000
	for b.Loop() {
		empty := held()
		list := benchmarkList(b, entries/2, 1)
		least, most, perEntry := math.Inf(1), 0.0, 0.0
		for n := entries / 2; n < entries; n += step {
			fill(b, list, n, step)
			perEntry = (held() - empty) / float64(n+step)
			least, most = min(least, perEntry), max(most, perEntry)
		}
		b.ReportMetric(perEntry, "B/entry")
		b.ReportMetric(least, "least-B/entry")
		b.ReportMetric(most, "most-B/entry")
		runtime.KeepAlive(list)
	}
}
