package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/discovery"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// wayPast returns a change that lets the token past what it failed at, nil if there is none.
func (c *check) wayPast(ctx context.Context, s situation, o outcome) *change {
	switch o.reason {
	case middleware.ReasonAlgorithmNotAllowed:
		return c.allowAlgorithm(ctx, s, o)
	case middleware.ReasonWrongType, middleware.ReasonNotAccessToken, middleware.ReasonMissingClaim,
		middleware.ReasonMalformedClaim:
		return c.best(ctx, o, c.otherProfiles(s))
	case middleware.ReasonUntrustedIssuer:
		return c.best(ctx, o, c.otherIssuers(ctx, s))
	case middleware.ReasonWrongAudience:
		return c.otherAudience(s)
	case middleware.ReasonExpired, middleware.ReasonNotYetValid:
		return c.otherTime(s, o.reason)
	case middleware.ReasonKeysUnavailable:
		return c.best(ctx, o, c.otherKeySets(s))
	case middleware.ReasonUnknownKey:
		return c.best(ctx, o, c.otherKeyUse(s, o))
	case middleware.ReasonUnverifiedBinding:
		return c.assumeProof(s)
	case middleware.ReasonInsufficientScope:
		return c.best(ctx, o, append(c.otherProfiles(s), c.readElsewhere(s)...))
	}
	return nil
}

func (c *check) allowAlgorithm(ctx context.Context, s situation, o outcome) *change {
	if len(s.config.Algorithms) == 0 || s.config.Secret != nil {
		return nil
	}
	s.config.Algorithms = append(slices.Clone(s.config.Algorithms), c.view.Algorithm)
	return c.best(ctx, o, []change{{
		to:      s,
		loosens: fmt.Sprintf("Algorithms accepts %s too.", c.view.Algorithm),
	}})
}

// otherProfiles returns every other profile, the likely ones first.
func (c *check) otherProfiles(s situation) []change {
	var all []change
	for _, p := range c.likelyProfiles() {
		if p == s.config.Profile {
			continue
		}
		to := s
		to.config.Profile = p
		all = append(all, change{to: to, loosens: whatLoosens[p], against: c.whyNoAccessToken()})
	}
	return all
}

var whatLoosens = map[jwks.Profile]string{
	jwks.RFC9068: "Nothing: the profile RFC9068 is the strict one.",
	jwks.Keycloak: "The profile Keycloak takes typ JWT; ID tokens are told by the claim typ that Keycloak writes, and sub " +
		"may be missing.",
	jwks.Entra: "The profile Entra takes typ JWT and tokens without jti, and reads scp; ID tokens are told by their nonce " +
		"and audience, so Audience must be that of an API, never of a client.",
	jwks.Okta: "The profile Okta takes tokens without typ and reads scp; ID tokens are told by their nonce and claims.",
	jwks.Auth0: "The profile Auth0 takes typ JWT and tokens without jti. Better: switch the API in Auth0 to the RFC 9068 " +
		"token profile.",
	jwks.Cognito: "The profile Cognito takes tokens without typ; token_use has to be access, and Audience is compared " +
		"with client_id if there is no aud.",
	jwks.Generic: "The profile Generic asks for iss, exp and aud alone, with any typ and without kid: an ID token whose " +
		"aud is yours could pass. Have the server follow RFC 9068 if it can.",
}

// otherIssuers returns what could be configured for tokens of the issuer that this one names. Another host is never asked
// for its keys because a token says so: at most, the configured issuer's keys verify it.
func (c *check) otherIssuers(ctx context.Context, s situation) []change {
	named := c.view.Issuer
	if named == "" {
		return nil
	}
	var all []change
	if sameOrigin(named, s.config.Issuer) && discovery.CheckIssuer(named, s.config.AllowLoopbackHTTP) == nil {
		to := s
		to.config.Issuer = named
		all = append(all, change{to: to, loosens: c.issuerNote(s.config.Issuer)})
	}
	if found := c.inspectIssuer(ctx).KeySetURL; s.config.JWKSURL != "" || found != "" || fixed(s.config) {
		to := s
		to.config.Issuer = named
		if s.config.JWKSURL == "" && !fixed(s.config) {
			to.config.JWKSURL = found
		}
		all = append(all, change{to: to, loosens: c.issuerNote(s.config.Issuer) +
			" The keys are those of the configured issuer, and the metadata of the other is not looked at."})
	}
	return all
}

func fixed(config jwks.Config) bool { return config.Keys != nil || config.Secret != nil }

func (c *check) issuerNote(configured string) string {
	if alike(c.view.Issuer, configured) {
		return "Nothing, if this is how your server spells its name."
	}
	return "Tokens of another issuer are accepted, and those of the configured one no longer; only if you trust it. For " +
		"both, use jwks.Issuers."
}

// otherAudience returns the name in aud that could be meant.
func (c *check) otherAudience(s situation) *change {
	audience := c.audiences(s.config.Profile)
	if len(audience) == 0 {
		return nil
	}
	slices.SortStableFunc(audience, func(a, b string) int { return c.rank(s, b) - c.rank(s, a) })
	chosen := audience[0]
	configured := s.config.Audience
	s.config.Audience, s.config.OtherAudiences = chosen, nil
	return &change{
		to: s,
		loosens: fmt.Sprintf("Tokens for %s are accepted instead of those for %s: only if that is a name of this service "+
			"and of no other.",
			quote(chosen), quote(configured)),
		against: c.whyNotAudience(chosen),
	}
}

// rank says how likely a name in aud is meant to be that of the service.
func (c *check) rank(s situation, audience string) int {
	switch {
	case alike(audience, s.config.Audience):
		return 2
	case c.whyNotAudience(audience) == "":
		return 1
	}
	return 0
}

// otherTime moves the clock into the lifetime of the token, or widens the leeway if the clocks are what is wrong.
func (c *check) otherTime(s situation, reason middleware.Reason) *change {
	if leeway, ok := c.enoughLeeway(s, reason); ok {
		s.config.Leeway = leeway
		return &change{to: s, loosens: fmt.Sprintf("Every token is accepted %s past its end and ahead of its start. Set "+
			"the clock instead: this is a stopgap.", leeway)}
	}
	at := c.lifetime()
	if at.IsZero() {
		return nil
	}
	s.config.Now = func() time.Time { return at }
	return &change{to: s, against: "The token is out of its time, and no configuration accepts such tokens: get a new one."}
}

// lifetime returns a moment at which the token was valid, zero if there is none.
func (c *check) lifetime() time.Time {
	v := c.view
	if v.Expires == nil {
		return time.Time{}
	}
	at := v.Expires.Add(-time.Second)
	for _, start := range []*stamp{v.NotBefore, v.IssuedAt} {
		if start != nil && at.Before(start.Time) {
			return time.Time{}
		}
	}
	return at
}

// maxLeeway is the largest that package jwks accepts.
const maxLeeway = 5 * time.Minute

// enoughLeeway returns the leeway that makes up for a clock that is known to be wrong: by the clock of the issuer the
// token is good.
func (c *check) enoughLeeway(s situation, reason middleware.Reason) (time.Duration, bool) {
	if c.clock == nil || !c.goodAt(c.now.Add(c.clock.ahead)) {
		return 0, false
	}
	need := c.clock.ahead.Abs()
	if reason == middleware.ReasonExpired {
		need = c.now.Sub(c.view.Expires.Time)
	}
	need = (need + time.Minute).Truncate(time.Minute)
	return need, need > s.config.Leeway && need <= maxLeeway
}

// goodAt reports whether the token says that it is valid at a time, which is known to a few seconds.
func (c *check) goodAt(at time.Time) bool {
	v := c.view
	begun := func(start *stamp) bool { return start == nil || !at.Add(defaultLeeway).Before(start.Time) }
	return v.Expires != nil && at.Before(v.Expires.Time) && begun(v.NotBefore) && begun(v.IssuedAt)
}

// otherKeySets skips discovery where the metadata is there, but calls its issuer by another name.
func (c *check) otherKeySets(s situation) []change {
	if s.config.JWKSURL != "" || c.issuer == nil || c.issuer.KeySetURL == "" {
		return nil
	}
	s.config.JWKSURL = c.issuer.KeySetURL
	return []change{{to: s, loosens: "The key set is no longer found by the metadata, which names another issuer: correct " +
		"the name that the server has for itself, if you can."}}
}

// otherKeyUse tries what makes keys usable that are in the set: without kid in the token, without alg in the key, without
// kid in the key.
func (c *check) otherKeyUse(s situation, o outcome) []change {
	if o.cause == errNoKeyID {
		return c.otherProfiles(s)
	}
	var all []change
	if !fixed(s.config) && len(s.config.Algorithms) == 0 {
		to := s
		to.config.Algorithms = []string{c.view.Algorithm}
		all = append(all, change{to: to, loosens: fmt.Sprintf("Nothing: keys that name no algorithm are used with %s, and "+
			"all others no longer.", c.view.Algorithm)})
	}
	if c.issuer != nil && c.issuer.document != nil && !fixed(s.config) {
		if keys, err := jwks.ParseKeys(c.issuer.document); err == nil {
			to := s
			to.config.JWKSURL, to.config.Keys = "", keys
			all = append(all, change{to: to, loosens: "The keys are fixed and a rotation is not noticed, because keys " +
				"without kid cannot be told apart: have the server publish a kid with each key."})
		}
	}
	return all
}

// assumeProof goes on as if the client had proven possession of the key.
func (c *check) assumeProof(s situation) *change {
	s.proven = c.view.BoundBy
	return &change{to: s, against: "The token is bound to a key: as a plain bearer token it must not be accepted. Its " +
		"client has to prove possession, and the service to verify that."}
}

// alike reports whether two identifiers differ only in what people get wrong: scheme, case, a slash at the end.
func alike(a, b string) bool {
	plain := func(s string) string {
		s = strings.TrimSuffix(strings.ToLower(s), "/")
		return strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
	}
	return plain(a) == plain(b)
}

func sameOrigin(a, b string) bool {
	first, err := url.Parse(a)
	if err != nil {
		return false
	}
	second, err := url.Parse(b)
	return err == nil && first.Scheme == second.Scheme && strings.EqualFold(first.Host, second.Host)
}
