package jwks

import (
	"math"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/internal/tokencache"
	"github.com/bearergate/bearergate/middleware"
)

// accepted is a token that a Validator found to be good, with what has to hold for it to stay so. Its texts are parts of
// the decoded payload, so that a token takes few allocations.
type accepted struct {
	// What a hit looks at comes first: see tokencache.Entry.
	by *seat
	// set is the number of the key set that key was last seen in, which is not kept alive.
	set atomic.Uint64
	// party is whom the token was issued to.
	party uint64
	span

	// key made the signature.
	key    *jose.Key
	token  middleware.Token
	claims strictjson.Document
}

// entry is an accepted token with its place among those that are remembered.
type entry = tokencache.Entry[accepted]

// accepted presents claims whose signature a key verified.
func (v *Validator) accepted(c *claims, good span, signed *candidate, key *jose.Key) *entry {
	e := &entry{Value: accepted{
		by:    v.seat,
		party: signed.party,
		span:  good,
		key:   key,
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
		claims: strictjson.DocumentOf(signed.jws.Payload),
	}}
	e.Value.token.Claims = &e.Value.claims
	return e
}

// span is the time in which a token is good, as instants: from the first on, and until the other.
type span struct{ from, until int64 }

// spanOf is that of a token. What instants do not tell apart is in none: the earliest is before from, and the latest not
// before until.
func (v *Validator) spanOf(c *claims) span {
	starts, issued, expires := v.times(c)
	return span{max(instant(starts), instant(issued), math.MinInt64+1), instant(expires)}
}

func (s span) has(at time.Time) bool {
	i := instant(at)
	return s.from <= i && i < s.until
}

// instant is a time in nanoseconds since 1970, the earliest or the latest there is for what lies beyond.
func instant(t time.Time) int64 {
	const last = math.MaxInt64 / int64(time.Second) // a second more is too late, and one less than its negative too early
	switch seconds := t.Unix(); {
	case seconds >= last:
		return math.MaxInt64
	case seconds <= -last:
		return math.MinInt64
	}
	return t.UnixNano()
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

// stillGood reports whether nothing has become known against the token: it is its time, and the key is still one of the
// issuer's, be it behind others of the same name that a new token would be tried with first.
func (a *accepted) stillGood() bool {
	v := a.by.validator.Load()
	if v == nil {
		return false
	}
	now := v.now()
	if !a.has(now) || !v.keys.holds(now, a, v.allowed) {
		return false
	}
	a.by.use()
	return true
}

// What an entry takes besides its claims, measured; allocations come in sizes that leave up to an eighth of them unused.
const (
	acceptedBytes     = 500
	audienceBytes     = 48
	confirmationBytes = 128
)

// weight returns about how many bytes an entry takes, rather too many than too few.
func (a *accepted) weight() uint32 {
	weight := acceptedBytes + len(a.claims) + len(a.claims)/8 + audienceBytes*a.token.Audience.Len()
	if a.hasCopies() {
		weight += 2 * len(a.claims)
	}
	for range a.token.Confirmation.All() {
		weight += confirmationBytes
	}
	return uint32(weight)
}

// hasCopies reports whether some texts are no parts of the claims: those that were written with escapes, and those from
// inside arrays and objects.
func (a *accepted) hasCopies() bool {
	claims := string(a.claims)
	return strings.Contains(claims, `\`) || !strings.Contains(claims, string(a.token.Scopes)) ||
		a.token.Actor != middleware.Actor{} || !a.token.Confirmation.IsZero()
}
