package introspection

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/internal/discovery"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/middleware"
)

// Validator validates access tokens by introspection. It implements middleware.Validator and middleware.Forgetter and is
// safe for concurrent use. It starts no goroutine but the calls under way, at most Config.MaxConcurrent of them.
type Validator struct {
	issuer  string
	line    *line
	cache   *cache
	shared  *shared // nil without Config.Answers
	timeout time.Duration
	private bool // neither reads the cache nor shares calls
	hits    *hits
	idle    func() // closes idle connections of a client of our own
}

// hits counts what the caches answer, and other replicas.
type hits struct{ active, refused, stale, shared atomic.Uint64 }

// New returns a Validator that asks the authorization server of cfg. It does no I/O; see [Validator.Ready]. It returns an
// error for a configuration that would be unsafe or could not work.
func New(cfg Config) (*Validator, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	cache, err := newCache(&cfg)
	if err != nil {
		return nil, err
	}
	httpClient := newHTTPClient(&cfg)
	c := &client{
		http:   httpClient,
		own:    cfg.HTTPClient == nil,
		auth:   cfg.ClientAuth,
		where:  newLocator(&cfg, discovery.Client{HTTP: httpClient, AllowLoopback: cfg.AllowLoopbackHTTP}),
		issuer: cfg.Issuer,
		verify: cfg.VerifyResponse,
		now:    cfg.Now,
	}
	r := &rules{
		issuer:  cfg.Issuer,
		require: cfg.Require,
		leeway:  cfg.Leeway,
		now:     cfg.Now,
	}
	if cfg.Audience != "" {
		r.audiences = append([]string{cfg.Audience}, cfg.OtherAudiences...)
	}
	line := newLine(&cfg, cache, question(c, r))
	v := &Validator{
		issuer:  cfg.Issuer,
		line:    line,
		shared:  newShared(&cfg, line, r),
		cache:   cache,
		timeout: cfg.Timeout,
		private: cfg.CacheTTL == 0,
		hits:    &hits{},
		idle:    func() {},
	}
	line.shared = v.shared
	if cfg.HTTPClient == nil {
		v.idle = httpClient.CloseIdleConnections
	}
	return v, nil
}

// errUnmade is the answer of a zero Validator, as of a zero Guard: nobody passes.
var errUnmade = errors.Join(middleware.ErrMisconfigured, errors.New("introspection: the Validator was not made with New"))

// question asks about a token and judges the answer.
func question(c *client, r *rules) func(context.Context, string) (*middleware.Token, error) {
	return func(ctx context.Context, accessToken string) (*middleware.Token, error) {
		answer, err := c.ask(ctx, accessToken)
		if err != nil {
			return nil, unavailable(err)
		}
		return r.judge(answer, accessToken)
	}
}

// Validate implements middleware.Validator. It waits for an answer until ctx ends or Config.Timeout is over; the call
// itself goes on for others. Whatever is not an answer matches middleware.ErrUnavailable, and ErrOwnCredentials if the
// fault is ours alone.
func (v *Validator) Validate(ctx context.Context, accessToken string) (*middleware.Token, error) {
	switch {
	case v.line == nil:
		return nil, errUnmade
	case len(accessToken) > jose.MaxTokenBytes:
		return nil, middleware.Reject(middleware.ReasonTokenTooLarge, nil)
	case accessToken == "":
		return nil, middleware.Reject(middleware.ReasonMalformedToken, nil)
	}
	k := keyOf(accessToken)
	if t, verdict := v.known(k); t != nil || verdict != nil {
		return t, verdict
	}
	if t := v.found(ctx, k, accessToken); t != nil {
		v.hits.shared.Add(1)
		return t, nil
	}
	t, err := v.ask(ctx, k, accessToken)
	if errors.Is(err, middleware.ErrUnavailable) && !v.private {
		if known, _ := v.cache.active(k); known != nil {
			v.hits.stale.Add(1)
			return known, nil
		}
	}
	return t, err
}

// known returns what the cache says about a token; nothing if it does not know, or is not to be asked.
func (v *Validator) known(k key) (*middleware.Token, error) {
	if v.private {
		return nil, nil
	}
	if t, fresh := v.cache.active(k); fresh {
		v.hits.active.Add(1)
		return t, nil
	}
	verdict := v.cache.refused(k)
	if verdict != nil {
		v.hits.refused.Add(1)
	}
	return nil, verdict
}

// found returns what other replicas know about a token; nil if they do not, or are not to be asked.
func (v *Validator) found(ctx context.Context, k key, accessToken string) *middleware.Token {
	if v.private {
		return nil
	}
	return v.shared.find(ctx, k, accessToken)
}

var errTimeout = errors.New("no answer in time")

// ask waits for the outcome of a flight, or of another one where the first is no answer to this request.
func (v *Validator) ask(ctx context.Context, k key, accessToken string) (*middleware.Token, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, v.timeout, errTimeout)
	defer cancel()
	arrived := v.line.arrive()
	for {
		f, err := v.line.join(k, accessToken, v.private)
		if err != nil {
			return nil, unavailable(err)
		}
		if f != nil {
			select {
			case <-f.done:
			case <-ctx.Done():
				v.line.leave(f)
				return nil, unavailable(context.Cause(ctx))
			}
			if !f.late(arrived) {
				return f.token, f.err
			}
		}
		if t, verdict := v.known(k); t != nil || verdict != nil {
			return t, verdict
		}
	}
}

// Forget implements middleware.Forgetter: the next request with the token asks again. An active answer that is still
// under way is neither kept nor given to anybody; requests that wait for it ask again too. Only a call of [Uncached],
// which no other request can see, is left alone.
func (v *Validator) Forget(accessToken string) {
	v.line.forget(keyOf(accessToken))
	v.shared.drop(accessToken)
}

// Uncached returns a Validator that asks about every request, once for each and never together with another, for routes
// that must not miss a revocation. It shares everything else with v: connections, Config.MaxConcurrent, counters, Close.
// A token that it finds refused is dropped from the cache of v.
func (v *Validator) Uncached() *Validator {
	uncached := *v
	uncached.private = true
	return &uncached
}

// Ready returns nil if the last call was answered. Otherwise it asks about a token that nobody has, which shows whether
// the endpoint can be reached and takes our credentials. An error matches middleware.ErrUnavailable and says what is
// wrong.
func (v *Validator) Ready(ctx context.Context) error {
	if v.line.well() {
		return nil
	}
	invented := rand.Text()
	_, err := v.Uncached().ask(ctx, keyOf(invented), invented)
	if errors.Is(err, middleware.ErrInvalidToken) {
		return nil
	}
	return err
}

// Close ends the calls under way and waits for them. Afterwards tokens are judged by what the caches hold, and all others
// get 503. Close always returns nil.
func (v *Validator) Close() error {
	v.line.close()
	v.idle()
	return nil
}
