package events_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/bearergate/bearergate/revocation"
	"github.com/bearergate/bearergate/revocation/events"
)

const fuzzIssuer, fuzzOther = "https://as.example.com", "https://other.example.com"

// trusting is a Verify for which a JWT is its claims.
func trusting(_ context.Context, jwt string) ([]byte, error) { return []byte(jwt), nil }

// recorder is a List that keeps what it is told.
type recorder []revocation.Revocation

func (rec *recorder) Revoke(_ context.Context, r revocation.Revocation) error {
	*rec = append(*rec, r)
	return nil
}

// FuzzPush pushes the claims of a SET, twice. What is taken is a SET for a second reader too, and revokes tokens of the
// configured issuers that exist already, once. What is refused has no effect.
func FuzzPush(f *testing.F) {
	f.Fuzz(func(t *testing.T, claims []byte, legacy bool) {
		var revoked recorder
		hooked := 0
		r, err := events.New(events.Config{
			Issuer: fuzzIssuer, Audience: receiver, Verify: trusting, List: &revoked, TokenIssuers: []string{fuzzIssuer, fuzzOther},
			CriticalMembers: []string{"tenant"}, AllowLegacySubject: legacy, Logger: slog.New(slog.DiscardHandler),
			OnEvent: func(_ context.Context, e events.Event) error {
				hooked++
				if e.Time.After(noon) || len(e.Types) == 0 || len(e.Revocations) != len(revoked) {
					t.Errorf("event %+v", e)
				}
				return nil
			},
			Now: func() time.Time { return noon },
		})
		if err != nil {
			t.Fatal(err)
		}
		first := send(r, "application/secevent+jwt", string(claims))
		again := send(r, "application/secevent+jwt", string(claims))
		if first.Code != again.Code || first.Body.String() != again.Body.String() {
			t.Errorf("%d %s, and again %d %s", first.Code, first.Body, again.Code, again.Body)
		}
		switch first.Code {
		case http.StatusAccepted:
			if hooked != 1 {
				t.Errorf("the hook was called %d times", hooked)
			}
			wantSET(t, claims, revoked)
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			if hooked > 0 || len(revoked) > 0 {
				t.Errorf("refused with %s, yet %d hooks and %+v", first.Body, hooked, revoked)
			}
		default:
			t.Errorf("answer %d", first.Code)
		}
	})
}

var revokingTypes = []string{
	events.TypeSessionRevoked, events.TypeTokenClaimsChange, events.TypeCredentialChange, events.TypeAccountDisabled,
	events.TypeAccountPurged, events.TypeCredentialRequired, events.TypeCredentialCompromise, events.TypeSessionsRevoked,
	events.TypeTokenRevoked, events.TypeTokensRevoked,
}

// wantSET is the second reader.
func wantSET(t *testing.T, claims []byte, revoked recorder) {
	t.Helper()
	var members map[string]json.RawMessage
	var set struct {
		Issuer   string                     `json:"iss"`
		ID       string                     `json:"jti"`
		IssuedAt float64                    `json:"iat"`
		Events   map[string]json.RawMessage `json:"events"`
	}
	if err := json.Unmarshal(claims, &members); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{"iss": &set.Issuer, "jti": &set.ID, "iat": &set.IssuedAt, "events": &set.Events} {
		if err := json.Unmarshal(members[name], v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if set.Issuer != fuzzIssuer || set.ID == "" || set.IssuedAt <= 0 || len(set.Events) == 0 || members["sub"] != nil ||
		members["exp"] != nil || !contains(members["aud"], receiver) {
		t.Errorf("taken: %s", claims)
	}
	revoking := false
	for eventType, payload := range set.Events {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(payload, &object); err != nil || object == nil {
			t.Errorf("taken with a payload %s", payload)
		}
		revoking = revoking || slices.Contains(revokingTypes, eventType)
	}
	if revoking != (len(revoked) > 0) {
		t.Errorf("revokes: %t, want %t: %s", len(revoked) > 0, revoking, claims)
	}
	for _, r := range revoked {
		wantNarrow(t, r)
	}
}

// wantNarrow wants a revocation that a List takes, and of less than a whole issuer.
func wantNarrow(t *testing.T, r revocation.Revocation) {
	t.Helper()
	if r.Issuer != fuzzIssuer && r.Issuer != fuzzOther || r.ID+r.Subject+r.SessionID+r.ClientID == "" || r.Before.After(noon) || r.By != fuzzIssuer {
		t.Errorf("revoked %+v", r)
	}
	list, err := revocation.NewList(revocation.Config{Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	if err := list.Revoke(t.Context(), r); err != nil {
		t.Errorf("%+v: %v", r, err)
	}
}

// contains reads aud.
func contains(aud json.RawMessage, want string) bool {
	var one string
	var several []string
	if json.Unmarshal(aud, &one) == nil {
		return one == want
	}
	return json.Unmarshal(aud, &several) == nil && slices.Contains(several, want)
}

// FuzzLogout sends the claims of a logout token. It is taken if a second reader takes it, and ends one session or one
// subject.
func FuzzLogout(f *testing.F) {
	f.Fuzz(func(t *testing.T, claims []byte) {
		var revoked recorder
		l, err := events.NewLogout(events.LogoutConfig{
			Issuer: fuzzIssuer, ClientID: clientID, Verify: trusting, List: &revoked, Logger: slog.New(slog.DiscardHandler),
			Now: func() time.Time { return noon },
		})
		if err != nil {
			t.Fatal(err)
		}
		got := send(l, "application/x-www-form-urlencoded", url.Values{"logout_token": {string(claims)}}.Encode())
		switch got.Code {
		case http.StatusOK:
			wantLogout(t, claims, revoked)
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			if len(revoked) > 0 {
				t.Errorf("refused with %s, yet %+v", got.Body, revoked)
			}
		default:
			t.Errorf("answer %d", got.Code)
		}
	})
}

func wantLogout(t *testing.T, claims []byte, revoked recorder) {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(claims, &members); err != nil {
		t.Fatal(err)
	}
	var issuer, id, subject, session string
	var issued, expires float64
	var happened map[string]json.RawMessage
	for name, v := range map[string]any{
		"iss": &issuer, "jti": &id, "sub": &subject, "sid": &session, "iat": &issued, "exp": &expires, "events": &happened,
	} {
		if members[name] == nil {
			continue
		}
		if err := json.Unmarshal(members[name], v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var payload map[string]json.RawMessage
	if err := json.Unmarshal(happened[logoutTo], &payload); err != nil || payload == nil {
		t.Errorf("taken with the payload %s", happened[logoutTo])
	}
	now := float64(noon.Unix())
	if issuer != fuzzIssuer || id == "" || issued <= 0 || issued > now+11 || expires <= now-11 || members["nonce"] != nil ||
		!contains(members["aud"], clientID) {
		t.Errorf("taken: %s", claims)
	}
	if len(revoked) != 1 {
		t.Fatalf("revoked %+v", revoked)
	}
	wantNarrow(t, revoked[0])
	want := revocation.Revocation{Issuer: issuer, SessionID: session}
	if session == "" {
		want.Subject = subject
	}
	if r := revoked[0]; r.Issuer != want.Issuer || r.SessionID != want.SessionID || r.Subject != want.Subject || r.ID+r.ClientID+r.Token != "" {
		t.Errorf("revoked %+v, want %+v", r, want)
	}
}
