package oauthredis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// agreePause is how often replicas look how long the others remember.
	agreePause = time.Minute
	// foreverTTL is how long the word of a replica counts that remembers without end.
	foreverTTL = 48 * time.Hour
)

// agree finds out how long the replica with the longest memory remembers, so that none removes what another one still
// needs: their configurations differ at least while a new one is rolled out. Whoever remembers longest says so in Redis,
// and what it said counts for as long again when it is gone.
func (s *Stream) agree(ctx context.Context) error {
	now := s.config.Now()
	if wait := s.agreed.Add(agreePause).Sub(now); wait > 0 && wait <= agreePause {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	key, own := s.config.Key+":retention", s.retention.Load()
	said, err := s.client.Get(ctx, key).Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return cause(err)
	}
	longest := own
	if own > 0 && (said < 0 || said > own) {
		longest = said
	}
	if longest == own {
		ttl := foreverTTL
		if own > 0 {
			ttl = time.Duration(own) + time.Hour
		}
		if err := s.client.Set(ctx, key, own, ttl).Err(); err != nil {
			return cause(err)
		}
	}
	s.longest.Store(longest)
	s.agreed = now
	return nil
}
