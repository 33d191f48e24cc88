package jwks

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/tokencache"
	"github.com/bearergate/bearergate/internal/tokenkey"
	"github.com/bearergate/bearergate/middleware"
)

// verified remembers accepted tokens by a keyed hash of the whole token, signature included. It holds neither tokens nor
// decisions. A nil verified remembers nothing.
type verified struct {
	maxBytes int
	// mu is held while a token is put or forgotten, so that one that was forgotten is not there even for a moment.
	mu sync.Mutex
	// forgotten counts how often a token was forgotten.
	forgotten atomic.Uint64
	once      sync.Once // most validators never use theirs: they are asked by a Router or a Resolver
	keys      *tokenkey.Maker
	cache     *tokencache.Cache[accepted]
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
	c.cache = tokencache.New[accepted](uint64(c.maxBytes))
}

const defaultCacheBytes = 32 << 20

// validate returns what is remembered of a token, as long as it stays good, or else has it judged. What is refused leaves
// no trace.
func (c *verified) validate(
	ctx context.Context, accessToken string, judge func(context.Context, string) (*entry, error),
) (*middleware.Token, error) {
	if c == nil || !worthRemembering(accessToken) {
		judged, err := judge(ctx, accessToken)
		if err != nil {
			return nil, err
		}
		return &judged.Value.token, nil
	}
	c.once.Do(c.open)
	key := c.keys.Key(accessToken)
	known := c.cache.Get(key)
	if known != nil && known.Value.stillGood() {
		return &known.Value.token, nil
	}
	forgotten := c.forgotten.Load()
	judged, err := judge(ctx, accessToken)
	if err != nil {
		if known != nil && errors.Is(err, middleware.ErrInvalidToken) {
			c.cache.Delete(key)
		}
		return nil, err
	}
	c.remember(key, judged, forgotten)
	return &judged.Value.token, nil
}

// remember keeps what was judged, unless a token was forgotten since the count was taken: perhaps this one.
func (c *verified) remember(key tokenkey.Key, judged *entry, forgotten uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forgotten.Load() == forgotten {
		c.cache.Put(key, judged.Value.weight(), judged)
	}
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
		c.mu.Lock()
		defer c.mu.Unlock()
		c.forgotten.Add(1)
		c.cache.Delete(c.keys.Key(accessToken))
	}
}
