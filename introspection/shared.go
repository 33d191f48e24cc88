package introspection

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

// AnswerStore keeps answers about active tokens where other replicas find them, such as the Answers of
// adapters/oauthredis. Whoever can write to it can make tokens active, so it has to authenticate what it returns. It is
// safe for concurrent use. Its errors cost a call of the server each, and no request.
type AnswerStore interface {
	// Get returns what was put for a key, nil if there is nothing.
	Get(ctx context.Context, key [32]byte) ([]byte, error)
	// Put keeps an answer for ttl at most.
	Put(ctx context.Context, key [32]byte, answer []byte, ttl time.Duration) error
	// Drop forgets what was put for a key.
	Drop(ctx context.Context, key [32]byte) error
}

const (
	// storePatience is how long a store may take: less than the server that it is there to spare.
	storePatience = 250 * time.Millisecond
	// storePause is how long a store that failed is left alone.
	storePause = time.Second
)

// shared is what a Validator has in common with those of other replicas. It keeps answers, not verdicts: each replica
// judges for itself. A nil shared has nothing.
type shared struct {
	store AnswerStore
	line  *line
	judge func(answer []byte, accessToken string) (*middleware.Token, error)
	now   func() time.Time
	ttl   time.Duration
	// who is part of every key: answers of one server mean nothing for the tokens of another.
	who [32]byte
	// resting is until when the store is left alone, and doubted until when nothing in it is believed: it may hold what was to
	// be dropped. Both in unix nanoseconds.
	resting, doubted atomic.Int64
}

func newShared(c *Config, l *line, r *rules) *shared {
	if c.Answers == nil {
		return nil
	}
	form := "plain"
	if c.VerifyResponse != nil {
		form = "signed"
	}
	return &shared{
		store: c.Answers, line: l, judge: r.judge, now: c.Now, ttl: c.CacheTTL,
		who: sha256.Sum256(framed(c.Issuer, c.Endpoint, form)),
	}
}

// framed joins texts so that no two lists of them look alike.
func framed(texts ...string) []byte {
	var b []byte
	for _, text := range texts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
	}
	return b
}

func (s *shared) key(accessToken string) [32]byte {
	return sha256.Sum256(append(s.who[:len(s.who):len(s.who)], accessToken...))
}

// find returns what another replica was told about a token, if that is still believed and good enough here. It is kept
// as if it had been asked for here, when the other one did.
func (s *shared) find(ctx context.Context, k key, accessToken string) *middleware.Token {
	if s == nil || s.rests() || s.within(&s.doubted, s.ttl) {
		return nil
	}
	forgotten := s.line.forgotten.Load()
	value, err := s.get(ctx, accessToken)
	if err != nil || len(value) < 8 {
		return nil
	}
	asked := time.Unix(0, int64(binary.BigEndian.Uint64(value)))
	now := s.now()
	if asked.After(now) { // by the clock of the other
		asked = now
	}
	if now.Sub(asked) >= s.ttl {
		return nil
	}
	token, err := s.judge(value[8:], accessToken)
	if err != nil || !s.line.adopt(k, token, asked, forgotten) {
		return nil
	}
	return token
}

func (s *shared) get(ctx context.Context, accessToken string) (value []byte, err error) {
	err = s.attempt(ctx, func(ctx context.Context) error {
		value, err = s.store.Get(ctx, s.key(accessToken))
		return err
	})
	return value, err
}

// tell passes on what a flight has found out: that a token is active, unless some token was forgotten since a certain
// count, or that one which was believed to be active is not.
func (s *shared) tell(ctx context.Context, f *flight, asked time.Time, forgotten uint64) {
	switch {
	case s == nil:
	case f.private && errors.Is(f.err, middleware.ErrInvalidToken):
		s.drop(f.accessToken)
	case f.token != nil && !f.private && !f.overtaken && s.line.forgotten.Load() == forgotten:
		s.put(ctx, f, asked)
	}
}

// put keeps what the server said about an active token when it was asked at a certain time.
func (s *shared) put(ctx context.Context, f *flight, asked time.Time) {
	answer, ok := f.token.Claims.(strictjson.Document)
	left := s.ttl - s.now().Sub(asked)
	if !ok || left <= 0 || s.rests() {
		return
	}
	value := append(binary.BigEndian.AppendUint64(nil, uint64(asked.UnixNano())), answer...)
	_ = s.attempt(ctx, func(ctx context.Context) error { return s.store.Put(ctx, s.key(f.accessToken), value, left) })
}

// drop forgets a token for all replicas that have not taken the answer over. If that fails, this one does without the
// others until the answer is too old for it.
func (s *shared) drop(accessToken string) {
	if s == nil {
		return
	}
	err := s.attempt(context.Background(), func(ctx context.Context) error { return s.store.Drop(ctx, s.key(accessToken)) })
	if err != nil {
		s.doubted.Store(s.now().Add(s.ttl).UnixNano())
	}
}

// attempt bounds a call of the store, and leaves the store alone for a while after one that failed, unless it was given up
// from above. A panic must not end the process: some calls have no HTTP server above them.
func (s *shared) attempt(ctx context.Context, call func(context.Context) error) (err error) {
	bounded, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	defer func() {
		if recover() != nil {
			err = errPanicked
		}
		if err != nil && ctx.Err() == nil {
			s.resting.Store(s.now().Add(storePause).UnixNano())
		}
	}()
	return call(bounded)
}

func (s *shared) rests() bool { return s.within(&s.resting, storePause) }

// within reports whether a time that was set a certain while ahead is to come. If it is further off, the clock was set
// back.
func (s *shared) within(until *atomic.Int64, while time.Duration) bool {
	left := until.Load() - s.now().UnixNano()
	return left > 0 && left <= int64(while)
}
