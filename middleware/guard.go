package middleware

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Config configures a [Guard]. Its zero value is the strict default.
type Config struct {
	// Realm is the realm of the challenges, printable ASCII. Default: "api". RFC 6750 wants at least one parameter in
	// every challenge, so it cannot be left out.
	Realm string
	// ResourceMetadata is the absolute URL of this resource server's metadata (RFC 9728), named in every challenge. It
	// must be https; http is accepted for loopback hosts. Default: none.
	ResourceMetadata string
	// AdvertiseScopes names a route's scopes in the challenge to requests without credentials, as clients that ask for
	// scopes on demand (MCP among them) expect. Refusals for want of a scope always name it.
	AdvertiseScopes bool

	// AllowFormToken accepts the access_token parameter of a form body (RFC 6750, section 2.2). The body is read up to
	// 1 MiB and restored for the handler.
	AllowFormToken bool
	// AllowQueryToken accepts the access_token parameter of the URL (RFC 6750, section 2.3). URLs end up in logs,
	// histories and Referer fields; OAuth 2.1 forbids this. By default such a parameter is ignored.
	AllowQueryToken bool
	// RefuseQueryToken answers 400 to a request with an access_token parameter in its URL, so that authors of clients
	// notice. It excludes AllowQueryToken.
	RefuseQueryToken bool
	// AllowPreflight lets CORS preflights pass: OPTIONS with Origin and Access-Control-Request-Method and without
	// credentials. Leave it off when a CORS middleware answers them first.
	AllowPreflight bool

	// Revocations is asked about every token the Validator honours, such as a *revocation.List. Default: none, and a
	// revoked token passes until it expires or the Validator notices.
	Revocations RevocationList

	// Bindings verify that tokens bound to a key come from whoever holds it, such as a *dpop.Verifier and a
	// *mtls.Verifier. A token with several bindings has to satisfy all. Default: none, and a bound token is refused.
	Bindings []Binding
	// RequireBinding refuses tokens that are bound to no key.
	RequireBinding bool
	// ExposeChallenges lets scripts in browsers read WWW-Authenticate and DPoP-Nonce of answers to other origins, by an
	// Access-Control-Expose-Headers field. Leave it off when a CORS middleware names them.
	ExposeChallenges bool

	// OnDecision is told of every decision, after it was made and before it is acted upon. It runs on the request's
	// goroutine and must be safe for concurrent use. [LogDecisions] makes one for log/slog. Default: none.
	OnDecision func(context.Context, Decision)
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Guard decides which requests may pass. It is immutable and safe for concurrent use; one Guard serves any number of
// routes. The zero Guard, like a nil one, refuses everything with 500.
type Guard struct {
	validator Validator
	config    Config
	bindings  bindings
}

// New returns a Guard that trusts the tokens validator honours. It does no I/O. It returns an error for a configuration
// that would be unsafe or could not work.
func New(validator Validator, cfg Config) (*Guard, error) {
	if validator == nil {
		return nil, errors.New("oauth: a Guard needs a Validator, such as the result of jwks.New or introspection.New")
	}
	if strings.ContainsFunc(cfg.Realm, func(c rune) bool { return c < ' ' || c > '~' }) {
		return nil, errors.New("oauth: Realm must be printable ASCII")
	}
	if cfg.AllowQueryToken && cfg.RefuseQueryToken {
		return nil, errors.New("oauth: AllowQueryToken and RefuseQueryToken exclude each other, set one")
	}
	if err := checkMetadataURL(cfg.ResourceMetadata); err != nil {
		return nil, err
	}
	bindings, err := newBindings(&cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Realm == "" {
		cfg.Realm = "api"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Guard{validator, cfg, bindings}, nil
}

func checkMetadataURL(raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Hostname() == "" || u.User != nil || strings.Contains(raw, "#") || !isScopeToken(raw) {
		return errors.New("oauth: ResourceMetadata must be an absolute URL without credentials and fragment")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return fmt.Errorf("oauth: ResourceMetadata must be an https URL, not %s", u.Scheme)
	}
	return nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Authorize decides whether r may pass under policy p. If so, it returns the request to hand on: its context carries the
// token (see [FromContext]), and a form body that was searched can be read again. Otherwise the error is an [*Error]. h
// is the header of the response; Authorize sets on it only what a success needs.
//
// A token that this Guard already accepted for the same request is not validated again; every policy is evaluated.
func (g *Guard) Authorize(h http.Header, r *http.Request, p Policy) (*http.Request, error) {
	if g == nil || g.validator == nil {
		return nil, newError(refuse(ErrMisconfigured, ReasonMisconfigured, errNobodyAsked))
	}
	if g.config.OnDecision == nil {
		admitted, _, err := g.decide(h, r, &p)
		return admitted, err
	}
	start := time.Now()
	admitted, token, err := g.decide(h, r, &p)
	g.config.OnDecision(r.Context(), newDecision(token, err, time.Since(start)))
	return admitted, err
}

// decide takes the steps in an order that never changes: find the credentials, validate, ask for revocations, check
// bindings, then the policy. The token is returned as soon as it is known to be valid, whether or not it is good enough.
func (g *Guard) decide(h http.Header, r *http.Request, p *Policy) (*http.Request, *Token, error) {
	if g.config.AllowPreflight && isPreflight(r) {
		return anonymous(r), nil, nil
	}
	found, r, err := g.findCredential(r)
	if err != nil {
		if p.AllowAnonymous && ReasonOf(err) == ReasonNoCredentials {
			return anonymous(r), nil, nil
		}
		return nil, nil, g.refusal(err, p, found.schemes)
	}
	token := g.admitted(r.Context(), &found)
	again := token != nil && g.stillGood(token)
	if !again {
		if token, err = g.validate(h, r, &found); err != nil {
			return nil, nil, g.refusal(err, p, found.schemes)
		}
	}
	if err := p.evaluate(r.Context(), token, g.config.Now); err != nil {
		return nil, token, g.refusal(err, p, found.schemes)
	}
	g.setSuccess(h, &found)
	return g.admit(r, p, token, &found, again), token, nil
}

// setSuccess sets the header fields of an answer that is not a refusal.
func (g *Guard) setSuccess(h http.Header, found *credential) {
	if found.inQuery {
		h.Set("Cache-Control", "private")
	}
	if g.config.ExposeChallenges {
		exposeChallenges(h)
	}
}

// stillGood reports whether what may have changed since a token was accepted has not: requests can be made from the
// context of one that lasts.
func (g *Guard) stillGood(t *Token) bool {
	expired := !t.ExpiresAt.IsZero() && !g.config.Now().Before(t.ExpiresAt)
	return !expired && (g.config.Revocations == nil || g.config.Revocations.Check(t) == nil)
}

// admit returns the request to hand on. A second layer finds its context as the first one left it.
func (g *Guard) admit(r *http.Request, p *Policy, token *Token, found *credential, again bool) *http.Request {
	ctx := r.Context()
	if !again || token != current(ctx) {
		ctx = &admission{ctx, g, found.token, found.schemes, token}
	}
	if p.EndWithToken {
		ctx = g.bind(ctx, token)
	}
	if ctx == r.Context() {
		return r
	}
	return r.WithContext(ctx)
}

var errNoToken = errors.New("the validator returned neither a token nor an error")

// validate asks the Validator, then the revocation list, and then for proof of every binding.
func (g *Guard) validate(h http.Header, r *http.Request, found *credential) (*Token, error) {
	token, err := g.validator.Validate(r.Context(), found.token)
	if err != nil {
		return nil, g.unjudged(verdictOf(err, ErrInvalidToken, ErrUnavailable, ErrMisconfigured), found.token)
	}
	if token == nil {
		return nil, Unavailable(ReasonValidatorFailed, 0, errNoToken)
	}
	if token, err = g.checkRevoked(token, found.token); err != nil {
		return nil, err
	}
	if err := g.bindings.verify(h, r, found, token); err != nil {
		return nil, err
	}
	return token, nil
}

// verdictOf takes from a part of ours what is its to say. Anything else means that nothing was found out.
func verdictOf(err error, kinds ...error) error {
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return err
		}
	}
	return Unavailable(ReasonValidatorFailed, 0, err)
}
