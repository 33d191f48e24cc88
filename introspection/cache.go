package introspection

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
	"github.com/maypok86/otter/v2"
)

// key stands for a token, so that caches never hold one.
type key [sha256.Size]byte

// keyOf needs no memory for tokens of the usual size.
func keyOf(accessToken string) key {
	var usual [1 << 10]byte
	return sha256.Sum256(append(usual[:0], accessToken...))
}

// span says how long something is believed, in unix nanoseconds.
type span struct {
	since int64 // when the server was asked
	fresh int64 // until then no newer answer is wanted
	until int64 // until then it counts if none can be had
}

// fact is what is known about an active token.
type fact struct {
	span
	token middleware.Token
}

// refusal is what is known about a token that was refused.
type refusal struct {
	span
	verdict error
}

// cache holds facts and refusals apart, so that neither displaces the other.
type cache struct {
	facts    *otter.Cache[key, *fact]
	refusals *otter.Cache[key, refusal]
	ttl      time.Duration
	stale    time.Duration
	negative time.Duration
}

func newCache(c *Config) (*cache, error) {
	facts, err := otter.New(&otter.Options[key, *fact]{
		MaximumWeight:    uint64(c.MaxCacheBytes),
		Weigher:          func(_ key, f *fact) uint32 { return f.weight() },
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[key, *fact]) time.Duration { return e.Value.left(e.SnapshotAtNano) }),
		Clock:            tickless{c.Now},
		Logger:           &otter.NoopLogger{},
	})
	if err != nil {
		return nil, fmt.Errorf("introspection: cache: %w", err)
	}
	refusals, err := otter.New(&otter.Options[key, refusal]{
		MaximumSize:      c.MaxNegativeEntries,
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[key, refusal]) time.Duration { return e.Value.left(e.SnapshotAtNano) }),
		Clock:            tickless{c.Now},
		Logger:           &otter.NoopLogger{},
	})
	if err != nil {
		return nil, fmt.Errorf("introspection: negative cache: %w", err)
	}
	return &cache{facts, refusals, c.CacheTTL, c.StaleIfError, c.NegativeTTL}, nil
}

// left is when otter may free the memory; it takes nothing below one for an answer. Whether an entry counts is decided
// by covers alone.
func (s *span) left(now int64) time.Duration { return time.Duration(max(s.until-now, 1)) }

// maxClockStep is how far a clock may be set back before cached times stop making sense.
const maxClockStep = int64(time.Minute)

func (s *span) covers(now int64) bool { return s.since-maxClockStep <= now && now < s.until }

// tickless is the clock of a cache that needs no goroutine: without ticks, what has expired is removed by later writes.
type tickless struct{ now func() time.Time }

func (t tickless) NowNano() int64                      { return t.now().UnixNano() }
func (t tickless) Tick(time.Duration) <-chan time.Time { return nil }

// active returns what is known about an active token, and whether it is fresh. Nothing is returned past the token's exp.
func (c *cache) active(k key) (t *middleware.Token, fresh bool) {
	e, ok := c.facts.GetEntry(k)
	if !ok || !e.Value.covers(e.SnapshotAtNano) {
		return nil, false
	}
	return &e.Value.token, e.SnapshotAtNano < e.Value.fresh
}

// refused returns the verdict on a token that was refused a moment ago, or nil.
func (c *cache) refused(k key) error {
	e, ok := c.refusals.GetEntry(k)
	if !ok || !e.Value.covers(e.SnapshotAtNano) {
		return nil
	}
	return e.Value.verdict
}

// knows reports whether nothing newer is wanted about a token.
func (c *cache) knows(k key) bool {
	_, fresh := c.active(k)
	return fresh || c.refused(k) != nil
}

// put keeps the outcome of a question that was asked at a certain time. An outcome that is no verdict leaves everything
// as it was. That a token is not valid yet is not kept: any moment may change it.
func (c *cache) put(k key, t *middleware.Token, verdict error, asked time.Time) {
	switch {
	case t != nil:
		c.facts.Set(k, &fact{c.span(asked, c.ttl, c.stale, t.ExpiresAt), *t})
	case errors.Is(verdict, middleware.ErrInvalidToken):
		c.facts.Invalidate(k)
		if c.negative > 0 && middleware.ReasonOf(verdict) != middleware.ReasonNotYetValid {
			c.refusals.Set(k, refusal{c.span(asked, c.negative, 0, time.Time{}), verdict})
		}
	}
}

// span never reaches past expires, unless that is zero.
func (c *cache) span(asked time.Time, fresh, stale time.Duration, expires time.Time) span {
	nanos := func(t time.Time) int64 {
		if !expires.IsZero() && expires.Before(t) {
			t = expires
		}
		return t.UnixNano()
	}
	return span{asked.UnixNano(), nanos(asked.Add(fresh)), nanos(asked.Add(fresh + stale))}
}

func (c *cache) drop(k key) {
	c.facts.Invalidate(k)
	c.refusals.Invalidate(k)
}

// factBytes is what a fact takes besides its answer, measured; an answer takes half as much again in parts.
const factBytes = 512

func (f *fact) weight() uint32 {
	answer, _ := f.token.Claims.(strictjson.Document)
	return uint32(factBytes + len(answer) + len(answer)/2)
}
