package revocation

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// Config configures a [List]. Its zero value works.
type Config struct {
	// MaxTokenLifetime is the longest lifetime of an access token. Entries are kept 15 minutes longer, for clocks that
	// differ, and tokens that live longer are refused. Tokens that do not say when they end are refused while the entry is
	// kept, and should be revoked at their issuer as well. At most 10 years; negative: tokens may live for ever, and entries
	// are kept until the process ends. Default: 24 hours.
	MaxTokenLifetime time.Duration
	// MaxEntries bounds the list. A full list refuses further revocations, with ErrFull, and forgets none. An entry takes
	// 43 to 85 bytes. Default: 1,000,000.
	MaxEntries int
	// Caches are validators with cached answers, such as an *introspection.Validator. What they hold about a token is dropped
	// when that very token is revoked. Refusing it does not depend on that.
	Caches []middleware.Forgetter
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

// NewList returns an empty list.
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
	cfg.Caches = slices.Clone(cfg.Caches)
	return &List{config: cfg, hasher: newHasher(), table: newTable(cfg.MaxEntries)}, nil
}

// Revoke adds a revocation, effective for every look-up that starts after it returns, and writes an audit record. The
// error is ErrTarget, ErrFuture or ErrFull; then nothing was revoked.
func (l *List) Revoke(ctx context.Context, r Revocation) error {
	k, err := r.kind()
	if err != nil {
		return err
	}
	now := l.config.Now()
	before, until := r.before(k, now), l.until(&r, k, now)
	if k > bySession && before > now.Add(margin).Unix() {
		return ErrFuture
	}
	name := r.key(l.hasher, k)
	if !l.table.add(name, before, until, now.Unix()) {
		return ErrFull
	}
	l.kinds.Or(1 << k)
	l.notify(k, name, before)
	if k == byToken {
		for _, cache := range l.config.Caches {
			cache.Forget(r.Token)
		}
	}
	l.config.Logger.LogAttrs(ctx, slog.LevelInfo, "oauth revocation", r.audit(k, before, until)...)
	return nil
}

// until returns the second from which no token that is meant can be honoured any more. The last one is issued by a clock
// that is ahead, lives as long as any may, and is granted leeway after that.
func (l *List) until(r *Revocation, k kind, now time.Time) int64 {
	if l.config.MaxTokenLifetime < 0 {
		return forever
	}
	end := now.Add(margin + l.config.MaxTokenLifetime + margin + margin)
	if k <= byID && !r.ExpiresAt.IsZero() {
		end = r.ExpiresAt.Add(margin)
		if latest := now.Add(maxLifetime); latest.Before(end) {
			end = latest
		}
	}
	return end.Add(time.Second - 1).Unix()
}

// Check implements middleware.RevocationList. A revoked token gets ReasonRevoked. What cannot be judged for good, a token
// that lives longer than entries are kept or one without a fingerprint, matches middleware.ErrMisconfigured.
func (l *List) Check(t *middleware.Token) error {
	switch {
	case l.outlives(t):
		return errors.Join(middleware.ErrMisconfigured, errOutlives)
	case t.Fingerprint == [32]byte{}:
		return errors.Join(middleware.ErrMisconfigured, errNameless)
	}
	if l.table.length.Load() == 0 {
		return nil
	}
	now := l.config.Now().Unix()
	for k := byToken; k <= byIssuer; k++ {
		if l.kinds.Load()&(1<<k) == 0 {
			continue
		}
		name, ok := l.name(t, k)
		if !ok {
			continue
		}
		if before, found := l.table.find(name, now); found && issuedBy(t, before) {
			return errRevoked
		}
	}
	return nil
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
	case bySubject:
		return l.hasher.pair(k, t.Issuer, t.Subject, ""), t.Subject != ""
	case byClient:
		return l.hasher.pair(k, t.Issuer, t.ClientID, ""), t.ClientID != ""
	case byGrant:
		return l.hasher.pair(k, t.Issuer, t.Subject, t.ClientID), t.Subject != "" && t.ClientID != ""
	}
	return l.hasher.pair(k, t.Issuer, "", ""), true
}

// Len returns the number of entries held, those that ended but were not swept out yet included.
func (l *List) Len() int { return int(l.table.length.Load()) }
