package jwks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/sanity"
	"github.com/bearergate/bearergate/internal/upstream"
	"github.com/bearergate/bearergate/middleware"
)

// ErrUnknownIssuer is what ResolverConfig.Resolve returns, possibly wrapped, for an issuer that is not trusted.
var ErrUnknownIssuer = errors.New("jwks: unknown issuer")

// ResolverConfig configures a [Resolver]. Resolve is required.
type ResolverConfig struct {
	// Resolve returns the configuration for an issuer, or an error matching ErrUnknownIssuer if it is not trusted. Any
	// other error means that this could not be found out. The issuer is what a stranger wrote into a token: look it up in
	// what you know, a table of tenants for instance, and never ask it who it is. Resolve is called once for concurrent
	// tokens of one issuer, with a context of its own that ends after 5 seconds. While 4,096 calls are under way, the tokens
	// of further issuers are told to come back.
	Resolve func(ctx context.Context, issuer string) (Config, error)
	// MaxIssuers bounds the issuers whose keys are held. The one that had no valid token for longest makes room, if that is
	// a minute or more; otherwise the newcomer is told to come back. Default: 10,000.
	MaxIssuers int
	// ReadyFor are the issuers that [Resolver.Ready] waits for, such as those of the largest tenants; at most MaxIssuers.
	// Default: none.
	ReadyFor []string
	// UnknownFor is how long it is remembered that an issuer is unknown. Default: 30 seconds; at most 1 hour; negative: not at
	// all.
	UnknownFor time.Duration
	// CacheBytes bounds the memory for what tokens of all issuers said that were accepted before, as in Config, whose own
	// bound does not count here. Default: 32 MiB; negative: none.
	CacheBytes int
	// HTTPClient is used for configurations without one. Default: one client for all of them.
	HTTPClient *http.Client
	// Now is the clock. Default: that of the system, which may be 10 ms late to notice that it was set.
	Now func() time.Time
}

// Resolver validates the tokens of issuers that are looked up when their first token arrives, for services with many
// tenants. It implements middleware.Validator and is safe for concurrent use. Issuers do not affect each other: each has
// keys, rations and failures of its own.
type Resolver struct {
	config  ResolverConfig
	issuers sync.Map // string to *Validator; read without a lock
	tokens  *verified
	headers jose.Headers

	mu      sync.Mutex
	live    int
	noRoom  time.Time            // until when nobody can make room
	unknown map[string]time.Time // when to ask again
	asking  map[string]*question
	lookups ResolverState // what it tells of Resolve
}

// question is a call of Resolve in progress.
type question struct {
	done   chan struct{}
	tenant *Validator
	err    error
}

const (
	maxIssuerBytes = 2048
	maxUnknown     = 4096
	// maxAsking is so large that issuers whose look-ups hang leave room for those of others, and bounds what strangers can
	// cause by inventing issuers: a look-up takes less than 5 KiB besides what Resolve needs.
	maxAsking      = 4096
	resolveTimeout = 5 * time.Second
	// minStay keeps forged tokens that name one tenant after the other from pushing out those in use.
	minStay = time.Minute
)

// NewResolver returns a Resolver. It does no I/O.
func NewResolver(cfg ResolverConfig) (*Resolver, error) {
	if cfg.Resolve == nil {
		return nil, errors.New("jwks: ResolverConfig.Resolve is required: the function that says which issuers are trusted")
	}
	if cfg.MaxIssuers < 0 {
		return nil, errors.New("jwks: ResolverConfig.MaxIssuers must not be negative")
	}
	if cfg.MaxIssuers == 0 {
		cfg.MaxIssuers = 10_000
	}
	if len(cfg.ReadyFor) > cfg.MaxIssuers {
		return nil, errors.New("jwks: ResolverConfig.ReadyFor has more issuers than MaxIssuers leaves room for")
	}
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("jwks: ResolverConfig.%w", err)
	}
	cfg.ReadyFor = slices.Clone(cfg.ReadyFor)
	cfg.UnknownFor = orDefault(cfg.UnknownFor, 30*time.Second)
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = upstream.Client(nil)
	}
	if cfg.Now == nil {
		cfg.Now = systemClock()
	}
	if cfg.CacheBytes == 0 {
		cfg.CacheBytes = defaultCacheBytes
	}
	return &Resolver{config: cfg, tokens: newVerified(cfg.CacheBytes), unknown: map[string]time.Time{}, asking: map[string]*question{}}, nil
}

func (c *ResolverConfig) check() error {
	if err := upstream.CheckClient(c.HTTPClient); err != nil {
		return fmt.Errorf("HTTPClient: %w", err)
	}
	if err := sanity.Identifiers("ReadyFor", c.ReadyFor); err != nil {
		return err
	}
	return sanity.Durations(sanity.Duration{
		Name: "UnknownFor", Value: c.UnknownFor, Most: time.Hour, Because: "the tokens of a new tenant could be refused as long",
	})
}

// Validate implements middleware.Validator.
func (r *Resolver) Validate(ctx context.Context, accessToken string) (*middleware.Token, error) {
	return r.tokens.validate(ctx, accessToken, r.judge)
}

func (r *Resolver) judge(ctx context.Context, accessToken string) (*entry, error) {
	if r.config.Resolve == nil {
		return nil, errUnmade
	}
	parts, err := split(accessToken)
	if err != nil {
		return nil, err
	}
	var t unverified
	if err := t.parse(parts, &r.headers); err != nil {
		return nil, err
	}
	issuer, ok := t.issuer()
	if !ok || issuer == "" || len(issuer) > maxIssuerBytes {
		return nil, middleware.Reject(middleware.ReasonUntrustedIssuer, nil)
	}
	found, err := r.find(ctx, issuer)
	if err != nil {
		return nil, err
	}
	judged, err := found.accept(ctx, &t)
	if err == nil {
		found.seat.use() // a forged token is no use
		r.headers.Remember(&t.jws)
	}
	return judged, err
}

// Live returns the number of issuers whose keys are held.
func (r *Resolver) Live() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live
}

// Forget implements middleware.Forgetter.
func (r *Resolver) Forget(accessToken string) { r.tokens.forget(accessToken) }

// ForgetIssuer drops an issuer and all that is remembered of its tokens, so that its next token is looked up anew; for
// tenants that leave or change.
func (r *Resolver) ForgetIssuer(issuer string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.unknown, issuer)
	delete(r.asking, issuer) // the answer would be out of date
	r.drop(issuer)
}

// drop lets go of an issuer and of all that is remembered of its tokens. The caller holds mu.
func (r *Resolver) drop(issuer any) {
	if known, ok := r.issuers.LoadAndDelete(issuer); ok {
		known.(*Validator).seat.validator.Store(nil)
		r.live--
	}
}

func (r *Resolver) find(ctx context.Context, issuer string) (*Validator, error) {
	now := r.config.Now()
	if known, ok := r.issuers.Load(issuer); ok {
		return known.(*Validator), nil
	}
	q, err := r.ask(now, issuer)
	if err != nil {
		return nil, err
	}
	select {
	case <-q.done:
		return q.tenant, q.err
	case <-ctx.Done():
		return nil, middleware.Unavailable(middleware.ReasonIssuerUnavailable, 0, context.Cause(ctx))
	}
}

// ask joins or begins the question about an issuer.
func (r *Resolver) ask(now time.Time, issuer string) (*question, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if until, ok := r.unknown[issuer]; ok && now.Before(until) {
		return nil, middleware.Reject(middleware.ReasonUntrustedIssuer, nil)
	}
	if q := r.asking[issuer]; q != nil {
		return q, nil
	}
	q := &question{done: make(chan struct{})}
	if known, ok := r.issuers.Load(issuer); ok { // answered a moment ago
		q.tenant = known.(*Validator)
		close(q.done)
		return q, nil
	}
	if len(r.asking) >= maxAsking {
		return nil, middleware.Unavailable(middleware.ReasonIssuerUnavailable, time.Second, errTooMany)
	}
	if wait := until(r.noRoom, now); wait > 0 && r.live >= r.config.MaxIssuers {
		return nil, noRoomFor(wait)
	}
	issuer = strings.Clone(issuer) // which is a part of a stranger's token, and would keep all of it
	r.asking[issuer] = q
	go r.answer(issuer, q)
	return q, nil
}

func (r *Resolver) answer(issuer string, q *question) {
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	v, err := r.resolve(ctx, issuer)
	r.note(err)
	switch {
	case err == nil:
		q.tenant = v
		v.seat.clock = r.config.Now
		v.seat.use()
	case errors.Is(err, ErrUnknownIssuer):
		q.err = middleware.Reject(middleware.ReasonUntrustedIssuer, err)
	default:
		q.err = middleware.Unavailable(middleware.ReasonIssuerUnavailable, 0, err)
	}
	r.settle(issuer, q)
	close(q.done)
}

// note counts a call of Resolve by what became of it.
func (r *Resolver) note(err error) {
	if errors.Is(err, ErrUnknownIssuer) {
		err = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lookups.Lookups++
	if err != nil {
		r.lookups.LookupFailures++
	}
	r.lookups.Err = err
}

// settle keeps the answer to a question, unless the issuer was forgotten since it was asked.
func (r *Resolver) settle(issuer string, q *question) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asking[issuer] != q { // the issuer was forgotten meanwhile: what waits is judged, and nothing remembered
		if q.tenant != nil {
			q.tenant.seat.validator.Store(nil)
		}
		return
	}
	delete(r.asking, issuer)
	switch {
	case q.tenant != nil:
		r.admit(issuer, q)
	case errors.Is(q.err, ErrUnknownIssuer):
		r.remember(issuer)
	}
}

var (
	errOtherConfig = errors.New("jwks: Resolve returned the configuration of another issuer")
	errTooMany     = errors.New("jwks: too many issuers are being looked up at once")
	errNoRoom      = errors.New("jwks: all of MaxIssuers are in use")
	errResolve     = errors.New("jwks: Resolve panicked")
)

// resolve calls Resolve. A panic there must not end the process: no HTTP server stands above this goroutine.
func (r *Resolver) resolve(ctx context.Context, issuer string) (v *Validator, err error) {
	defer func() {
		if recover() != nil {
			v, err = nil, errResolve
		}
	}()
	cfg, err := r.config.Resolve(ctx, issuer)
	if err != nil {
		return nil, err
	}
	if cfg.Issuer != issuer {
		return nil, errOtherConfig
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = r.config.HTTPClient
	}
	if cfg.Now == nil {
		cfg.Now = r.config.Now
	}
	return New(cfg)
}

// admit publishes the tenant of an answered question if there is room. Only now does another have to go: what is no
// issuer, or could not be looked up, needs no room. The caller holds mu.
func (r *Resolver) admit(issuer string, q *question) {
	if wait := r.makeRoom(r.config.Now()); wait > 0 {
		q.tenant, q.err = nil, noRoomFor(wait)
		return
	}
	r.issuers.Store(issuer, q.tenant)
	r.live++
}

func noRoomFor(wait time.Duration) error {
	return middleware.Unavailable(middleware.ReasonIssuerUnavailable, wait, errNoRoom)
}

// makeRoom drops the tenant that had no valid token for longest if there are as many as there may be, and returns how long
// to wait if all of them are in use. A request that holds the tenant finishes; nothing has to be closed. The caller holds
// mu.
func (r *Resolver) makeRoom(now time.Time) time.Duration {
	if r.live < r.config.MaxIssuers {
		return 0
	}
	if wait := until(r.noRoom, now); wait > 0 {
		return wait
	}
	var idlest any
	var oldest int64
	r.issuers.Range(func(issuer, known any) bool {
		if used := known.(*Validator).seat.used.Load(); idlest == nil || used < oldest {
			idlest, oldest = issuer, used
		}
		return true
	})
	free := time.Unix(0, oldest).Add(minStay)
	if wait := until(free, now); wait > 0 {
		r.noRoom = free
		return wait
	}
	r.drop(idlest)
	return 0
}

// until returns how long it is until a time at most minStay ahead. One further ahead was noted by a clock that has been
// set back since, and says nothing.
func until(at, now time.Time) time.Duration {
	if wait := at.Sub(now); wait <= minStay {
		return max(wait, 0)
	}
	return 0
}

// remember notes an unknown issuer. When strangers fill the table, it starts over: forgetting costs a question, never a
// wrong answer. The caller holds mu.
func (r *Resolver) remember(issuer string) {
	if len(r.unknown) >= maxUnknown {
		clear(r.unknown)
	}
	r.unknown[issuer] = r.config.Now().Add(r.config.UnknownFor)
}
