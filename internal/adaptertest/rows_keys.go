package adaptertest

import (
	"slices"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

const (
	many = 1000
	// pastLifetime is past the time that a key set without Cache-Control is fresh, and within the hour that it may
	// be used while the authorization server cannot be reached.
	pastLifetime = 30 * time.Minute
	tooStale     = 2 * time.Hour
	longLived    = 24 * time.Hour
)

var (
	down = oauthtest.Fault{Drop: true}
	// slow lets requests pile up behind a fetch.
	slow = oauthtest.Fault{Latency: 50 * time.Millisecond}
)

// keyRows play the rows C: keys that are late, new, missing or broken.
var keyRows = map[string]func(*scene){
	"C01": func(s *scene) {
		s.issuer.Break(oauthtest.EndpointAny, down)
		s.expect(s.valid())
	},
	"C02": func(s *scene) {
		s.also("warm", ok, s.valid())
		s.issuer.Break(oauthtest.EndpointAny, down)
		s.quiet(func() { s.expect(s.valid(), s.valid()) })
	},
	"C03": func(s *scene) {
		token := s.mint(oauthtest.Token{ExpiresIn: longLived})
		s.also("warm", ok, token)
		s.issuer.Break(oauthtest.EndpointAny, down)
		s.clock.advance(pastLifetime)
		s.expect(token, token)
		s.clock.advance(tooStale)
		s.also("too stale", unavailable, token)
	},
	"C05": func(s *scene) {
		s.also("warm", ok, s.valid())
		before := s.fetches()
		s.expect(s.strangers(20)...)
		s.wantFetches(before, 1)
	},
	"C06": func(s *scene) {
		s.also("warm", ok, s.valid())
		before := s.fetches()
		s.issuer.Rotate()
		s.issuer.Break(oauthtest.EndpointJWKS, slow)
		s.rush(slices.Repeat([]request{s.valid()}, 50))
		s.expect(s.valid())
		s.wantFetches(before, 1)
	},
	"C07": func(s *scene) {
		s.also("warm", ok, s.valid())
		before := s.fetches()
		s.issuer.Break(oauthtest.EndpointJWKS, slow)
		s.rush(s.strangers(many))
		s.wantFetches(before, 1)
	},
	"C09": func(s *scene) {
		token := s.mint(oauthtest.Token{ExpiresIn: longLived})
		for _, bad := range badDocuments {
			s.restart()
			s.issuer.Break(oauthtest.EndpointJWKS, bad)
			s.expect(token)
		}
		s.issuer.Heal()
		s.restart()
		s.also("warm", ok, token)
		for _, bad := range badDocuments {
			s.issuer.Break(oauthtest.EndpointJWKS, bad)
			s.clock.advance(pastLifetime / 4)
			s.also("last good keys", ok, token)
		}
	},
	"C12": func(s *scene) {
		s.issuer.Break(oauthtest.EndpointJWKS, slow)
		s.rush(slices.Repeat([]request{s.valid()}, many))
		s.wantFetches(0, 1)
	},
}

// badDocuments are answers of the JWKS endpoint that hold no keys.
var badDocuments = []oauthtest.Fault{
	{Status: 200, Body: "<!doctype html><title>Sign in</title>", Header: map[string][]string{"Content-Type": {"text/html"}}},
	{Status: 200},
	{Status: 500},
	{Status: 500, Body: `{"keys":[]}`},
	{Status: 200, Body: `{"keys":[{"kty":"EC","crv":"P-256`},
}
