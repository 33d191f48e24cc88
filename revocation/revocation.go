package revocation

import (
	"encoding/hex"
	"errors"
	"log/slog"
	"math"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// Revocation names what is revoked. Set Token; or Issuer together with one of ID, SessionID, Subject, ClientID, or
// Subject and ClientID; or Issuer and Before alone.
type Revocation struct {
	// Token is one access token, JWT or opaque. It is not checked: whoever holds a token may revoke it. Only this very
	// token is meant, whatever its claims say.
	Token string
	// Issuer is the iss of the tokens. For introspected tokens without iss it is the Issuer of the introspection.Config.
	Issuer string
	// ID revokes the one token with this jti.
	ID string
	// SessionID revokes the tokens of one session (sid).
	SessionID string
	// Subject revokes the tokens of one subject (sub); together with ClientID, those it gave to one client.
	Subject string
	// ClientID revokes the tokens of one client (client_id).
	ClientID string
	// Before limits a revocation by Subject or ClientID, or of a whole Issuer, to tokens issued up to this second: later
	// ones come from a new authentication. Tokens that do not say when they were issued count as issued before. Default:
	// now; required to revoke a whole issuer.
	Before time.Time
	// ExpiresAt is when the token meant by Token or ID ends, if known. The revocation is forgotten then. Default: as late
	// as any token can.
	ExpiresAt time.Time

	// By and Reason say who revoked and why, for the audit record. They must not contain a token.
	By, Reason string
}

// kind is how a revocation names tokens.
type kind uint8

const (
	byToken kind = iota
	byID
	bySession
	bySubject
	byClient
	byGrant // a client on behalf of a subject
	byIssuer
)

var kindNames = [...]string{"token", "jti", "session", "subject", "client", "grant", "issuer"}

// ErrTarget says that a Revocation names nothing, or too much at once.
var ErrTarget = errors.New("revocation: name a Token, or an Issuer and one of ID, SessionID, Subject, ClientID, " +
	"Subject with ClientID, or Before")

// forever is the end of an entry that has none.
const forever = math.MaxInt64

// everything stands for tokens whatever their time of issue.
const everything = math.MaxInt64

// kind finds the one way in which r names tokens.
func (r *Revocation) kind() (kind, error) {
	type set struct{ token, issuer, id, session, subject, client bool }
	named := set{r.Token != "", r.Issuer != "", r.ID != "", r.SessionID != "", r.Subject != "", r.ClientID != ""}
	switch named {
	case set{token: true}:
		return byToken, nil
	case set{issuer: true, id: true}:
		return byID, nil
	case set{issuer: true, session: true}:
		return bySession, nil
	case set{issuer: true, subject: true}:
		return bySubject, nil
	case set{issuer: true, client: true}:
		return byClient, nil
	case set{issuer: true, subject: true, client: true}:
		return byGrant, nil
	case set{issuer: true}:
		if !r.Before.IsZero() {
			return byIssuer, nil
		}
	}
	return 0, ErrTarget
}

// before returns the second up to which tokens are meant.
func (r *Revocation) before(k kind, now time.Time) int64 {
	switch {
	case k <= bySession:
		return everything
	case r.Before.IsZero():
		return now.Unix()
	}
	return r.Before.Unix()
}

func (r *Revocation) key(h *hasher, k kind) key {
	switch k {
	case byToken:
		return h.fingerprint(middleware.FingerprintOf(r.Token))
	case byID:
		return h.pair(k, r.Issuer, r.ID, "")
	case bySession:
		return h.pair(k, r.Issuer, r.SessionID, "")
	case bySubject:
		return h.pair(k, r.Issuer, r.Subject, "")
	case byClient:
		return h.pair(k, r.Issuer, r.ClientID, "")
	case byGrant:
		return h.pair(k, r.Issuer, r.Subject, r.ClientID)
	}
	return h.pair(k, r.Issuer, "", "")
}

// audit returns the attributes of the audit record: who, what, when and why, and no token.
func (r *Revocation) audit(k kind, before, until int64) []slog.Attr {
	attrs := []slog.Attr{slog.String("target", kindNames[k]), slog.String("by", r.By), slog.String("reason", r.Reason)}
	if k == byToken {
		sum := middleware.FingerprintOf(r.Token)
		attrs = append(attrs, slog.String("fingerprint", hex.EncodeToString(sum[:8])))
	}
	for _, named := range []struct{ name, value string }{
		{"iss", r.Issuer}, {"jti", r.ID}, {"sid", r.SessionID}, {"sub", r.Subject}, {"client_id", r.ClientID},
	} {
		if named.value != "" {
			attrs = append(attrs, slog.String(named.name, named.value))
		}
	}
	if before != everything {
		attrs = append(attrs, slog.Time("before", time.Unix(before, 0).UTC()))
	}
	if until != forever {
		attrs = append(attrs, slog.Time("until", time.Unix(until, 0).UTC()))
	}
	return attrs
}
