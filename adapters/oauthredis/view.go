package oauthredis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// batch is how many entries are read at once.
const batch = 1000

// entry is one entry of the stream. Its text is empty if it has not the one field that it should have.
type entry struct {
	id   id
	text string
}

// view is the stream at one moment. What describes all of it is zero if there is none.
type view struct {
	entries []entry // those asked for, at most batch of them
	now     time.Time
	added   uint64 // how many entries were ever added
	first   id     // of the entries that were not removed
	last    id     // of all entries
	deleted id     // the newest one that was removed from between others
}

// view reads the entries from start on, and in the same transaction what shows whether others were removed.
func (s *Stream) view(ctx context.Context, start id) (*view, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	pipe := s.client.TxPipeline()
	role := pipe.Do(ctx, "role")
	now := pipe.Time(ctx)
	exists := pipe.Exists(ctx, s.config.Key)
	entries := pipe.XRangeN(ctx, s.config.Key, start.String(), "+", batch)
	info := pipe.XInfoStream(ctx, s.config.Key)
	cmds, err := pipe.Exec(ctx)
	switch is := roleIn(role); {
	case is == "master" && exists.Err() == nil && exists.Val() == 0: // then there is no info either
		return &view{now: now.Val()}, nil
	case is != "master" && is != "":
		return nil, s.leaveReplica(ctx)
	case err != nil:
		return nil, cause(reason(cmds, err))
	}
	v := &view{now: now.Val()}
	if err := v.describe(info.Val()); err != nil {
		return nil, err
	}
	return v, v.read(entries.Val())
}

// reason returns why a transaction failed, which is not that it did.
func reason(cmds []redis.Cmder, failed error) error {
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil && !redis.HasErrorPrefix(err, "EXECABORT") {
			return err
		}
	}
	return failed
}

// roleIn returns what a server says it is, or nothing.
func roleIn(reply *redis.Cmd) string {
	parts, _ := reply.Slice()
	if len(parts) == 0 {
		return ""
	}
	role, _ := parts[0].(string)
	return role
}

// leaveReplica has the client drop its connections to a master that was made a replica. It does so when a write fails;
// there, this one removes nothing. Pipelines may have connections of their own.
func (s *Stream) leaveReplica(ctx context.Context) error {
	_ = s.client.XTrimMinID(ctx, s.config.Key, "0").Err()
	_, _ = s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		return pipe.XTrimMinID(ctx, s.config.Key, "0").Err()
	})
	return errReplica
}

var errOldRedis = errors.New("oauthredis: Redis 7.0 or later is needed")

func (v *view) describe(info *redis.XInfoStream) error {
	v.added = uint64(info.EntriesAdded)
	if v.added == 0 && info.Length > 0 {
		return errOldRedis
	}
	for _, position := range []struct {
		text string
		into *id
	}{
		{info.LastGeneratedID, &v.last}, {info.MaxDeletedEntryID, &v.deleted}, {info.RecordedFirstEntryID, &v.first},
	} {
		var err error
		if *position.into, err = parseID(position.text); err != nil {
			return err
		}
	}
	return nil
}

func (v *view) read(messages []redis.XMessage) error {
	v.entries = make([]entry, len(messages))
	for i, m := range messages {
		e := &v.entries[i]
		var err error
		if e.id, err = parseID(m.ID); err != nil {
			return err
		}
		if len(m.Values) == 1 {
			e.text, _ = m.Values[field].(string)
		}
	}
	return nil
}
