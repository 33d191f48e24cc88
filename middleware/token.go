package middleware

import (
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"time"
)

// Token is what a valid access token says: facts, never a decision.
//
// Handlers receive it by value from [FromContext]. Everything reachable from a Token is immutable, so one Token can
// serve many requests at once and no handler can change what the next one sees. Its String, Format, JSON and slog forms
// name the token without ever containing it.
type Token struct {
	// Issuer is the authorization server that issued the token (iss). Users are identified by Issuer and Subject
	// together, never by Subject alone (RFC 8725, section 3.8).
	Issuer string
	// Subject is the resource owner, or the client itself in the client credentials grant (sub). It may be empty when
	// the token was introspected and the server did not say.
	Subject string
	// ClientID is the client the token was issued to (client_id, or the claim the issuer's profile names).
	ClientID string
	// ID identifies the token at its issuer (jti). It may be empty for issuers that send none.
	ID string
	// SessionID is the session the token belongs to (sid), empty when the issuer sends none.
	SessionID string
	// Audience lists the resource servers the token is meant for (aud).
	Audience Audience
	// Scopes are the granted scopes.
	Scopes Scopes
	// Actor is the party acting for Subject (the outermost act of RFC 8693, section 4.1); zero for a token that was not
	// delegated. Nested actors are information only and are left to [Claims].
	Actor Actor
	// ACR is the authentication context class the user authenticated with (acr), empty when unknown.
	ACR string
	// Confirmation holds the keys the token is bound to (cnf, RFC 7800). A Guard refuses a token with a member that
	// nothing verifies.
	Confirmation Confirmation
	// Fingerprint identifies the token whatever its form: the SHA-256 of its signing input if it is a JWT, whose signature
	// may have more than one valid spelling, of the token itself otherwise. The token cannot be told from it. Validators
	// may leave it zero; see [FingerprintOf].
	Fingerprint [32]byte
	// Claims decodes everything else the token says; see [Claims]. Nil when there is nothing else.
	Claims ClaimSet
	// AuthTime is when the user authenticated (auth_time), zero when unknown. It is not the time of issue.
	AuthTime time.Time
	// IssuedAt is iat, zero when the issuer sends none.
	IssuedAt time.Time
	// NotBefore is nbf, zero when the issuer sends none.
	NotBefore time.Time
	// ExpiresAt is exp. It is zero only for introspected tokens whose server did not say.
	ExpiresAt time.Time
}

// Actor is the party that acts on behalf of a token's subject (RFC 8693, section 4.1).
type Actor struct {
	// Issuer is the actor's iss, empty when it is the token's issuer.
	Issuer string
	// Subject is the actor's sub.
	Subject string
	// ClientID is the actor's client_id.
	ClientID string
}

// ClaimSet decodes the claims of one token. Implementations are immutable, match member names exactly (case included)
// and never return the token itself.
type ClaimSet interface {
	// Decode stores the claims in the value v points to, as a JSON decoder would.
	Decode(v any) error
}

var errNoClaims = errors.New("oauth: the token carries no claims to decode")

// Claims decodes the token's claims into a T, usually a struct of the private claims a service relies on. Names match
// exactly: a claim "Admin" does not fill a field tagged "admin". Each call decodes afresh, so the caller owns the result.
// An error means that the claims do not fit a T, or that the validator handed none on.
func Claims[T any](t Token) (T, error) {
	var v T
	if t.Claims == nil {
		return v, errNoClaims
	}
	err := t.Claims.Decode(&v)
	return v, err
}

// String names the token by its issuer, client and ID. The token itself is never part of it.
func (t Token) String() string {
	return fmt.Sprintf("access token of %q for client %q (jti %q)", t.Issuer, t.ClientID, t.ID)
}

// Format prints [Token.String] for every verb, so that no verb can print more.
func (t Token) Format(f fmt.State, _ rune) {
	_, _ = f.Write([]byte(t.String()))
}

// LogValue gives log/slog the identifying claims: iss, sub, client_id, jti.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("iss", t.Issuer),
		slog.String("sub", t.Subject),
		slog.String("client_id", t.ClientID),
		slog.String("jti", t.ID),
	)
}

// MarshalText makes encoders print [Token.String].
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Audience is an immutable list of resource server identifiers. Its zero value is empty.
type Audience struct{ identifiers []string }

// NewAudience returns the audience of the given identifiers.
func NewAudience(identifiers ...string) Audience {
	return Audience{slices.Clone(identifiers)}
}

// Contains reports whether identifier is in the audience. Identifiers compare by code point, without any URL
// normalisation (RFC 7519, section 4.1.3).
func (a Audience) Contains(identifier string) bool {
	return slices.Contains(a.identifiers, identifier)
}

// All yields the identifiers in the order of the token.
func (a Audience) All() iter.Seq[string] { return slices.Values(a.identifiers) }

// Len returns how many identifiers the audience has.
func (a Audience) Len() int { return len(a.identifiers) }
