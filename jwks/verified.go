package jwks

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/internal/tokenkey"
	"github.com/bearergate/bearergate/middleware"
)

// accepted is a token that a Validator found to be good, with what has to hold for it to stay so.
type accepted struct {
	token *middleware.Token
	by    *seat
	// keyID and thumbprint are those of the key that made the signature, with alg. set is the number of the key set it was
	// last seen in. None of them keeps a key set alive.
	keyID, thumbprint string
	alg               jose.Algorithm
	set               atomic.Uint64
	// party is whom the token was issued to.
	party uint64
	// from and until bound when the token may be honoured, leeway included.
	from, until time.Time
}

// seat is where a Validator can be found as long as it is in use. What a Resolver has let go of must not be kept alive by
// the tokens it accepted.
type seat struct {
	validator atomic.Pointer[Validator]
	// used is when a token was last found to be good, in unix nanoseconds by clock, which only a Resolver sets.
	used  atomic.Int64
	clock func() time.Time
}

func (s *seat) use() {
	if s.clock != nil {
		s.used.Store(s.clock().UnixNano())
	}
}

// stillGood reports whether the token would be accepted again, as far as that is known: it is its time, and the key is
// still one of the issuer's.
func (a *accepted) stillGood() bool {
	v := a.by.validator.Load()
	if v == nil {
		return false
	}
	now := v.now()
	if now.Before(a.from) || !now.Before(a.until) || !v.keys.holds(now, a, v.allowed) {
		return false
	}
	a.by.use()
	return true
}

// verified remembers accepted tokens by a keyed hash of the whole token, signature included. It holds neither tokens nor
// decisions. A nil verified remembers nothing.
type verified struct {
	maxBytes int
	// forgotten counts how often a token was forgotten.
	forgotten atomic.Uint64
	once      sync.Once // most validators never use theirs: they are asked by a Router or a Resolver
	keys      *tokenkey.Maker
	cache     *otter.Cache[tokenkey.Key, *accepted]
}

// newVerified returns nil for a bound of zero.
func newVerified(maxBytes int) *verified {
	if maxBytes <= 0 {
		return nil
	}
	return &verified{maxBytes: maxBytes}
}

func (c *verified) open() {
	c.keys = tokenkey.New()
	// Nothing in these options can fail.
	c.cache, _ = otter.New(&otter.Options[tokenkey.Key, *accepted]{
		MaximumWeight: uint64(c.maxBytes),
		Weigher:       func(_ tokenkey.Key, a *accepted) uint32 { return a.weight() },
		Logger:        &otter.NoopLogger{},
	})
}

const defaultCacheBytes = 32 << 20

// acceptedBytes is what an entry takes besides its claims, measured; the claims take half as much again in parts, and each
// audience a header of its own.
const (
	acceptedBytes = 700
	audienceBytes = 48
)

func (a *accepted) weight() uint32 {
	claims, _ := a.token.Claims.(strictjson.Document)
	return uint32(acceptedBytes + len(claims) + len(claims)/2 + audienceBytes*a.token.Audience.Len())
}

// validate returns what is remembered of a token, as long as it stays good, or else has it judged. What is refused leaves
// no trace.
func (c *verified) validate(
	ctx context.Context, accessToken string, judge func(context.Context, string) (*accepted, error),
) (*middleware.Token, error) {
	if c == nil || len(accessToken) > jose.MaxTokenBytes || strings.Count(accessToken, ".") != 2 {
		a, err := judge(ctx, accessToken)
		if err != nil {
			return nil, err
		}
		return a.token, nil
	}
	c.once.Do(c.open)
	key := c.keys.Key(accessToken)
	known, ok := c.cache.GetIfPresent(key)
	if ok && known.stillGood() {
		return known.token, nil
	}
	forgotten := c.forgotten.Load()
	a, err := judge(ctx, accessToken)
	if err != nil {
		if ok && errors.Is(err, middleware.ErrInvalidToken) {
			c.cache.Invalidate(key)
		}
		return nil, err
	}
	c.cache.Set(key, a)
	if c.forgotten.Load() != forgotten { // perhaps this one
		c.cache.Invalidate(key)
	}
	return a.token, nil
}

// forget drops what is remembered of a token.
func (c *verified) forget(accessToken string) {
	if c != nil {
		c.once.Do(c.open)
		c.forgotten.Add(1)
		c.cache.Invalidate(c.keys.Key(accessToken))
	}
}
