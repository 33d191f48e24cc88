package events_test

import (
	"context"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation/events"
)

// TestE8417_1: iss, iat, jti, aud and events are required (RFC 8417, section 2.2).
func TestE8417_1(t *testing.T) {
	w := newWorld(t)
	// A Verify that looks at nothing shows that the receiver does not rely on it.
	trusting := func(_ context.Context, jwt string) ([]byte, error) { return []byte(jwt), nil }
	for _, tt := range []struct {
		name    string
		changes object
		code    string
	}{
		{"no iss", object{"iss": nil}, "invalid_request"},
		{"iss of a wrong kind", object{"iss": 1}, "invalid_request"},
		{"no iat", object{"iat": nil}, "invalid_request"},
		{"iat of a wrong kind", object{"iat": "1800000000"}, "invalid_request"},
		{"no jti", object{"jti": nil}, "invalid_request"},
		{"empty jti", object{"jti": ""}, "invalid_request"},
		{"jti of a wrong kind", object{"jti": 7}, "invalid_request"},
		{"no aud", object{"aud": nil}, "invalid_request"},
		{"aud of a wrong kind", object{"aud": 1}, "invalid_request"},
		{"aud that is ours and a number", object{"aud": []any{receiver, 1}}, "invalid_request"},
		{"no events", object{"events": nil}, "invalid_request"},
		{"null events", object{"events": null}, "invalid_request"},
		{"empty events", object{"events": object{}}, "invalid_request"},
		{"array of events", object{"events": []string{events.TypeSessionRevoked}}, "invalid_request"},
		{"event that is no object", object{"events": object{events.TypeSessionRevoked: true}}, "invalid_request"},
		{"one event that is no object", object{"events": object{events.TypeSessionRevoked: object{}, "x": null}}, "invalid_request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.TB = t
			payload := w.claims(tt.changes)
			r := w.receiver(func(c *events.Config) { c.Verify = trusting })
			w.refuses(r, string(encode(t, payload)), tt.code)
		})
	}
	w.TB = t
	r := w.receiver(func(c *events.Config) { c.Verify = trusting })
	for name, body := range map[string]string{
		"no JSON": "{", "array": "[]", "duplicate member": `{"iss":"a","iss":"b"}`, "two values": "{}{}", "nothing": "",
	} {
		if got := w.push(r, body); got.Code != 400 {
			t.Errorf("%s: %d", name, got.Code)
		}
	}
	w.takes(w.receiver(nil), w.set(object{"aud": []string{"other", receiver}}))
}

// TestE8417_2: several event types in one SET are names of one event (section 2.2; SSF, section 4.2.1).
func TestE8417_2(t *testing.T) {
	w := newWorld(t)
	var seen [][]string
	r := w.receiver(func(c *events.Config) {
		c.OnEvent = func(_ context.Context, e events.Event) error {
			seen = append(seen, e.Types)
			return nil
		}
	})
	token := w.token(nil)
	w.takes(r, w.set(object{"events": object{
		events.TypeSessionRevoked: object{}, events.TypeSessionsRevoked: object{}, "https://example.com/session-revoked": object{},
	}}))
	w.wantPass("the token", token, false)
	if len(seen) != 1 || len(seen[0]) != 3 {
		t.Errorf("seen %v, want one event with three types", seen)
	}
	if w.list.Len() != 1 {
		t.Errorf("%d entries, want 1", w.list.Len())
	}
}

// TestE8417_3: typ is secevent+jwt (section 2.3; SSF, section 4.1.1).
func TestE8417_3(t *testing.T) {
	w := newWorld(t)
	r := w.receiver(nil)
	for _, typ := range []any{nil, "JWT", "at+jwt", "logout+jwt", "secevent"} {
		w.refuses(r, w.sign(object{"typ": typ}, w.claims(nil)), "invalid_request")
	}
	w.takes(r, w.sign(object{"typ": "application/secevent+jwt"}, w.claims(nil)))
}

// TestE8417_4: SETs have neither sub nor exp, of whatever value (SSF, sections 4.1.2 and 4.1.6).
func TestE8417_4(t *testing.T) {
	w := newWorld(t)
	r := w.receiver(nil)
	for _, changes := range []object{
		{"sub": "alice"}, {"sub": null}, {"exp": noon.Unix() + 600}, {"exp": null}, {"exp": "never"},
	} {
		w.refuses(r, w.set(changes), "invalid_request")
	}
}

// TestE8417_5: unknown members are ignored, critical ones that are not understood are not (SSF, sections 3.6 and 4.2.3).
func TestE8417_5(t *testing.T) {
	w := newWorld(t)
	token := w.token(nil)
	unknown := complexSubject(object{"user": w.subject("alice"), "colour": "red", "shape": object{"format": "x", "a": 1}})
	w.takes(w.receiver(nil), w.set(object{
		"sub_id": unknown, "txn": 7, "toe": "noon", "colour": object{},
		"events": object{events.TypeSessionRevoked: object{"initiating_entity": "admin", "colour": 1}},
	}))
	w.wantPass("alice", token, false)

	bob, tenant := w.subject("bob"), opaque("tenant-1")
	for _, tt := range []struct {
		name     string
		critical []string
		subject  object
		taken    bool
	}{
		{"understood", []string{"user", "session", "tenant"}, object{"user": bob, "session": opaque("s")}, true},
		{"an application", []string{"application"}, object{"user": bob, "application": opaque("shop")}, true},
		{"a session alone", []string{"session"}, object{"session": opaque("s")}, true},
		{"an application alone", []string{"application"}, object{"application": opaque("shop")}, true},
		{"tenant", []string{"user", "tenant"}, object{"user": bob, "tenant": tenant}, false},
		{"unknown", []string{"shape"}, object{"user": bob, "shape": object{"format": "x"}}, false},
		{"unknown and no subject", []string{"colour"}, object{"user": bob, "colour": "red"}, false},
		{"session that says nothing", []string{"session"}, object{"user": bob, "session": object{"format": "uri", "uri": "urn:x"}}, false},
		{"application beside a session", []string{"application"}, object{"user": bob, "session": opaque("s"), "application": opaque("shop")}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.TB = t
			r := w.receiver(func(c *events.Config) { c.CriticalMembers = tt.critical })
			set := w.set(object{"sub_id": complexSubject(tt.subject)})
			if tt.taken {
				w.takes(r, set)
			} else {
				w.refuses(r, set, "invalid_request")
			}
		})
	}
}

// TestE8417_5_Simple: only members of complex subjects are critical (SSF, section 7.1).
func TestE8417_5_Simple(t *testing.T) {
	w := newWorld(t)
	r := w.receiver(func(c *events.Config) { c.CriticalMembers = []string{"tenant"} })
	w.takes(r, w.set(object{"sub_id": with(w.subject("alice"), object{"tenant": opaque("t")})}))
}

// A refusal says what there is to be mended.
func TestDescriptions(t *testing.T) {
	w := newWorld(t)
	r := w.receiver(func(c *events.Config) { c.CriticalMembers = []string{"tenant"} })
	for says, subject := range map[string]any{
		"no sub_id":       nil,
		"well-formed":     "alice",
		"not understood":  object{"format": "email", "email": "alice@example.com"},
		"critical member": complexSubject(object{"user": w.subject("alice"), "tenant": opaque("t")}),
		"no say over":     object{"format": "iss_sub", "iss": "https://other.example", "sub": "alice"},
	} {
		if got := w.push(r, w.set(object{"sub_id": subject})); !strings.Contains(got.Body.String(), says) {
			t.Errorf("%v: %s, want %q", subject, got.Body, says)
		}
	}
}

// TestE8417_6: iss is the transmitter's, aud ours, and the key one of the transmitter's (SSF, section 4.1.5; RFC 8935,
// section 2.4).
func TestE8417_6(t *testing.T) {
	w := newWorld(t)
	r := w.receiver(nil)
	w.refuses(r, w.set(object{"iss": "https://evil.example"}), "invalid_issuer")
	w.refuses(r, w.set(object{"iss": w.as.Issuer() + "/"}), "invalid_issuer")
	w.refuses(r, w.set(object{"aud": api}), "invalid_audience")
	w.refuses(r, w.set(object{"aud": []string{}}), "invalid_audience")

	stranger := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}})
	w.refuses(r, stranger.Sign(setHeader, encode(t, w.claims(nil))), "invalid_key")
	w.refuses(r, stranger.Sign(with(setHeader, object{"kid": "none of theirs"}), encode(t, w.claims(nil))), "invalid_key")

	one, other := strings.Split(w.set(nil), "."), strings.Split(w.set(nil), ".")
	w.refuses(r, one[0]+"."+other[1]+"."+one[2], "invalid_key")

	// A receiver with the keys of several transmitters still takes events of its own alone.
	trusting := func(_ context.Context, jwt string) ([]byte, error) { return []byte(jwt), nil }
	r = w.receiver(func(c *events.Config) { c.Verify = trusting })
	w.refuses(r, string(encode(t, w.claims(object{"iss": "https://evil.example"}))), "invalid_issuer")
	w.refuses(r, string(encode(t, w.claims(object{"aud": api}))), "invalid_audience")
}

// TestE8417_7: SETs without a signature are refused, although section 2.4 knows them.
func TestE8417_7(t *testing.T) {
	w := newWorld(t)
	r := w.receiver(nil)
	w.refuses(r, w.sign(with(setHeader, object{"alg": "none"}), w.claims(nil)), "invalid_key")
	signed := strings.Split(w.sign(with(setHeader, object{"alg": "none"}), w.claims(nil)), ".")
	w.refuses(r, signed[0]+"."+signed[1]+".", "invalid_request")
	w.refuses(r, signed[0]+"."+signed[1], "invalid_request")
}
