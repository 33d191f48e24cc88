package adaptertest

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

const metadataURL = "https://api.example/.well-known/oauth-protected-resource"

var reading = middleware.Policy{Scopes: []string{"read"}}

// credentialRows play the rows A: how credentials are sent.
var credentialRows = map[string]func(*scene){
	"A01": func(s *scene) { s.expect(get()) },
	"A02": func(s *scene) {
		s.guard.Realm = "R"
		s.expect(get())
	},
	"A03": func(s *scene) {
		s.guard.AdvertiseScopes = true
		s.policy = reading
		s.expect(get())
	},
	"A04": func(s *scene) {
		s.guard.ResourceMetadata = metadataURL
		s.expect(get(), get().with("Host", "evil.example").with("X-Forwarded-Host", "evil.example"))
	},
	"A05": func(s *scene) { s.expect(authorized("Basic dTpw")) },
	"A06": func(s *scene) { s.expect(authorized("Bearer"), authorized("Bearer ")) },
	"A07": func(s *scene) {
		token := s.issuer.Mint(oauthtest.Token{})
		s.expect(authorized("bearer "+token), authorized("BEARER "+token), authorized("bEaReR   "+token))
	},
	"A09": func(s *scene) {
		s.quiet(func() { s.expect(authorized(`Bearer an"invalid"token`)) })
		s.wantJudged(0)
	},
	"A11": func(s *scene) {
		first, second := "Bearer "+s.issuer.Mint(oauthtest.Token{}), "Bearer "+s.issuer.Mint(oauthtest.Token{})
		s.expect(authorized(first, second), authorized(second, first), authorized(first, first))
	},
	"A12": func(s *scene) {
		s.guard.AllowQueryToken = true
		token := s.issuer.Mint(oauthtest.Token{})
		s.expect(bearer(token).asking("access_token=" + token))
	},
	"A13": func(s *scene) { s.expect(s.valid().asking("access_token=x")) },
	"A14": func(s *scene) { s.expect(get().asking("access_token=" + s.issuer.Mint(oauthtest.Token{}))) },
	"A15": func(s *scene) {
		s.guard.AllowQueryToken = true
		r := get().asking("access_token=" + s.issuer.Mint(oauthtest.Token{}))
		s.expect(r)
		if got := r.over(s.T, s.server).field("Cache-Control"); len(got) != 1 || !strings.Contains(got[0], "private") {
			s.Errorf("Cache-Control of an answer to a token in the URL: %q", got)
		}
	},
	"A16": func(s *scene) {
		s.guard.AllowQueryToken = true
		s.expect(get().asking("access_token=a&access_token=b"))
	},
	"A18": func(s *scene) {
		s.guard.AllowFormToken = true
		s.inner = func(_ http.ResponseWriter, r *http.Request) {
			if err := r.ParseForm(); err != nil || r.PostForm.Get("item") != "a b" {
				s.Errorf("the handler's form: %v, %v", r.PostForm["item"], err)
			}
		}
		s.expect(form("item=a+b&access_token=" + s.issuer.Mint(oauthtest.Token{})))
	},
	"A19": func(s *scene) {
		s.expect(form("access_token=" + s.issuer.Mint(oauthtest.Token{})))
		body := strings.NewReader("access_token=x")
		req := form("").inMemory(s.T, body)
		s.handler.ServeHTTP(httptest.NewRecorder(), req)
		if body.Len() != int(body.Size()) {
			s.Errorf("of %d octets of the body only %d are left", body.Size(), body.Len())
		}
	},
	"A21": func(s *scene) {
		s.guard.AllowFormToken = true
		token := s.issuer.Mint(oauthtest.Token{})
		s.expect(form("access_token="+token).with("Authorization", "Bearer "+token))
	},
	"A22": func(s *scene) {
		r := bearer(strings.Repeat(".", 1_000_000))
		s.quiet(func() { s.expect(r) })
		if got := allocated(func() { r.direct(s.T, s.handler) }); got > 2_000_000 {
			s.Errorf("a token of 1,000,000 dots cost %d octets", got)
		}
	},
	"A23": func(s *scene) {
		padding := map[string]any{"padding": strings.Repeat("x", 20_000)}
		s.quiet(func() { s.expect(s.claiming(padding)) })
		s.wantJudged(0)
	},
	"A24": func(s *scene) {
		s.guard.AllowPreflight = true
		preflight := get().as(http.MethodOptions).with("Origin", "https://app.example").
			with("Access-Control-Request-Method", "PUT")
		s.expect(preflight)
		plain := get().as(http.MethodOptions).with("Origin", "https://app.example")
		s.also("plain OPTIONS", noToken, plain)
		s.also("bad credentials", invalidToken, preflight.with("Authorization", "Bearer x"))
		s.guard.AllowPreflight = false
		s.restart()
		s.also("bypass off", noToken, preflight)
	},
}

// allocated returns how many octets f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
