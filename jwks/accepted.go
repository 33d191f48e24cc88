package jwks

import (
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

// accepted is a token that a Validator found to be good, with what has to hold for it to stay so. Its texts are parts of
// the decoded payload, so that a token takes few allocations.
type accepted struct {
	token  middleware.Token
	claims strictjson.Document
	by     *seat
	// keyID and thumbprint are those of the key that made the signature, with alg. set is the number of the key set it was
	// last seen in. None of them keeps a key set alive.
	keyID, thumbprint string
	alg               jose.Algorithm
	set               atomic.Uint64
	// party is whom the token was issued to.
	party uint64
	// from and until bound when the token may be honoured, leeway included.
	from, until time.Time
}

// accepted presents verified claims.
func (v *Validator) accepted(c *claims, signed *candidate) *accepted {
	a := &accepted{
		token: middleware.Token{
			Issuer:       v.issuer,
			Subject:      c.subject,
			ClientID:     c.clientID,
			ID:           c.id,
			SessionID:    c.sessionID,
			Audience:     c.audience,
			Scopes:       c.scopes,
			Actor:        c.actor,
			ACR:          c.acr,
			AuthTime:     c.authenticated,
			IssuedAt:     c.issued,
			NotBefore:    c.notBefore,
			ExpiresAt:    c.expires,
			Confirmation: c.confirmation,
			Fingerprint:  signed.jws.Digest(),
		},
		claims:     strictjson.DocumentOf(signed.jws.Payload),
		by:         v.seat,
		keyID:      signed.key.ID(),
		thumbprint: signed.key.Thumbprint(),
		alg:        signed.jws.Algorithm,
		party:      signed.party,
	}
	a.token.Claims = &a.claims
	a.from, a.until = v.lifetime(c)
	return a
}

// seat is where a Validator can be found as long as it is in use. What a Resolver has let go of must not be kept alive by
// the tokens it accepted.
type seat struct {
	validator atomic.Pointer[Validator]
	// used is when a token was last found to be good, in unix nanoseconds by clock, which only a Resolver sets.
	used  atomic.Int64
	clock func() time.Time
}

func (s *seat) use() {
	if s.clock != nil {
		s.used.Store(s.clock().UnixNano())
	}
}

// stillGood reports whether the token would be accepted again, as far as that is known: it is its time, and the key is
// still one of the issuer's.
func (a *accepted) stillGood() bool {
	v := a.by.validator.Load()
	if v == nil {
		return false
	}
	now := v.now()
	if now.Before(a.from) || !now.Before(a.until) || !v.keys.holds(now, a, v.allowed) {
		return false
	}
	a.by.use()
	return true
}

// acceptedBytes is what an entry takes besides its claims, measured, and audienceBytes what each audience adds.
const (
	acceptedBytes = 700
	audienceBytes = 48
)

func (a *accepted) weight() uint32 {
	return uint32(acceptedBytes + len(a.claims) + audienceBytes*a.token.Audience.Len())
}
