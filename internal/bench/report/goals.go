package report

import (
	"fmt"
	"math"
)

// Goal is what the kit wants to reach, in terms of a yardstick that was measured beside it.
type Goal struct {
	ID, Text string
	Limit    float64
	// AtLeast goals are reached from Limit upwards, Exactly ones at Limit alone, all others up to Limit.
	AtLeast, Exactly bool
	// Of returns what was measured, NaN if it was not.
	Of func(d *Data) Stat
}

// Reached reports whether a result is good enough.
func (g *Goal) Reached(s Stat) bool {
	switch {
	case g.AtLeast:
		return s.Median >= g.Limit
	case g.Exactly:
		return s.Median == g.Limit
	}
	return s.Median <= g.Limit
}

// sign says on which side of Limit a result has to be.
func (g *Goal) sign() string {
	switch {
	case g.AtLeast:
		return "≥"
	case g.Exactly:
		return "="
	}
	return "≤"
}

// Goals are all of them, by the numbers they are known under.
var Goals = []Goal{
	{ID: "1", Text: "new RS256 token / raw crypto", Limit: 1.08, Of: ratio(New("RS256"), Kit, fastestRaw)},
	{ID: "2a", Text: "new ES256 token / raw crypto", Limit: 1.06, Of: ratio(New("ES256"), Kit, fastestRaw)},
	{ID: "2b", Text: "new EdDSA token / raw crypto", Limit: 1.06, Of: ratio(New("EdDSA"), Kit, fastestRaw)},
	{ID: "3", Text: "new HS256 token / raw HMAC", Limit: 4, Of: ratio(New("HS256"), Kit, fastestRaw)},
	{ID: "4", Text: "what is added to the raw HMAC / what golang-jwt adds", Limit: 0.20, Of: overhead},
	{
		ID: "5a", Text: "new RS256 token / golang-jwt + keyfunc",
		Limit: 0.85, Of: ratio(New("RS256"), Kit, named("golang-jwt + keyfunc")),
	},
	{ID: "5b", Text: "new RS256 token / jwx v2 `jwt.Parse`", Limit: 0.55, Of: ratio(New("RS256"), Kit, named("jwx v2"))},
	{ID: "6a", Text: "allocations above those of raw crypto, new RS256 token", Limit: 4, Of: above(allocs)},
	{ID: "6b", Text: "bytes above those of raw crypto, new RS256 token", Limit: 1024, Of: above(size)},
	{ID: "7a", Text: "known token / SHA-256 of it", Limit: 0.45, Of: ratio(Same, Kit, named(Digest))},
	{ID: "7b", Text: "allocations for a known token", Limit: 0, Of: count(Same, Kit, allocs)},
	{ID: "8", Text: "known token / fastest peer", Limit: 1.0 / 120, Of: ratio(Same, Kit, fastestPeer)},
	{ID: "9", Text: "known token, chosen among very many / among a few thousand", Limit: 3.5, Of: live(false)},
	{ID: "10", Text: "known tokens in a time, chosen at random, 2 CPUs / 1 CPU", Limit: 1.8, AtLeast: true, Of: live(true)},
	{ID: "11", Text: "what the net/http middleware adds / WithValue + WithContext", Limit: 3, Of: added},
	{
		ID: "12a", Text: "allocations of net/http middleware, known token",
		Limit: 2, Of: count(HandlerHot, On(Kit, "net/http"), allocs),
	},
	{
		ID: "12b", Text: "bytes of net/http middleware, known token",
		Limit: 352, Of: count(HandlerHot, On(Kit, "net/http"), size),
	},
	{ID: "12c", Text: "allocations on Gin, known token", Limit: 2, Of: count(HandlerHot, On(Kit, "Gin"), allocs)},
	{
		ID: "12d", Text: "allocations on Echo, Echo's own included, known token",
		Limit: 3, Of: count(HandlerHot, On(Kit, "Echo"), allocs),
	},
	{
		ID: "13", Text: "loopback, known token, net/http / unprotected net/http",
		Limit: 1.10, Of: ratio(LoopbackHot, On(Kit, "net/http"), named(Unprotected("net/http"))),
	},
	{
		ID: "14a", Text: "loopback, known token, net/http / fastest peer on any framework",
		Limit: 0.36, Of: ratio(LoopbackHot, On(Kit, "net/http"), fastestPeer),
	},
	{
		ID: "14b", Text: "loopback, new tokens, net/http / fastest peer on any framework",
		Limit: 0.88, Of: ratio(LoopbackNew, On(Kit, "net/http"), fastestPeer),
	},
	{ID: "15a", Text: "bytes that the cache takes besides what a token says", Limit: 160, Of: cell(Memory, Entry, Each)},
	{ID: "15b", Text: "bytes that a cached token with 387 bytes of claims takes in all", Limit: 900, Of: cell(Memory, Whole, Each)},
	{ID: "15c", Text: "MiB of the default cache, full", Limit: 64, Of: cell(Bounded, Whole, "MiB")},
	{ID: "16a", Text: "calls for 256 requests at once, active token", Limit: 1, Exactly: true, Of: cell(Asked, Kit, AskedColumns[0])},
	{ID: "16b", Text: "the same again", Limit: 0, Exactly: true, Of: cell(Asked, Kit, AskedColumns[1])},
	{ID: "16c", Text: "calls for 256 requests at once, inactive token", Limit: 1, Exactly: true, Of: cell(Asked, Kit, AskedColumns[2])},
	{ID: "16d", Text: "the same again", Limit: 0, Exactly: true, Of: cell(Asked, Kit, AskedColumns[3])},
	{ID: "17", Text: "known opaque token / oathkeeper", Limit: 1.0 / 200, Of: ratio(Cached, Kit, named(Oathkeeper))},
	{ID: "18a", Text: "fetches for 1,000 unknown keys at once", Limit: 1, Of: cell(Fetches, Kit, FetchColumns[1])},
	{
		ID: "18b", Text: "fetches for unknown keys of strangers in time t / (1 + t / cool-down)",
		Limit: 1, Of: cell(Flood, Kit, FloodColumns[2]),
	},
	{ID: "18c", Text: "fetches for 200 bad signatures", Limit: 0, Exactly: true, Of: cell(Fetches, Kit, FetchColumns[3])},
	{ID: "18d", Text: "fetches for a cold start with 1,000 at once", Limit: 1, Exactly: true, Of: cell(Fetches, Kit, FetchColumns[0])},
	{ID: "19a", Text: "fetches until 10 of 10 tokens are accepted after a rotation", Limit: 1, Exactly: true, Of: cell(Fetches, Kit, FetchColumns[4])},
	{
		ID: "19b", Text: "ms until a rotated key is accepted under attack, client seen before",
		Limit: 10_000, Of: cell(Rotation, Kit, RotationColumns[1]),
	},
	{
		ID: "19c", Text: "the same for a new client, in cool-downs",
		Limit: 1, Of: scaled(1e-3, cell(Rotation, Stranger, RotationColumns[1])),
	},
	{ID: "20a", Text: "refusing an unknown key ID / fastest peer", Limit: 0.4, Of: ratio(UnknownKey, Kit, fastestPeer)},
	{ID: "20b", Text: "refusing what is no JWT / fastest peer", Limit: 1, Of: ratio(NotAJWT, Kit, fastestPeer)},
}

var unknown = Stat{math.NaN(), 0}

func named(name string) func(*Comparison) *Row {
	return func(c *Comparison) *Row { return c.Row(name) }
}

func fastestPeer(c *Comparison) *Row { return c.FastestPeer() }

// fastestRaw returns the faster way to have the standard library check a signature.
func fastestRaw(c *Comparison) *Row {
	fastest, other := c.Row(Raw), c.Row(RawBigInt)
	if other != nil && (fastest == nil || StatOf(other.Nanos).Median < StatOf(fastest.Nanos).Median) {
		return other
	}
	return fastest
}

// ratio is that of a row and a yardstick of the same comparison.
func ratio(comparison, row string, yardstick func(*Comparison) *Row) func(*Data) Stat {
	return func(d *Data) Stat {
		c := d.Comparison(comparison)
		a, b := c.Row(row), yardstick(c)
		if a == nil || b == nil {
			return unknown
		}
		return Ratio(a, b)
	}
}

// overhead compares what is added to the raw check, where that is quickest.
func overhead(d *Data) Stat {
	c := d.Comparison(New("HS256"))
	kit, raw, peer := c.Row(Kit), c.Row(Raw), c.Row("golang-jwt + keyfunc")
	if kit == nil || raw == nil || peer == nil {
		return unknown
	}
	return Combine(func(ns ...float64) float64 { return (ns[0] - ns[1]) / (ns[2] - ns[1]) }, kit, raw, peer)
}

// added compares what the middleware adds with what it cannot do without.
func added(d *Data) Stat {
	c := d.Comparison(HandlerHot)
	kit, bare, injection := c.Row(On(Kit, "net/http")), c.Row(Unprotected("net/http")), c.Row(Injection)
	if kit == nil || bare == nil || injection == nil {
		return unknown
	}
	return Combine(func(ns ...float64) float64 { return (ns[0] - ns[1]) / (ns[2] - ns[1]) }, kit, bare, injection)
}

// live compares rows of the live tokens: how they scale with CPUs, or with the number of tokens.
func live(withCPUs bool) func(*Data) Stat {
	return func(d *Data) Stat {
		c := d.Comparison(Hot)
		few, other := c.Row(Live(d.Tokens, 1)), c.Row(Live(d.Live, 1))
		if withCPUs {
			few, other = c.Row(Live(d.Tokens, 2)), few
		}
		if few == nil || other == nil {
			return unknown
		}
		return Ratio(other, few)
	}
}

func allocs(r *Row) float64 { return math.Round(r.Allocs) }
func size(r *Row) float64   { return math.Round(r.Bytes) }

func count(comparison, row string, of func(*Row) float64) func(*Data) Stat {
	return func(d *Data) Stat {
		r := d.Comparison(comparison).Row(row)
		if r == nil {
			return unknown
		}
		return Stat{of(r), 0}
	}
}

func above(of func(*Row) float64) func(*Data) Stat {
	return func(d *Data) Stat {
		c := d.Comparison(New("RS256"))
		kit, raw := c.Row(Kit), c.Row(Raw)
		if kit == nil || raw == nil {
			return unknown
		}
		return Stat{of(kit) - of(raw), 0}
	}
}

func cell(table, row, column string) func(*Data) Stat {
	return func(d *Data) Stat {
		c := d.Cell(table, row, column)
		if c == nil {
			return unknown
		}
		return Stat{c.Value, 0}
	}
}

func scaled(by float64, of func(*Data) Stat) func(*Data) Stat {
	return func(d *Data) Stat {
		s := of(d)
		return Stat{by * s.Median, by * s.Spread}
	}
}

// Number writes a ratio, and one far below 1 as a fraction.
func Number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "not measured"
	case v >= Never:
		return "never"
	case v == math.Trunc(v):
		return fmt.Sprintf("%.0f", v)
	case v < 0.1 && v > 0:
		return fmt.Sprintf("1/%.0f", 1/v)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
