package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/bearergate/bearergate/revocation"
	"github.com/bearergate/bearergate/revocation/events"
)

const (
	caep = "https://schemas.openid.net/secevent/caep/event-type/"
	risc = "https://schemas.openid.net/secevent/risc/event-type/"
	ssf  = "https://schemas.openid.net/secevent/ssf/event-type/"
)

// TestECAEP_1: the URI of session-revoked, and event_timestamp in seconds (CAEP, section 3.1).
func TestECAEP_1(t *testing.T) {
	w := newWorld(t)
	if events.TypeSessionRevoked != caep+"session-revoked" {
		t.Errorf("the URI is %s", events.TypeSessionRevoked)
	}
	tokens := map[int64]string{} // by time of issue
	for range 5 {
		tokens[w.now().Unix()] = w.token(nil)
		w.advance(time.Minute)
	}
	at := func(minutes int64) int64 { return noon.Unix() + 60*minutes }
	r := w.receiver(nil)
	for _, tt := range []struct {
		name      string
		timestamp any
		changes   object
		last      int64 // the minute of the last token that is refused
	}{
		{"event_timestamp", at(0), object{"toe": at(2)}, 0},
		{"with a fraction", float64(at(1)) + 0.5, nil, 1},
		{"toe", nil, object{"toe": at(2)}, 2},
		{"nonsense, so toe", "yesterday", object{"toe": at(2)}, 2},
		{"milliseconds, so iat", at(0) * 1000, object{"iat": at(3)}, 3},
		{"iat", nil, object{"iat": at(3)}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.TB = t
			payload := with(object{}, object{"event_timestamp": tt.timestamp})
			w.takes(r, w.set(with(object{"events": object{events.TypeSessionRevoked: payload}}, tt.changes)))
			for issued, token := range tokens {
				w.wantPass(time.Unix(issued, 0).UTC().Format(time.TimeOnly), token, issued > at(tt.last))
			}
		})
	}
}

// TestECAEP_2: each format of RFC 9493 and of SSF, section 3.4.
func TestECAEP_2(t *testing.T) {
	w := newWorld(t)
	iss := w.as.Issuer()
	alice, session := revocation.Revocation{Issuer: iss, Subject: "alice"}, revocation.Revocation{Issuer: iss, SessionID: "alice"}
	foreign := object{"format": "iss_sub", "iss": "https://other.example", "sub": "alice"}
	email := object{"format": "email", "email": "alice@example.com"}
	uri := object{"format": "uri", "uri": "urn:alice"}
	aliases := func(identifiers ...object) object { return object{"format": "aliases", "identifiers": identifiers} }
	for _, tt := range []struct {
		name    string
		subject any
		code    string // of the refusal, empty for none
		want    []revocation.Revocation
	}{
		{"iss_sub", w.subject("alice"), "", []revocation.Revocation{alice}},
		{"iss_sub of somebody else", foreign, "access_denied", nil},
		{"opaque", opaque("alice"), "", []revocation.Revocation{alice, session}},
		{"jwt_id", object{"format": "jwt_id", "iss": iss, "jti": "1"}, "", []revocation.Revocation{{Issuer: iss, ID: "1"}}},
		{"jwt_id of somebody else", object{"format": "jwt_id", "iss": "https://other.example", "jti": "1"}, "access_denied", nil},
		{"aliases", aliases(email, w.subject("alice"), foreign), "", []revocation.Revocation{alice}},
		{"several aliases", aliases(w.subject("alice"), w.subject("a")), "", []revocation.Revocation{alice, {Issuer: iss, Subject: "a"}}},
		{"aliases of nobody here", aliases(email, foreign), "access_denied", nil},
		{"aliases of nobody here, the other way round", aliases(foreign, email), "access_denied", nil},
		{"aliases that say nothing", aliases(email), "invalid_request", nil},
		{"email", email, "invalid_request", nil},
		{"phone_number", object{"format": "phone_number", "phone_number": "+12065550100"}, "invalid_request", nil},
		{"account", object{"format": "account", "uri": "acct:alice@example.com"}, "invalid_request", nil},
		{"did", object{"format": "did", "url": "did:example:123456"}, "invalid_request", nil},
		{"uri", uri, "invalid_request", nil},
		{"saml_assertion_id", object{"format": "saml_assertion_id", "issuer": iss, "assertion_id": "1"}, "invalid_request", nil},
		{"ip-addresses", object{"format": "ip-addresses", "ip-addresses": []string{"10.0.0.1"}}, "invalid_request", nil},
		{"unknown format", object{"format": "catalog_item", "id": "alice"}, "invalid_request", nil},

		{"none", nil, "invalid_request", nil},
		{"null", null, "invalid_request", nil},
		{"text", "alice", "invalid_request", nil},
		{"no format", object{"iss": iss, "sub": "alice"}, "invalid_request", nil},
		{"subject_type", object{"subject_type": "iss_sub", "iss": iss, "sub": "alice"}, "invalid_request", nil},
		{"iss_sub without sub", object{"format": "iss_sub", "iss": iss}, "invalid_request", nil},
		{"iss_sub with an empty sub", w.subject(""), "invalid_request", nil},
		{"iss_sub with a numeric sub", object{"format": "iss_sub", "iss": iss, "sub": 1}, "invalid_request", nil},
		{"opaque without id", object{"format": "opaque"}, "invalid_request", nil},
		{"jwt_id without jti", object{"format": "jwt_id", "iss": iss}, "invalid_request", nil},
		{"no aliases", aliases(), "invalid_request", nil},
		{"aliases of an alias", aliases(aliases(w.subject("alice"))), "invalid_request", nil},
		{"aliases of a complex one", aliases(complexSubject(object{"user": w.subject("alice")})), "invalid_request", nil},
		{"a malformed alias", aliases(w.subject("alice"), object{"format": "opaque"}), "invalid_request", nil},
	} {
		t.Run(tt.name, func(t *testing.T) { wantMapping(t, w, nil, tt.subject, tt.code, tt.want) })
	}
}

// wantMapping checks what a session-revoked event about a subject comes to.
func wantMapping(t *testing.T, w *world, change func(*events.Config), subject any, code string, want []revocation.Revocation) {
	t.Helper()
	var got []revocation.Revocation
	r := w.receiver(func(c *events.Config) {
		c.List = listFunc(func(_ context.Context, r revocation.Revocation) error {
			if r.By != w.as.Issuer() || r.Reason != events.TypeSessionRevoked {
				t.Errorf("by %s, because of %s", r.By, r.Reason)
			}
			if dated := r.Subject != "" || r.ClientID != ""; dated != r.Before.Equal(w.now()) {
				t.Errorf("%+v is dated wrongly", r)
			}
			got = append(got, revocation.Revocation{
				Token: r.Token, Issuer: r.Issuer, ID: r.ID, Subject: r.Subject, SessionID: r.SessionID, ClientID: r.ClientID,
			})
			return nil
		})
		if change != nil {
			change(c)
		}
	})
	status := 202
	if code != "" {
		status = 400
	}
	wantAnswer(t, w.push(r, w.set(object{"sub_id": subject})), status, code)
	if !slices.Equal(got, want) {
		t.Errorf("revoked %+v, want %+v", got, want)
	}
}

// TestECAEP_3: a token is meant if no member that both sides define differs (SSF, section 8.1.3.1).
func TestECAEP_3(t *testing.T) {
	w := newWorld(t)
	iss := w.as.Issuer()
	user, laptop, shop := w.subject("alice"), opaque("laptop"), opaque("shop")
	foreign := object{"format": "iss_sub", "iss": "https://other.example", "sub": "x"}
	email := object{"format": "email", "email": "alice@example.com"}
	for _, tt := range []struct {
		name    string
		members object
		code    string
		want    []revocation.Revocation
	}{
		{"user", object{"user": user}, "", []revocation.Revocation{{Issuer: iss, Subject: "alice"}}},
		{"opaque user", object{"user": opaque("alice")}, "", []revocation.Revocation{{Issuer: iss, Subject: "alice"}}},
		{"session", object{"session": laptop}, "", []revocation.Revocation{{Issuer: iss, SessionID: "laptop"}}},
		{"session with issuer", object{"session": w.subject("laptop")}, "", []revocation.Revocation{{Issuer: iss, SessionID: "laptop"}}},
		{"user and session", object{"user": user, "session": laptop}, "",
			[]revocation.Revocation{{Issuer: iss, Subject: "alice", SessionID: "laptop"}}},
		{"application", object{"application": shop}, "", []revocation.Revocation{{Issuer: iss, ClientID: "shop"}}},
		{"user and application", object{"user": user, "application": shop}, "",
			[]revocation.Revocation{{Issuer: iss, Subject: "alice", ClientID: "shop"}}},
		{"all three", object{"user": user, "session": laptop, "application": shop}, "",
			[]revocation.Revocation{{Issuer: iss, Subject: "alice", SessionID: "laptop"}}},
		{"session and application", object{"session": laptop, "application": shop}, "",
			[]revocation.Revocation{{Issuer: iss, SessionID: "laptop"}}},
		{"user, device and tenant", object{"user": user, "device": foreign, "tenant": opaque("t"), "group": email}, "",
			[]revocation.Revocation{{Issuer: iss, Subject: "alice"}}},
		{"user and a session that says nothing", object{"user": user, "session": email}, "",
			[]revocation.Revocation{{Issuer: iss, Subject: "alice"}}},
		{"aliases", object{"user": object{"format": "aliases", "identifiers": []object{email, foreign, user}}, "session": laptop}, "",
			[]revocation.Revocation{{Issuer: iss, Subject: "alice", SessionID: "laptop"}}},

		{"user that says nothing", object{"user": email, "session": laptop}, "invalid_request", nil},
		{"foreign user", object{"user": foreign, "session": laptop}, "access_denied", nil},
		{"aliases of a foreign user", object{"user": object{"format": "aliases", "identifiers": []object{foreign, email}}},
			"access_denied", nil},
		{"foreign session", object{"user": user, "session": foreign}, "access_denied", nil},
		{"foreign application", object{"user": user, "application": foreign}, "access_denied", nil},
		{"session that says nothing", object{"session": email}, "invalid_request", nil},
		{"tenant", object{"tenant": opaque("t")}, "invalid_request", nil},
		{"device and group", object{"device": opaque("d"), "group": opaque("g")}, "invalid_request", nil},
		{"nothing", object{}, "invalid_request", nil},
		{"nested", object{"user": complexSubject(object{"user": user})}, "invalid_request", nil},
		{"malformed user", object{"user": "alice", "session": laptop}, "invalid_request", nil},
		{"malformed device", object{"user": user, "device": object{"id": 1}}, "invalid_request", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantMapping(t, w, nil, complexSubject(tt.members), tt.code, tt.want)
		})
	}
}

// TestECAEP_3_Tokens is attack A-92 and its neighbours, with a Guard: which tokens a session of a user takes along.
func TestECAEP_3_Tokens(t *testing.T) {
	w := newWorld(t)
	meant := []string{
		w.token(object{"sid": "laptop"}),
		w.token(nil), // names no session
	}
	spared := []string{
		w.token(object{"sid": "phone"}),
		w.token(object{"sub": "bob"}),
		w.token(object{"sub": "bob", "sid": "phone"}),
	}
	w.takes(w.receiver(nil), w.set(object{"sub_id": complexSubject(object{
		"user": w.subject("alice"), "session": opaque("laptop"), "device": opaque("x"),
	})}))
	for i, token := range meant {
		w.wantPass("meant "+string(rune('0'+i)), token, false)
	}
	for i, token := range spared {
		w.wantPass("spared "+string(rune('0'+i)), token, true)
	}
	w.advance(2 * time.Second)
	w.wantPass("issued since, without session", w.token(nil), true)
	w.wantPass("issued since, in the session", w.token(object{"sid": "laptop"}), false)
}

// Several issuers: an identifier that names none is taken for one of each, but its pairs stay together.
func TestTokenIssuers(t *testing.T) {
	w := newWorld(t)
	const a, b = "https://a.example.com", "https://b.example.com"
	of := func(issuer, sub string) object { return object{"format": "iss_sub", "iss": issuer, "sub": sub} }
	two := func(c *events.Config) { c.TokenIssuers = []string{a, b} }
	for _, tt := range []struct {
		name    string
		subject object
		code    string
		want    []revocation.Revocation
	}{
		{"one of them", of(b, "alice"), "", []revocation.Revocation{{Issuer: b, Subject: "alice"}}},
		{"the transmitter is none", w.subject("alice"), "access_denied", nil},
		{"opaque user", complexSubject(object{"user": opaque("alice")}), "",
			[]revocation.Revocation{{Issuer: a, Subject: "alice"}, {Issuer: b, Subject: "alice"}}},
		{"opaque session", complexSubject(object{"user": of(a, "alice"), "session": opaque("s")}), "",
			[]revocation.Revocation{{Issuer: a, Subject: "alice", SessionID: "s"}}},
		{"opaque user of one session", complexSubject(object{"user": opaque("alice"), "session": of(b, "s")}), "",
			[]revocation.Revocation{{Issuer: b, Subject: "alice", SessionID: "s"}}},
		{"user and session that cannot be", complexSubject(object{"user": of(a, "alice"), "session": of(b, "s")}), "",
			[]revocation.Revocation{{Issuer: a, Subject: "alice"}}},
	} {
		t.Run(tt.name, func(t *testing.T) { wantMapping(t, w, two, tt.subject, tt.code, tt.want) })
	}
}

// TestECAEP_4: only what was issued up to the event is revoked, and never what does not exist yet.
func TestECAEP_4(t *testing.T) {
	w := newWorld(t)
	r := w.receiver(nil)
	before := w.token(nil)
	w.advance(2 * time.Second)
	w.takes(r, w.set(object{
		"iat": noon.Unix() + 86400, "toe": noon.Unix() + 86400,
		"events": object{events.TypeSessionRevoked: object{"event_timestamp": noon.Unix() + 86400}},
	}))
	w.wantPass("issued before", before, false)
	w.advance(2 * time.Second)
	after := w.token(nil)
	w.wantPass("issued after", after, true)
	w.takes(r, w.set(object{"iat": noon.Unix() + 60, "events": object{
		events.TypeSessionRevoked: object{"event_timestamp": noon.Unix()},
	}}))
	w.wantPass("issued after an event of old", after, true)
	for _, timestamp := range []any{0, 1, noon.AddDate(-2, 0, 0).Unix()} {
		w.advance(time.Minute)
		token := w.token(nil)
		w.advance(time.Second)
		w.takes(r, w.set(object{"iat": w.now().Unix(), "toe": timestamp, "events": object{
			events.TypeSessionRevoked: object{"event_timestamp": timestamp},
		}}))
		w.wantPass("issued before an event of no time", token, false)
	}
}

// Of the times of several event types the latest counts, whichever comes first.
func TestLatestTime(t *testing.T) {
	w := newWorld(t)
	var seen events.Event
	r := w.receiver(func(c *events.Config) {
		c.OnEvent = func(_ context.Context, e events.Event) error { seen = e; return nil }
	})
	at := func(seconds int64) object { return object{"event_timestamp": noon.Unix() + seconds} }
	for _, payloads := range []object{{"urn:a": at(-10), "urn:b": at(-20)}, {"urn:a": at(-20), "urn:b": at(-10)}} {
		w.takes(r, w.set(object{"events": payloads}))
		if want := noon.Add(-10 * time.Second); !seen.Time.Equal(want) {
			t.Errorf("%v: %v, want %v", payloads, seen.Time, want)
		}
	}
}

// TestECAEP_5 is the mapping table: what each event type does.
func TestECAEP_5(t *testing.T) {
	w := newWorld(t)
	const oauth = "https://schemas.openid.net/secevent/oauth/event-type/"
	revoking := []string{
		caep + "session-revoked", caep + "credential-change", caep + "token-claims-change",
		risc + "account-disabled", risc + "account-purged", risc + "account-credential-change-required",
		risc + "credential-compromise", risc + "sessions-revoked", oauth + "token-revoked", oauth + "tokens-revoked",
	}
	hooked := []string{
		caep + "assurance-level-change", caep + "device-compliance-change", caep + "session-established",
		risc + "account-enabled", risc + "identifier-changed", risc + "identifier-recycled", risc + "opt-out-initiated",
		"https://example.com/unknown", "SESSION-REVOKED", caep + "session-revoked/",
	}
	for _, eventType := range slices.Concat(revoking, hooked) {
		t.Run(eventType, func(t *testing.T) {
			w.TB = t
			w.advance(time.Hour)
			token := w.token(nil)
			var seen events.Event
			r := w.receiver(func(c *events.Config) {
				c.OnEvent = func(_ context.Context, e events.Event) error { seen = e; return nil }
			})
			w.takes(r, w.set(object{"events": object{eventType: object{"reason": "x"}}}))
			revokes := slices.Contains(revoking, eventType)
			w.wantPass("the token", token, !revokes)
			if !seen.Is(eventType) || seen.Is(eventType+"/") || len(seen.Revocations) > 0 != revokes {
				t.Errorf("the hook saw %+v", seen)
			}
		})
	}
}

// An opaque subject can be a session only where the event is about one.
func TestOpaqueSession(t *testing.T) {
	w := newWorld(t)
	token := w.token(object{"sub": "alice", "sid": "laptop"})
	r := w.receiver(nil)
	w.takes(r, w.set(object{"sub_id": opaque("laptop"), "events": object{events.TypeAccountDisabled: object{}}}))
	w.wantPass("an account of that name", token, true)
	w.takes(r, w.set(object{"sub_id": opaque("laptop")}))
	w.wantPass("a session of that name", token, false)
}

// The hook learns everything that the event says.
func TestOnEvent(t *testing.T) {
	w := newWorld(t)
	var seen events.Event
	r := w.receiver(func(c *events.Config) {
		c.HookOnly = []string{events.TypeCredentialChange}
		c.OnEvent = func(_ context.Context, e events.Event) error { seen = e; return nil }
	})
	token := w.token(nil)
	w.advance(time.Minute)
	w.takes(r, w.set(object{
		"jti": "set-1", "txn": "transaction-1", "toe": noon.Unix() + 7,
		"sub_id": complexSubject(object{"user": w.subject("alice"), "tenant": opaque("t")}),
		"events": object{events.TypeCredentialChange: object{"change_type": "create"}},
	}))
	w.wantPass("left to the hook", token, true)
	var payload struct {
		ChangeType string `json:"change_type"`
	}
	if err := seen.Decode(events.TypeCredentialChange, &payload); err != nil || payload.ChangeType != "create" {
		t.Errorf("payload %+v, %v", payload, err)
	}
	if err := seen.Decode(events.TypeSessionRevoked, &payload); err == nil {
		t.Error("decodes an event that is not there")
	}
	if seen.Issuer != w.as.Issuer() || seen.ID != "set-1" || seen.Transaction != "transaction-1" || seen.Revocations != nil ||
		!seen.Time.Equal(noon.Add(7*time.Second)) || !seen.IssuedAt.Equal(w.now()) {
		t.Errorf("seen %+v", seen)
	}
	if s := seen.Subject; s.Format != "complex" || s.User().Text("sub") != "alice" || s.Member("tenant").Text("id") != "t" {
		t.Errorf("subject %+v", s)
	}
}

// TestECAEP_7: Google names the subject inside of the event, with subject_type (RISC, section 3.1).
func TestECAEP_7(t *testing.T) {
	w := newWorld(t)
	iss := w.as.Issuer()
	for _, tt := range []struct {
		name   string
		claims object // sub_id is left out unless it is here
		inner  any
		taken  bool
	}{
		{"iss-sub", nil, object{"subject_type": "iss-sub", "iss": iss, "sub": "alice"}, true},
		{"iss_sub", nil, object{"subject_type": "iss_sub", "iss": iss, "sub": "alice"}, true},
		{"id_token_claims", nil, object{"subject_type": "id_token_claims", "iss": iss, "sub": "alice", "email": "a@example.com"}, true},
		{"format", nil, object{"format": "iss_sub", "iss": iss, "sub": "alice"}, true},
		{"format wins", nil, object{"format": "iss_sub", "subject_type": "email", "iss": iss, "sub": "alice"}, true},
		{"sub_id wins", object{"sub_id": w.subject("alice")}, object{"subject_type": "iss-sub", "iss": iss, "sub": "bob"}, true},
		{"id_token_claims with e-mail alone", nil, object{"subject_type": "id_token_claims", "email": "a@example.com"}, false},
		{"oauth_token", nil, object{"subject_type": "oauth_token", "token_type": "refresh_token", "token": "x"}, false},
		{"foreign", nil, object{"subject_type": "iss-sub", "iss": "https://other.example", "sub": "alice"}, false},
		{"no type", nil, object{"iss": iss, "sub": "alice"}, false},
		{"no object", nil, "alice", false},
		{"nothing", nil, nil, false},
		{"broken sub_id", object{"sub_id": "alice"}, object{"subject_type": "iss-sub", "iss": iss, "sub": "alice"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.TB = t
			w.advance(time.Hour)
			token := w.token(nil)
			payload := with(object{"reason": "hijacking"}, object{"subject": tt.inner})
			claims := with(object{"sub_id": nil, "events": object{risc + "account-disabled": payload}}, nil)
			claims["sub_id"] = tt.claims["sub_id"]
			r := w.receiver(func(c *events.Config) { c.AllowLegacySubject = true })
			got := w.push(r, w.set(claims))
			if (got.Code == 202) != tt.taken || got.Code != 202 && got.Code != 400 {
				t.Errorf("answer %d %s", got.Code, got.Body)
			}
			w.wantPass("the token", token, !tt.taken)
			if tt.claims == nil && tt.inner != nil {
				w.refuses(w.receiver(nil), w.set(claims), "invalid_request")
			}
		})
	}
}

// A legacy subject that is none is refused with whatever event, those that revoke nothing included.
func TestBrokenLegacySubject(t *testing.T) {
	w := newWorld(t)
	r := w.receiver(func(c *events.Config) { c.AllowLegacySubject = true })
	for _, inner := range []any{
		"alice", object{"format": "opaque"}, object{"id": "alice"}, object{"subject_type": 1}, object{"subject_type": "opaque"},
	} {
		w.refuses(r, w.set(object{"sub_id": nil, "events": object{"urn:event": object{"subject": inner}}}), "invalid_request")
	}
}

// A legacy subject that is an e-mail address is one for Resolve too.
func TestResolveLegacy(t *testing.T) {
	w := newWorld(t)
	asked := ""
	r := w.receiver(func(c *events.Config) {
		c.AllowLegacySubject = true
		c.Resolve = func(_ context.Context, s events.Subject) ([]revocation.Revocation, error) {
			asked = s.Format + " " + s.Text("email")
			return nil, nil
		}
	})
	inner := object{"subject_type": "id_token_claims", "email": "alice@example.com"}
	w.takes(r, w.set(object{"sub_id": nil, "events": object{events.TypeAccountDisabled: object{"subject": inner}}}))
	if asked != "email alice@example.com" {
		t.Errorf("asked about %q", asked)
	}
}

// Resolve is asked about what cannot be mapped, and has the last word within TokenIssuers.
func TestResolve(t *testing.T) {
	w := newWorld(t)
	iss := w.as.Issuer()
	email := object{"format": "email", "email": "alice@example.com"}
	foreign := object{"format": "iss_sub", "iss": "https://accounts.example", "sub": "1"}
	alice := []revocation.Revocation{{Issuer: iss, Subject: "alice"}}
	for _, tt := range []struct {
		name    string
		subject object
		answer  []revocation.Revocation
		err     error
		status  int
		code    string
	}{
		{"e-mail", email, alice, nil, 202, ""},
		{"foreign", foreign, alice, nil, 202, ""},
		{"complex", complexSubject(object{"user": email, "session": opaque("s")}), alice, nil, 202, ""},
		{"critical", complexSubject(object{"user": w.subject("bob"), "tenant": opaque("t")}), alice, nil, 202, ""},
		{"a token", email, []revocation.Revocation{{Token: "opaque"}}, nil, 202, ""},
		{"nobody here", email, nil, nil, 202, ""},
		{"not understood", email, nil, errors.Join(events.ErrSubject), 400, "invalid_request"},
		{"beyond its issuers", email, []revocation.Revocation{{Issuer: "https://other.example", Subject: "alice"}}, nil, 400, "access_denied"},
		{"no issuer", email, []revocation.Revocation{{Subject: "alice"}}, nil, 400, "access_denied"},
		{"down", email, nil, errors.New("directory down"), 503, ""},
		{"a name forgotten", email, []revocation.Revocation{{Issuer: iss}}, nil, 503, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.TB = t
			w.advance(time.Hour)
			token, other := w.token(nil), w.token(object{"sub": "bob"})
			asked := 0
			r := w.receiver(func(c *events.Config) {
				c.CriticalMembers = []string{"tenant"}
				c.Resolve = func(_ context.Context, s events.Subject) ([]revocation.Revocation, error) {
					asked++
					var got object
					if err := s.Decode(&got); err != nil || string(encode(t, got)) != string(encode(t, tt.subject)) {
						t.Errorf("asked about %v", got)
					}
					return tt.answer, tt.err
				}
			})
			wantAnswer(t, w.push(r, w.set(object{"sub_id": tt.subject})), tt.status, tt.code)
			w.wantPass("alice", token, tt.status != 202 || len(tt.answer) == 0 || tt.answer[0].Subject != "alice")
			w.wantPass("bob", other, true)
			w.takes(r, w.set(nil)) // which needs nobody's help
			if asked != 1 {
				t.Errorf("asked %d times", asked)
			}
		})
	}
}

// A whole issuer is revoked if that is what Resolve says, up to the time that it says.
func TestResolveIssuer(t *testing.T) {
	w := newWorld(t)
	token := w.token(nil)
	w.advance(time.Minute)
	r := w.receiver(func(c *events.Config) {
		c.Resolve = func(context.Context, events.Subject) ([]revocation.Revocation, error) {
			return []revocation.Revocation{{Issuer: w.as.Issuer(), Before: noon}}, nil
		}
	})
	w.takes(r, w.set(object{"sub_id": complexSubject(object{"tenant": opaque("t")})}))
	w.wantPass("issued before", token, false)
	w.wantPass("issued after", w.token(nil), true)
}

func TestParseSubject(t *testing.T) {
	s, err := events.ParseSubject([]byte(`{"format":"aliases","identifiers":[{"format":"opaque","id":"a"},{"format":"email","email":"b"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if ids := s.Identifiers(); len(ids) != 2 || ids[0].Text("id") != "a" || ids[1].Text("email") != "b" || s.Text("identifiers") != "" {
		t.Errorf("identifiers %+v", ids)
	}
	if none := (events.Subject{}); none.Identifiers() != nil || none.User().Format != "" || none.Text("id") != "" || none.Member("user").Format != "" {
		t.Error("the zero Subject identifies somebody")
	}
	if s, err := events.ParseSubject([]byte(`{"format":"aliases","identifiers":[{"format":"opaque","id":"a"}]}`)); err != nil {
		t.Errorf("a single alias: %+v, %v", s, err)
	}
	for _, broken := range []string{
		`{"format":"complex"}`, `{"format":"complex","colour":"red"}`, `{"format":"aliases"}`, `{"format":"aliases","identifiers":[]}`,
		"", "null", "[]", `{"format":"opaque","id":"a"`, `{"format":"opaque","format":"opaque","id":"a"}`,
	} {
		if _, err := events.ParseSubject([]byte(broken)); !errors.Is(err, events.ErrSubject) {
			t.Errorf("%s: %v", broken, err)
		}
	}
	// Nesting as deep as JSON may go costs no more than it takes to read it.
	deep := json.RawMessage(`{"format":"opaque","id":"a"}`)
	for range 30 {
		deep = json.RawMessage(`{"format":"complex","user":` + string(deep) + `,"session":` + `{"format":"opaque","id":"a"}}`)
	}
	if _, err := events.ParseSubject(deep); !errors.Is(err, events.ErrSubject) {
		t.Errorf("nested: %v", err)
	}
}
