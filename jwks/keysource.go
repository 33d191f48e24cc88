package jwks

import (
	"context"
	"fmt"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/sanity"
	"github.com/bearergate/bearergate/internal/upstream"
)

// keySource is where the keys come from: one of the two. It is no interface, because what is handed to one moves to the
// heap, and with it all that a token needs only while it is judged.
type keySource struct {
	fixed   *static
	fetched *remote
}

func (c *Config) keySource() (keySource, error) {
	switch {
	case c.Keys != nil:
		return keySource{fixed: newStatic(c.Keys.set, c.Keys.skipped)}, nil
	case c.Secret != nil:
		key, err := jose.NewSecret(c.Secret, "")
		if err == nil {
			err = sanity.Key(c.Secret)
		}
		if err != nil {
			return keySource{}, fmt.Errorf("jwks: Secret: %w", err)
		}
		return keySource{fixed: newStatic(jose.NewKeySet(key), nil)}, nil
	}
	lifetime, end := context.WithCancel(context.Background())
	return keySource{fetched: &remote{
		fetcher: &fetcher{
			client:        upstream.Client(c.HTTPClient),
			issuer:        c.Issuer,
			keysURL:       c.JWKSURL,
			allowLoopback: c.AllowLoopbackHTTP,
			ownClient:     c.HTTPClient == nil,
			now:           c.Now,
		},
		timeout:  c.FetchTimeout,
		maxStale: c.MaxStale,
		now:      c.Now,
		budget:   budget{cooldown: c.Cooldown},
		lifetime: lifetime,
		end:      end,
	}}, nil
}

// verify returns the key that made the signature of a token that arrived now.
func (s keySource) verify(ctx context.Context, now time.Time, t *candidate) (*jose.Key, error) {
	if s.fixed != nil {
		return s.fixed.verify(t)
	}
	return s.fetched.verify(ctx, now, t)
}

// holds reports whether the key of an accepted token is known to be still there. It waits for nothing.
func (s keySource) holds(now time.Time, a *accepted, allowed []jose.Algorithm) bool {
	return s.fixed != nil || s.fetched.holds(now, a, allowed)
}

// headers returns those of the tokens that present keys verified, nil while there are none.
func (s keySource) headers() *jose.Headers {
	if s.fixed != nil {
		return s.fixed.set.Headers()
	}
	if keys := s.fetched.current.Load(); keys != nil {
		return keys.keys.Headers()
	}
	return nil
}

// hasNameless reports whether there are fixed keys without an ID, which any token may mean.
func (s keySource) hasNameless() bool { return s.fixed != nil && s.fixed.nameless.Len() > 0 }

func (s keySource) ready(ctx context.Context) error {
	if s.fixed != nil {
		return nil
	}
	return s.fetched.ready(ctx)
}

func (s keySource) state() State {
	if s.fixed != nil {
		return s.fixed.state()
	}
	return s.fetched.state()
}

func (s keySource) close() {
	if s.fetched != nil {
		s.fetched.close()
	}
}
