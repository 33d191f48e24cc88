package adaptertest

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/oauthtest"
)

const (
	// defaultAge, defaultSkew and defaultProofBytes are those of dpop.Config.
	defaultAge        = time.Minute
	defaultSkew       = 10 * time.Second
	defaultProofBytes = 16 << 10
	// nonceLifetime is that of dpop.NonceConfig.
	nonceLifetime = 5 * time.Minute
)

// What a server that accepts nothing but the scheme DPoP answers.
var (
	badProof    = want{http.StatusUnauthorized, `DPoP error="invalid_dpop_proof" algs=*`}
	notTheKey   = want{http.StatusUnauthorized, `DPoP error="invalid_token" algs=*`}
	needsNonce  = want{http.StatusUnauthorized, `DPoP error="use_dpop_nonce" algs=*`}
	notAccepted = want{http.StatusUnauthorized, `DPoP algs=* !error`}
)

var errStore = errors.New("the replay store is gone")

// proofRows play the rows F: tokens that are bound to a key, and proofs that the client has it.
var proofRows = map[string]func(*scene){
	"F01": func(s *scene) {
		s.requireProofs(dpop.Config{})
		s.expect(get(), bearer("x"), s.valid(), authorized("Basic dTpw"))
	},
	"F02": func(s *scene) {
		s.acceptProofs(dpop.Config{})
		s.expect(get(), authorized("Basic dTpw"))
	},
	"F03": func(s *scene) {
		s.acceptProofs(dpop.Config{})
		s.expect(bearer("x"), s.mint(oauthtest.Token{ExpiresIn: -time.Hour}))
		s.also("the other scheme", want{http.StatusUnauthorized, `Bearer !error ; DPoP error="invalid_token" algs=*`},
			authorized("DPoP x"))
	},
	"F04": func(s *scene) {
		s.acceptProofs(dpop.Config{})
		r := s.proving(get(), proof{})
		token := strings.TrimPrefix(r.header.Get("Authorization"), "DPoP ")
		s.expect(
			r.with("Authorization", "Bearer "+token, "DPoP "+token),
			r.with("Authorization", "DPoP "+token, "Bearer "+token),
		)
		s.also("one of them", ok, r)
	},
	"F06": func(s *scene) {
		s.requireProofs(dpop.Config{})
		s.expect(authorized("DPoP "+s.bound()), s.proving(get(), proof{}).with("Dpop", ""))
	},
	"F08": func(s *scene) {
		s.requireProofs(dpop.Config{})
		r := s.proving(get(), proof{})
		good := r.header.Get("Dpop")
		_, payload, _ := strings.Cut(good, ".")
		payload, signature, _ := strings.Cut(payload, ".")
		none := encode(s.json(map[string]any{"typ": "dpop+jwt", "alg": "none", "jwk": s.holder.JWK()}))
		secret := s.secretFrom(s.json(s.holder.JWK()), "")
		s.expect(
			r.with("Dpop", s.tampered(good)),
			r.with("Dpop", none+"."+payload+"."),
			r.with("Dpop", none+"."+payload+"."+signature),
			s.proving(get(), proof{signer: secret, header: map[string]any{"jwk": s.holder.JWK()}}),
			s.proving(get(), titled("typ", "JWT")),
		)
		s.also("genuine", ok, r)
	},
	"F09": func(s *scene) {
		s.requireProofs(dpop.Config{})
		for _, member := range []string{"d", "p", "k"} {
			jwk := s.holder.JWK()
			jwk[member] = encode(make([]byte, 32))
			s.expect(s.proving(get(), titled("jwk", jwk)))
		}
		s.also("public", ok, s.proving(get(), titled("jwk", s.holder.JWK())))
	},
	"F10": func(s *scene) {
		s.requireProofs(dpop.Config{})
		post := get().as(http.MethodPost)
		s.expect(s.proving(post, claimed("htm", "GET")), s.proving(get(), claimed("htm", "get")))
		s.also("the method", ok, s.proving(post, proof{}), s.proving(get(), proof{}))
	},
	"F13": playForgedHosts,
	"F14": func(s *scene) {
		s.requireProofs(dpop.Config{})
		made := func(d time.Duration) request { return s.proving(get(), claimed("iat", s.in(d))) }
		s.expect(made(-defaultAge-time.Second), made(defaultSkew+time.Second), made(-time.Hour), made(time.Hour))
		s.also("in the window", ok, made(-defaultAge), made(0), made(defaultSkew))
		r := made(0)
		s.clock.advance(defaultAge + time.Second)
		s.expect(r)
	},
	"F15": func(s *scene) {
		s.requireProofs(dpop.Config{})
		r := s.proving(get(), proof{})
		s.expect(
			s.proving(get(), claimed("ath", nil)),
			s.proving(get(), claimed("ath", digest([]byte("another token")))),
			r.with("Authorization", "DPoP "+s.bound()),
		)
		s.also("the token", ok, r)
	},
	"F16": func(s *scene) {
		s.requireProofs(dpop.Config{})
		s.eitherWay(func() {
			s.expect(
				s.proving(get(), proof{signer: s.signer(jose.ES256, "")}),
				s.proving(get(), proof{signer: s.signer(jose.EdDSA, "")}),
			)
			s.also("the key", ok, s.proving(get(), proof{}))
		})
	},
	"F17": func(s *scene) {
		s.requireProofs(dpop.Config{})
		s.eitherWay(func() {
			s.expect(s.provingWith(s.boundTo(nil), get(), proof{}))
			s.also("bound", ok, s.proving(get(), proof{}))
		})
	},
	"F18": func(s *scene) {
		s.requireProofs(dpop.Config{})
		s.eitherWay(func() {
			r := s.proving(get(), proof{})
			s.also("first", ok, r)
			s.expect(r, r)
			s.race(s.proving(get(), proof{}), 50)
		})
		s.proofs.Replays = s.replays(0)
		s.restart()
		r := s.proving(get(), proof{})
		s.also("first", ok, r)
		s.restart() // and here is another replica, with the same store
		s.expect(r)
	},
	"F21": func(s *scene) {
		failing := true
		kept := s.replays(0)
		s.requireProofs(dpop.Config{Replays: storeFunc(func(key [32]byte, ttl time.Duration) (bool, error) {
			if failing {
				return true, errStore
			}
			return kept.Add(s.Context(), key, ttl)
		})})
		r := s.proving(get(), proof{})
		s.expect(r, s.proving(get(), proof{}))
		failing = false
		s.also("recovered", ok, r)
	},
	"F22": func(s *scene) {
		nonces := s.nonces(1)
		s.requireProofs(dpop.Config{RequireNonce: true, Nonces: nonces})
		r := s.proving(get(), proof{})
		s.expect(r, s.proving(get(), claimed("nonce", "")))
		asked := s.send(r)
		s.wantField(asked, "Cache-Control", "no-store")
		s.wantField(asked, "Dpop-Nonce", nonces.Nonce())
		s.also("with the nonce", ok, s.proving(get(), claimed("nonce", nonces.Nonce())))
	},
	"F23": func(s *scene) {
		nonces := s.nonces(1)
		s.requireProofs(dpop.Config{RequireNonce: true, Nonces: nonces})
		expired := nonces.Nonce()
		s.clock.advance(2 * nonceLifetime)
		for _, nonce := range []string{expired, "unknown", s.nonces(2).Nonce(), nonces.Nonce() + "A"} {
			s.expect(s.proving(get(), claimed("nonce", nonce)))
		}
		asked := s.send(s.proving(get(), claimed("nonce", expired)))
		s.wantField(asked, "Dpop-Nonce", nonces.Nonce())
		s.also("the fresh one", ok, s.proving(get(), claimed("nonce", nonces.Nonce())))
	},
	"F24": playEndingNonces,
	"F25": func(s *scene) {
		token := s.bound()
		s.expect(s.provingWith(token, get(), proof{}), s.provingWith(s.boundTo(nil), get(), proof{}))
	},
	"F26": func(s *scene) {
		s.requireProofs(dpop.Config{})
		s.policy = reading
		s.eitherWay(func() {
			token := oauthtest.Token{Opaque: s.asking != nil, Scope: "write", Claims: map[string]any{"cnf": s.jkt()}}
			s.expect(s.provingWith(s.issuer.Mint(token), get(), proof{}))
			s.also("granted", ok, s.proving(get(), proof{}))
		})
	},
	"F27": func(s *scene) {
		s.requireProofs(dpop.Config{})
		r := s.proving(get(), claimed("padding", strings.Repeat("x", defaultProofBytes)))
		s.expect(r, s.proving(get(), proof{}).with("Dpop", strings.Repeat(".", defaultProofBytes+1)))
		s.also("large, but good", ok, s.proving(get(), claimed("padding", strings.Repeat("x", defaultProofBytes/2))))
	},
}

// playForgedHosts plays clients that say themselves where they sent a request. Only a trusted proxy may, and only that it
// was to this service.
func playForgedHosts(s *scene) {
	const another = "https://another.example.com"
	stolen := func() request { return s.proving(get(), claimed("htu", another+protected)) }
	forged := func(r request) []request {
		return []request{
			r.with("Host", "another.example.com"),
			r.with("X-Forwarded-Host", "another.example.com"),
			r.with("X-Forwarded-Host", "another.example.com").with("X-Forwarded-Proto", "https"),
			r.with("Forwarded", "host=another.example.com;proto=https"),
			r.with("X-Original-Url", another+protected),
		}
	}
	s.requireProofs(dpop.Config{})
	s.expect(append(forged(stolen()), stolen())...)
	s.also("no harm done", ok, forged(s.proving(get(), proof{}))[2])
	for _, forwarded := range []bool{false, true} {
		said := "host=another.example.com;proto=https"
		named := func(r request) request {
			return r.with("X-Forwarded-Host", "another.example.com").with("X-Forwarded-Proto", "https").with("Forwarded", said)
		}
		behind := dpop.ProxyConfig{TrustedProxies: elsewhere, BaseURLs: []string{audience, another}, Forwarded: forwarded}
		s.requireProofs(dpop.Config{URL: s.behindProxies(behind)})
		s.expect(append(forged(stolen()), named(stolen()))...)
		behind.TrustedProxies = here
		s.requireProofs(dpop.Config{URL: s.behindProxies(behind)})
		s.also("by a trusted proxy", ok, named(stolen()))
		s.expect(named(s.proving(get(), proof{})))
		behind.BaseURLs = []string{audience}
		s.requireProofs(dpop.Config{URL: s.behindProxies(behind)})
		s.expect(named(stolen()))
	}
}

func (s *scene) behindProxies(config dpop.ProxyConfig) func(*http.Request) (string, error) {
	s.Helper()
	url, err := dpop.BehindProxies(config)
	if err != nil {
		s.Fatal(err)
	}
	return url
}

// playEndingNonces plays a nonce that is about to end. The new one has to be in the answer whatever the handler writes, and
// however early.
func playEndingNonces(s *scene) {
	nonces := s.nonces(1)
	s.requireProofs(dpop.Config{RequireNonce: true, Nonces: nonces})
	s.inner = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte("hello"))
	}
	nonce := nonces.Nonce()
	methods := []string{http.MethodGet, http.MethodHead, http.MethodPost}
	for _, c := range []struct {
		after  time.Duration
		fields []string // of the answer
	}{
		{nonceLifetime*2/3 - time.Second, []string{"Content-Type"}},
		{time.Second, []string{"Cache-Control", "Content-Type", "Dpop-Nonce"}},
	} {
		s.clock.advance(c.after)
		for _, method := range methods {
			s.expect(s.proving(get().as(method), claimed("nonce", nonce)))
			got := s.send(s.proving(get().as(method), claimed("nonce", nonce)))
			var names []string
			for _, line := range got.Header {
				name, _, _ := strings.Cut(line, ":")
				names = append(names, name)
			}
			if !slices.Equal(names, c.fields) {
				s.Errorf("%s: the fields of the answer are %q, want %q", method, names, c.fields)
			}
			if len(c.fields) > 1 {
				s.wantField(got, "Dpop-Nonce", nonces.Nonce())
				s.wantField(got, "Cache-Control", "no-store")
			}
		}
	}
}

// wantField compares the values of a header field, whose name is in canonical form.
func (s *scene) wantField(got answer, name string, values ...string) {
	s.Helper()
	if !slices.Equal(got.field(name), values) {
		s.Errorf("%s: %s is %q, want %q", s.name, name, got.field(name), values)
	}
}
