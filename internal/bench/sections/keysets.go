package sections

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/bench/peers"
	"github.com/bearergate/bearergate/internal/bench/report"
	"github.com/bearergate/bearergate/internal/bench/tokens"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/oauthtest"
)

// How many tokens come.
const (
	crowd  = 1_000
	series = 200
	attack = 50
	tick   = 5 * time.Millisecond
)

// fetcher is a candidate that keeps a key set up to date.
type fetcher struct {
	name string
	new  func(ctx context.Context, as *oauthtest.Server) (peers.Validate, error)
	// only is the algorithm it needs.
	only string
	// stranger says that the first token with a new key is that of a client that was not here before.
	stranger bool
	// watch is how long it is given to take a new key.
	watch time.Duration
}

// shortCooldown makes the wait of a stranger short enough to be watched.
const shortCooldown = time.Second

const audience = "https://api.example.com"

// fetchers are the candidates. Ours get the time that they need.
func fetchers(watch time.Duration) []fetcher {
	kit := func(cooldown time.Duration) func(context.Context, *oauthtest.Server) (peers.Validate, error) {
		return func(ctx context.Context, as *oauthtest.Server) (peers.Validate, error) {
			v, err := jwks.New(jwks.Config{
				Issuer: as.Issuer(), Audience: audience, JWKSURL: as.URL(oauthtest.EndpointJWKS), AllowLoopbackHTTP: true,
				Cooldown: cooldown,
			})
			if err != nil {
				return nil, err
			}
			context.AfterFunc(ctx, func() { _ = v.Close() })
			return validatorOf(v), nil
		}
	}
	list := []fetcher{
		{name: report.Kit, new: kit(0), watch: 3 * time.Second},
		{name: report.Stranger, new: kit(shortCooldown), stranger: true, watch: 3 * time.Second},
	}
	for _, peer := range peers.All {
		if !peer.StaticKeys {
			setup := func(ctx context.Context, as *oauthtest.Server) (peers.Validate, error) {
				return peer.New(ctx, peers.Source{
					Issuer: as.Issuer(), Audience: audience, JWKSURL: as.URL(oauthtest.EndpointJWKS),
					Algorithm: algorithmOf(peer), Client: as.HTTPClient(), Refresh: true,
				})
			}
			list = append(list, fetcher{name: peer.Name, only: algorithmOf(peer), watch: watch, new: setup})
		}
	}
	return list
}

// algorithm is the one whose keys are made quickest.
func (f *fetcher) algorithm() string { return cmp.Or(f.only, tokens.ES256) }

func algorithmOf(peer peers.Peer) string {
	if slices.Contains(peer.Algorithms, tokens.ES256) {
		return tokens.ES256
	}
	return peer.Algorithms[0]
}

// upstream is an authorization server with one candidate.
type upstream struct {
	context.Context
	as       *oauthtest.Server
	validate peers.Validate
}

// with sets a candidate up before a fresh authorization server, and returns what step returns.
func (f *fetcher) with(ctx context.Context, step func(*upstream) (report.Cell, error)) (report.Cell, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	as, err := oauthtest.Start(oauthtest.Config{PlainHTTP: true, Algorithms: []string{f.algorithm()}})
	if err != nil {
		return report.Cell{}, err
	}
	defer as.Close()
	as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Latency: latency})
	u := &upstream{Context: ctx, as: as}
	if u.validate, err = f.new(ctx, as); err != nil {
		return report.Cell{}, err
	}
	return step(u)
}

func (u *upstream) fetches() int { return u.as.Requests(oauthtest.EndpointJWKS) }

// counting returns how many fetches the step causes once the keys are there.
func counting(step func(*upstream) error) func(*upstream) (report.Cell, error) {
	return func(u *upstream) (report.Cell, error) {
		if err := u.validate(u, u.as.Mint(oauthtest.Token{})); err != nil {
			return report.Cell{}, err
		}
		before := u.fetches()
		err := step(u)
		return report.Cell{Value: float64(u.fetches() - before)}, err
	}
}

var errAccepted = errors.New("accepted what it has to refuse")

// unknown returns a token of somebody new that names a key nobody has.
func (u *upstream) unknown() string {
	return u.as.Mint(oauthtest.Token{Subject: rand.Text(), ClientID: rand.Text(), Header: map[string]any{"kid": rand.Text()}})
}

// coldStart counts the fetches when very many requests come before there are any keys.
func coldStart(u *upstream) (report.Cell, error) {
	token := u.as.Mint(oauthtest.Token{})
	if failed := atOnce(crowd, func(int) error { return u.validate(u, token) }); failed > 0 {
		return report.Cell{}, fmt.Errorf("%d of %d good tokens refused", failed, crowd)
	}
	return report.Cell{Value: float64(u.fetches())}, nil
}

func crowdOfUnknown(u *upstream) error {
	list := make([]string, crowd)
	for i := range list {
		list[i] = u.unknown()
	}
	if atOnce(crowd, func(i int) error { return u.validate(u, list[i]) }) != crowd {
		return errAccepted
	}
	return nil
}

func seriesOfUnknown(u *upstream) error {
	for range series {
		if u.validate(u, u.unknown()) == nil {
			return errAccepted
		}
	}
	return nil
}

// attacked sends invented key IDs for a while.
func attacked(u *upstream) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for range attack {
		if u.validate(u, u.unknown()) == nil {
			return errAccepted
		}
		<-ticker.C
	}
	return nil
}

func badSignatures(u *upstream) error {
	token := u.as.Mint(oauthtest.Token{})
	dot := strings.LastIndexByte(token, '.')
	for range series {
		if u.validate(u, token[:dot+1]+strings.Repeat("A", len(token)-dot-1)) == nil {
			return errAccepted
		}
	}
	return nil
}

// rotation returns how long it takes until a token with a new key is accepted, in milliseconds.
func rotation(f *fetcher, before func(*upstream) error) func(*upstream) (report.Cell, error) {
	return func(u *upstream) (report.Cell, error) {
		if err := u.validate(u, u.as.Mint(oauthtest.Token{})); err != nil {
			return report.Cell{}, err
		}
		if err := before(u); err != nil {
			return report.Cell{}, err
		}
		u.as.Rotate()
		first := oauthtest.Token{}
		if f.stranger {
			first.Subject, first.ClientID = "newcomer", "new-client"
		}
		token := u.as.Mint(first)
		fetched, began := u.fetches(), time.Now()
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for u.validate(u, token) != nil {
			if time.Since(began) > f.watch {
				return report.Cell{Value: report.Never, Text: fmt.Sprintf("not within %v", f.watch)}, nil
			}
			select {
			case <-ticker.C:
			case <-u.Done():
				return report.Cell{}, u.Err()
			}
		}
		took := ms(time.Since(began))
		return report.Cell{Value: took, Text: fmt.Sprintf("%.0f ms (%d)", took, u.fetches()-fetched)}, nil
	}
}

func nothing(*upstream) error { return nil }

func keySets(b *bench) error {
	fetches := report.Table{
		Name: report.Fetches, About: "How often the key set is fetched.", Columns: report.FetchColumns,
	}
	rotations := report.Table{
		Name: report.Rotation, Columns: report.RotationColumns,
		About: fmt.Sprintf("How long after a rotation a token with the new key is accepted, in quiet times and right after %d "+
			"tokens with invented key IDs; in brackets the fetches.", attack),
	}
	for _, f := range fetchers(b.Watch) {
		b.Progress("  " + f.name)
		row := report.TableRow{Name: f.name}
		for _, step := range []func(*upstream) (report.Cell, error){
			coldStart, counting(crowdOfUnknown), counting(seriesOfUnknown), counting(badSignatures),
			counting(rotate),
		} {
			cell, err := f.with(b, step)
			if err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			row.Cells = append(row.Cells, cell)
		}
		fetches.Rows = append(fetches.Rows, row)
		row = report.TableRow{Name: f.name}
		for _, before := range []func(*upstream) error{nothing, attacked} {
			cell, err := f.with(b, rotation(&f, before))
			if err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			row.Cells = append(row.Cells, cell)
		}
		rotations.Rows = append(rotations.Rows, row)
	}
	b.out.Tables = append(b.out.Tables, fetches, rotations)
	return nil
}

// rotate sends tokens with the new key, whatever comes of them.
func rotate(u *upstream) error {
	u.as.Rotate()
	for range 10 {
		_ = u.validate(u, u.as.Mint(oauthtest.Token{}))
	}
	return nil
}
