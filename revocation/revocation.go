package revocation

import (
	"errors"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// Revocation names what is revoked. Set Token; or Issuer together with one of ID, SessionID, Subject, ClientID, Subject
// and SessionID, or Subject and ClientID; or Issuer and Before alone.
type Revocation struct {
	// Token is one access token, JWT or opaque. It is not checked: whoever holds a token may revoke it. Only this very
	// token is meant, whatever its claims say.
	Token string
	// Issuer is the iss of the tokens. For introspected tokens without iss it is the Issuer of the introspection.Config.
	Issuer string
	// ID revokes the one token with this jti.
	ID string
	// SessionID revokes the tokens of one session (sid). Together with Subject it also revokes those of the subject that
	// do not say which session they belong to: it could be this one.
	SessionID string
	// Subject revokes the tokens of one subject (sub); together with ClientID, those it gave to one client.
	Subject string
	// ClientID revokes the tokens of one client (client_id).
	ClientID string
	// Before limits a revocation by Subject or ClientID, or of a whole Issuer, to tokens issued up to this second: later
	// ones come from a new authentication. It does not limit that of a session, which does not come back. Tokens that do
	// not say when they were issued count as issued before. Default: now; required to revoke a whole issuer.
	Before time.Time
	// ExpiresAt is when the token meant by Token or ID ends, if known. The revocation is forgotten then. Default: as late
	// as any token can.
	ExpiresAt time.Time

	// By and Reason say who revoked and why, for the audit record. They must not contain a token.
	By, Reason string
}

// ErrTarget says that a Revocation names nothing, or too much at once.
var ErrTarget = errors.New("revocation: name a Token, or an Issuer and one of ID, SessionID, Subject, ClientID, " +
	"Subject with SessionID, Subject with ClientID, or Before")

// record settles a revocation: what names a token becomes its fingerprint, and Before is filled in.
func (r *Revocation) record(now time.Time) (Record, error) {
	settled := Record{
		Issuer:    r.Issuer,
		ID:        r.ID,
		SessionID: r.SessionID,
		Subject:   r.Subject,
		ClientID:  r.ClientID,
		Before:    r.Before,
		ExpiresAt: r.ExpiresAt,
		RevokedAt: now,
	}
	if r.Token != "" {
		settled.Fingerprint = middleware.FingerprintOf(r.Token)
	}
	k, err := settled.kind()
	if err != nil {
		return Record{}, err
	}
	switch {
	case !k.dated():
		settled.Before = time.Time{}
	case settled.Before.IsZero():
		settled.Before = now
	}
	return settled, settled.check()
}
