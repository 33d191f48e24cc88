package servers_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

// behaviour is something that can happen to tokens, and the answer to a request then.
type behaviour struct {
	name string
	want string
	ask  func(*testing.T, *station) string
	// without says why there is nothing to show it with in a mode.
	without map[mode]string
}

// wanted is the answer in a mode. Who asks nobody about a JWT does not hear of its revocation.
func (b behaviour) wanted(m mode) string {
	if b.name == lostToken && m == keys {
		return "200"
	}
	return b.want
}

// The behaviours that not every server has something to show with.
const (
	expired       = "expired"
	lostToken     = "revoked at the server"
	wrongAudience = "for another audience"
	newKey        = "signed with a new key"
	lostKey       = "signed with a key since withdrawn"
)

const noKeys = "no keys are used"

// verdicts are what happens while a server is up.
var verdicts = []behaviour{
	{"good", "200", func(t *testing.T, s *station) string { return s.ask(t, "/me", s.good(t)) }, nil},
	{"of the right scope", "200", func(t *testing.T, s *station) string { return s.ask(t, "/orders", s.good(t)) }, nil},
	{"of another scope", "403 insufficient_scope", func(t *testing.T, s *station) string {
		return s.ask(t, "/orders", s.accepted(t, s.obtain(t, audience, otherScope)))
	}, nil},
	{wrongAudience, "401 invalid_token", func(t *testing.T, s *station) string {
		return s.ask(t, "/me", s.obtain(t, otherAudience, scope))
	}, nil},
	{"tampered with", "401 invalid_token", func(t *testing.T, s *station) string {
		return s.ask(t, "/me", harness.Altered(s.accepted(t, s.good(t))))
	}, nil},
	{"missing", "401", func(t *testing.T, s *station) string { return s.ask(t, "/me", "") }, nil},
	{"in a malformed header", "400 invalid_request", func(t *testing.T, s *station) string {
		header := http.Header{"Authorization": {"Bearer " + s.accepted(t, s.good(t)) + " and more"}}
		return verdict(t, s.rs.GetWith(t, "/me", header))
	}, nil},
	{lostToken, "401 invalid_token", func(t *testing.T, s *station) string {
		token := s.accepted(t, s.good(t))
		s.Revoke(t, token)
		if s.mode == keys {
			if s.Active(t, token) {
				t.Error("the token was not revoked")
			}
			return s.ask(t, "/me", token)
		}
		// The route that always asks finds out, and then no other route believes its cache.
		fresh, usual := s.ask(t, "/fresh", token), s.ask(t, "/me", token)
		if usual != fresh {
			t.Errorf("answer %s on the route that always asks, %s on the next", fresh, usual)
		}
		return fresh
	}, nil},
	{"revoked through the resource server", "401 invalid_token", func(t *testing.T, s *station) string {
		token := s.accepted(t, s.good(t))
		s.revokeThrough(t, token)
		return s.ask(t, "/me", token)
	}, nil},
	{"good, but the resource server's secret is wrong", "503", func(t *testing.T, s *station) string {
		return verdict(t, s.startResourceServer(t, "wrong").Get(t, "/me", s.good(t)))
	}, map[mode]string{keys: "nobody is asked"}},
}

// expiry is what happens to a token that lived for a short time.
var expiry = []behaviour{
	{expired, "401 invalid_token", func(t *testing.T, s *station) string { return s.ask(t, "/me", s.tokens[expired]) }, nil},
}

// rotations are what happens when a server has replaced its key.
var rotations = []behaviour{
	{newKey, "200", func(t *testing.T, s *station) string { return s.ask(t, "/me", s.good(t)) }, map[mode]string{asking: noKeys}},
	{lostKey, "401 invalid_token", func(t *testing.T, s *station) string {
		return s.ask(t, "/me", s.tokens[lostKey])
	}, map[mode]string{asking: noKeys}},
}

// The answers during an outage depend on what the resource server knew before.
const (
	seen   = "good, seen before, server down"
	unseen = "good, not seen before, server down"
	back   = "good, not seen before, server back"
)

var outage = []behaviour{
	{seen, "200", func(t *testing.T, s *station) string { return s.ask(t, "/me", s.tokens[seen]) }, nil},
	{unseen, "503", func(t *testing.T, s *station) string { return s.askUnprepared(t, s.tokens[unseen]) }, nil},
}

var recovery = []behaviour{
	{back, "200", func(t *testing.T, s *station) string { return s.askUnprepared(t, s.tokens[unseen]) }, nil},
}

var behaviours = slices.Concat(verdicts, expiry, rotations, outage, recovery)

// askUnprepared asks with a token that there are neither keys nor an answer for yet.
func (s *station) askUnprepared(t *testing.T, token string) string {
	t.Helper()
	if s.mode == keys {
		return verdict(t, s.keyless.Get(t, "/me", token))
	}
	return s.ask(t, "/me", token)
}
