package revocation_test

import (
	"errors"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// ways are the ways to revoke the token of alice, each with the changes that make it another token.
var ways = []struct {
	name    string
	revoke  revocation.Revocation
	escapes map[string]func(*middleware.Token)
}{
	{"token", revocation.Revocation{Token: aliceToken}, map[string]func(*middleware.Token){
		"another token": func(t *middleware.Token) { t.Fingerprint = middleware.FingerprintOf("Ym9i") },
	}},
	{"jti", revocation.Revocation{Issuer: issuer, ID: "token-1"}, map[string]func(*middleware.Token){
		"another jti": func(t *middleware.Token) { t.ID = "token-2" },
		"no jti":      func(t *middleware.Token) { t.ID = "" },
		"jti as sid":  func(t *middleware.Token) { t.ID, t.SessionID = "token-2", "token-1" },
	}},
	{"session", revocation.Revocation{Issuer: issuer, SessionID: "session-1"}, map[string]func(*middleware.Token){
		"another session": func(t *middleware.Token) { t.SessionID = "session-2" },
		"no session":      func(t *middleware.Token) { t.SessionID = "" },
		"sid as jti":      func(t *middleware.Token) { t.ID, t.SessionID = "session-1", "" },
	}},
	{"session of subject", revocation.Revocation{Issuer: issuer, Subject: "alice", SessionID: "session-1"}, map[string]func(*middleware.Token){
		"another session":                func(t *middleware.Token) { t.SessionID = "session-2" },
		"another subject, no session":    func(t *middleware.Token) { t.Subject, t.SessionID = "bob", "" },
		"neither":                        func(t *middleware.Token) { t.Subject, t.SessionID = "", "" },
		"no session, but issued later":   func(t *middleware.Token) { t.SessionID, t.IssuedAt = "", noon.Add(time.Second) },
		"of another issuer, no session":  func(t *middleware.Token) { t.SessionID, t.Issuer = "", otherIssuer },
		"sub as client, without session": func(t *middleware.Token) { t.Subject, t.ClientID, t.SessionID = "bob", "alice", "" },
	}},
	{"subject", revocation.Revocation{Issuer: issuer, Subject: "alice"}, map[string]func(*middleware.Token){
		"another subject": func(t *middleware.Token) { t.Subject = "bob" },
		"no subject":      func(t *middleware.Token) { t.Subject = "" },
		"other case":      func(t *middleware.Token) { t.Subject = "Alice" },
		"sub as client":   func(t *middleware.Token) { t.Subject, t.ClientID = "bob", "alice" },
		"issued later":    func(t *middleware.Token) { t.IssuedAt = noon.Add(time.Second) },
	}},
	{"client", revocation.Revocation{Issuer: issuer, ClientID: "shop"}, map[string]func(*middleware.Token){
		"another client": func(t *middleware.Token) { t.ClientID = "kiosk" },
		"no client":      func(t *middleware.Token) { t.ClientID = "" },
		"issued later":   func(t *middleware.Token) { t.IssuedAt = noon.Add(time.Second) },
	}},
	{"grant", revocation.Revocation{Issuer: issuer, Subject: "alice", ClientID: "shop"}, map[string]func(*middleware.Token){
		"another subject": func(t *middleware.Token) { t.Subject = "bob" },
		"another client":  func(t *middleware.Token) { t.ClientID = "kiosk" },
		"no subject":      func(t *middleware.Token) { t.Subject = "" },
		"no client":       func(t *middleware.Token) { t.ClientID = "" },
		"parts moved":     func(t *middleware.Token) { t.Subject, t.ClientID = "alices", "hop" },
		"issued later":    func(t *middleware.Token) { t.IssuedAt = noon.Add(time.Second) },
	}},
	{"issuer", revocation.Revocation{Issuer: issuer, Before: noon}, map[string]func(*middleware.Token){
		"issued later": func(t *middleware.Token) { t.IssuedAt = noon.Add(time.Second) },
	}},
}

// irrelevant are the changes that keep a token revoked, whichever way it was, unless they are among the escapes.
var irrelevant = map[string]func(*middleware.Token){
	"as it is":            func(*middleware.Token) {},
	"other scopes":        func(t *middleware.Token) { t.Scopes = "admin" },
	"issued at noon":      func(t *middleware.Token) { t.IssuedAt = noon },
	"within that second":  func(t *middleware.Token) { t.IssuedAt = noon.Add(999 * time.Millisecond) },
	"unknown iat":         func(t *middleware.Token) { t.IssuedAt = time.Time{} },
	"unknown iat and exp": func(t *middleware.Token) { t.IssuedAt, t.ExpiresAt = time.Time{}, time.Time{} },
}

func TestRevoke(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			list := newList(t, &clock{}, revocation.Config{})
			for name, change := range irrelevant {
				if got := verdict(t, list, aliceBut(change)); got != "good" {
					t.Errorf("%s: %s before it was revoked", name, got)
				}
			}
			revoke(t, list, way.revoke)
			for name, change := range irrelevant {
				if got := verdict(t, list, aliceBut(change)); got != "revoked" {
					t.Errorf("%s: %s, want revoked", name, got)
				}
			}
			for name, change := range way.escapes {
				if got := verdict(t, list, aliceBut(change)); got != "good" {
					t.Errorf("%s: %s, want good", name, got)
				}
			}
			if way.name != "token" {
				other := aliceBut(func(t *middleware.Token) { t.Issuer = otherIssuer })
				wantVerdict(t, list, other, "good")
			}
			entries := 1
			if way.name == "session of subject" { // and one for the subject's tokens without a session
				entries = 2
			}
			if list.Len() != entries {
				t.Errorf("Len is %d, want %d", list.Len(), entries)
			}
		})
	}
}

// Revocations that name a time mean the tokens issued up to it, and not knowing counts as that.
func TestBefore(t *testing.T) {
	before := noon.Add(-30 * time.Minute)
	for _, r := range []revocation.Revocation{
		{Issuer: issuer, Subject: "alice", Before: before},
		{Issuer: issuer, ClientID: "shop", Before: before},
		{Issuer: issuer, Subject: "alice", ClientID: "shop", Before: before},
		{Issuer: issuer, Before: before},
	} {
		list := newList(t, &clock{}, revocation.Config{})
		revoke(t, list, r)
		for _, tt := range []struct {
			issued time.Time
			want   string
		}{
			{before.Add(-time.Hour), "revoked"},
			{before, "revoked"},
			{before.Add(time.Second), "good"},
			{noon, "good"},
			{time.Time{}, "revoked"},
		} {
			wantVerdict(t, list, aliceBut(func(t *middleware.Token) { t.IssuedAt = tt.issued }), tt.want)
		}
	}
}

// Revoking the same again widens what was revoked and never narrows it.
func TestRevokeAgain(t *testing.T) {
	early, late := noon.Add(-time.Hour), noon.Add(-30*time.Second)
	for _, order := range [][]time.Time{{early, late}, {late, early}} {
		list := newList(t, &clock{}, revocation.Config{})
		for _, before := range order {
			revoke(t, list, revocation.Revocation{Issuer: issuer, Subject: "alice", Before: before})
		}
		wantVerdict(t, list, aliceBut(func(t *middleware.Token) { t.IssuedAt = late }), "revoked")
		wantVerdict(t, list, aliceBut(func(t *middleware.Token) { t.IssuedAt = noon }), "good")
		if list.Len() != 1 {
			t.Errorf("Len is %d, want 1", list.Len())
		}
	}
}

func TestRevokeErrors(t *testing.T) {
	future := noon.Add(5*time.Minute + time.Second)
	for _, tt := range []struct {
		name string
		r    revocation.Revocation
		want error
	}{
		{"nothing", revocation.Revocation{}, revocation.ErrTarget},
		{"a reason alone", revocation.Revocation{By: "ops", Reason: "why not"}, revocation.ErrTarget},
		{"issuer alone", revocation.Revocation{Issuer: issuer}, revocation.ErrTarget},
		{"time alone", revocation.Revocation{Before: noon}, revocation.ErrTarget},
		{"jti without issuer", revocation.Revocation{ID: "token-1"}, revocation.ErrTarget},
		{"session without issuer", revocation.Revocation{SessionID: "session-1"}, revocation.ErrTarget},
		{"subject without issuer", revocation.Revocation{Subject: "alice"}, revocation.ErrTarget},
		{"token and issuer", revocation.Revocation{Token: aliceToken, Issuer: issuer}, revocation.ErrTarget},
		{"jti and subject", revocation.Revocation{Issuer: issuer, ID: "token-1", Subject: "alice"}, revocation.ErrTarget},
		{"jti and session", revocation.Revocation{Issuer: issuer, ID: "a", SessionID: "b"}, revocation.ErrTarget},
		{"session and client", revocation.Revocation{Issuer: issuer, SessionID: "a", ClientID: "b"}, revocation.ErrTarget},
		{"issuer, future", revocation.Revocation{Issuer: issuer, Before: future}, revocation.ErrFuture},
		{"subject, future", revocation.Revocation{Issuer: issuer, Subject: "alice", Before: future}, revocation.ErrFuture},
		{"end of time", revocation.Revocation{Issuer: issuer, Before: time.Unix(1<<63-1, 0)}, revocation.ErrFuture},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := newList(t, &clock{}, revocation.Config{})
			if err := list.Revoke(t.Context(), tt.r); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			token := alice()
			wantVerdict(t, list, &token, "good")
			if list.Len() != 0 {
				t.Errorf("Len is %d, want 0", list.Len())
			}
		})
	}
}

// An issuer whose clock is a little ahead may name a time that has not come here.
func TestBeforeWithinMargin(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{})
	revoke(t, list, revocation.Revocation{Issuer: issuer, Before: noon.Add(5 * time.Minute)})
	wantVerdict(t, list, aliceBut(func(t *middleware.Token) { t.IssuedAt = noon.Add(5 * time.Minute) }), "revoked")
}

func TestNewListErrors(t *testing.T) {
	for _, cfg := range []revocation.Config{
		{MaxTokenLifetime: 1<<63 - 1},
		{MaxEntries: -1},
	} {
		if _, err := revocation.NewList(cfg); err == nil {
			t.Errorf("accepted %+v", cfg)
		}
	}
}

// A token that could not be recognised once it is revoked is refused from the start, so that the mistake shows.
func TestCheckWithoutFingerprint(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{})
	wantVerdict(t, list, aliceBut(func(t *middleware.Token) { t.Fingerprint = [32]byte{} }), "misconfigured")
}

func TestZeroList(t *testing.T) {
	var list revocation.List
	token := alice()
	if err := list.Check(&token); !errors.Is(err, middleware.ErrMisconfigured) {
		t.Errorf("%v", err)
	}
}
