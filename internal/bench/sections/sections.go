// Package sections holds what is measured, one subject a file. It uses the kit as its users do, through exported names
// alone.
package sections

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"time"

	"github.com/bearergate/bearergate/internal/bench/measure"
	"github.com/bearergate/bearergate/internal/bench/peers"
	"github.com/bearergate/bearergate/internal/bench/report"
	"github.com/bearergate/bearergate/internal/bench/tokens"
	"github.com/bearergate/bearergate/jwks"
)

// Options say what to measure, and how much.
type Options struct {
	measure.Options

	// Only selects sections by name. Default: all.
	Only *regexp.Regexp
	// Tokens is how many different tokens "new" rows rotate, Live how many a large cache holds, Entries how many a huge one.
	Tokens, Live, Entries int
	// Watch is how long a peer is given to take a new key.
	Watch time.Duration
	// Oathkeeper is the program in testdata/oathkeeper, built. Default: it is left out.
	Oathkeeper string
	// Progress is told what goes on.
	Progress func(string)
}

// seed makes the claims of tokens.
const seed = 1

// latency is how long upstream servers take to answer.
const latency = 5 * time.Millisecond

// bench is a run.
type bench struct {
	Options
	context.Context

	issuer *tokens.Issuer
	minted map[string][]string
	out    *report.Section
}

type section struct {
	name, about string
	run         func(*bench) error
}

var all = []section{
	{"limit", "What nobody can be faster than: the standard library's digest and signature check, nothing else.", limit},
	{"new tokens", "A token that was not seen before: thousands of different ones in turn, ours without its cache.", cold},
	{"known tokens", "A token that was accepted before. No peer keeps what it verified, so each pays the full price.", hot},
	{"refused tokens", "What a flood of bad tokens costs.", refused},
	{"middleware", "A whole request on each framework, without a network.", wholeMiddleware},
	{"loopback", "Real HTTP over the loopback interface, 64 connections; client and server share the CPUs.", loopback},
	{"memory", "What the cache of verified tokens takes.", memory},
	{"introspection", "Opaque tokens; the authorization server answers after 5 ms.", introspect},
	{"key sets", "Fetches of the key set; it arrives after 5 ms.", keySets},
}

// Names are the names of all sections.
func Names() (names []string) {
	for _, s := range all {
		names = append(names, s.name)
	}
	return names
}

// Run measures.
func Run(ctx context.Context, o Options) (*report.Data, error) {
	versions, without, err := modules(o.Oathkeeper)
	if err != nil {
		return nil, err
	}
	d := &report.Data{
		Machine: report.ThisMachine(), Rounds: o.Rounds, Time: o.Time.String(), Tokens: o.Tokens, Live: o.Live,
		Entries: o.Entries, Partial: o.Only != nil || o.Candidates != nil, Modules: versions, Missing: without,
	}
	issuer, err := tokens.NewIssuer()
	if err != nil {
		return nil, err
	}
	defer issuer.Close()
	for _, s := range all {
		if o.Only != nil && !o.Only.MatchString(s.name) {
			continue
		}
		o.Progress(s.name)
		out := report.Section{Name: s.name, About: s.about}
		within, cancel := context.WithCancel(ctx)
		b := &bench{Options: o, Context: within, issuer: issuer, minted: make(map[string][]string), out: &out}
		err := s.run(b)
		cancel()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		d.Sections = append(d.Sections, out)
		runtime.GC()
	}
	return d, nil
}

// compare measures candidates and keeps the result.
func (b *bench) compare(name, about string, cases []measure.Case) error {
	return b.compareWith(b.Options.Options, name, about, cases)
}

// compareSlowly is compare for candidates of several goroutines, which take time to get going.
func (b *bench) compareSlowly(name, about string, cases []measure.Case) error {
	o := b.Options.Options
	o.Turn = 20 * time.Millisecond
	return b.compareWith(o, name, about, cases)
}

func (b *bench) compareWith(o measure.Options, name, about string, cases []measure.Case) error {
	b.Progress("  " + name)
	c, err := measure.Compare(b, o, name, about, cases)
	b.out.Comparisons = append(b.out.Comparisons, c)
	return err
}

// tokens returns the first n tokens of alg.
func (b *bench) tokens(alg string, n int) ([]string, error) {
	if have := b.minted[alg]; len(have) >= n {
		return have[:n], nil
	}
	list, err := b.issuer.Mint(alg, n, seed, tokens.Variant{})
	b.minted[alg] = list
	return list, err
}

// kit returns our validator for tokens of alg.
func (b *bench) kit(alg string, cacheBytes int) (*jwks.Validator, error) {
	return peers.Kit(peers.SourceOf(b.issuer, alg), cacheBytes)
}
