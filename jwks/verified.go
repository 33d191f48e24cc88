package jwks

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/tokenkey"
	"github.com/bearergate/bearergate/middleware"
)

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

// validate returns what is remembered of a token, as long as it stays good, or else has it judged. What is refused leaves
// no trace.
func (c *verified) validate(
	ctx context.Context, accessToken string, judge func(context.Context, string) (*accepted, error),
) (*middleware.Token, error) {
	if c == nil || !worthRemembering(accessToken) {
		a, err := judge(ctx, accessToken)
		if err != nil {
			return nil, err
		}
		return &a.token, nil
	}
	c.once.Do(c.open)
	key := c.keys.Key(accessToken)
	known, ok := c.cache.GetIfPresent(key)
	if ok && known.stillGood() {
		return &known.token, nil
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
	return &a.token, nil
}

// worthRemembering tells rubbish from tokens without looking at all of it. A header is a JSON object, and its first
// character makes an e; one that begins with white space is not remembered.
func worthRemembering(accessToken string) bool {
	return len(accessToken) <= jose.MaxTokenBytes && len(accessToken) > 0 && accessToken[0] == 'e'
}

// forget drops what is remembered of a token.
func (c *verified) forget(accessToken string) {
	if c != nil && worthRemembering(accessToken) {
		c.once.Do(c.open)
		c.forgotten.Add(1)
		c.cache.Invalidate(c.keys.Key(accessToken))
	}
}
