package jwks

import (
	"errors"
	"time"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

// member is a claim somebody here looks at.
type member int

const (
	iss member = iota
	sub
	aud
	exp
	nbf
	iat
	jti
	uti
	sid
	clientID
	azp
	appid
	cid
	scope
	scp
	acr
	authTime
	act
	cnf
	typ      // Keycloak
	tokenUse // Cognito
	nonce
	accessHash
	codeHash
	stateHash
	events
	proofMethod
	proofURI
	introspected
	members
)

var memberNames = [members]string{
	iss: "iss", sub: "sub", aud: "aud", exp: "exp", nbf: "nbf", iat: "iat", jti: "jti", uti: "uti", sid: "sid",
	clientID: "client_id", azp: "azp", appid: "appid", cid: "cid", scope: "scope", scp: "scp", acr: "acr",
	authTime: "auth_time", act: "act", cnf: "cnf", typ: "typ", tokenUse: "token_use", nonce: "nonce",
	accessHash: "at_hash", codeHash: "c_hash", stateHash: "s_hash", events: "events", proofMethod: "htm", proofURI: "htu",
	introspected: "token_introspection",
}

var wireLayout = strictjson.NewLayout(memberNames[:]...)

// wireClaims are those claims as they were sent. An absent one is nil.
type wireClaims [members]strictjson.Value

// claims are the facts of a token under its issuer's profile. They mean nothing before the signature was verified.
type claims struct {
	issuer, subject, clientID, id, sessionID, acr string
	audience                                      middleware.Audience
	scopes                                        middleware.Scopes
	actor                                         middleware.Actor
	confirmation                                  middleware.Confirmation
	expires, notBefore, issued, authenticated     time.Time
}

var (
	errNotObject = errors.New("the claims are not one strict JSON object")
	errWrongJSON = errors.New("a claim has a value of the wrong kind")
)

func (w *wireClaims) parse(payload []byte) error {
	if wireLayout.Read(payload, w[:]) != nil {
		return middleware.Reject(middleware.ReasonMalformedToken, errNotObject)
	}
	return nil
}

// read interprets the claims into c. Where the profile leaves a choice, r decides. ours are the audiences of one member that
// are most likely, so that tokens can share them.
func (w *wireClaims) read(r *rules, ours []middleware.Audience, c *claims) error {
	var d claim.Decoder
	c.issuer = d.Text(w[iss])
	c.subject = d.Text(w[sub])
	c.clientID = w.first(&d, r.client)
	c.id = w.first(&d, r.id)
	c.sessionID = d.Text(w[sid])
	c.audience = w.audience(&d, ours)
	c.expires = d.Date(w[exp])
	c.notBefore = d.Start(w[nbf])
	c.issued = d.Date(w[iat])
	c.actor = d.Actor(w[act])
	c.confirmation = d.Confirmation(w[cnf])
	c.scopes = r.scopes.read(&d, w)
	c.acr = claim.OptionalText(w[acr])
	c.authenticated = claim.OptionalDate(w[authTime])
	if r.audienceFromClient && w[aud] == nil && c.clientID != "" {
		c.audience = middleware.NewAudience(c.clientID)
	}
	if d.Failed() {
		return middleware.Reject(middleware.ReasonMalformedClaim, errWrongJSON)
	}
	return nil
}

func (w *wireClaims) audience(d *claim.Decoder, ours []middleware.Audience) middleware.Audience {
	if identifier, ok := strictjson.Text(w[aud]); ok {
		for _, each := range ours {
			if each.Contains(identifier) {
				return each
			}
		}
	}
	return d.Audience(w[aud])
}

// first returns the first text that is there among the claims that may hold one fact.
func (w *wireClaims) first(d *claim.Decoder, from []member) string {
	for _, m := range from {
		if s := d.Text(w[m]); s != "" {
			return s
		}
	}
	return ""
}
