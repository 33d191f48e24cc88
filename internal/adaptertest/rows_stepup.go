package adaptertest

import (
	"net/http"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// stepUpRows play the rows H: how and when the user of a valid token has authenticated.
var stepUpRows = map[string]func(*scene){
	"H01": func(s *scene) {
		s.policy = middleware.Policy{ACRValues: []string{"myACR"}}
		s.eitherWay(func() {
			for _, acr := range []any{nil, "", "low", "MYACR", "myACR2", "myACR low"} {
				s.expect(s.authenticated(map[string]any{"acr": acr}))
			}
			s.also("strong enough", ok, s.authenticated(map[string]any{"acr": "myACR"}))
			s.wantSilence()
		})
	},
	"H02": func(s *scene) {
		const limit = 300 * time.Second
		s.policy = middleware.Policy{MaxAge: limit}
		s.eitherWay(func() {
			s.expect(
				s.authenticated(map[string]any{"auth_time": s.in(-limit - time.Second)}),
				s.authenticated(nil), // although it was issued just now
				s.authenticated(map[string]any{"auth_time": s.in(time.Hour)}),
			)
			r := s.authenticated(map[string]any{"auth_time": s.in(-limit)})
			s.also("recent enough", ok, r)
			s.clock.advance(time.Second)
			s.expect(r)
			s.wantSilence()
		})
	},
}

// authenticated returns a request with a token for the scope read that says those things about its user.
func (s *scene) authenticated(claims map[string]any) request {
	s.Helper()
	return s.mint(oauthtest.Token{Opaque: s.asking != nil, Scope: "read", Claims: claims})
}

// wantSilence wants nobody but the holder of a valid token to be told what a route asks for (RFC 9470, section 9).
func (s *scene) wantSilence() {
	s.Helper()
	s.also("not valid", want{http.StatusUnauthorized, `Bearer error="invalid_token" !acr_values !max_age`},
		bearer("x"), s.mint(oauthtest.Token{Opaque: s.asking != nil, ExpiresIn: -time.Hour}))
	s.also("no token", want{http.StatusUnauthorized, `Bearer !error !acr_values !max_age`}, get())
}
