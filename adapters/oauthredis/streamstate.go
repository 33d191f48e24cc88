package oauthredis

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// StreamState describes a [Stream], for metrics and status pages. Counters only grow.
type StreamState struct {
	// LastID is the ID, in Redis, of the newest record read; empty if there was none.
	LastID string
	// Contact is when everything in the stream was last known here; zero if it never was.
	Contact time.Time
	// Lag is how old the last record read was while there were more, by the clock of Redis alone; zero at the end.
	Lag time.Duration
	// Applied is how many records took effect, those that came again included.
	Applied uint64
	// Unreadable is how many were not understood, and Lost how many were removed from Redis before they were read here.
	Unreadable, Lost uint64
	// MissedUntil is until when a revocation may matter that this replica missed; zero if it missed none.
	MissedUntil time.Time
	// Replaying says that the stream was not read to its end yet.
	Replaying bool
	// Err is what keeps this replica from reading the stream, nil if nothing does. It names no address and no credentials.
	Err error
}

// counts is what State tells of the follower.
type counts struct {
	last                      id
	lag                       time.Duration
	applied, unreadable, lost uint64
	err                       error
}

// State describes where s stands. It does no I/O.
func (s *Stream) State() StreamState {
	s.mu.Lock()
	c := s.counts
	s.mu.Unlock()
	state := StreamState{Lag: c.lag, Applied: c.applied, Unreadable: c.unreadable, Lost: c.lost, Replaying: true, Err: c.err}
	if c.last != (id{}) {
		state.LastID = c.last.String()
	}
	if contact := s.contact.Load(); contact != nil {
		state.Contact, state.Replaying = *contact, false
	}
	if until := s.missedUntil.Load(); until != nil {
		state.MissedUntil = *until
	}
	return state
}

var (
	errReplaying = errors.New("oauthredis: the stream of revocations was not read to its end yet")
	errStale     = errors.New("oauthredis: no contact with the stream of revocations for longer than StaleAfter")
	errMissed    = errors.New("oauthredis: revocations were missed")
)

// Err implements revocation.Replicator. It is nil unless FailClosed says otherwise, and never waits.
func (s *Stream) Err() error {
	if !s.config.FailClosed {
		return nil
	}
	now := s.config.Now()
	if err := s.stale(now); err != nil {
		return err
	}
	if until := s.missedUntil.Load(); until != nil && now.Before(*until) {
		return errMissed
	}
	return nil
}

func (s *Stream) stale(now time.Time) error {
	switch contact := s.contact.Load(); {
	case contact == nil:
		return errReplaying
	case now.Sub(*contact) > s.config.StaleAfter:
		return errStale
	}
	return nil
}

// Ready waits until the stream was read to its end for the first time. It returns nil if this replica is in contact then,
// and refuses no tokens for want of it. An error matches middleware.ErrUnavailable and says what is wrong.
func (s *Stream) Ready(ctx context.Context) error {
	select {
	case <-s.replayed:
	case <-ctx.Done():
		return s.unready(errReplaying)
	case <-s.lifetime.Done():
		return s.unready(errClosed)
	}
	err := s.stale(s.config.Now())
	if err == nil {
		err = s.Err()
	}
	if err != nil {
		return s.unready(err)
	}
	return nil
}

// unready adds what keeps the stream from being read.
func (s *Stream) unready(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return middleware.Unavailable(middleware.ReasonRevocationsUnavailable, 0, errors.Join(err, s.counts.err))
}

// reach notes that everything that was in the stream at a certain time is known here.
func (s *Stream) reach(at time.Time) {
	first := s.contact.Swap(&at) == nil
	if first {
		close(s.replayed)
	}
	s.trail(0)
}

func (s *Stream) trail(lag time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.lag = lag
}

// advance notes up to which entry the stream was read.
func (s *Stream) advance(to id, applied uint64) {
	s.see(to)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.last = to
	s.counts.applied += applied
}

// skip notes an entry that was not understood. One line is enough for the first of them: the counter has the others.
func (s *Stream) skip(ctx context.Context, entry id) {
	s.mu.Lock()
	s.counts.unreadable++
	first := s.counts.unreadable == 1
	s.mu.Unlock()
	s.missed(s.arrival(entry))
	if first {
		s.log(ctx, slog.LevelError, "oauth revocation not understood", slog.String("id", entry.String()))
	}
}

// miss notes entries that were removed before they were read.
func (s *Stream) miss(ctx context.Context, lost uint64, replaced bool) {
	if lost == 0 && !replaced {
		return
	}
	s.mu.Lock()
	s.counts.lost += lost
	s.mu.Unlock()
	s.missed(s.config.Now())
	s.log(ctx, slog.LevelError, "oauth revocations removed from Redis",
		slog.Uint64("unread", lost), slog.Bool("all", replaced))
}

// missed has s count as incomplete until a revocation that was made at a certain time, or before, does not matter any more.
func (s *Stream) missed(at time.Time) {
	until := time.Unix(1<<40, 0) // as good as never
	if retention := time.Duration(s.retention.Load()); retention >= 0 {
		until = at.Add(retention)
	}
	if last := s.missedUntil.Load(); last == nil || until.After(*last) {
		s.missedUntil.Store(&until)
	}
}

// fault sets what keeps the stream from being read, and returns what it was before.
func (s *Stream) fault(err error) (before error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, s.counts.err = s.counts.err, err
	return before
}

// lose tells the operator when contact is lost, once.
func (s *Stream) lose(ctx context.Context, err error) {
	if s.fault(err) == nil {
		s.log(ctx, slog.LevelWarn, "oauth revocations out of reach", slog.Any("error", err))
	}
}

func (s *Stream) regain(ctx context.Context) {
	if s.fault(nil) != nil {
		s.log(ctx, slog.LevelInfo, "oauth revocations in reach again")
	}
}

// log writes a line. The stream is worth more than it.
func (s *Stream) log(ctx context.Context, level slog.Level, text string, attrs ...slog.Attr) {
	defer func() { _ = recover() }()
	s.config.Logger.LogAttrs(ctx, level, text, attrs...)
}
