package adaptertest

import (
	"strings"
	"sync"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation"
)

// introspectionAttacks are those on introspection, beyond the rows D and the vectors.
var introspectionAttacks = []scenario{
	{"A-88 token changed in one character", invalidToken, func(s *scene) {
		s.introspect(introspection.Config{})
		token := s.issuer.Mint(oauthtest.Token{Opaque: true})
		s.also("genuine", ok, bearer(token))
		for i := range token {
			s.expect(bearer(token[:i] + "_" + token[i+1:]))
		}
		s.expect(bearer(token+"A"), bearer(token[1:]), bearer(strings.ToLower(token)))
		s.quiet(func() { s.also("genuine", ok, bearer(token)) })
	}},
	{"A-89 revoked while the answer is on its way", invalidToken, func(s *scene) {
		list := s.denyList()
		token := s.issuer.Mint(oauthtest.Token{Opaque: true})
		s.overtake(token, func() { s.revoke(list, revocation.Revocation{Token: token}) })
		s.wantQuestions(0, 1)
		s.expect(bearer(token))
	}},
	{"A-89 forgotten while the answer is on its way", invalidToken, func(s *scene) {
		token := s.issuer.Mint(oauthtest.Token{Opaque: true})
		s.overtake(token, func() {
			s.issuer.Revoke(token)
			s.introspector.Forget(token)
		})
		s.wantQuestions(0, 2)
		s.expect(bearer(token))
	}},
}

// overtake asks about a token and has something happen between the answer and its arrival.
func (s *scene) overtake(token string, happening func()) {
	s.Helper()
	answered, arrive := make(chan struct{}), make(chan struct{})
	var first sync.Once
	s.answered = func() {
		first.Do(func() {
			close(answered)
			<-arrive
		})
	}
	s.introspect(introspection.Config{})
	s.start()
	var group sync.WaitGroup
	group.Go(func() { s.rush([]request{bearer(token)}) })
	<-answered
	happening()
	close(arrive)
	group.Wait()
}
