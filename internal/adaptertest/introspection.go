package adaptertest

import (
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation"
)

const (
	// alwaysFresh is the path of a second route where tokens are introspected. It asks about every request.
	alwaysFresh = "/protected/fresh"
	// clientSecret is what the resource server authenticates with at the introspection endpoint.
	clientSecret = "of-the-resource-server"
)

// introspect has tokens introspected rather than verified, by a server that was just started. A config that names no
// issuer gets that of the scene, and the audience.
func (s *scene) introspect(config introspection.Config) {
	s.asking = &config
	s.restart()
}

func (s *scene) newIntrospector() *introspection.Validator {
	config := *s.asking
	if config.Issuer == "" {
		config.Issuer, config.Audience = s.issuer.Issuer(), audience
	}
	config.Endpoint = s.issuer.URL(oauthtest.EndpointIntrospection)
	config.ClientAuth = introspection.SecretBasic("api", clientSecret)
	config.HTTPClient, config.Now = s.httpClient(), s.clock.Now
	validator, err := introspection.New(config)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = validator.Close() })
	return validator
}

// denyList has a new deny-list consulted, by a server that was just started.
func (s *scene) denyList() *revocation.List {
	list, err := revocation.NewList(revocation.Config{Now: s.clock.Now, Logger: s.log.logger()})
	if err != nil {
		s.Fatal(err)
	}
	s.guard.Revocations = list
	s.restart()
	return list
}

// opaque returns a request with an opaque token that is good for the scope read.
func (s *scene) opaque() request {
	s.Helper()
	return s.mint(oauthtest.Token{Opaque: true, Scope: "read"})
}

// answering returns a request with an opaque token about which the answer has other members; nil leaves one out.
func (s *scene) answering(members map[string]any) request {
	s.Helper()
	return s.mint(oauthtest.Token{Opaque: true, Scope: "read", Introspection: members})
}

// fail breaks the introspection endpoint.
func (s *scene) fail(f oauthtest.Fault) { s.issuer.Break(oauthtest.EndpointIntrospection, f) }

// in returns a NumericDate.
func (s *scene) in(d time.Duration) int64 { return s.clock.Now().Add(d).Unix() }

// questions returns how often the introspection endpoint was asked.
func (s *scene) questions() int { return s.issuer.Requests(oauthtest.EndpointIntrospection) }

// wantQuestions compares how often the introspection endpoint was asked since there were before.
func (s *scene) wantQuestions(before, want int) {
	s.Helper()
	if asked := s.questions() - before; asked != want {
		s.Errorf("%s: the introspection endpoint was asked %d times, want %d", s.name, asked, want)
	}
}
