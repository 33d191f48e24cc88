package sections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/internal/bench/measure"
	"github.com/bearergate/bearergate/internal/bench/peers"
	"github.com/bearergate/bearergate/internal/bench/report"
	"github.com/bearergate/bearergate/internal/bench/tokens"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// discard is a ResponseWriter that keeps the status alone.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }

var errStatus = errors.New("refused by the handler")

// requesting is a case that sends tokens in turn to a handler, which has to accept them.
func requesting(name string, handler http.Handler, list []string) measure.Case {
	fields := make([][]string, len(list))
	for i, token := range list {
		fields[i] = []string{"Bearer " + token}
	}
	return measure.Case{Name: name, Worker: func() func(int) error {
		w := &discard{header: make(http.Header)}
		r := newRequest()
		return measure.Each(len(fields), func(i int) error {
			r.Header["Authorization"] = fields[i]
			handler.ServeHTTP(w, r)
			if w.status > http.StatusOK {
				return errStatus
			}
			return nil
		})()
	}}
}

func newRequest() *http.Request {
	// A constant URL cannot fail to parse.
	r, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://orders.example.com/orders", http.NoBody)
	return r
}

// guard returns a Guard of the kit and what it hangs from.
func (b *bench) guard(cacheBytes int, cfg middleware.Config) (*middleware.Guard, error) {
	kit, err := b.kit(tokens.RS256, cacheBytes)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(b, func() { _ = kit.Close() })
	return middleware.New(kit, cfg)
}

func wholeMiddleware(b *bench) error {
	list, err := b.tokens(tokens.RS256, b.Tokens)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name       string
		list       []string
		cacheBytes int
		more       []measure.Case
	}{
		{report.HandlerHot, list[:1], 0, injections(list[:1])},
		{report.HandlerNew, list, peers.NoCache, nil},
	} {
		handlers, err := b.handlers(c.cacheBytes)
		if err != nil {
			return err
		}
		cases := c.more
		for _, h := range handlers {
			one := requesting(h.name, h.handler, c.list)
			one.Peer, one.Lacks, one.Base = h.peer, h.lacks, h.base
			cases = append(cases, one)
		}
		if err := b.compare(c.name, "", cases); err != nil {
			return err
		}
	}
	if err := b.options(list[:1]); err != nil {
		return err
	}
	return proofs(b)
}

// named is a handler that is compared.
type named struct {
	name    string
	handler http.Handler
	// base names what the handler builds on.
	base string
	peer bool
	// lacks is what a peer cannot check.
	lacks string
}

// handlers are unprotected ones, the kit's and the peers', each on its framework.
func (b *bench) handlers(cacheBytes int) ([]named, error) {
	g, err := b.guard(cacheBytes, middleware.Config{})
	if err != nil {
		return nil, err
	}
	var list []named
	for _, framework := range peers.Frameworks {
		base := report.Unprotected(framework)
		list = append(list, named{name: base, handler: peers.Unprotected(framework)},
			named{name: report.On(report.Kit, framework), handler: peers.Protected(framework, g), base: base})
	}
	for _, peer := range peers.Handlers {
		handler, err := peer.New(b, peers.SourceOf(b.issuer, tokens.RS256), b.issuer.Public(tokens.RS256))
		if err != nil {
			return nil, err
		}
		list = append(list, named{
			name: report.On(peer.Name, peer.Framework), handler: handler, base: report.Unprotected(peer.Framework), peer: true,
			lacks: peer.Lacks,
		})
	}
	return list, nil
}

type contextKey struct{}

// opaque hides from the compiler what comes next, as a router does.
var opaque http.Handler = http.HandlerFunc(peers.Nothing)

// injections are what it takes to hand a value to the next handler.
func injections(list []string) []measure.Case {
	value := new(middleware.Token)
	return []measure.Case{
		requesting("WithContext", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			opaque.ServeHTTP(w, r.WithContext(r.Context()))
		}), list),
		requesting(report.Injection, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			opaque.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, value)))
		}), list),
	}
}

// options measures what the parts of a Guard add.
func (b *bench) options(list []string) error {
	var decisions atomic.Uint64
	configs := []struct {
		name   string
		config middleware.Config
		nested bool
	}{
		{name: "plain"},
		{name: "two policies, one inside the other", nested: true},
		{name: "with OnDecision", config: middleware.Config{
			OnDecision: func(context.Context, middleware.Decision) { decisions.Add(1) },
		}},
	}
	for _, entries := range []int{0, min(1_000, b.Entries), b.Entries} {
		revoked, err := b.revocations(entries)
		if err != nil {
			return err
		}
		configs = append(configs, struct {
			name   string
			config middleware.Config
			nested bool
		}{name: fmt.Sprintf("with %s revocations", report.Thousands(entries)), config: middleware.Config{Revocations: revoked}})
	}
	var cases []measure.Case
	for _, c := range configs {
		g, err := b.guard(0, c.config)
		if err != nil {
			return err
		}
		handler := oauthhttp.Require(g, tokens.Scope)(http.HandlerFunc(peers.Nothing))
		if c.nested {
			handler = oauthhttp.Require(g)(handler)
		}
		cases = append(cases, requesting(c.name, handler, list))
	}
	return b.compare("what options add, known token", "net/http.", cases)
}

// revocations returns a list of that many revoked tokens.
func (b *bench) revocations(entries int) (*revocation.List, error) {
	list, err := revocation.NewList(revocation.Config{
		MaxEntries: max(2*entries, 1), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	expires := time.Now().Add(24 * time.Hour)
	for i := range entries {
		r := revocation.Revocation{Issuer: tokens.IssuerURL, ID: fmt.Sprintf("revoked-%d", i), ExpiresAt: expires}
		if err := list.Revoke(b, r); err != nil {
			return nil, err
		}
	}
	return list, nil
}
