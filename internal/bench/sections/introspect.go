package sections

import (
	"context"
	"fmt"

	"github.com/bearergate/bearergate/internal/bench/measure"
	"github.com/bearergate/bearergate/internal/bench/peers"
	"github.com/bearergate/bearergate/internal/bench/report"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/oauthtest"
)

// concurrent is how many requests come at once with the same token.
const concurrent = 256

// asker is a candidate that asks whether opaque tokens are active. atOnce has it asked n times at the same time, each
// times in a row, and returns how many of the n were refused.
type asker struct {
	name   string
	peer   bool
	atOnce func(token string, n, times int) (refused int, err error)
}

func introspect(b *bench) error {
	as, err := oauthtest.Start(oauthtest.Config{PlainHTTP: true})
	if err != nil {
		return err
	}
	defer as.Close()
	as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Latency: latency})
	askers, err := b.askers(as)
	if err != nil {
		return err
	}
	table := report.Table{
		Name: report.Asked, About: fmt.Sprintf("%d requests at once with one token, and the same again.", concurrent),
		Columns: report.AskedColumns,
	}
	for _, a := range askers {
		row := report.TableRow{Name: a.name}
		for _, kind := range []struct {
			token   string
			refused int
		}{
			{as.Mint(oauthtest.Token{Opaque: true, Scope: "orders:read"}), 0},
			{"an-unknown-token-" + a.name[:3], concurrent},
		} {
			for range 2 {
				before := as.Requests(oauthtest.EndpointIntrospection)
				refused, err := a.atOnce(kind.token, concurrent, 1)
				if err != nil {
					return fmt.Errorf("%s: %w", a.name, err)
				}
				if refused != kind.refused {
					return fmt.Errorf("%s: refused %d of %d, want %d", a.name, refused, concurrent, kind.refused)
				}
				calls := float64(as.Requests(oauthtest.EndpointIntrospection) - before)
				row.Cells = append(row.Cells, report.Cell{Value: calls})
			}
		}
		table.Rows = append(table.Rows, row)
	}
	b.out.Tables = append(b.out.Tables, table)
	return b.knownOpaque(as, askers)
}

// knownOpaque compares the candidates on a token about which they asked before.
func (b *bench) knownOpaque(as *oauthtest.Server, askers []asker) error {
	token := as.Mint(oauthtest.Token{Opaque: true, Scope: "orders:read"})
	var cases []measure.Case
	for _, a := range askers {
		cases = append(cases, measure.Case{Name: a.name, Peer: a.peer, Worker: func() func(int) error {
			return func(n int) error {
				refused, err := a.atOnce(token, 1, n)
				if err != nil {
					return err
				}
				return must(refused == 0)
			}
		}})
	}
	return b.compare(report.Cached, "Allocations of oathkeeper, which runs in a process of its own, are not counted.", cases)
}

func (b *bench) askers(as *oauthtest.Server) ([]asker, error) {
	kit, err := introspection.New(introspection.Config{
		Endpoint: as.URL(oauthtest.EndpointIntrospection), Issuer: as.Issuer(), Audience: "https://api.example.com",
		ClientAuth: introspection.SecretBasic("orders", "secret"), AllowLoopbackHTTP: true,
	})
	if err != nil {
		return nil, err
	}
	context.AfterFunc(b, func() { _ = kit.Close() })
	theirs, err := peers.Introspect(b, as.HTTPClient(), as.Issuer(), as.URL(oauthtest.EndpointIntrospection),
		"orders", "secret")
	if err != nil {
		return nil, err
	}
	list := []asker{
		{name: report.Kit, atOnce: b.asking(func(ctx context.Context, token string) error {
			_, err := kit.Validate(ctx, token)
			return err
		})},
		{name: "zitadel, never caches", peer: true, atOnce: b.asking(theirs)},
	}
	if b.Oathkeeper == "" {
		return list, nil
	}
	keeper, err := startOathkeeper(b, b.Oathkeeper, as.URL(oauthtest.EndpointIntrospection))
	if err != nil {
		return nil, fmt.Errorf("oathkeeper: %w", err)
	}
	return append(list, asker{name: report.Oathkeeper, peer: true, atOnce: keeper.atOnce}), nil
}

func (b *bench) asking(validate peers.Validate) func(string, int, int) (int, error) {
	return func(token string, n, times int) (int, error) {
		ask := func(int) error {
			for range times {
				if err := validate(b, token); err != nil {
					return err
				}
			}
			return nil
		}
		if n > 1 {
			return atOnce(n, ask), nil
		}
		if ask(0) != nil {
			return 1, nil
		}
		return 0, nil
	}
}
