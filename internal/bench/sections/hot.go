package sections

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"time"
	"unsafe"

	"github.com/bearergate/bearergate/internal/bench/measure"
	"github.com/bearergate/bearergate/internal/bench/peers"
	"github.com/bearergate/bearergate/internal/bench/report"
	"github.com/bearergate/bearergate/internal/bench/tokens"
	"github.com/bearergate/bearergate/internal/tokenkey"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

func hot(b *bench) error {
	if err := sameToken(b); err != nil {
		return err
	}
	list, err := b.tokens(tokens.RS256, b.Live)
	if err != nil {
		return err
	}
	if err := liveTokens(b, list); err != nil {
		return err
	}
	return mixedTraffic(b, list)
}

// sameToken compares candidates on one token again and again.
func sameToken(b *bench) error {
	list, err := b.tokens(tokens.RS256, 1)
	if err != nil {
		return err
	}
	kit, err := b.kit(tokens.RS256, 0)
	if err != nil {
		return err
	}
	defer kit.Close()
	cases := []measure.Case{digests(report.Digest, list), least(list[0]), b.validating(report.Kit, list, validatorOf(kit))}
	raws, err := b.raw(tokens.RS256, list)
	if err != nil {
		return err
	}
	others, err := b.peersOf(tokens.RS256, list)
	if err != nil {
		return err
	}
	return b.compare(report.Same, "", append(append(cases, raws...), others...))
}

// least is what a hit cannot do without: a keyed hash of the whole token, and the time.
func least(token string) measure.Case {
	maker := tokenkey.New()
	known, began := maker.Key(token), time.Now()
	return measure.Case{Name: "keyed hash of the token and a look at the clock, nothing else", Worker: measure.Each(1, func(int) error {
		return must(maker.Key(token) == known && !time.Now().Before(began))
	})}
}

// liveTokens measures a cache that holds all the tokens that come, in random order.
func liveTokens(b *bench, list []string) error {
	var cases []measure.Case
	for _, n := range []int{1, b.Tokens, b.Live} {
		kit, err := b.kit(tokens.RS256, peers.Unbounded)
		if err != nil {
			return err
		}
		defer kit.Close()
		if err := accept(b, kit, list[:n]); err != nil {
			return err
		}
		for _, cpus := range []int{1, 2} {
			cases = append(cases, measure.Case{
				Name: report.Live(n, cpus), CPUs: cpus, Worker: arriving(list[:n], func(token string) error {
					_, err := kit.Validate(b, token)
					return err
				}),
			})
		}
		cases = append(cases, measure.Case{
			Name: fmt.Sprintf("choosing one of %s tokens and copying it, nothing else", report.Thousands(n)), CPUs: 1,
			Worker: arriving(list[:n], func(token string) error { return must(len(token) > 0) }),
		})
	}
	for _, cpus := range []int{1, 2} {
		cases = append(cases, measure.Case{
			Name: report.Sharing(cpus), CPUs: cpus, Worker: arriving(list[:b.Tokens], func(token string) error {
				sum := sha256.Sum256(unsafe.Slice(unsafe.StringData(token), len(token)))
				return must(sum != [sha256.Size]byte{})
			}),
		})
	}
	return b.compareSlowly(report.Hot, "Each token arrives as a copy, chosen at random; what that costs is part of the times "+
		"and has rows of its own. The last two tell what this machine makes of a second CPU where nothing is shared.", cases)
}

// accept has a validator see tokens, on all CPUs.
func accept(b *bench, v *jwks.Validator, list []string) error {
	return spread(len(list), func(i int) error {
		_, err := v.Validate(b, list[i])
		return err
	})
}

// arriving is a worker that gets tokens as a server does: in a buffer that another token had before.
func arriving(list []string, op func(token string) error) func() func(int) error {
	return func() func(int) error {
		random := rand.New(rand.NewPCG(seed, rand.Uint64()))
		buffer := make([]byte, len(list[0]))
		return func(n int) error {
			for range n {
				copy(buffer, list[random.IntN(len(list))])
				// Nothing keeps the string: all of these tokens are known.
				if err := op(unsafe.String(&buffer[0], len(buffer))); err != nil {
					return err
				}
			}
			return nil
		}
	}
}

// zipfExponent is how unequally often tokens come.
const zipfExponent = 1.07

// mixedTraffic measures the default cache with tokens some of which come much more often than others.
func mixedTraffic(b *bench, list []string) error {
	var cases []measure.Case
	hits := report.Table{
		Name: report.HitRatio, About: "The cache has its default size.",
		Columns: []string{"of requests"},
	}
	for _, n := range []int{b.Tokens, b.Live} {
		kit, err := b.kit(tokens.RS256, 0)
		if err != nil {
			return err
		}
		defer kit.Close()
		ratio, err := hitRatio(b, kit, list[:n])
		if err != nil {
			return err
		}
		name := fmt.Sprintf("Zipf(%.2f) over %s tokens", zipfExponent, report.Thousands(n))
		hits.Rows = append(hits.Rows, report.TableRow{Name: name, Cells: []report.Cell{{
			Value: ratio, Text: fmt.Sprintf("%.1f %%", 100*ratio),
		}}})
		cases = append(cases, measure.Case{Name: name, Worker: drawing(list[:n], func(token string) error {
			_, err := kit.Validate(b, token)
			return err
		})}, measure.Case{
			Name:   fmt.Sprintf("drawing one of %s tokens, nothing else", report.Thousands(n)),
			Worker: drawing(list[:n], func(token string) error { return must(len(token) > 0) }),
		})
	}
	b.out.Tables = append(b.out.Tables, hits)
	return b.compare(report.Mixed, "Tokens that were evicted are verified again. What drawing lots takes is part of the times and has rows "+
		"of its own.", cases)
}

// drawing is a worker that gets tokens some of which come much more often than others.
func drawing(list []string, op func(token string) error) func() func(int) error {
	return func() func(int) error {
		zipf := newZipf(len(list))
		return func(n int) error {
			for range n {
				if err := op(list[zipf.Uint64()]); err != nil {
					return err
				}
			}
			return nil
		}
	}
}

func newZipf(n int) *rand.Zipf {
	return rand.NewZipf(rand.New(rand.NewPCG(seed, rand.Uint64())), zipfExponent, 1, uint64(n-1))
}

// hitRatio counts how often the answer is the very one of last time. All tokens come once, and then as many as are counted
// so that the cache knows which come often.
func hitRatio(b *bench, v *jwks.Validator, list []string) (float64, error) {
	last := make([]*middleware.Token, len(list))
	hits := 0
	see := func(i uint64) error {
		token, err := v.Validate(b, list[i])
		if token == last[i] {
			hits++
		}
		last[i] = token
		return err
	}
	for i := range list {
		if err := see(uint64(i)); err != nil {
			return 0, err
		}
	}
	zipf := newZipf(len(list))
	counted := 2 * len(list)
	for k := range 2 * counted {
		if k == counted {
			hits = 0
		}
		if err := see(zipf.Uint64()); err != nil {
			return 0, err
		}
	}
	return float64(hits) / float64(counted), nil
}
