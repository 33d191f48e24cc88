package tokenkey_test

import (
	"crypto/sha256"
	"strings"
	"sync"
	"testing"

	"github.com/bearergate/bearergate/internal/tokenkey"
)

var makers = map[string]func() *tokenkey.Maker{"AES": tokenkey.NewAES, "SHA-256": tokenkey.NewSHA256, "default": tokenkey.New}

// Equal tokens have equal keys, others do not, and keys of one Maker mean nothing to another.
func TestKey(t *testing.T) {
	var tokens []string
	for _, n := range []int{0, 1, 15, 16, 17, 900, 901, 2000, 2048, 16 << 10} {
		tokens = append(tokens, strings.Repeat("a", n), strings.Repeat("a", n)+"b", "b"+strings.Repeat("a", n))
	}
	for name, newMaker := range makers {
		t.Run(name, func(t *testing.T) {
			one, other := newMaker(), newMaker()
			seen := map[tokenkey.Key]string{}
			for _, token := range tokens {
				key := one.Key(token)
				if key != one.Key(strings.Clone(token)) {
					t.Errorf("%.20q of %d: two keys", token, len(token))
				}
				if before, ok := seen[key]; ok && before != token {
					t.Errorf("%.20q and %.20q have one key", before, token)
				}
				seen[key] = token
				if key == other.Key(token) {
					t.Errorf("%.20q: the key of another Maker", token)
				}
			}
		})
	}
}

func TestKeyConcurrently(t *testing.T) {
	for name, newMaker := range makers {
		t.Run(name, func(t *testing.T) {
			m := newMaker()
			tokens := []string{strings.Repeat("x", 900), strings.Repeat("y", 300)}
			want := []tokenkey.Key{m.Key(tokens[0]), m.Key(tokens[1])}
			var group sync.WaitGroup
			for i := range 8 {
				group.Go(func() {
					for range 1000 {
						if got := m.Key(tokens[i%2]); got != want[i%2] {
							t.Errorf("token %d: another key", i%2)
							return
						}
					}
				})
			}
			group.Wait()
		})
	}
}

func TestKeyAllocatesNothing(t *testing.T) {
	token := strings.Repeat("a", 927)
	for name, newMaker := range makers {
		m := newMaker()
		if n := testing.AllocsPerRun(1000, func() { m.Key(token) }); n > 0.1 { // the pool may lose its memory to a collection
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	token := strings.Repeat("a", 927)
	for name, newMaker := range makers {
		m := newMaker()
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				m.Key(token)
			}
		})
	}
	b.Run("SHA-256 alone", func(b *testing.B) {
		octets := []byte(token)
		for b.Loop() {
			sha256.Sum256(octets)
		}
	})
}
