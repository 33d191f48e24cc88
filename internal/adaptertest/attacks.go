package adaptertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// attacks are those on the transport of credentials, beyond the rows A.
var attacks = []scenario{
	{"A-54 two schemes at once", malformed, func(s *scene) {
		token := s.issuer.Mint(oauthtest.Token{})
		s.expect(authorized("Bearer "+token, "DPoP "+token), authorized("DPoP "+token, "Bearer "+token))
	}},
	{"A-55 form token next to another scheme", ok, func(s *scene) {
		s.guard.AllowFormToken = true
		s.expect(form("access_token="+s.issuer.Mint(oauthtest.Token{})).with("Authorization", "Basic dTpw"))
	}},
	{"A-55 two form tokens", malformed, func(s *scene) {
		s.guard.AllowFormToken = true
		s.expect(form("access_token=a&access_token=b"))
	}},
	{"A-55 form and query", malformed, func(s *scene) {
		s.guard.AllowFormToken, s.guard.AllowQueryToken = true, true
		token := s.issuer.Mint(oauthtest.Token{})
		s.expect(form("access_token=" + token).asking("access_token=" + token))
	}},
	{"A-56 query token where they are refused", malformed, func(s *scene) {
		s.guard.RefuseQueryToken = true
		s.expect(s.valid().asking("access_token=x"), get().asking("access_token=x"))
		s.also("without one", ok, s.valid().asking("q=access_token"))
	}},
	{"A-57 what is no form", noToken, func(s *scene) {
		s.guard.AllowFormToken = true
		body := "access_token=" + s.issuer.Mint(oauthtest.Token{})
		s.expect(
			form(body).as(http.MethodGet),
			form(body).as(http.MethodDelete),
			form(body).as(http.MethodGet).with("X-HTTP-Method-Override", http.MethodPost),
			form(body).with("Content-Type", "text/plain"),
			form(body).with("Content-Type"),
			form(multipart(body)).with("Content-Type", "multipart/form-data; boundary=b"),
			form(`{"access_token":"x"}`).with("Content-Type", "application/json"),
		)
	}},
	{"A-57 what is no credential", noToken, func(s *scene) {
		token := s.issuer.Mint(oauthtest.Token{})
		s.expect(
			get().with("Cookie", "access_token="+token),
			get().with("X-Access-Token", token),
			get().with("Proxy-Authorization", "Bearer "+token),
			get().asking("Access_Token="+token),
		)
	}},
	{"A-58 malformed Bearer", malformed, func(s *scene) {
		token := s.issuer.Mint(oauthtest.Token{})
		for _, field := range []string{
			"Bearer\t" + token, "Bearer: " + token, `Bearer "` + token + `"`, "Bearer token=" + token,
			"Bearer realm=\"x\", token=" + token, "Bearer " + token + ", Bearer " + token, "Bearer " + token + " x",
			"Bearer =", "Bearer a=b", "Bearer %41", "Bearer \u00fc", "Bearer a\tb", "Bearer,", "Bearer a,",
		} {
			s.quiet(func() { s.expect(authorized(field)) })
		}
		s.wantJudged(0)
	}},
	{"A-59 other schemes", noToken, func(s *scene) {
		token := s.issuer.Mint(oauthtest.Token{})
		for _, field := range []string{
			"Basic dTpw", "Negotiate YII", "Digest username=\"u\"", "DPoP " + token, "BearerX " + token,
			"Bear er " + token, token, "", ", Bearer " + token, "Basic dTpw, Bearer " + token,
		} {
			s.expect(authorized(field))
		}
	}},
	{"A-60 quotes in the realm", noToken, func(s *scene) {
		s.guard.Realm = `a "b" \c, error="x"`
		s.expect(get())
		lines := get().over(s.T, s.server).field("Www-Authenticate")
		c, err := parseChallenge(lines[0])
		if err != nil || c.params["realm"] != s.guard.Realm {
			s.Errorf("the realm arrived as %q, %v", c.params["realm"], err)
		}
	}},
	{"A-60 line breaks in the realm", noToken, func(s *scene) {
		for _, realm := range []string{"a\r\nX-Injected: 1", "a\nb", "a\x00b", "\u00fc"} {
			if _, err := middleware.New(s.validator(), middleware.Config{Realm: realm}); err == nil {
				s.Errorf("a Guard with the realm %q", realm)
			}
		}
		s.expect(get())
	}},
	{"A-60 a scope that is none", misconfigured, func(s *scene) {
		for _, scope := range []string{`a" error="x`, "a\r\nX-Injected: 1", "", "\u00fc"} {
			s.policy = middleware.Policy{Scopes: []string{scope}}
			s.restart()
			s.expect(s.valid())
		}
		s.guard.AdvertiseScopes = true
		s.restart()
		s.also("advertised", noToken, get())
	}},
	{"A-61 huge form", malformed, func(s *scene) {
		s.guard.AllowFormToken = true
		huge := "a=" + strings.Repeat("b", 2<<20) + "&"
		s.expect(form(huge + "access_token=" + s.issuer.Mint(oauthtest.Token{})))
		body := strings.NewReader(huge)
		s.handler.ServeHTTP(httptest.NewRecorder(), form("").inMemory(s.T, body))
		if read := body.Size() - int64(body.Len()); read > 1<<20+1<<16 {
			s.Errorf("%d octets of a form were read in search of a token", read)
		}
	}},
	{"A-61 huge form that nobody searches", ok, func(s *scene) {
		huge := "a=" + strings.Repeat("b", 2<<20) + "&"
		s.inner = func(_ http.ResponseWriter, r *http.Request) {
			if body, err := io.ReadAll(r.Body); string(body) != huge || err != nil {
				s.Errorf("%d octets of the body arrived, %v", len(body), err)
			}
		}
		s.expect(form(huge).with("Authorization", "Bearer "+s.issuer.Mint(oauthtest.Token{})))
	}},
}

func multipart(field string) string {
	name, value, _ := strings.Cut(field, "=")
	return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n--b--\r\n"
}
