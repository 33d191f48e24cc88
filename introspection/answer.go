package introspection

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

// members are the members of an answer that somebody here looks at, as they were sent. An absent one is nil.
type members struct {
	Active       strictjson.Value `json:"active"`
	Issuer       strictjson.Value `json:"iss"`
	Subject      strictjson.Value `json:"sub"`
	Audience     strictjson.Value `json:"aud"`
	Expiry       strictjson.Value `json:"exp"`
	NotBefore    strictjson.Value `json:"nbf"`
	IssuedAt     strictjson.Value `json:"iat"`
	ID           strictjson.Value `json:"jti"`
	SessionID    strictjson.Value `json:"sid"`
	ClientID     strictjson.Value `json:"client_id"`
	Scope        strictjson.Value `json:"scope"`
	TokenType    strictjson.Value `json:"token_type"`
	ACR          strictjson.Value `json:"acr"`
	AuthTime     strictjson.Value `json:"auth_time"`
	Actor        strictjson.Value `json:"act"`
	Confirmation strictjson.Value `json:"cnf"`

	// What servers call a token's kind where RFC 7662 has no word for it.
	TokenUse strictjson.Value `json:"token_use"` // Ory Hydra
	Kind     strictjson.Value `json:"typ"`       // Keycloak
	Type     strictjson.Value `json:"type"`      // Glewlwyd
}

var (
	errNotObject = errors.New("the answer is not one strict JSON object")
	errNoActive  = errors.New("the answer does not say true or false for active")
	errWrongKind = errors.New("a member of the answer has a value of the wrong kind")
	errInactive  = middleware.Reject(middleware.ReasonInactive, nil)
)

// rules are what this resource server expects of an answer.
type rules struct {
	issuer    string
	audiences []string
	require   []string
	leeway    time.Duration
	now       func() time.Time
}

// judge says what an answer means for the token it is about. An answer that cannot be understood says nothing about the
// token (RFC 7662, section 2.2), least of all that it is inactive.
func (r *rules) judge(answer []byte, accessToken string) (*middleware.Token, error) {
	var m members
	if strictjson.Unmarshal(answer, &m) != nil {
		return nil, unavailable(errNotObject)
	}
	switch m.Active.Kind() {
	case 'f':
		return nil, errInactive
	case 't':
	default:
		return nil, unavailable(errNoActive)
	}
	t, err := m.read()
	if err != nil {
		return nil, unavailable(err)
	}
	if t.Issuer == "" {
		t.Issuer = r.issuer
	}
	t.Fingerprint = middleware.FingerprintOf(accessToken)
	t.Claims = strictjson.Document(answer)
	if err := r.check(&m, t); err != nil {
		return nil, err
	}
	if !r.complete(answer) {
		return nil, middleware.Reject(middleware.ReasonMissingClaim, nil)
	}
	return t, nil
}

// read interprets the members of an answer about an active token. Some servers send aud in ways that name nobody, which
// is for check to judge.
func (m *members) read() (*middleware.Token, error) {
	var d, audience claim.Decoder
	t := &middleware.Token{
		Issuer:       d.Text(m.Issuer),
		Subject:      d.Text(m.Subject),
		ClientID:     d.Text(m.ClientID),
		ID:           d.Text(m.ID),
		SessionID:    d.Text(m.SessionID),
		Audience:     middleware.NewAudience(audience.List(m.Audience)...),
		Scopes:       middleware.Scopes(d.Text(m.Scope)),
		Actor:        d.Actor(m.Actor),
		ACR:          claim.OptionalText(m.ACR),
		AuthTime:     claim.OptionalDate(m.AuthTime),
		IssuedAt:     d.Date(m.IssuedAt),
		NotBefore:    d.Start(m.NotBefore),
		ExpiresAt:    d.Date(m.Expiry),
		Confirmation: d.Confirmation(m.Confirmation),
	}
	d.Text(m.TokenType)
	if d.Failed() {
		return nil, errWrongKind
	}
	return t, nil
}

// check repeats what the server has to have checked (RFC 7662, section 4), as far as the answer allows.
func (r *rules) check(m *members, t *middleware.Token) error {
	now := r.now()
	switch {
	case r.issuer != "" && t.Issuer != r.issuer:
		return middleware.Reject(middleware.ReasonUntrustedIssuer, nil)
	case m.Audience != nil && len(r.audiences) > 0 && !slices.ContainsFunc(r.audiences, t.Audience.Contains):
		return middleware.Reject(middleware.ReasonWrongAudience, nil)
	case m.Expiry != nil && !now.Before(t.ExpiresAt):
		return middleware.Reject(middleware.ReasonExpired, nil)
	case now.Add(r.leeway).Before(t.NotBefore):
		return middleware.Reject(middleware.ReasonNotYetValid, nil)
	case !m.isAccessToken():
		return middleware.Reject(middleware.ReasonNotAccessToken, nil)
	case m.lacksKey(t):
		return middleware.Reject(middleware.ReasonMissingClaim, nil)
	}
	return nil
}

// isAccessToken wants a token_type of RFC 6750 or RFC 9449, or none, and nothing that says otherwise.
func (m *members) isAccessToken() bool {
	if m.TokenType != nil && !is(m.TokenType, "bearer", "dpop") {
		return false
	}
	others := []string{"refresh_token", "refresh", "offline", "id_token", "id", "logout"}
	return !is(m.TokenUse, others...) && !is(m.Kind, others...) && !is(m.Type, others...)
}

// lacksKey reports a token that is bound to a key (RFC 9449, section 6.2) without saying which.
func (m *members) lacksKey(t *middleware.Token) bool {
	_, bound := t.Confirmation.Value("jkt")
	return is(m.TokenType, "dpop") && !bound
}

// is compares without regard to case, as token types do (RFC 6749, section 5.1).
func is(v strictjson.Value, words ...string) bool {
	text, ok := strictjson.String(v)
	return ok && slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, text) })
}

// complete reports whether the answer has every member that is required here.
func (r *rules) complete(answer []byte) bool {
	if len(r.require) == 0 {
		return true
	}
	present, err := strictjson.Object(answer)
	return err == nil && !slices.ContainsFunc(r.require, func(name string) bool {
		return present[name] == nil || present[name].Kind() == 'n'
	})
}
