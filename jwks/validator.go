package jwks

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/internal/upstream"
	"github.com/bearergate/bearergate/middleware"
)

// Validator validates the access tokens of one issuer. It implements middleware.Validator and is safe for concurrent
// use. It starts no goroutine but the fetch of a key set, which ends by itself.
type Validator struct {
	issuer    string
	audiences []string
	rules     *rules
	allowed   []jose.Algorithm
	leeway    time.Duration
	now       func() time.Time
	keys      keySource
	tokens    *verified
	seat      *seat
	// needKeyID: the profile wants a kid, and the keys have IDs to compare it with.
	needKeyID bool
}

// keySource is where the keys come from.
type keySource interface {
	// verify notes in the candidate which key made the signature.
	verify(context.Context, *candidate) error
	// holds reports whether the key of an accepted token is known to be still there. It waits for nothing.
	holds(now time.Time, a *accepted, allowed []jose.Algorithm) bool
	ready(context.Context) error
	state() State
	close()
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
	fixed, _ := keys.(*static)
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
		needKeyID: !profiles[cfg.Profile].withoutKeyID && (fixed == nil || fixed.nameless.Len() == 0),
	}
	v.seat.validator.Store(v)
	return v, nil
}

func (c *Config) keySource() (keySource, error) {
	switch {
	case c.Keys != nil:
		return newStatic(c.Keys.set, c.Keys.skipped), nil
	case c.Secret != nil:
		key, err := jose.NewSecret(c.Secret, "")
		if err != nil {
			return nil, fmt.Errorf("jwks: Secret: %w", err)
		}
		return newStatic(jose.NewKeySet(key), nil), nil
	}
	lifetime, end := context.WithCancel(context.Background())
	return &remote{
		fetcher: &fetcher{
			client:        upstream.Client(c.HTTPClient),
			issuer:        c.Issuer,
			keysURL:       c.JWKSURL,
			allowLoopback: c.AllowLoopbackHTTP,
			ownClient:     c.HTTPClient == nil,
			now:           c.Now,
		},
		timeout:  c.FetchTimeout,
		maxStale: c.MaxStale,
		now:      c.Now,
		budget:   budget{cooldown: c.Cooldown},
		lifetime: lifetime,
		end:      end,
	}, nil
}

// Validate implements middleware.Validator. Everything that can be checked without a key is checked first, so that a
// token that cannot be good never causes a fetch. A token that was accepted before is checked for its time and for whether
// its key is still one of the issuer's.
func (v *Validator) Validate(ctx context.Context, accessToken string) (*middleware.Token, error) {
	return v.tokens.validate(ctx, accessToken, v.judge)
}

// judge judges a token of which nothing is known.
func (v *Validator) judge(ctx context.Context, accessToken string) (*accepted, error) {
	t, err := parse(accessToken)
	if err != nil {
		return nil, err
	}
	return v.accept(ctx, t)
}

// Forget implements middleware.Forgetter. A token need not be forgotten to be refused by a revocation list.
func (v *Validator) Forget(accessToken string) { v.tokens.forget(accessToken) }

// Ready returns nil once tokens can be judged, fetching keys if there are none yet. An error matches
// middleware.ErrUnavailable and says what is wrong.
func (v *Validator) Ready(ctx context.Context) error { return v.keys.ready(ctx) }

// State describes where the keys stand. It does no I/O.
func (v *Validator) State() State { return v.keys.state() }

// Close ends a fetch in progress and waits for it. Afterwards no keys are fetched: tokens are judged with the keys at
// hand until these are too old. Close always returns nil.
func (v *Validator) Close() error {
	v.keys.close()
	return nil
}

// unverified is a parsed token.
type unverified struct {
	jws  *jose.JWS
	wire *wireClaims
}

func parse(accessToken string) (*unverified, error) {
	return parseUpTo(accessToken, jose.MaxTokenBytes)
}

func parseUpTo(jwt string, limit int) (*unverified, error) {
	t, err := jose.ParseUpTo(jwt, limit)
	if err != nil {
		return nil, parseVerdict(err)
	}
	wire, err := parseWire(t.Payload)
	if err != nil {
		return nil, err
	}
	return &unverified{t, wire}, nil
}

// issuer returns the issuer a token claims to have.
func (t *unverified) issuer() (string, bool) { return strictjson.String(t.wire.Issuer) }

var (
	errNoKeyID  = errors.New("the token names no key")
	errAhead    = errors.New("iat is in the future")
	errTooEarly = errors.New("nbf is in the future")
)

func (v *Validator) accept(ctx context.Context, t *unverified) (*accepted, error) {
	if err := v.checkHeader(t.jws); err != nil {
		return nil, err
	}
	if v.rules.foreign(t.wire) {
		return nil, middleware.Reject(middleware.ReasonNotAccessToken, nil)
	}
	c, err := t.wire.read(v.rules)
	if err != nil {
		return nil, err
	}
	if err := v.checkClaims(c); err != nil {
		return nil, err
	}
	signed := &candidate{jws: t.jws, claims: c, allowed: v.allowed}
	if err := v.keys.verify(ctx, signed); err != nil {
		return nil, err
	}
	a := &accepted{
		token:      c.token(t.jws),
		by:         v.seat,
		keyID:      signed.key.ID(),
		thumbprint: signed.key.Thumbprint(),
		alg:        t.jws.Algorithm,
		party:      markOf(c.clientID, c.subject),
	}
	a.from, a.until = v.lifetime(c)
	return a, nil
}

func (v *Validator) checkHeader(t *jose.JWS) error {
	switch {
	case !slices.Contains(v.allowed, t.Algorithm):
		return middleware.Reject(middleware.ReasonAlgorithmNotAllowed, nil)
	case !slices.Contains(v.rules.types, mediaType(t.Type)):
		return middleware.Reject(middleware.ReasonWrongType, nil)
	case v.needKeyID && !t.HasKeyID:
		return middleware.Reject(middleware.ReasonUnknownKey, errNoKeyID)
	}
	return nil
}

// checkClaims applies RFC 9068, section 4 and RFC 7519, section 4.1.
func (v *Validator) checkClaims(c *claims) error {
	if c.issuer != v.issuer {
		return middleware.Reject(middleware.ReasonUntrustedIssuer, nil)
	}
	if v.missing(c) {
		return middleware.Reject(middleware.ReasonMissingClaim, nil)
	}
	isOurs := func(audience string) bool { return slices.Contains(v.audiences, audience) }
	if !slices.ContainsFunc(c.audience, isOurs) {
		return middleware.Reject(middleware.ReasonWrongAudience, nil)
	}
	return v.checkTimes(c)
}

func (v *Validator) missing(c *claims) bool {
	n := v.rules.needs
	return c.expires.IsZero() || len(c.audience) == 0 ||
		(n.subject && c.subject == "") || (n.client && c.clientID == "") ||
		(n.id && c.id == "") || (n.issued && c.issued.IsZero())
}

// maxAhead is how far iat may lie in the future, as in FAPI 2.0.
const maxAhead = time.Minute

func (v *Validator) checkTimes(c *claims) error {
	now := v.now()
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

// times returns when nbf, iat and exp let a token be honoured by a clock that may differ from the issuer's.
func (v *Validator) times(c *claims) (starts, issued, expires time.Time) {
	return c.notBefore.Add(-v.leeway), c.issued.Add(-max(v.leeway, maxAhead)), c.expires.Add(v.leeway)
}

// lifetime returns from and until when a token may be honoured.
func (v *Validator) lifetime(c *claims) (from, until time.Time) {
	starts, issued, expires := v.times(c)
	if issued.After(starts) {
		starts = issued
	}
	return starts, expires
}

// token presents verified claims.
func (c *claims) token(t *jose.JWS) *middleware.Token {
	return &middleware.Token{
		Issuer:       c.issuer,
		Subject:      c.subject,
		ClientID:     c.clientID,
		ID:           c.id,
		SessionID:    c.sessionID,
		Audience:     middleware.NewAudience(c.audience...),
		Scopes:       c.scopes,
		Actor:        c.actor,
		ACR:          c.acr,
		AuthTime:     c.authenticated,
		IssuedAt:     c.issued,
		NotBefore:    c.notBefore,
		ExpiresAt:    c.expires,
		Confirmation: c.confirmation,
		Fingerprint:  sha256.Sum256([]byte(t.SigningInput())),
		Claims:       strictjson.Document(t.Payload),
	}
}
