package dpop_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/big"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/internal/jose"
)

// forgetful is a ReplayStore that lets benchmarks use a proof again.
type forgetful struct{}

func (forgetful) Add(context.Context, [32]byte, time.Duration) (bool, error) { return true, nil }

// BenchmarkVerify is what a proof costs, by a client that came before (proof) and by one that did not (first), beside
// the bare signature check of the standard library (raw).
func BenchmarkVerify(b *testing.B) {
	for _, alg := range []jose.Algorithm{jose.ES256, jose.EdDSA, jose.RS256} {
		c := clientOf(b, alg)
		r := request("GET", "/orders?page=2", c.proof(b, nil, proofClaims(nil)))
		verify := func(b *testing.B, v *dpop.Verifier) {
			if err := v.Verify(nil, r, accessToken, c.thumbprint()); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(string(alg)+"/proof", func(b *testing.B) {
			v := newVerifier(b, dpop.Config{Replays: forgetful{}})
			b.ReportAllocs()
			for b.Loop() {
				verify(b, v)
			}
		})
		b.Run(string(alg)+"/first", func(b *testing.B) {
			// The configuration is made once: it holds nothing about clients.
			cfg := dpop.Config{BaseURL: baseURL, Replays: forgetful{}, Now: func() time.Time { return noon }}
			b.ReportAllocs()
			for b.Loop() {
				v, err := dpop.New(cfg)
				if err != nil {
					b.Fatal(err)
				}
				verify(b, v)
			}
		})
		b.Run(string(alg)+"/raw", func(b *testing.B) {
			parsed, err := jose.Parse(r.Header.Get("DPoP"))
			if err != nil {
				b.Fatal(err)
			}
			public := c.Key().Public()
			b.ReportAllocs()
			for b.Loop() {
				if !rawVerify(public, parsed) {
					b.Fatal("refused")
				}
			}
		})
	}
}

func rawVerify(public crypto.PublicKey, t *jose.JWS) bool {
	input, signature := []byte(t.SigningInput()), t.Signature()
	digest := sha256.Sum256(input)
	switch public := public.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(public, input, signature)
	case *ecdsa.PublicKey:
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(public, digest[:], r, s)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
	}
	return false
}

// BenchmarkRefuse is what proofs cost that are refused before the signature, and one with a bad signature.
func BenchmarkRefuse(b *testing.B) {
	v := newVerifier(b, dpop.Config{})
	good := proofOf(b, nil)
	for _, bb := range []struct{ name, target, proof string }{
		{"rubbish", "/orders", "x"}, {"another path", "/", good}, {"signature", "/orders", altered(good)},
	} {
		r := request("GET", bb.target, bb.proof)
		thumbprint := alice(b).thumbprint()
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if v.Verify(http.Header{}, r, accessToken, thumbprint) == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

// BenchmarkReplays adds proofs to a store at its default rate limit, from every processor.
func BenchmarkReplays(b *testing.B) {
	var n atomic.Int64
	c := &clock{}
	s := newReplays(b, dpop.MemoryConfig{Now: c.now})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			c.advance(100 * time.Microsecond) // 10,000 a second
			if added, err := s.Add(context.Background(), keyOf(int(i)), 81*time.Second); err != nil || !added {
				b.Fatal(added, err)
			}
		}
	})
}

// BenchmarkReplaysMemory reports what an entry takes, in stores of different sizes.
func BenchmarkReplaysMemory(b *testing.B) {
	held := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	for _, entries := range []int{10_000, 100_000, 500_000, 700_000, 1_000_000} {
		b.Run(fmt.Sprint(entries), func(b *testing.B) {
			for b.Loop() {
				before := held()
				c := &clock{}
				s := newReplays(b, dpop.MemoryConfig{Now: c.now})
				for i := range entries {
					c.advance(80 * time.Second / time.Duration(entries)) // as evenly as requests come
					if _, err := s.Add(context.Background(), keyOf(i), 81*time.Second); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(held()-before)/float64(entries), "B/entry")
				b.ReportMetric(float64(s.Len()), "entries")
				runtime.KeepAlive(s)
			}
		})
	}
}
