package adaptertest

import (
	"crypto/rand"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/oauthtest"
)

// thumbprint stands for that of a certificate or of a key.
const thumbprint = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"

// traps are what kits of this kind were seen to get wrong.
var traps = []scenario{
	{"trap: no token", noToken, func(s *scene) { s.expect(get()) }},
	{"trap: no scope", needsRead, func(s *scene) {
		s.policy = reading
		s.expect(s.mint(oauthtest.Token{}))
	}},
	{"trap: no exp", invalidToken, func(s *scene) { s.expect(s.claiming(map[string]any{"exp": nil})) }},
	{"trap: nbf in an hour", invalidToken, func(s *scene) {
		s.expect(s.claiming(map[string]any{"nbf": s.clock.Now().Add(time.Hour).Unix()}))
	}},
	{"trap: logout token", invalidToken, func(s *scene) {
		events := map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}
		s.expectEverywhere(
			oauthtest.Token{Scope: "read", Header: map[string]any{"typ": "logout+jwt"}},
			oauthtest.Token{Scope: "read", Claims: map[string]any{"events": events}},
		)
	}},
	{"trap: ID token", invalidToken, func(s *scene) {
		s.expectEverywhere(
			oauthtest.Token{Scope: "read", Claims: map[string]any{"nonce": "n"}},
			oauthtest.Token{Scope: "read", Claims: map[string]any{"at_hash": "h"}},
			oauthtest.Token{Scope: "read", Claims: map[string]any{"nonce": "n"}, Header: map[string]any{"typ": "JWT"}},
		)
	}},
	{"trap: scope as an array", invalidToken, func(s *scene) {
		s.policy = reading
		s.expect(s.scoped("scope", []string{"read"}))
		s.keys.Profile = jwks.Generic
		s.restart()
		s.also("mapping profile", ok, s.scoped("scope", []string{"read"}))
	}},
	{"trap: only an array scp", needsRead, func(s *scene) {
		s.policy = reading
		s.expect(s.scoped("scp", []string{"read"}))
		s.keys.Profile = jwks.Okta
		s.restart()
		s.also("mapping profile", ok, s.scoped("scp", []string{"read"}))
	}},
	{"trap: certificate-bound token as Bearer", invalidToken, func(s *scene) {
		s.expect(s.claiming(map[string]any{"cnf": map[string]any{"x5t#S256": thumbprint}}))
	}},
	{"trap: key-bound token as Bearer", invalidToken, func(s *scene) {
		s.expect(s.claiming(map[string]any{"cnf": map[string]any{"jkt": thumbprint}}))
		s.expect(s.claiming(map[string]any{"cnf": map[string]any{"future": thumbprint}}))
	}},
	{"trap: unknown crit", invalidToken, func(s *scene) {
		s.expect(s.headed(map[string]any{"crit": []string{"exp"}}), s.headed(map[string]any{"crit": []string{"x"}, "x": true}))
	}},
	{"trap: two Authorization headers", malformed, func(s *scene) {
		s.expect(authorized("Bearer "+s.issuer.Mint(oauthtest.Token{}), "Bearer x"))
		s.expect(authorized("Basic dTpw", "Bearer "+s.issuer.Mint(oauthtest.Token{})))
	}},
	{"trap: scheme in any case", ok, func(s *scene) {
		token := s.issuer.Mint(oauthtest.Token{})
		s.expect(authorized("bearer "+token), authorized("BEARER "+token))
	}},
	{"trap: clean rotation", ok, func(s *scene) {
		s.expect(s.valid())
		s.issuer.Rotate()
		s.expect(s.valid())
	}},
	{"trap: flood of key IDs", invalidToken, func(s *scene) {
		s.also("warm", ok, s.valid())
		before := s.fetches()
		s.flood()
		if made := s.fetches() - before; made > 1 {
			s.Errorf("a flood of key IDs made %d fetches, want at most 1", made)
		}
	}},
	{"trap: rotation after a flood", ok, func(s *scene) {
		s.expect(s.valid())
		s.want = invalidToken
		s.flood()
		s.want = ok
		s.issuer.Rotate()
		s.expect(s.valid())
		if made := s.fetches(); made > 3 {
			s.Errorf("%d fetches in all, want at most 3", made)
		}
	}},
	{"trap: key without alg", ok, func(s *scene) {
		for _, algorithm := range []jose.Algorithm{jose.RS256, jose.ES256, jose.EdDSA} {
			signer := s.signer(algorithm, "key-1")
			key := signer.JWK()
			delete(key, "alg")
			s.publish(key)
			s.restart()
			s.expect(s.signed(signer, nil, s.payload(nil)))
		}
	}},
	{"trap: cold start against a broken issuer", unavailable, func(s *scene) {
		s.issuer.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Status: 503})
		s.expect(s.valid())
	}},
	{"trap: request after recovery", ok, func(s *scene) {
		s.issuer.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Status: 503})
		s.also("broken", unavailable, s.valid())
		s.issuer.Heal()
		s.expect(s.valid())
	}},
}

// expectEverywhere sends tokens under the strictest and the most lenient profile.
func (s *scene) expectEverywhere(tokens ...oauthtest.Token) {
	s.Helper()
	for _, profile := range []jwks.Profile{jwks.RFC9068, jwks.Generic} {
		s.keys.Profile = profile
		s.restart()
		s.also("genuine", ok, s.valid())
		for _, t := range tokens {
			s.expect(s.mint(t))
		}
	}
}

// flood sends 100 tokens with random key IDs at once: half forged by strangers, half good but for the key ID.
func (s *scene) flood() {
	s.Helper()
	requests := s.strangers(50)
	for range 50 {
		requests = append(requests, s.headed(map[string]any{"kid": rand.Text()}))
	}
	s.rush(requests)
}
