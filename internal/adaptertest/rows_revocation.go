package adaptertest

import (
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation"
)

const (
	tokenID   = "token-1"
	sessionID = "session-1"
)

// ways are those to name a token that is revoked.
var ways = []struct {
	name string
	// revocation names the token of the scenario, which was issued by now.
	revocation func(token, issuer string, now time.Time) revocation.Revocation
}{
	{"token", func(token, _ string, _ time.Time) revocation.Revocation {
		return revocation.Revocation{Token: token}
	}},
	{"jti", func(_, issuer string, _ time.Time) revocation.Revocation {
		return revocation.Revocation{Issuer: issuer, ID: tokenID}
	}},
	{"sid", func(_, issuer string, _ time.Time) revocation.Revocation {
		return revocation.Revocation{Issuer: issuer, SessionID: sessionID}
	}},
	{"sub", func(_, issuer string, _ time.Time) revocation.Revocation {
		return revocation.Revocation{Issuer: issuer, Subject: subject}
	}},
	{"client", func(_, issuer string, _ time.Time) revocation.Revocation {
		return revocation.Revocation{Issuer: issuer, ClientID: client}
	}},
	{"issuer", func(_, issuer string, now time.Time) revocation.Revocation {
		return revocation.Revocation{Issuer: issuer, Before: now}
	}},
}

// playRevocations plays what an application reports, for tokens that are verified and for tokens that are introspected.
// Either way the next request is refused, and without asking anybody.
func playRevocations(s *scene) {
	for _, path := range []struct {
		name   string
		asking *introspection.Config
		opaque bool
	}{
		{"JWT, verified", nil, false},
		{"JWT, introspected", &introspection.Config{}, false},
		{"opaque", &introspection.Config{}, true},
	} {
		s.asking = path.asking
		for _, way := range ways {
			twist := path.name + ", by " + way.name
			list := s.denyList()
			token := s.issuer.Mint(oauthtest.Token{
				Opaque: path.opaque,
				Claims: map[string]any{"jti": tokenID, "sid": sessionID},
			})
			s.also(twist+", before", ok, bearer(token))
			s.revoke(list, way.revocation(token, s.issuer.Issuer(), s.clock.Now()))
			s.quiet(func() { s.also(twist, s.want, bearer(token)) })
			s.also(twist, s.want, bearer(token))
			s.clock.advance(time.Second)
			s.also(twist+", another token", ok, s.mint(oauthtest.Token{
				Opaque:   path.opaque,
				Subject:  "bob",
				ClientID: "another-client",
				Claims:   map[string]any{"sid": "session-2"},
			}))
		}
	}
}

func (s *scene) revoke(list *revocation.List, r revocation.Revocation) {
	s.Helper()
	if err := list.Revoke(s.Context(), r); err != nil {
		s.Error(err)
	}
}
