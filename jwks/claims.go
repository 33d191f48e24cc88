package jwks

import (
	"errors"
	"time"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

// wireClaims are the claims somebody here looks at, as they were sent. An absent one is nil.
type wireClaims struct {
	Issuer        strictjson.Value `json:"iss"`
	Subject       strictjson.Value `json:"sub"`
	Audience      strictjson.Value `json:"aud"`
	Expiry        strictjson.Value `json:"exp"`
	NotBefore     strictjson.Value `json:"nbf"`
	IssuedAt      strictjson.Value `json:"iat"`
	ID            strictjson.Value `json:"jti"`
	UniqueID      strictjson.Value `json:"uti"`
	SessionID     strictjson.Value `json:"sid"`
	ClientID      strictjson.Value `json:"client_id"`
	AuthorizedFor strictjson.Value `json:"azp"`
	AppID         strictjson.Value `json:"appid"`
	CID           strictjson.Value `json:"cid"`
	Scope         strictjson.Value `json:"scope"`
	SCP           strictjson.Value `json:"scp"`
	ACR           strictjson.Value `json:"acr"`
	AuthTime      strictjson.Value `json:"auth_time"`
	Actor         strictjson.Value `json:"act"`
	Confirmation  strictjson.Value `json:"cnf"`
	Kind          strictjson.Value `json:"typ"`       // Keycloak
	TokenUse      strictjson.Value `json:"token_use"` // Cognito
	Nonce         strictjson.Value `json:"nonce"`
	AccessHash    strictjson.Value `json:"at_hash"`
	CodeHash      strictjson.Value `json:"c_hash"`
	StateHash     strictjson.Value `json:"s_hash"`
	Events        strictjson.Value `json:"events"`
	ProofMethod   strictjson.Value `json:"htm"`
	ProofURI      strictjson.Value `json:"htu"`
	Introspection strictjson.Value `json:"token_introspection"`
}

// values are the claims that may hold one fact, in the order to look.
type values []strictjson.Value

// claims are the facts of a token under its issuer's profile. They mean nothing before the signature was verified.
type claims struct {
	issuer, subject, clientID, id, sessionID, acr string
	audience                                      []string
	scopes                                        middleware.Scopes
	actor                                         middleware.Actor
	confirmation                                  middleware.Confirmation
	expires, notBefore, issued, authenticated     time.Time
}

var (
	errNotObject = errors.New("the claims are not one strict JSON object")
	errWrongJSON = errors.New("a claim has a value of the wrong kind")
)

func parseWire(payload []byte) (*wireClaims, error) {
	var w wireClaims
	if strictjson.Value(payload).Kind() != '{' || strictjson.Unmarshal(payload, &w) != nil {
		return nil, middleware.Reject(middleware.ReasonMalformedToken, errNotObject)
	}
	return &w, nil
}

// read interprets the claims. Where the profile leaves a choice, r decides.
func (w *wireClaims) read(r *rules) (*claims, error) {
	var d claim.Decoder
	c := &claims{
		issuer:        d.Text(w.Issuer),
		subject:       d.Text(w.Subject),
		clientID:      d.First(r.client(w)...),
		id:            d.First(r.id(w)...),
		sessionID:     d.Text(w.SessionID),
		audience:      d.List(w.Audience),
		expires:       d.Date(w.Expiry),
		notBefore:     d.Start(w.NotBefore),
		issued:        d.Date(w.IssuedAt),
		actor:         d.Actor(w.Actor),
		confirmation:  d.Confirmation(w.Confirmation),
		scopes:        r.scopes(&d, w),
		acr:           claim.OptionalText(w.ACR),
		authenticated: claim.OptionalDate(w.AuthTime),
	}
	if r.audienceFromClient && w.Audience == nil && c.clientID != "" {
		c.audience = []string{c.clientID}
	}
	if d.Failed() {
		return nil, middleware.Reject(middleware.ReasonMalformedClaim, errWrongJSON)
	}
	return c, nil
}
