package adaptertest

import (
	"net/http"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/mtls"
	"github.com/bearergate/bearergate/oauthtest"
)

// bindings are several ways to bind a token at once, and what routes make of them.
var bindings = []scenario{
	{"bindings: both members of cnf", ok, func(s *scene) {
		s.acceptProofs(dpop.Config{})
		s.acceptCertificates(mtls.Config{})
		s.eitherWay(func() {
			own, other := s.certificate(), s.certificate()
			token := s.boundTo(map[string]any{"x5t#S256": x5t(own)["x5t#S256"], "jkt": s.jkt()["jkt"]})
			r := s.provingWith(token, get(), proof{})
			notOurs := want{http.StatusUnauthorized, `Bearer !error ; DPoP error="invalid_token" algs=*`}
			s.also("no certificate", notOurs, r)
			s.also("another certificate", notOurs, r.presenting(other))
			s.also("no proof", want{http.StatusUnauthorized, `Bearer !error ; DPoP error="invalid_dpop_proof" algs=*`},
				authorized("DPoP "+token).presenting(own))
			s.also("as a bearer token", want{http.StatusUnauthorized, `Bearer error="invalid_token" ; DPoP algs=* !error`},
				r.with("Authorization", "Bearer "+token).presenting(own))
			s.expect(r.presenting(own)) // the proof was not used up by the refusals
		})
	}},
	{"bindings: either of two", ok, func(s *scene) {
		s.acceptProofs(dpop.Config{})
		s.acceptCertificates(mtls.Config{})
		s.eitherWay(func() {
			own := s.certificate()
			s.expect(s.proving(get(), proof{}), bearer(s.boundTo(x5t(own))).presenting(own), bearer(s.boundTo(nil)))
		})
	}},
	{"bindings: required everywhere", invalidToken, func(s *scene) {
		s.guard.RequireBinding = true
		s.acceptCertificates(mtls.Config{})
		s.eitherWay(func() {
			own := s.certificate()
			s.expect(bearer(s.boundTo(nil)), bearer(s.boundTo(nil)).presenting(own))
			s.also("bound", ok, bearer(s.boundTo(x5t(own))).presenting(own))
		})
	}},
	{"bindings: required by the route", invalidToken, func(s *scene) {
		s.policy.RequireBinding = true
		s.beside = map[string]middleware.Policy{protectedToo: {}}
		s.acceptCertificates(mtls.Config{})
		s.eitherWay(func() { s.playRequired() })
	}},
	{"bindings: required by the group", invalidToken, func(s *scene) {
		s.groups = []middleware.Policy{{}, {RequireBinding: true}}
		s.beside = map[string]middleware.Policy{protectedToo: {}}
		s.acceptCertificates(mtls.Config{})
		s.eitherWay(func() { s.playRequired() })
	}},
	{"bindings: one proof, many layers", badProof, func(s *scene) {
		kept, asked := s.replays(0), 0
		s.requireProofs(dpop.Config{Replays: storeFunc(func(key [32]byte, ttl time.Duration) (bool, error) {
			asked++
			return kept.Add(s.Context(), key, ttl)
		})})
		s.groups = []middleware.Policy{{}, {RequireBinding: true}, reading}
		s.policy = reading
		r := s.proving(get(), proof{})
		s.also("first", ok, r)
		if asked != 1 {
			s.Errorf("one request asked the replay store %d times", asked)
		}
		s.wantJudged(1)
		s.expect(r)
	}},
	{"bindings: a certificate, many layers", ok, func(s *scene) {
		s.acceptCertificates(mtls.Config{TrustedProxies: here})
		s.groups = []middleware.Policy{{}, {RequireBinding: true}}
		own := s.certificate()
		r := bearer(s.boundTo(x5t(own))).forwarding(own)
		s.expect(r)
		s.wantField(s.send(r), "Vary", "Client-Cert")
	}},
	{"bindings: shown to scripts", needsNonce, func(s *scene) {
		nonces := s.nonces(1)
		s.guard.ExposeChallenges = true
		s.requireProofs(dpop.Config{RequireNonce: true, Nonces: nonces})
		s.inner = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }
		s.expect(s.proving(get(), proof{}))
		s.also("no token", notAccepted, get())
		answer := s.send(s.proving(get(), claimed("nonce", nonces.Nonce())))
		s.wantField(answer, "Access-Control-Expose-Headers", "WWW-Authenticate, DPoP-Nonce")
	}},
	{"bindings: a proxy's certificate", ok, func(s *scene) {
		s.acceptCertificates(mtls.Config{TrustedProxies: here})
		s.eitherWay(func() {
			own, proxys := s.certificate(), s.certificate()
			r := bearer(s.boundTo(x5t(own)))
			s.expect(r.forwarding(own), r.forwarding(own).presenting(proxys))
			s.wantField(s.send(r.forwarding(own)), "Vary", "Client-Cert")
			s.also("none", invalidToken, r)
			s.also("that of the connection", invalidToken, r.presenting(own), r.forwarding(proxys).presenting(own))
		})
	}},
	{"bindings: FAPI 2.0", notAccepted, func(s *scene) {
		s.guard.FAPI2 = true
		s.denyList()
		s.keys.Algorithms = []string{"ES256"}
		s.requireProofs(dpop.Config{Algorithms: []string{"ES256"}})
		s.expect(get(), s.valid())
		s.also("bound", ok, s.proving(get(), proof{}))
		s.also("unbound", notTheKey, s.provingWith(s.boundTo(nil), get(), proof{}))
	}},
	{"bindings: none is verified", invalidToken, func(s *scene) {
		s.eitherWay(func() {
			s.expect(bearer(s.bound()), bearer(s.boundTo(x5t(s.certificate()))))
			s.also("bound to none", ok, bearer(s.boundTo(nil)))
		})
	}},
	{"bindings: in a form", ok, func(s *scene) {
		s.guard.AllowFormToken = true
		s.acceptCertificates(mtls.Config{})
		own := s.certificate()
		r := form("access_token=" + s.boundTo(x5t(own)))
		s.expect(r.presenting(own))
		s.also("no certificate", invalidToken, r)
	}},
	{"bindings: judged once", ok, func(s *scene) {
		s.requireProofs(dpop.Config{})
		s.introspect(introspection.Config{})
		token := s.issuer.Mint(oauthtest.Token{Opaque: true, Scope: "read", Claims: map[string]any{"cnf": s.jkt()}})
		for range 3 {
			s.expect(s.provingWith(token, get(), proof{}))
		}
		s.wantQuestions(0, 1)
		s.quiet(func() { s.also("no proof", badProof, authorized("DPoP "+token)) })
	}},
}

// playRequired plays a route that asks for bound tokens, and another one that does not.
func (s *scene) playRequired() {
	s.Helper()
	own := s.certificate()
	unbound := bearer(s.boundTo(nil))
	s.also("elsewhere", ok, unbound.to(protectedToo))
	s.expect(unbound, unbound.presenting(own))
	s.also("bound", ok, bearer(s.boundTo(x5t(own))).presenting(own))
}

// bindings returns what verifies the bindings that the scenario configures.
func (s *scene) bindings() []middleware.Binding {
	s.Helper()
	var all []middleware.Binding
	if s.proofs != nil {
		all = append(all, s.newProofVerifier())
	}
	if s.certificates != nil {
		all = append(all, s.newCertificateVerifier())
	}
	return all
}
