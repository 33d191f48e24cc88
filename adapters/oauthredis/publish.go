package oauthredis

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/revocation"
)

// field is the one field of an entry. A version that needs another one names it differently, so that this one does not
// take half of what it says for all of it.
const field = "record"

var errUnconfirmed = errors.New("oauthredis: too few replicas of Redis confirmed the revocation")

// Publish implements revocation.Replicator. It returns nil once Redis, and as many of its replicas as WaitReplicas says,
// have the record. On an error they may have it all the same.
func (s *Stream) Publish(ctx context.Context, r revocation.Record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	entry := &redis.XAddArgs{Stream: s.config.Key, Values: []any{field, text}}
	if floor := s.floor(); floor > 0 {
		entry.MinID, entry.Approx = strconv.FormatInt(floor, 10), true
	}
	add := s.add
	if s.config.WaitReplicas > 0 {
		add = s.addConfirmed
	}
	added, err := add(ctx, entry)
	if err != nil {
		return err
	}
	if i, err := parseID(added); err == nil {
		s.see(i)
	}
	return nil
}

func (s *Stream) add(ctx context.Context, entry *redis.XAddArgs) (string, error) {
	added, err := s.client.XAdd(ctx, entry).Result()
	if err != nil {
		return "", cause(err)
	}
	return added, nil
}

// addConfirmed waits on the connection that the entry was added on: only there does Redis know what to wait for. Watch is
// what every kind of client has to stay on one.
func (s *Stream) addConfirmed(ctx context.Context, entry *redis.XAddArgs) (string, error) {
	var added *redis.StringCmd
	var confirmed *redis.Cmd
	err := s.client.Watch(ctx, func(tx *redis.Tx) error {
		_, err := tx.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			added = pipe.XAdd(ctx, entry)
			confirmed = pipe.Do(ctx, "wait", s.config.WaitReplicas, max((s.config.Timeout/2).Milliseconds(), 1))
			return nil
		})
		return err
	}, s.config.Key)
	if err != nil {
		return "", cause(err)
	}
	if n, err := confirmed.Int(); err != nil || n < s.config.WaitReplicas {
		return "", errUnconfirmed
	}
	return added.Val(), nil
}

// floor is the time of the oldest entry that may still matter, in milliseconds; not positive if all of them may. Of two
// clocks, that of Redis as far as it is known and ours, it takes the one that is behind: if one is wrong, entries are
// kept for too long rather than removed too soon.
func (s *Stream) floor() int64 {
	retention := time.Duration(s.longest.Load())
	if retention <= 0 {
		return 0
	}
	now := min(uint64(max(s.config.Now().UnixMilli(), 0)), s.newest.Load())
	return int64(now) - retention.Milliseconds()
}

// see notes the time of an entry.
func (s *Stream) see(i id) {
	for {
		newest := s.newest.Load()
		if i.ms <= newest || s.newest.CompareAndSwap(newest, i.ms) {
			return
		}
	}
}
