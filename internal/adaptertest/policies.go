package adaptertest

import (
	"context"
	"net/http"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

const protectedToo = "/protected/too"

// policies are what several of them do to one request, and to one token.
var policies = []scenario{
	{"layers: valid once", ok, func(s *scene) {
		s.groups = []middleware.Policy{{}, {Scopes: []string{"read"}}}
		s.policy = middleware.Policy{AnyScopes: [][]string{{"write", "admin"}}}
		s.inner = s.wantToken
		s.expect(s.mint(oauthtest.Token{Scope: "read write"}))
		s.wantJudged(1)
	}},
	{"layers: the route is stricter", needsRead, func(s *scene) {
		s.groups = []middleware.Policy{{}}
		s.policy = reading
		s.expect(s.mint(oauthtest.Token{Scope: "write"}))
		s.wantJudged(1)
	}},
	{"layers: the group is stricter", needsRead, func(s *scene) {
		s.groups = []middleware.Policy{reading}
		s.expect(s.mint(oauthtest.Token{Scope: "write"}))
		s.wantJudged(1)
	}},
	{"layers: a bad token stops at the first", invalidToken, func(s *scene) {
		s.groups = []middleware.Policy{{AllowAnonymous: true}, {}}
		s.expect(bearer("x"))
		s.wantJudged(1)
	}},
	{"layers: anonymous in the group alone", noToken, func(s *scene) {
		s.groups = []middleware.Policy{{AllowAnonymous: true}}
		s.expect(get())
		s.groups, s.policy = []middleware.Policy{{}}, middleware.Policy{AllowAnonymous: true}
		s.restart()
		s.expect(get())
	}},
	{"layers: token in a form", ok, func(s *scene) {
		s.guard.AllowFormToken = true
		s.groups = []middleware.Policy{{}, {}}
		s.inner = func(_ http.ResponseWriter, r *http.Request) {
			if r.FormValue("item") != "1" {
				s.Errorf("the handler's form: %v", r.Form)
			}
		}
		s.expect(form("item=1&access_token=" + s.issuer.Mint(oauthtest.Token{})))
		s.wantJudged(1)
	}},
	{"policies: one token, two routes", ok, func(s *scene) {
		s.policy = reading
		s.beside = map[string]middleware.Policy{protectedToo: {Scopes: []string{"write"}}}
		token := s.valid()
		needsWrite := want{http.StatusForbidden, `Bearer error="insufficient_scope" scope="write"`}
		for range 2 {
			s.expect(token)
			s.also("the other route", needsWrite, token.to(protectedToo))
		}
	}},
	{"policies: step-up", want{http.StatusUnauthorized, `Bearer error="insufficient_user_authentication" acr_values="gold" scope="read"`},
		func(s *scene) {
			s.policy = middleware.Policy{Scopes: []string{"read"}, ACRValues: []string{"gold"}}
			s.expect(s.valid(), s.claiming(map[string]any{"acr": "silver"}))
			s.also("strong enough", ok, s.claiming(map[string]any{"acr": "gold"}))
		}},
	{"policies: a scope includes another", needsRead, func(s *scene) {
		s.guard.Implies = func(granted, required string) bool { return granted == "write" && required == "read" }
		s.policy = reading
		s.expect(s.mint(oauthtest.Token{Scope: "other"}), s.mint(oauthtest.Token{Scope: "rewrite"}))
		s.also("included", ok, s.mint(oauthtest.Token{Scope: "other write"}))
	}},
	{"policies: a check cannot tell", unavailable, func(s *scene) {
		s.policy.Check = func(context.Context, middleware.Token) error { return middleware.ErrUnavailable }
		s.expect(s.valid())
	}},
}
