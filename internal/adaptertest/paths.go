package adaptertest

import (
	"net/http"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
)

// paths are those of requests on their way through a framework to the proof that names them. A proof for any other spelling
// that means something else is refused.
var paths = []scenario{
	{"paths: as received", ok, func(s *scene) {
		s.requireProofs(dpop.Config{})
		// Frameworks route by the path as it was sent, or decoded.
		s.beside = map[string]middleware.Policy{"/a%2Fb": {}, "/a/b": {}}
		s.inner = func(_ http.ResponseWriter, r *http.Request) {
			if want := r.Header.Get("X-Path"); r.URL.EscapedPath() != want || r.RequestURI != want+"?a=%2F" {
				s.Errorf("%s arrived as %s, %s", want, r.URL.EscapedPath(), r.RequestURI)
			}
		}
		at := func(path string) request { return get().to(path).asking("a=%2F").with("X-Path", path) }
		s.playSpellings(at("/a%2Fb"), at("/a/b"))
		s.playSpellings(at("/a/b"), at("/a%2Fb"))
		s.requireProofs(dpop.Config{URL: func(r *http.Request) (string, error) { return audience + r.URL.EscapedPath(), nil }})
		s.playSpellings(at("/a%2Fb"), at("/a/b"))
		s.playSpellings(at("/a/b"), at("/a%2Fb"))
	}},
	{"paths: group with a prefix", ok, func(s *scene) {
		s.others = []Route{
			{Path: "/v1/a%2Fb", Prefix: "/v1"},
			{Path: "/v1/a/b", Prefix: "/v1"},
		}
		s.playPrefix()
	}},
	{"paths: below a prefix", ok, func(s *scene) {
		s.prefix = "/v1"
		s.others = []Route{{Path: "/a%2Fb"}, {Path: "/a/b"}}
		s.playPrefix()
	}},
	{"paths: prefix that a proxy takes away", ok, func(s *scene) {
		s.requireProofs(dpop.Config{BaseURL: audience + "/v1"})
		s.expect(s.proving(get(), claimed("htu", audience+"/v1"+protected)))
		s.also("without it", badProof, s.proving(get(), proof{}))
	}},
}

// playPrefix plays the paths below /v1, for which the scenario has the routes.
func (s *scene) playPrefix() {
	s.Helper()
	behind := s.behindProxies(dpop.ProxyConfig{TrustedProxies: elsewhere, BaseURLs: []string{audience}})
	for _, config := range []dpop.Config{{BaseURL: audience}, {URL: behind}} {
		s.requireProofs(config)
		guard := s.newGuard(s.validator())
		for i := range s.others {
			s.others[i].Guard = guard
		}
		s.playSpellings(get().to("/v1/a%2Fb"), get().to("/v1/a/b"))
		s.playSpellings(get().to("/v1/a/b"), get().to("/v1/a%2Fb"))
		s.also("without the prefix", badProof, s.proving(get().to("/v1/a/b"), claimed("htu", audience+"/a/b")))
	}
}

// playSpellings wants proofs for the path of a request alone.
func (s *scene) playSpellings(r, other request) {
	s.Helper()
	s.expect(s.proving(r, proof{}))
	s.also("another path", badProof, s.proving(r, claimed("htu", audience+other.path)))
}
