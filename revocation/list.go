package revocation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/internal/sanity"
	"github.com/bearergate/bearergate/middleware"
)

// Config configures a [List]. Its zero value works.
type Config struct {
	// MaxTokenLifetime is the longest lifetime of an access token. Entries are kept 15 minutes longer, for clocks that
	// differ, and tokens that live longer are refused; of one without iat only the rest of its life is known. Tokens that do
	// not say when they end are refused while the entry is kept, and should be revoked at their issuer as well. At most 10
	// years; negative: tokens may live for ever, and entries are kept until the process ends. Default: 24 hours.
	MaxTokenLifetime time.Duration
	// MaxEntries bounds the list. A full list refuses further revocations, with ErrFull, and forgets none. An entry takes
	// 53 to 79 bytes. Default: 1,000,000.
	MaxEntries int
	// Caches are validators with cached answers, such as an *introspection.Validator. What they hold about a token is dropped
	// when that very token is revoked. Refusing it does not depend on that.
	Caches []middleware.Forgetter
	// Replicator shares the revocations with the other replicas of the service. Close it when the service ends. Default:
	// none, and what is revoked here is refused here alone.
	Replicator Replicator
	// Logger receives one audit record for each revocation, at level Info, and the failures of the handlers. Default:
	// slog.Default().
	Logger *slog.Logger
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

var (
	// ErrFull says that the list holds as many live entries as it may.
	ErrFull = errors.New("revocation: the list is full")
	// ErrFuture says that Before lies in the future, which would revoke tokens that do not exist yet.
	ErrFuture = errors.New("revocation: Before lies in the future")

	errUnmade   = errors.Join(middleware.ErrMisconfigured, errors.New("revocation: the List was not made with NewList"))
	errOutlives = errors.New("the token lives longer than revocations are remembered, raise MaxTokenLifetime")
	errNameless = errors.New("the validator leaves Token.Fingerprint empty, so a revoked token could not be recognised")
)

// margin is how far two clocks may differ, and how much longer than MaxTokenLifetime a token may live.
const margin = 5 * time.Minute

// maxLifetime keeps sums of durations from overflowing.
const maxLifetime = 10 * 365 * 24 * time.Hour

// List is a deny-list of tokens. It implements middleware.RevocationList and is safe for concurrent use.
type List struct {
	config Config
	hasher *hasher
	table  *table
	// kinds has a bit for each kind of revocation that was ever added, so that others are not looked up.
	kinds    atomic.Uint32
	watchers watchers
}

// NewList returns an empty list, or an error that says which field of cfg makes no sense, or what the Replicator said. It
// starts no goroutine; a Replicator may.
func NewList(cfg Config) (*List, error) {
	if cfg.MaxEntries < 0 {
		return nil, errors.New("revocation: MaxEntries must not be negative")
	}
	if cfg.MaxTokenLifetime > maxLifetime {
		return nil, errors.New("revocation: MaxTokenLifetime must be at most 10 years; negative means without end")
	}
	if cfg.MaxTokenLifetime == 0 {
		cfg.MaxTokenLifetime = 24 * time.Hour
	}
	if cfg.MaxEntries == 0 {
		cfg.MaxEntries = 1_000_000
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("revocation: %w", err)
	}
	cfg.Caches = slices.Clone(cfg.Caches)
	l := &List{config: cfg, hasher: newHasher(), table: newTable(cfg.MaxEntries)}
	if cfg.Replicator != nil {
		if err := cfg.Replicator.Follow(l); err != nil {
			return nil, fmt.Errorf("revocation: Replicator: %w", err)
		}
	}
	return l, nil
}

func (c *Config) check() error {
	if slices.ContainsFunc(c.Caches, func(cache middleware.Forgetter) bool { return sanity.IsNil(cache) }) {
		return errors.New("one of the Caches is nil, as after an error that nobody looked at: leave it out")
	}
	if c.Replicator != nil && sanity.IsNil(c.Replicator) {
		return errors.New("Replicator is a nil pointer, as after an error that nobody looked at: set one, or leave it out")
	}
	return sanity.Durations(sanity.Duration{Name: "MaxTokenLifetime", Value: c.MaxTokenLifetime})
}

// Revoke adds a revocation, effective for every look-up that starts after it returns, and writes an audit record. With a
// Replicator it returns once every replica will learn of it.
//
// The error is ErrTarget or ErrFuture, and nothing was revoked; ErrFull, and the revocation may hold in part; or
// ErrNotShared together with that of the Replicator, and the revocation holds here.
func (l *List) Revoke(ctx context.Context, r Revocation) error {
	now := l.config.Now()
	record, err := r.record(now)
	if err != nil {
		return err
	}
	if record.Before.Unix() > now.Add(margin).Unix() {
		return ErrFuture
	}
	k, _ := record.kind() // record has seen to it
	if err := l.add(&record, k); err != nil {
		return err
	}
	if k == byToken {
		for _, cache := range l.config.Caches {
			cache.Forget(r.Token)
		}
	}
	err = l.publish(ctx, record)
	l.audit(ctx, &r, &record, k, err)
	return err
}

// add makes the entries of a record and tells the requests that they concern.
func (l *List) add(r *Record, k kind) error {
	until, now := l.until(r, k), l.config.Now().Unix()
	for _, t := range r.targets(l.hasher, k) {
		if !l.table.add(t.key, t.before, until, now) {
			return ErrFull
		}
		l.kinds.Or(1 << t.kind)
		l.notify(&t)
	}
	return nil
}

func (l *List) publish(ctx context.Context, r Record) error {
	if l.config.Replicator == nil {
		return nil
	}
	if err := l.config.Replicator.Publish(ctx, r); err != nil {
		return fmt.Errorf("%w: %w", ErrNotShared, err)
	}
	return nil
}

// audit writes who revoked what, when and why. There is no token in it.
func (l *List) audit(ctx context.Context, r *Revocation, settled *Record, k kind, failed error) {
	attrs := []slog.Attr{slog.String("target", kindNames[k]), slog.String("by", r.By), slog.String("reason", r.Reason)}
	attrs = append(attrs, settled.attrs(k, l.until(settled, k))...)
	if failed != nil {
		attrs = append(attrs, slog.Bool("shared", false))
	}
	l.config.Logger.LogAttrs(ctx, slog.LevelInfo, "oauth revocation", attrs...)
}

// until returns the second from which no token that is meant can be honoured any more. The last one is issued by a clock
// that is ahead, lives as long as any may, and is granted leeway after that.
func (l *List) until(r *Record, k kind) int64 {
	if l.config.MaxTokenLifetime < 0 {
		return forever
	}
	end := r.RevokedAt.Add(l.Retention())
	if k <= byID && !r.ExpiresAt.IsZero() {
		expires := r.ExpiresAt
		if latest := r.RevokedAt.Add(maxLifetime); expires.Unix() > latest.Unix() { // by seconds, which cannot overflow
			expires = latest
		}
		end = expires.Add(margin)
	}
	return end.Add(time.Second - 1).Unix()
}

// Check implements middleware.RevocationList. A revoked token gets ReasonRevoked. What cannot be judged for good, a token
// that lives longer than entries are kept or one without a fingerprint, matches middleware.ErrMisconfigured. A token that
// is not known to be revoked gets ReasonRevocationsUnavailable while the Replicator has an error.
func (l *List) Check(t *middleware.Token) error {
	switch {
	case l.table == nil:
		return errUnmade
	case l.outlives(t):
		return errors.Join(middleware.ErrMisconfigured, errOutlives)
	case t.Fingerprint == [32]byte{}:
		return errors.Join(middleware.ErrMisconfigured, errNameless)
	case l.revoked(t):
		return errRevoked
	}
	return l.inTouch()
}

// revoked reports whether an entry names the token.
func (l *List) revoked(t *middleware.Token) bool {
	if l.table.length.Load() == 0 {
		return false
	}
	now, used := l.config.Now().Unix(), l.kinds.Load()
	for k := range kinds {
		if used&(1<<k) == 0 {
			continue
		}
		name, ok := l.name(t, k)
		if !ok {
			continue
		}
		if before, found := l.table.find(name, now); found && issuedBy(t, before) {
			return true
		}
	}
	return false
}

var errRevoked = middleware.Reject(middleware.ReasonRevoked, nil)

// outlives reports a token whose lifetime is longer than that of an entry.
func (l *List) outlives(t *middleware.Token) bool {
	if t.ExpiresAt.IsZero() || l.config.MaxTokenLifetime < 0 {
		return false // introspected, so the authorization server is asked again; or entries never end
	}
	from := t.IssuedAt
	if from.IsZero() {
		from = l.config.Now()
	}
	return t.ExpiresAt.Sub(from) > l.config.MaxTokenLifetime+margin
}

// issuedBy reports whether the token was issued at or before the given second. Not knowing counts as yes.
func issuedBy(t *middleware.Token, before int64) bool {
	return t.IssuedAt.IsZero() || t.IssuedAt.Unix() <= before
}

// name returns the key under which revocations of one kind would name the token, and whether it has such a name.
func (l *List) name(t *middleware.Token, k kind) (key, bool) {
	switch k {
	case byToken:
		return l.hasher.fingerprint(t.Fingerprint), true
	case byID:
		return l.hasher.pair(k, t.Issuer, t.ID, ""), t.ID != ""
	case bySession:
		return l.hasher.pair(k, t.Issuer, t.SessionID, ""), t.SessionID != ""
	case bySessionless:
		return l.hasher.pair(k, t.Issuer, t.Subject, ""), t.Subject != "" && t.SessionID == ""
	case bySubject:
		return l.hasher.pair(k, t.Issuer, t.Subject, ""), t.Subject != ""
	case byClient:
		return l.hasher.pair(k, t.Issuer, t.ClientID, ""), t.ClientID != ""
	case byGrant:
		return l.hasher.pair(k, t.Issuer, t.Subject, t.ClientID), t.Subject != "" && t.ClientID != ""
	}
	return l.hasher.pair(k, t.Issuer, "", ""), true
}

// Cap returns Config.MaxEntries, or its default. A list with that many live entries refuses further revocations.
func (l *List) Cap() int { return l.config.MaxEntries }

// Len returns the number of entries held, those that ended but were not swept out yet included.
func (l *List) Len() int { return int(l.table.length.Load()) }
