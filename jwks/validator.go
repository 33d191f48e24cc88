package jwks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

// Validator validates the access tokens of one issuer. It implements middleware.Validator and is safe for concurrent
// use. It starts no goroutine but the fetch of a key set, which ends by itself.
type Validator struct {
	issuer    string
	audiences []string
	ours      []middleware.Audience // of each of them alone
	rules     *rules
	allowed   []jose.Algorithm
	leeway    time.Duration
	now       func() time.Time
	keys      keySource
	tokens    *verified
	seat      *seat
	// errIssuer and errAudience name what was expected, for the log.
	errIssuer, errAudience error
	// needKeyID: the profile wants a kid, and the keys have IDs to compare it with.
	needKeyID bool
	// accepts counts the tokens that were verified rather than remembered.
	accepts atomic.Uint64
}

// New returns a Validator for the tokens of cfg.Issuer. It does no I/O: keys are fetched when the first token needs
// them, so a service can start before its authorization server; see [Validator.Ready]. It returns an error for a
// configuration that would be unsafe or could not work.
func New(cfg Config) (*Validator, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	allowed, err := cfg.algorithms()
	if err != nil {
		return nil, err
	}
	keys, err := cfg.keySource()
	if err != nil {
		return nil, err
	}
	v := &Validator{
		issuer:    cfg.Issuer,
		audiences: append([]string{cfg.Audience}, cfg.OtherAudiences...),
		rules:     profiles[cfg.Profile],
		allowed:   allowed,
		leeway:    cfg.Leeway,
		now:       cfg.Now,
		keys:      keys,
		tokens:    newVerified(cfg.CacheBytes),
		seat:      &seat{},
		errIssuer: middleware.Reject(middleware.ReasonUntrustedIssuer, fmt.Errorf("expected %q", cfg.Issuer)),
		errAudience: middleware.Reject(middleware.ReasonWrongAudience, fmt.Errorf("expected %q",
			strings.Join(append([]string{cfg.Audience}, cfg.OtherAudiences...), " or "))),
		needKeyID: !profiles[cfg.Profile].withoutKeyID && !keys.hasNameless(),
	}
	for _, identifier := range v.audiences {
		v.ours = append(v.ours, middleware.NewAudience(identifier))
	}
	v.seat.validator.Store(v)
	return v, nil
}

// made reports whether v is the work of New.
func (v *Validator) made() bool { return v != nil && v.rules != nil }

// Validate implements middleware.Validator. Everything that can be checked without a key is checked first, so that a
// token that cannot be good never causes a fetch. A token that was accepted before is checked for its time and for whether
// its key is still one of the issuer's.
func (v *Validator) Validate(ctx context.Context, accessToken string) (*middleware.Token, error) {
	return v.tokens.validate(ctx, accessToken, v.judge)
}

// judge judges a token of which nothing is known. What it needs for that does not outlive it, and stays off the heap.
func (v *Validator) judge(ctx context.Context, accessToken string) (*entry, error) {
	if !v.made() {
		return nil, errUnmade
	}
	parts, err := split(accessToken)
	if err != nil {
		return nil, err
	}
	var t unverified
	if err := t.parse(parts, v.keys.headers()); err != nil {
		return nil, err
	}
	return v.accept(ctx, &t)
}

// Forget implements middleware.Forgetter. A token need not be forgotten to be refused by a revocation list.
func (v *Validator) Forget(accessToken string) { v.tokens.forget(accessToken) }

// Ready returns nil once tokens can be judged, fetching keys if there are none yet. An error matches
// middleware.ErrUnavailable and says what is wrong.
func (v *Validator) Ready(ctx context.Context) error { return v.keys.ready(ctx) }

// State describes where the keys stand. It does no I/O.
func (v *Validator) State() State {
	state := v.keys.state()
	state.Verified = v.accepts.Load()
	return state
}

// Close ends a fetch in progress and waits for it. Afterwards no keys are fetched: tokens are judged with the keys at
// hand until these are too old. Close always returns nil.
func (v *Validator) Close() error {
	v.keys.close()
	return nil
}

// unverified is a parsed token.
type unverified struct {
	jws  jose.JWS
	wire wireClaims
}

// split takes an access token apart, before room is made for what it says.
func split(accessToken string) (jose.Compact, error) {
	parts, err := jose.Split(accessToken, jose.MaxTokenBytes)
	if err != nil {
		return parts, parseVerdict(err)
	}
	return parts, nil
}

// parse reads a token, whose header need not be judged again if it is known.
func (t *unverified) parse(parts jose.Compact, known *jose.Headers) error {
	if err := t.jws.Read(parts, known); err != nil {
		return parseVerdict(err)
	}
	return t.wire.parse(t.jws.Payload)
}

// issuer returns the issuer a token claims to have.
func (t *unverified) issuer() (string, bool) { return strictjson.Text(t.wire[iss]) }

// errUnmade is the answer of a zero value, as of a zero Guard: nobody passes.
var errUnmade = errors.Join(middleware.ErrMisconfigured, errors.New("jwks: the validator was not made with a constructor"))

var (
	errNoKeyID  = errors.New("the token names no key")
	errAhead    = errors.New("iat is in the future")
	errTooEarly = errors.New("nbf is in the future")
)

func (v *Validator) accept(ctx context.Context, t *unverified) (*entry, error) {
	if err := v.checkHeader(&t.jws); err != nil {
		return nil, err
	}
	if !v.rules.kind.admits(&t.wire) {
		return nil, middleware.Reject(middleware.ReasonNotAccessToken, nil)
	}
	var c claims
	if err := t.wire.read(v.rules, v.ours, &c); err != nil {
		return nil, err
	}
	now, good := v.now(), v.spanOf(&c)
	if err := v.checkClaims(&c); err != nil {
		return nil, err
	}
	if !good.has(now) {
		if err := v.checkTimes(now, &c); err != nil {
			return nil, err
		}
	}
	signed := candidate{jws: &t.jws, allowed: v.allowed, party: markOf(c.clientID, c.subject)}
	key, err := v.keys.verify(ctx, now, &signed)
	if err != nil {
		return nil, err
	}
	v.accepts.Add(1)
	return v.accepted(&c, good, &signed, key), nil
}

func (v *Validator) checkHeader(t *jose.JWS) error {
	switch {
	case !slices.Contains(v.allowed, t.Algorithm):
		return middleware.Reject(middleware.ReasonAlgorithmNotAllowed, nil)
	case !slices.Contains(v.rules.types, t.MediaType):
		return middleware.Reject(middleware.ReasonWrongType, nil)
	case v.needKeyID && !t.HasKeyID:
		return middleware.Reject(middleware.ReasonUnknownKey, errNoKeyID)
	}
	return nil
}

// checkClaims applies RFC 9068, section 4 and RFC 7519, section 4.1, but for the times.
func (v *Validator) checkClaims(c *claims) error {
	if c.issuer != v.issuer {
		return v.errIssuer
	}
	if v.missing(c) {
		return middleware.Reject(middleware.ReasonMissingClaim, nil)
	}
	if !isFor(v.audiences, c.audience) {
		return v.errAudience
	}
	return nil
}

// isFor reports whether one of our identifiers is in an audience.
func isFor(ours []string, audience middleware.Audience) bool {
	for _, identifier := range ours {
		if audience.Contains(identifier) {
			return true
		}
	}
	return false
}

func (v *Validator) missing(c *claims) bool {
	n := v.rules.needs
	return c.expires.IsZero() || c.audience.Len() == 0 ||
		(n.subject && c.subject == "") || (n.client && c.clientID == "") ||
		(n.id && c.id == "") || (n.issued && c.issued.IsZero())
}

// maxAhead is how far iat may lie in the future, as in FAPI 2.0.
const maxAhead = time.Minute

// checkTimes says what is wrong with the times of a token outside of its span, if anything is.
func (v *Validator) checkTimes(now time.Time, c *claims) error {
	starts, issued, expires := v.times(c)
	switch {
	case !now.Before(expires):
		return middleware.Reject(middleware.ReasonExpired, nil)
	case now.Before(starts):
		return middleware.Reject(middleware.ReasonNotYetValid, errTooEarly)
	case now.Before(issued):
		return middleware.Reject(middleware.ReasonNotYetValid, errAhead)
	}
	return nil
}

// times returns from when nbf and iat, and until when exp lets a token be honoured by a clock that may differ from the
// issuer's.
func (v *Validator) times(c *claims) (starts, issued, expires time.Time) {
	return c.notBefore.Add(-v.leeway), c.issued.Add(-v.leewayAhead()), c.expires.Add(v.leeway)
}

func (v *Validator) leewayAhead() time.Duration { return max(v.leeway, maxAhead) }
