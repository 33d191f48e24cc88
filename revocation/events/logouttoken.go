package events

import (
	"slices"
	"time"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/revocation"
)

// typeLogout is what tells a logout token from an ID token.
const typeLogout = "http://schemas.openid.net/event/backchannel-logout"

var (
	errLogoutClaims  = refuse(codeInvalid, "iss, aud, iat, exp and jti are required, each with a value of its kind")
	errLogoutTime    = refuse(codeInvalid, "The logout token has expired or is not valid yet")
	errLogoutNonce   = refuse(codeInvalid, "A logout token has no nonce")
	errLogoutEvent   = refuse(codeInvalid, "events must have a member for back-channel logout, and that be an object")
	errLogoutSubject = refuse(codeInvalid, "A logout token names a sub or a sid")
)

// parse applies OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6, and says what the token ends: one
// session, or else all that its subject was issued until then (section 2.7).
func (c *LogoutConfig) parse(claims []byte) (revocation.Revocation, error) {
	var nothing revocation.Revocation
	members, err := strictjson.Object(claims)
	if err != nil {
		return nothing, errForm
	}
	var d claim.Decoder
	issuer, audience, id := d.Text(members["iss"]), d.List(members["aud"]), d.Text(members["jti"])
	issued, expires := d.Date(members["iat"]), d.Date(members["exp"])
	subject, session := d.Text(members["sub"]), d.Text(members["sid"])
	unnamed := members["sub"] != nil && subject == "" || members["sid"] != nil && session == ""
	now := c.Now()
	switch {
	case d.Failed() || id == "" || issued.IsZero() || expires.IsZero() || issuer == "" || len(audience) == 0:
		return nothing, errLogoutClaims
	case issuer != c.Issuer:
		return nothing, errIssuer
	case !slices.Contains(audience, c.ClientID):
		return nothing, errAudience
	case issued.After(now.Add(c.Leeway)) || !expires.Add(c.Leeway).After(now):
		return nothing, errLogoutTime
	case members["nonce"] != nil:
		return nothing, errLogoutNonce
	case !isLogout(members["events"]):
		return nothing, errLogoutEvent
	case unnamed || subject == "" && session == "":
		return nothing, errLogoutSubject
	}
	ended := revocation.Revocation{Issuer: issuer, SessionID: session, By: issuer, Reason: typeLogout}
	if session == "" {
		ended.Subject, ended.Before = subject, earlier(issued, now)
	}
	return ended, nil
}

func isLogout(v strictjson.Value) bool {
	events, err := strictjson.Object(v)
	return err == nil && events[typeLogout].Kind() == '{'
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
