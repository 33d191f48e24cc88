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

	"golang.org/x/sync/errgroup"

	"github.com/bearergate/bearergate/internal/bench/peers"
	"github.com/bearergate/bearergate/internal/bench/report"
	"github.com/bearergate/bearergate/internal/bench/tokens"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/oauthtest"
)

// How many tokens come at once, and one by one.
const (
	crowd  = 1_000
	series = 200
)

// How often tokens come in an attack, and how long before a rotation it begins.
const (
	tick = 5 * time.Millisecond
	lead = 250 * time.Millisecond
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
	list := []fetcher{
		{name: report.Kit, new: kitWith(0), watch: 3 * time.Second},
		{name: report.Stranger, new: kitWith(shortCooldown), stranger: true, watch: 3 * time.Second},
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

// kitWith sets the kit up with a cool-down, zero for the default.
func kitWith(cooldown time.Duration) func(context.Context, *oauthtest.Server) (peers.Validate, error) {
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

// with sets a candidate up before a fresh authorization server, and returns what was measured.
func (f *fetcher) with(ctx context.Context, measure step) (report.Cell, error) {
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
	return measure(u)
}

func (u *upstream) fetches() int { return u.as.Requests(oauthtest.EndpointJWKS) }

// step is something that is measured before a fresh authorization server.
type step func(*upstream) (report.Cell, error)

// primed is a step that comes once the keys are there.
func primed(next step) step {
	return func(u *upstream) (report.Cell, error) {
		if err := u.validate(u, u.as.Mint(oauthtest.Token{})); err != nil {
			return report.Cell{}, err
		}
		return next(u)
	}
}

// counting returns how many fetches it causes once the keys are there.
func counting(cause func(*upstream) error) step {
	return primed(func(u *upstream) (report.Cell, error) {
		before := u.fetches()
		err := cause(u)
		return report.Cell{Value: float64(u.fetches() - before)}, err
	})
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

// underAttack is a step during which tokens with invented key IDs come, and for some time before it.
func underAttack(next step) step {
	return func(u *upstream) (report.Cell, error) {
		stop := u.attack()
		err := u.wait(lead)
		var cell report.Cell
		if err == nil {
			cell, err = next(u)
		}
		return cell, errors.Join(err, stop())
	}
}

// attack sends invented key IDs until it is stopped.
func (u *upstream) attack() (stop func() error) {
	ctx, cancel := context.WithCancel(u)
	var group errgroup.Group
	group.Go(func() error {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for {
			if u.validate(u, u.unknown()) == nil {
				return errAccepted
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return nil
			}
		}
	})
	return func() error {
		cancel()
		return group.Wait()
	}
}

func (u *upstream) wait(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-u.Done():
		return u.Err()
	}
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

// first is what the first token with a new key says.
func (f *fetcher) first() oauthtest.Token {
	if f.stranger {
		return oauthtest.Token{Subject: "newcomer", ClientID: "new-client"}
	}
	return oauthtest.Token{}
}

// rotation returns how long it takes until a token with a new key is accepted, in milliseconds.
func (f *fetcher) rotation(u *upstream) (report.Cell, error) {
	fetched := u.fetches()
	u.as.Rotate()
	token, began := u.as.Mint(f.first()), time.Now()
	for u.validate(u, token) != nil {
		if time.Since(began) > f.watch {
			return report.Cell{Value: report.Never, Text: fmt.Sprintf("not within %v", f.watch)}, nil
		}
		if err := u.wait(tick); err != nil {
			return report.Cell{}, err
		}
	}
	took := ms(time.Since(began))
	return report.Cell{Value: took, Text: fmt.Sprintf("%.0f ms (%d)", took, u.fetches()-fetched)}, nil
}

func keySets(b *bench) error {
	fetches := report.Table{
		Name: report.Fetches, About: "How often the key set is fetched.", Columns: report.FetchColumns,
	}
	rotations := report.Table{
		Name: report.Rotation, Columns: report.RotationColumns,
		About: fmt.Sprintf("How long after a rotation a token with the new key is accepted, in quiet times and under attack: a token "+
			"of somebody new with an invented key ID comes every %v, from %v before the rotation until the end. In brackets the "+
			"fetches since the rotation.", tick, lead),
	}
	for _, f := range fetchers(b.Watch) {
		b.Progress("  " + f.name)
		row := report.TableRow{Name: f.name}
		for _, measure := range []step{
			coldStart, counting(crowdOfUnknown), counting(seriesOfUnknown), counting(badSignatures), f.afterRotation,
		} {
			cell, err := f.with(b, measure)
			if err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			row.Cells = append(row.Cells, cell)
		}
		fetches.Rows = append(fetches.Rows, row)
		row = report.TableRow{Name: f.name}
		for _, measure := range []step{primed(f.rotation), primed(underAttack(f.rotation))} {
			cell, err := f.with(b, measure)
			if err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			row.Cells = append(row.Cells, cell)
		}
		rotations.Rows = append(rotations.Rows, row)
	}
	floods, err := flood(b)
	if err != nil {
		return fmt.Errorf("%s: %w", report.Flood, err)
	}
	b.out.Tables = append(b.out.Tables, fetches, floods, rotations)
	return nil
}

// afterRotation counts the fetches that good tokens with a new key cause. Where one is refused that is no number of fetches,
// since it takes none to know no new keys.
func (f *fetcher) afterRotation(u *upstream) (report.Cell, error) {
	const tokens = 10
	accepted := 0
	cell, err := counting(func(u *upstream) error {
		u.as.Rotate()
		for range tokens {
			if u.validate(u, u.as.Mint(f.first())) == nil {
				accepted++
			}
		}
		return nil
	})(u)
	if accepted < tokens {
		cell = report.Cell{Value: report.Never, Text: fmt.Sprintf("%.0f, %d accepted", cell.Value, accepted)}
	}
	return cell, err
}

// How long invented key IDs come to a kit that fetches anew rather often.
const (
	floodCooldown  = 200 * time.Millisecond
	floodCooldowns = 5
)

// flood counts the fetches that invented key IDs cause in several cool-downs.
func flood(ctx context.Context) (report.Table, error) {
	table := report.Table{
		Name: report.Flood, Columns: report.FloodColumns,
		About: fmt.Sprintf("A token of somebody new with an invented key ID comes every %v, for several cool-downs of %v. There may be "+
			"a fetch at the beginning, and one for each cool-down that passes.", tick, floodCooldown),
	}
	var passed float64
	f := fetcher{new: kitWith(floodCooldown)}
	fetches, err := f.with(ctx, counting(func(u *upstream) error {
		began := time.Now()
		stop := u.attack()
		err := errors.Join(u.wait(floodCooldowns*floodCooldown), stop())
		passed = float64(time.Since(began)) / float64(floodCooldown)
		return err
	}))
	share := report.Cell{Value: fetches.Value / (1 + passed)}
	table.Rows = []report.TableRow{{Name: report.Kit, Cells: []report.Cell{{Value: passed}, fetches, share}}}
	return table, err
}
