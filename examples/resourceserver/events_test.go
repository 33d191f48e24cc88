package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

// announce has as sign a JWT about alice, with changes.
func announce(t *testing.T, as *oauthtest.Server, typ, audience, event string, changes map[string]any) string {
	t.Helper()
	claims := map[string]any{
		"iss":    as.Issuer(),
		"aud":    audience,
		"iat":    time.Now().Unix(),
		"jti":    event + audience,
		"events": map[string]any{event: map[string]any{}},
	}
	for name, value := range changes {
		claims[name] = value
	}
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return as.Sign(map[string]any{"typ": typ}, text)
}

const (
	sessionRevoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
	loggedOut      = "http://schemas.openid.net/event/backchannel-logout"
)

// What the issuer announces is refused from the very next request on. Each endpoint takes its own kind alone.
func TestAnnouncements(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := trusting(t, as, "-adapter", adapter, "-set-issuer", as.Issuer(), "-set-audience", "us", "-logout-client-id", "shop")
		alice := as.Mint(oauthtest.Token{Subject: "alice"})
		session := as.Mint(oauthtest.Token{Subject: "bob", Claims: map[string]any{"sid": "session-1"}})
		other := as.Mint(oauthtest.Token{Subject: "bob", Claims: map[string]any{"sid": "session-2"}})

		about := map[string]any{"sub_id": map[string]any{"format": "iss_sub", "iss": as.Issuer(), "sub": "alice"}}
		event := announce(t, as, "secevent+jwt", "us", sessionRevoked, about)
		logout := announce(t, as, "logout+jwt", "shop", loggedOut, map[string]any{
			"sid": "session-1", "exp": time.Now().Add(time.Minute).Unix(),
		})
		const set, form = "application/secevent+jwt", "application/x-www-form-urlencoded"
		wantStatus(t, s.post("/events", "", set, logout), 400)
		wantStatus(t, s.post("/events", "", set, alice), 400)
		wantStatus(t, s.post("/backchannel-logout", "", form, "logout_token="+event), 400)
		wantStatus(t, s.post("/backchannel-logout", "", form, "logout_token="+session), 400)
		s.wantStatus(alice, 200)
		s.wantStatus(session, 200)

		wantStatus(t, s.post("/events", "", set, event), 202)
		s.wantStatus(alice, 401)
		s.wantStatus(session, 200)
		wantStatus(t, s.post("/backchannel-logout", "", form, "logout_token="+logout), 200)
		s.wantStatus(session, 401)
		s.wantStatus(other, 200)
	})
}
