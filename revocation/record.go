package revocation

import (
	"encoding/hex"
	"errors"
	"log/slog"
	"math"
	"time"
	"unicode/utf8"
)

// Record is a revocation as the replicas of a service exchange it: settled, and without the token that it names. Set
// Fingerprint, or the names that a [Revocation] may have.
type Record struct {
	// Fingerprint names one token, as middleware.FingerprintOf does.
	Fingerprint [32]byte
	// Issuer, ID, SessionID, Subject and ClientID are those of the Revocation.
	Issuer, ID, SessionID, Subject, ClientID string
	// Before is the last second whose tokens are meant. Required where a Revocation may have one, and without meaning
	// elsewhere.
	Before time.Time
	// ExpiresAt is when the token meant by Fingerprint or ID ends; zero if that is not known.
	ExpiresAt time.Time
	// RevokedAt is when the revocation was made. How long it is remembered counts from then. Required.
	RevokedAt time.Time
}

// kind is how a revocation names tokens.
type kind uint8

const (
	byToken kind = iota
	byID
	bySession
	bySessionless // a subject's tokens without a session
	bySubject
	byClient
	byGrant // a client on behalf of a subject
	byIssuer

	kinds
)

var kindNames = [kinds]string{
	byToken:       "token",
	byID:          "jti",
	bySession:     "session",
	bySessionless: "session of subject",
	bySubject:     "subject",
	byClient:      "client",
	byGrant:       "grant",
	byIssuer:      "issuer",
}

// dated reports whether a revocation of this kind spares tokens issued after it.
func (k kind) dated() bool { return k >= bySessionless }

// forever is the end of an entry that has none.
const forever = math.MaxInt64

// everything stands for tokens whatever their time of issue.
const everything = math.MaxInt64

// kind finds the one way in which r names tokens. What names a session of a subject is bySessionless, and bySession too.
func (r *Record) kind() (kind, error) {
	type set struct{ token, issuer, id, session, subject, client bool }
	token := r.Fingerprint != [32]byte{}
	named := set{token, r.Issuer != "", r.ID != "", r.SessionID != "", r.Subject != "", r.ClientID != ""}
	switch named {
	case set{token: true}:
		return byToken, nil
	case set{issuer: true, id: true}:
		return byID, nil
	case set{issuer: true, session: true}:
		return bySession, nil
	case set{issuer: true, session: true, subject: true}:
		return bySessionless, nil
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

// check returns an error for a record that means nothing, or not everywhere the same.
func (r *Record) check() error {
	k, err := r.kind()
	switch {
	case err != nil:
		return err
	case r.RevokedAt.IsZero(), k.dated() && r.Before.IsZero():
		return errUndated
	}
	for _, name := range []string{r.Issuer, r.ID, r.SessionID, r.Subject, r.ClientID} {
		if !utf8.ValidString(name) {
			return ErrTarget
		}
	}
	return nil
}

var errUndated = errors.New("revocation: a Record needs RevokedAt, and Before unless it names a token or a session")

// target is what one entry of the list names.
type target struct {
	kind   kind
	key    key
	before int64 // tokens issued up to this second are meant
}

// targets returns the entries that a record of kind k makes.
func (r *Record) targets(h *hasher, k kind) []target {
	before := r.Before.Unix()
	switch k {
	case byToken:
		return []target{{k, h.fingerprint(r.Fingerprint), everything}}
	case byID:
		return []target{{k, h.pair(k, r.Issuer, r.ID, ""), everything}}
	case bySession:
		return []target{{k, h.pair(k, r.Issuer, r.SessionID, ""), everything}}
	case bySessionless:
		return []target{
			{bySession, h.pair(bySession, r.Issuer, r.SessionID, ""), everything},
			{k, h.pair(k, r.Issuer, r.Subject, ""), before},
		}
	case bySubject:
		return []target{{k, h.pair(k, r.Issuer, r.Subject, ""), before}}
	case byClient:
		return []target{{k, h.pair(k, r.Issuer, r.ClientID, ""), before}}
	case byGrant:
		return []target{{k, h.pair(k, r.Issuer, r.Subject, r.ClientID), before}}
	}
	return []target{{k, h.pair(k, r.Issuer, "", ""), before}}
}

// attrs describe what is revoked, for the audit record. There is no token in them.
func (r *Record) attrs(k kind, until int64) []slog.Attr {
	var attrs []slog.Attr
	if k == byToken {
		attrs = append(attrs, slog.String("fingerprint", hex.EncodeToString(r.Fingerprint[:8])))
	}
	for _, named := range []struct{ name, value string }{
		{"iss", r.Issuer}, {"jti", r.ID}, {"sid", r.SessionID}, {"sub", r.Subject}, {"client_id", r.ClientID},
	} {
		if named.value != "" {
			attrs = append(attrs, slog.String(named.name, named.value))
		}
	}
	if k.dated() {
		attrs = append(attrs, slog.Time("before", time.Unix(r.Before.Unix(), 0).UTC()))
	}
	if until != forever {
		attrs = append(attrs, slog.Time("until", time.Unix(until, 0).UTC()))
	}
	return attrs
}
