package oauthredis

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/revocation"
)

const (
	// maxBlock is how long to wait for an entry before looking whether the stream is still the same. That is how entries
	// are found whose IDs are lower than ours, and how often contact is renewed while nothing happens.
	maxBlock = time.Second

	minPause = 50 * time.Millisecond
	maxPause = time.Second
)

// follower applies what is in a stream to a list. It is one goroutine.
type follower struct {
	stream *Stream
	list   *revocation.List
	ledger ledger
	// at is the entry up to which the stream was read; zero is its beginning. As long as that entry is there, everything
	// before it was read as well, whichever server answers: in what a master hands to its replicas there are no holes.
	at entry
}

func (f *follower) run() {
	ctx := f.stream.lifetime
	for failures := 0; ctx.Err() == nil; {
		if f.attempt(ctx) {
			failures = 0
			continue
		}
		failures++
		pause(ctx, failures)
	}
}

var errPanicked = errors.New("oauthredis: a function of the configuration panicked")

// attempt makes a round and reports whether it went well. A panic of the caller's code must not end the process: no HTTP
// server stands above this goroutine.
func (f *follower) attempt(ctx context.Context) (ok bool) {
	defer func() {
		if recover() != nil {
			f.stream.lose(ctx, errPanicked)
		}
	}()
	err := f.round(ctx)
	switch {
	case ctx.Err() != nil:
		return false
	case err != nil:
		f.stream.lose(ctx, err)
		return false
	}
	f.stream.regain(ctx)
	return true
}

// pause grows with the number of failures in a row. Replicas that failed together do not come back together.
func pause(ctx context.Context, failures int) {
	ceiling := min(minPause<<min(failures, 10), maxPause)
	timer := time.NewTimer(ceiling/2 + rand.N(ceiling/2))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// round reads to the end of the stream and waits for more.
func (f *follower) round(ctx context.Context) (err error) {
	_ = f.stream.agree(ctx) // while it is not known nothing is removed, and a Redis that takes no writes can be read
	for more := true; more && ctx.Err() == nil; {
		if more, err = f.read(ctx); err != nil {
			return err
		}
	}
	return f.stream.wait(ctx, f.at.id)
}

// read applies the next entries, and reports whether there may be more.
func (f *follower) read(ctx context.Context) (more bool, err error) {
	asked := f.stream.config.Now()
	v, err := f.stream.view(ctx, f.at.id)
	if err != nil {
		return false, err
	}
	full := len(v.entries) == batch
	if f.at != (entry{}) {
		if len(v.entries) == 0 || v.entries[0] != f.at {
			f.at, f.ledger.rewound = entry{}, true
			return true, nil
		}
		v.entries = v.entries[1:]
	}
	if err := f.apply(ctx, v.entries); err != nil {
		return false, err
	}
	if full {
		f.stream.trail(v.now.Sub(f.at.id.time()))
		return true, nil
	}
	f.settle(ctx, v, asked)
	return false, nil
}

// apply goes as far as the list has room.
func (f *follower) apply(ctx context.Context, entries []entry) error {
	var applied uint64
	defer func() { f.stream.advance(f.at.id, applied) }()
	for _, e := range entries {
		switch err := f.take(e); {
		case errors.Is(err, revocation.ErrFull):
			return err
		case err != nil:
			f.stream.skip(ctx, e.id)
		default:
			applied++
		}
		f.ledger.count(e.id)
		f.at = e
	}
	return nil
}

// take applies one entry. It is remembered as long as if it had been made when Redis got it, in case the clock where it
// was made is behind.
func (f *follower) take(e entry) error {
	var r revocation.Record
	if err := r.UnmarshalJSON([]byte(e.text)); err != nil {
		return err
	}
	if arrived := f.stream.arrival(e.id); arrived.After(r.RevokedAt) {
		r.RevokedAt = arrived
	}
	return f.list.Apply(r)
}

// arrival is when Redis got an entry, which is not in the future whatever its clock says.
func (s *Stream) arrival(i id) time.Time {
	at := i.time()
	if now := s.config.Now(); at.After(now) {
		return now
	}
	return at
}

// settle is for the end of the stream. After so long a time without contact that everything missed is over, there is
// nothing to compare with.
func (f *follower) settle(ctx context.Context, v *view, asked time.Time) {
	s := f.stream
	if contact, retention := s.contact.Load(), f.list.Retention(); contact != nil && retention >= 0 {
		f.ledger.known = f.ledger.known && asked.Sub(*contact) <= retention
	}
	lost, replaced := f.ledger.settle(v, f.at.id)
	s.miss(ctx, lost, replaced)
	s.reach(asked)
}

// wait returns when there may be something after an entry.
func (s *Stream) wait(ctx context.Context, after id) error {
	block := min(maxBlock, s.config.StaleAfter/2)
	ctx, cancel := context.WithTimeout(ctx, block+s.config.Timeout)
	defer cancel()
	err := s.client.XRead(ctx, &redis.XReadArgs{
		Streams: []string{s.config.Key, after.String()},
		Count:   1,
		Block:   block,
	}).Err()
	if err != nil && !errors.Is(err, redis.Nil) {
		return cause(err)
	}
	return nil
}
