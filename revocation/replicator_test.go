package revocation_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// wire carries records as text to every list that follows it.
type wire struct {
	lists   []*revocation.List
	sent    []string
	broken  error // of Publish
	refused error // of Follow
	lost    error // of Err
}

func (w *wire) Publish(_ context.Context, r revocation.Record) error {
	if w.broken != nil {
		return w.broken
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	w.sent = append(w.sent, string(text))
	for _, list := range w.lists {
		var received revocation.Record
		if err := json.Unmarshal(text, &received); err != nil {
			return err
		}
		if err := list.Apply(received); err != nil {
			return err
		}
	}
	return nil
}

func (w *wire) Follow(l *revocation.List) error {
	w.lists = append(w.lists, l)
	return w.refused
}

func (w *wire) Err() error { return w.lost }

// What is revoked at one replica is refused at the other: as much, and no more.
func TestReplicas(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			c, w, log := &clock{}, &wire{}, &recorder{}
			here := newList(t, c, revocation.Config{Replicator: w})
			there := newList(t, c, revocation.Config{Replicator: w, Logger: log.logger()})
			token := alice()
			wantVerdict(t, there, &token, "good")
			revoke(t, here, way.revoke)
			wantVerdict(t, there, &token, "revoked")
			for name, change := range way.escapes {
				t.Run(name, func(t *testing.T) { wantVerdict(t, there, aliceBut(change), "good") })
			}
			if text := log.text(); text != "" {
				t.Errorf("audited where it was not made: %s", text)
			}
		})
	}
}

// A record may come again, and after the entry was extended: the entry stays.
func TestApplyAgain(t *testing.T) {
	c, w := &clock{}, &wire{}
	list := newList(t, c, revocation.Config{Replicator: w})
	revoke(t, list, revocation.Revocation{Issuer: issuer, Subject: "alice", Before: noon.Add(-time.Hour)})
	revoke(t, list, revocation.Revocation{Issuer: issuer, Subject: "alice"})
	var early revocation.Record
	if err := json.Unmarshal([]byte(w.sent[0]), &early); err != nil {
		t.Fatal(err)
	}
	if err := list.Apply(early); err != nil {
		t.Error(err)
	}
	token := alice()
	wantVerdict(t, list, &token, "revoked")
	if list.Len() != 1 {
		t.Errorf("%d entries", list.Len())
	}
}

// How long a record is remembered counts from when it was made, by the receiver's idea of how long tokens live.
func TestApplyCountsFromTheRevocation(t *testing.T) {
	c := &clock{}
	list := newList(t, c, revocation.Config{MaxTokenLifetime: hour})
	if got := list.Retention(); got != hour+3*margin {
		t.Errorf("Retention %v", got)
	}
	made := noon.Add(-hour)
	if err := list.Apply(revocation.Record{Issuer: issuer, ID: "token-1", RevokedAt: made}); err != nil {
		t.Fatal(err)
	}
	token := alice()
	c.set(made.Add(list.Retention()).Add(-time.Nanosecond))
	wantVerdict(t, list, &token, "revoked")
	c.set(made.Add(list.Retention()))
	wantVerdict(t, list, &token, "good")
	if got := newList(t, c, revocation.Config{MaxTokenLifetime: -1}).Retention(); got >= 0 {
		t.Errorf("Retention %v without an end", got)
	}
}

func TestApplyRefuses(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{MaxEntries: 1})
	if err := list.Apply(revocation.Record{Issuer: issuer, RevokedAt: noon}); !errors.Is(err, revocation.ErrTarget) {
		t.Errorf("nameless: %v", err)
	}
	for name, r := range map[string]revocation.Record{
		"of no time":            {Issuer: issuer, ID: "a"},
		"up to no time":         {Issuer: issuer, Subject: "alice", RevokedAt: noon},
		"session up to no time": {Issuer: issuer, Subject: "alice", SessionID: "a", RevokedAt: noon},
		"no UTF-8":              {Issuer: issuer, ID: "\xff", RevokedAt: noon},
	} {
		if err := list.Apply(r); err == nil {
			t.Errorf("%s: applied", name)
		}
		if text, err := json.Marshal(r); err == nil {
			t.Errorf("%s: written as %s", name, text)
		}
	}
	if err := list.Revoke(t.Context(), revocation.Revocation{Issuer: issuer, ID: "\xff"}); !errors.Is(err, revocation.ErrTarget) {
		t.Errorf("no UTF-8: %v", err)
	}
	revoke(t, list, revocation.Revocation{Token: "a"})
	if err := list.Apply(revocation.Record{Issuer: issuer, ID: "b", RevokedAt: noon}); !errors.Is(err, revocation.ErrFull) {
		t.Errorf("no room: %v", err)
	}
}

// A caller learns that the others were not told. Here the token is refused all the same.
func TestNotShared(t *testing.T) {
	broken := errors.New("the network is down")
	log := &recorder{}
	list := newList(t, &clock{}, revocation.Config{Replicator: &wire{broken: broken}, Logger: log.logger()})
	err := list.Revoke(t.Context(), revocation.Revocation{Token: aliceToken})
	if !errors.Is(err, revocation.ErrNotShared) || !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	token := alice()
	wantVerdict(t, list, &token, "revoked")
	var record map[string]any
	if err := json.Unmarshal([]byte(log.text()), &record); err != nil || record["shared"] != false {
		t.Errorf("audit record %s", log.text())
	}
	if got := postJSON(guarded(revocation.ListHandler(list)), `{"iss":"x","jti":"y"}`); got != http.StatusServiceUnavailable {
		t.Errorf("the administrator's endpoint answers %d", got)
	}
}

// What cannot be shared is not published: a full list says so first.
func TestFullIsNotShared(t *testing.T) {
	w := &wire{}
	list := newList(t, &clock{}, revocation.Config{Replicator: w, MaxEntries: 1})
	revoke(t, list, revocation.Revocation{Token: "a"})
	if err := list.Revoke(t.Context(), revocation.Revocation{Token: "b"}); !errors.Is(err, revocation.ErrFull) {
		t.Errorf("got %v", err)
	}
	if len(w.sent) != 1 {
		t.Errorf("published %q", w.sent)
	}
}

// A replica that lost touch vouches for no token. Those it knows to be revoked are refused as such, and requests that
// were let pass go on.
func TestLostTouch(t *testing.T) {
	w := &wire{}
	list := newList(t, &clock{}, revocation.Config{Replicator: w})
	guard := newGuard(t, honour(middleware.Token{}), list)
	revoke(t, list, revocation.Revocation{Token: "revoked"})
	ended := false
	defer list.Watch(&middleware.Token{Fingerprint: middleware.FingerprintOf("open")}, func(error) { ended = true })()
	w.lost = errors.New("nothing heard")
	if got := authorize(t, guard, "other"); got != "503 revocations_unavailable" {
		t.Errorf("a token that may be revoked: %s", got)
	}
	if got := authorize(t, guard, "revoked"); got != "401 revoked" {
		t.Errorf("a token that is revoked: %s", got)
	}
	defer list.Watch(&middleware.Token{Fingerprint: middleware.FingerprintOf("late")}, func(error) { ended = true })()
	w.lost = nil
	if got := authorize(t, guard, "other"); got != "200" {
		t.Errorf("back in touch: %s", got)
	}
	if ended {
		t.Error("a request ended though its token was not revoked")
	}
}

func TestFollowRefused(t *testing.T) {
	refused := errors.New("taken")
	if _, err := revocation.NewList(revocation.Config{Replicator: &wire{refused: refused}}); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
}

// A record as text names tokens by their digest, and everything else by what claims call it.
func TestRecordText(t *testing.T) {
	w := &wire{}
	list := newList(t, &clock{}, revocation.Config{Replicator: w})
	for _, r := range []revocation.Revocation{
		{Token: aliceToken, ExpiresAt: noon.Add(time.Minute), By: "me", Reason: "none of theirs"},
		{Issuer: issuer, SessionID: "s", Before: noon},
		{Issuer: issuer, Subject: "alice", ClientID: "shop"},
	} {
		revoke(t, list, r)
	}
	want := []string{
		`{"token":"VH-tUGVruI55pkjfnJRoeYpJiRRSLGXXg-gT9SQ7V5w","exp":1800000060,"at":1800000000}`,
		`{"iss":"https://as.example.com","sid":"s","at":1800000000}`,
		`{"iss":"https://as.example.com","sub":"alice","client_id":"shop","before":1800000000,"at":1800000000}`,
	}
	if !slices.Equal(w.sent, want) {
		t.Errorf("got %q", w.sent)
	}
}

// What this version does not understand in full it does not apply in part.
func TestRecordTextRefused(t *testing.T) {
	for _, text := range []string{
		`null`, `{}`, `[]`, `"x"`,
		`{"iss":"a","jti":"b"}`,                     // no time
		`{"iss":"a","at":1}`,                        // nobody
		`{"iss":"a","sub":"b","at":1}`,              // up to no time
		`{"iss":"a","jti":"b","at":1,"device":"c"}`, // narrower, perhaps
		`{"iss":"a","jti":"b","at":1,"at":2}`,       // twice
		`{"iss":"a","jti":"b","at":"1"}`,            // another type
		`{"iss":"a","jti":"b","sid":"c","at":1}`,    // two at once
		`{"token":"YQ","at":1}`,                     // short
		`{"token":"` + "VH-tUGVruI55pkjfnJRoeYpJiRRSLGXXg-gT9SQ7V5w=" + `","at":1}`, // another spelling
		`{"iss":"a","jti":"b","at":1} `[:20],
	} {
		r := revocation.Record{ID: "before"}
		if err := json.Unmarshal([]byte(text), &r); err == nil {
			t.Errorf("%s: read as %+v", text, r)
		}
		if r.ID != "before" {
			t.Errorf("%s: changed the record", text)
		}
	}
}
