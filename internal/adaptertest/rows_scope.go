package adaptertest

import (
	"net/http"
	"time"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// scopeRows play the rows E: what a route asks of a valid token.
var scopeRows = map[string]func(*scene){
	"E01": func(s *scene) {
		s.policy = reading
		s.expect(s.mint(oauthtest.Token{Scope: "write"}))
		// Scopes match whole and exactly.
		s.expect(s.mint(oauthtest.Token{Scope: "readwrite read:x READ aread"}))
	},
	"E02": func(s *scene) {
		s.policy = reading
		s.expect(s.mint(oauthtest.Token{}))
	},
	"E03": func(s *scene) {
		s.policy = reading
		list := []string{"read"}
		for _, c := range []struct {
			profile jwks.Profile
			claim   string
		}{{jwks.Okta, "scp"}, {jwks.Entra, "scp"}, {jwks.Generic, "scp"}, {jwks.Generic, "scope"}} {
			s.keys.Profile = c.profile
			s.restart()
			s.expect(s.scoped(c.claim, list))
			s.also("not only strings", needsRead, s.scoped(c.claim, []any{"read", 1}))
		}
		s.keys.Profile = jwks.RFC9068
		s.restart()
		s.also("strict profile, scope", invalidToken, s.scoped("scope", list))
		s.also("strict profile, scp", needsRead, s.scoped("scp", list))
	},
	"E04": func(s *scene) {
		s.policy = middleware.Policy{Scopes: []string{"read", "write"}}
		s.expect(s.mint(oauthtest.Token{Scope: "read"}))
		s.also("both", ok, s.mint(oauthtest.Token{Scope: "write read"}))
	},
	"E05": func(s *scene) {
		s.policy = middleware.Policy{AnyScopes: [][]string{{"read", "admin"}}}
		s.expect(s.mint(oauthtest.Token{Scope: "admin"}))
		s.also("neither", want{http.StatusForbidden, `Bearer error="insufficient_scope" scope="read admin"`},
			s.mint(oauthtest.Token{Scope: "write"}))
	},
	"E07": func(s *scene) {
		s.policy = reading
		s.expect(s.mint(oauthtest.Token{Scope: "write", ExpiresIn: -time.Hour}))
	},
	"E08": func(s *scene) {
		s.policy = reading
		for _, guard := range []*middleware.Guard{nil, {}} {
			s.mount(guard)
			s.expect(s.valid(), get())
		}
	},
	"E09": func(s *scene) {
		s.policy = middleware.Policy{AllowAnonymous: true}
		s.inner = func(_ http.ResponseWriter, r *http.Request) {
			if token, found := middleware.FromContext(r.Context()); found {
				s.Errorf("an anonymous request has a token: %v", token)
			}
		}
		s.expect(get())
		s.also("bad credentials", invalidToken, bearer("x"))
		s.also("malformed credentials", malformed, authorized("Bearer"))
		s.inner = s.wantToken
		s.also("good credentials", ok, s.valid())
	},
}

// scoped returns a request with a token that has its scopes in that claim, and its client wherever some issuer puts it.
func (s *scene) scoped(claim string, value any) request {
	s.Helper()
	claims := map[string]any{"scope": nil, "azp": client, "cid": client}
	claims[claim] = value
	return s.claiming(claims)
}
