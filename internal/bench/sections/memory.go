package sections

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/bearergate/bearergate/internal/bench/peers"
	"github.com/bearergate/bearergate/internal/bench/report"
	"github.com/bearergate/bearergate/internal/bench/tokens"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// memory measures what a cache with very many tokens takes. The tokens are of HS256, which are made and checked quickly;
// a cache entry does not tell.
func memory(b *bench) error {
	bare, err := b.principals()
	if err != nil {
		return err
	}
	cached, pause, collection, err := b.cached(peers.Unbounded)
	if err != nil {
		return err
	}
	bounded, _, _, err := b.cached(0)
	if err != nil {
		return err
	}
	entry := report.Cell{Value: cached - bare, Text: fmt.Sprintf("%.0f B", cached-bare)}
	whole := report.Cell{Value: cached, Text: fmt.Sprintf("%.0f B", cached)}
	b.out.Tables = append(b.out.Tables, report.Table{
		Name: report.Memory,
		About: fmt.Sprintf("%s live tokens with claims of 387 B, in a cache with room for all; heap in use after a collection. "+
			"What a token says is a copy of the middleware.Token with its claims, all that a handler gets to see. What the cache adds "+
			"is what else it has to know: where the token is found, and by which key and until when it was good.",
			report.Thousands(b.Entries)),
		Columns: []string{report.Each},
		Rows: []report.TableRow{
			{Name: "what a token says, without a cache", Cells: []report.Cell{{Value: bare, Text: fmt.Sprintf("%.0f B", bare)}}},
			{Name: report.Entry, Cells: []report.Cell{entry}},
			{Name: report.Whole, Cells: []report.Cell{whole}},
		},
	}, report.Table{
		Name: "garbage collection", About: "With that cache.", Columns: []string{"ms"},
		Rows: []report.TableRow{
			{Name: "a whole collection", Cells: []report.Cell{{Value: ms(collection), Text: fmt.Sprintf("%.0f ms", ms(collection))}}},
			{Name: "the world stopped in it", Cells: []report.Cell{{Value: ms(pause), Text: fmt.Sprintf("%.2f ms", ms(pause))}}},
		},
	}, report.Table{
		Name: report.Bounded, About: fmt.Sprintf("%s tokens, cache of the default size.", report.Thousands(b.Entries)),
		Columns: []string{"MiB"},
		Rows: []report.TableRow{{Name: report.Whole, Cells: []report.Cell{{
			Value: bounded * float64(b.Entries) / (1 << 20),
			Text:  fmt.Sprintf("%.1f MiB", bounded*float64(b.Entries)/(1<<20)),
		}}}},
	})
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// principal is what a token says, with the claims that its texts are parts of. It is held in one piece, as cheaply as can be.
type principal struct {
	token  middleware.Token
	claims strictjson.Document
}

// detached returns a copy of what a token says that does not keep alive what the validator would have to know to judge it
// again: the validator's own answer is part of that.
func detached(token *middleware.Token) (*principal, error) {
	claims, ok := token.Claims.(*strictjson.Document)
	if !ok {
		return nil, fmt.Errorf("the claims of a token are a %T", token.Claims)
	}
	p := &principal{*token, *claims}
	p.token.Claims = &p.claims
	return p, nil
}

// principals returns how many bytes what a token says takes.
func (b *bench) principals() (float64, error) {
	kit, err := b.kit(tokens.HS256, peers.NoCache)
	if err != nil {
		return 0, err
	}
	defer kit.Close()
	held := make([]*principal, b.Entries)
	before := heap()
	err = b.fill(kit, func(i int, token *middleware.Token) (err error) {
		held[i], err = detached(token)
		return err
	})
	grown := heap() - before
	runtime.KeepAlive(held)
	return grown / float64(b.Entries), err
}

// cached returns how many bytes a token takes in a cache, and what it costs the garbage collector.
func (b *bench) cached(cacheBytes int) (each float64, pause, collection time.Duration, err error) {
	kit, err := b.kit(tokens.HS256, cacheBytes)
	if err != nil {
		return 0, 0, 0, err
	}
	defer kit.Close()
	before := heap()
	err = b.fill(kit, func(int, *middleware.Token) error { return nil })
	grown := heap() - before
	began := time.Now()
	runtime.GC()
	collection = time.Since(began)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	pause = time.Duration(m.PauseNs[(m.NumGC+255)%256])
	runtime.KeepAlive(kit)
	return grown / float64(b.Entries), pause, collection, err
}

// fill has a validator see very many tokens, which are not kept.
func (b *bench) fill(v *jwks.Validator, keep func(int, *middleware.Token) error) error {
	return spread(b.Entries, func(i int) error {
		text, err := b.issuer.Token(tokens.HS256, rand.New(rand.NewPCG(seed, uint64(i))), tokens.Variant{})
		if err != nil {
			return err
		}
		token, err := v.Validate(b, text)
		if err != nil {
			return err
		}
		return keep(i, token)
	})
}

func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
