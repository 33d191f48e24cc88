package adaptertest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/mtls"
)

// proofAttacks are those on tokens that are bound to a key, beyond the rows F and the vectors.
var proofAttacks = []scenario{
	{"A-62 bound token as a bearer token", want{http.StatusUnauthorized, `Bearer error="invalid_token" ; DPoP algs=* !error`},
		func(s *scene) {
			s.acceptProofs(dpop.Config{})
			s.eitherWay(func() {
				r := s.proving(get(), proof{})
				token := strings.TrimPrefix(r.header.Get("Authorization"), "DPoP ")
				s.expect(bearer(token), r.with("Authorization", "Bearer "+token), r.with("Authorization", "bearer "+token))
				s.also("with its scheme", ok, r, s.provingWith(token, get(), proof{}).with("Authorization", "dpop   "+token))
			})
			s.requireProofs(dpop.Config{})
			s.also("where there is no other scheme", notAccepted, bearer(s.bound()))
		}},
	{"A-63 unknown members of cnf", invalidToken, func(s *scene) {
		s.acceptCertificates(mtls.Config{})
		s.eitherWay(func() {
			own := s.certificate()
			for name, value := range map[string]any{
				"kid": "key-1", "jwk": s.holder.JWK(), "x5t": thumbprint, "jku": "https://attacker.example/keys", "future": true,
				"X5T#S256": x5t(own)["x5t#S256"], "x5t#s256": x5t(own)["x5t#S256"], "": "",
			} {
				s.expect(bearer(s.boundTo(map[string]any{name: value})).presenting(own))
				both := x5t(own)
				both[name] = value
				s.expect(bearer(s.boundTo(both)).presenting(own))
			}
			s.also("known", ok, bearer(s.boundTo(x5t(own))).presenting(own))
		})
	}},
	{"A-63 unknown members of cnf, with a proof", notTheKey, func(s *scene) {
		s.requireProofs(dpop.Config{})
		s.eitherWay(func() {
			for name, value := range map[string]any{"kid": "key-1", "x5t#S256": thumbprint, "JKT": s.jkt()["jkt"]} {
				s.expect(s.provingWith(s.boundTo(map[string]any{name: value}), get(), proof{}))
				both := s.jkt()
				both[name] = value
				s.expect(s.provingWith(s.boundTo(both), get(), proof{}))
			}
			s.also("known", ok, s.proving(get(), proof{}))
		})
	}},
	{"A-64 cnf that is none", invalidToken, func(s *scene) {
		s.acceptCertificates(mtls.Config{})
		own := s.certificate()
		strange := []any{null, "", "x", map[string]any{}, []any{}, []any{x5t(own)}, 1, true}
		for _, cnf := range strange {
			s.expect(bearer(s.boundTo(cnf)).presenting(own))
		}
		s.eitherWay(func() {
			for _, value := range []any{null, "", 1, []any{x5t(own)["x5t#S256"]}, map[string]any{}} {
				s.expect(bearer(s.boundTo(map[string]any{"x5t#S256": value})).presenting(own))
			}
			s.also("cnf", ok, bearer(s.boundTo(x5t(own))).presenting(own))
		})
		for _, cnf := range strange { // an authorization server that says so makes no sense
			s.also("introspected", unavailable, bearer(s.boundTo(cnf)).presenting(own))
		}
	}},
	{"A-64 cnf that is none, with a proof", notTheKey, func(s *scene) {
		s.requireProofs(dpop.Config{})
		strange := []any{null, "", map[string]any{}, []any{s.jkt()}}
		for _, cnf := range strange {
			s.expect(s.provingWith(s.boundTo(cnf), get(), proof{}))
		}
		s.eitherWay(func() {
			for _, value := range []any{null, "", 1, []any{s.jkt()["jkt"]}} {
				s.expect(s.provingWith(s.boundTo(map[string]any{"jkt": value}), get(), proof{}))
			}
			s.also("cnf", ok, s.proving(get(), proof{}))
		})
		for _, cnf := range strange {
			s.also("introspected", unavailable, s.provingWith(s.boundTo(cnf), get(), proof{}))
		}
	}},
	{"A-65 not one proof", badProof, func(s *scene) {
		s.requireProofs(dpop.Config{MaxProofBytes: 8 << 10})
		r := s.proving(get(), proof{})
		good := r.header.Get("Dpop")
		s.expect(
			r.with("Dpop"),
			r.with("Dpop", ""),
			r.with("Dpop", good, good),
			r.with("Dpop", good, ""),
			r.with("Dpop", "x", good),
			r.with("Dpop", good+","+good),
			r.with("Dpop", good+", "+good),
			r.with("Dpop", good+","),
			r.with("Dpop", `"`+good+`"`),
			r.with("Dpop", "DPoP "+good),
			r.with("Dpop", good+"."),
			r.with("Dpop", good[:len(good)-1]),
			r.with("Dpop", "not a proof"),
			r.with("Dpop").with("Authorization", r.header.Get("Authorization")).with("X-Dpop", good),
			s.proving(get(), claimed("padding", strings.Repeat("x", 8<<10))),
		)
		s.also("one", ok, r)
	}},
	{"A-66 keys that are none", badProof, func(s *scene) {
		s.requireProofs(dpop.Config{})
		stranger := s.signer(jose.ES256, "")
		secret := s.secretFrom(make([]byte, 32), "")
		oct := map[string]any{"kty": "oct", "k": encode(make([]byte, 32))}
		withPrivate := s.holder.JWK()
		withPrivate["d"] = encode(make([]byte, 32))
		for _, p := range []proof{
			titled("jwk", nil),
			titled("jwk", "x"),
			titled("jwk", map[string]any{}),
			titled("jwk", withPrivate),
			titled("jwk", oct),
			titled("jwk", stranger.JWK()),
			titled("jwk", s.signer(jose.EdDSA, "").JWK()),
			titled("alg", "none"),
			titled("alg", "HS256"),
			titled("alg", "ES384"),
			titled("alg", "RS256"),
			titled("alg", "es256"),
			titled("crit", []string{"jwk"}),
			{signer: secret, header: map[string]any{"jwk": oct}},
			{signer: stranger, header: map[string]any{"jwk": s.holder.JWK()}},
		} {
			s.expect(s.proving(get(), p))
		}
		s.also("the key", ok, s.proving(get(), proof{}))
	}},
	{"A-67 proofs that are none", badProof, func(s *scene) {
		s.requireProofs(dpop.Config{})
		for _, typ := range []any{nil, "", "JWT", "at+jwt", "dpop", "application/dpop+jwt", 1} {
			s.expect(s.proving(get(), titled("typ", typ)))
		}
		token := s.bound()
		s.expect(authorized("DPoP "+token).with("Dpop", token))
		s.also("in capitals", ok, s.proving(get(), titled("typ", "DPOP+JWT")))
	}},
	{"A-68 another method", badProof, func(s *scene) {
		s.requireProofs(dpop.Config{})
		head := get().as(http.MethodHead)
		for _, htm := range []any{"POST", "HEAD", "get", "Get", "GET ", "", nil, []any{"GET"}} {
			s.expect(s.proving(get(), claimed("htm", htm)))
		}
		s.expect(s.proving(get(), claimed("htm", "POST")).with("X-HTTP-Method-Override", http.MethodPost))
		s.also("HEAD", badProof, s.proving(head, claimed("htm", "GET")))
		s.also("the method", ok, s.proving(head, proof{}), s.proving(get().as(http.MethodDelete), proof{}))
	}},
	{"A-69 another URL", badProof, func(s *scene) {
		s.requireProofs(dpop.Config{})
		for _, htu := range []any{
			"https://attacker.example" + protected,
			"https://api.example.com.attacker.example" + protected,
			"https://api.example.com@attacker.example" + protected,
			"https://attacker.example@api.example.com" + protected,
			"https://api.example.com:8443" + protected,
			"http://api.example.com" + protected,
			"//api.example.com" + protected,
			audience,
			audience + "/",
			audience + "/Protected",
			audience + protected + "/",
			audience + "/" + protected,
			audience + "/protected%2F",
			audience + "/protected%",
			audience + "/protected/too",
			audience + "/./protected/.",
			audience + ";" + protected,
			protected,
			"",
			nil,
			[]any{audience + protected},
		} {
			s.expect(s.proving(get(), claimed("htu", htu)))
		}
		s.also("the URL", ok, s.proving(get(), claimed("htu", audience+protected)))
	}},
	{"A-70 another spelling of the URL", ok, func(s *scene) {
		s.requireProofs(dpop.Config{})
		for _, htu := range []string{
			audience + protected + "?debug=1",
			audience + protected + "#fragment",
			audience + protected + "?a#b",
			"https://api.example.com:443" + protected,
			"HTTPS://API.example.com" + protected,
			audience + "/%70rotected",
			audience + "/./x/../protected",
		} {
			s.expect(s.proving(get(), claimed("htu", htu)), s.proving(get().asking("item=1"), claimed("htu", htu)))
		}
	}},
	{"A-71 times that are none", badProof, func(s *scene) {
		s.requireProofs(dpop.Config{})
		now := s.clock.Now()
		for _, iat := range []any{
			now.Add(-time.Hour).Unix(), now.Add(time.Hour).Unix(), now.UnixMilli(), now.Format(time.RFC3339), nil, null,
			0, -1, true, 1e300, "1772366400", []any{now.Unix()},
		} {
			s.expect(s.proving(get(), claimed("iat", iat)))
		}
		s.also("a fraction", ok, s.proving(get(), claimed("iat", float64(now.Unix())+0.5)))
	}},
	{"A-72 hashes of another token", badProof, func(s *scene) {
		s.requireProofs(dpop.Config{})
		token := s.bound()
		own := digest([]byte(token))
		for _, ath := range []any{
			nil, "", own + "=", own + ".", own[:42], strings.ToUpper(own), token, respelt(own),
			digest([]byte("DPoP " + token)), []any{own},
		} {
			s.expect(s.provingWith(token, get(), claimed("ath", ath)))
		}
		s.also("the hash", ok, s.provingWith(token, get(), claimed("ath", own)))
	}},
	{"A-73 another key", notTheKey, func(s *scene) {
		s.requireProofs(dpop.Config{})
		s.eitherWay(func() {
			for _, algorithm := range jose.Asymmetric() {
				s.expect(s.proving(get(), proof{signer: s.signer(algorithm, "")}))
			}
			// The thumbprint is compared as it is, not decoded.
			other := map[string]any{"jkt": respelt(s.holder.Key().Thumbprint())}
			s.expect(s.provingWith(s.boundTo(other), get(), proof{}))
			s.also("the key", ok, s.proving(get(), proof{}))
		})
	}},
	{"A-74 one proof, many at once", badProof, func(s *scene) {
		s.requireProofs(dpop.Config{RequireNonce: true, Nonces: s.nonces(1)})
		s.eitherWay(func() {
			for range 5 {
				r := s.proving(get(), claimed("nonce", s.nonces(1).Nonce()))
				s.race(r, 50)
				s.expect(r)
			}
		})
	}},
	{"A-74 one proof, elsewhere", badProof, func(s *scene) {
		s.requireProofs(dpop.Config{})
		token := s.bound()
		r := s.provingWith(token, get(), claimed("jti", "1"))
		s.also("first", ok, r)
		s.expect(
			r.asking("item=2"),
			s.provingWith(token, get(), claimed("jti", "1")),
			s.proving(get(), claimed("jti", "1")),
			s.proving(get().as(http.MethodPost), claimed("jti", "1")),
		)
		stranger := s.signer(jose.ES256, "")
		theirs := s.boundTo(map[string]any{"jkt": stranger.Key().Thumbprint()})
		same := proof{signer: stranger, claims: map[string]any{"jti": "1"}}
		s.also("another client", ok, s.provingWith(theirs, get(), same))
	}},
	{"A-75 badly signed copies", badProof, func(s *scene) {
		s.requireProofs(dpop.Config{})
		r := s.proving(get(), proof{})
		good := r.header.Get("Dpop")
		copied := r.with("Dpop", s.tampered(good))
		s.expect(copied, copied)
		s.rush(slices.Repeat([]request{copied}, 20))
		s.expect(r.as(http.MethodPost), r.with("Authorization", "DPoP "+s.bound()))
		s.also("the proof", ok, r)
	}},
	{"A-76 huge jti", badProof, func(s *scene) {
		s.requireProofs(dpop.Config{MaxProofBytes: 64 << 10})
		for _, length := range []int{257, 10_000} {
			s.expect(s.proving(get(), claimed("jti", strings.Repeat("j", length))))
		}
		huge := s.proving(get(), claimed("jti", strings.Repeat("j", 1_000_000))) // more than net/http reads
		s.rush([]request{huge})
		s.also("long", ok, s.proving(get(), claimed("jti", strings.Repeat("j", 256))))
	}},
	{"A-76 more proofs than there is room for", unavailable, func(s *scene) {
		const room = 20
		store := s.replays(room)
		s.requireProofs(dpop.Config{Replays: store})
		first := s.proving(get(), proof{})
		s.also("room", ok, first)
		for range room - 1 {
			s.also("room", ok, s.proving(get(), proof{}))
		}
		for range room {
			s.expect(s.proving(get(), proof{}))
		}
		s.also("still remembered", badProof, first)
		if store.Len() > room {
			s.Errorf("%d proofs are remembered, want at most %d", store.Len(), room)
		}
		s.clock.advance(2 * defaultAge)
		s.also("room again", ok, s.proving(get(), proof{}))
	}},
	{"A-77 nonces of anybody", needsNonce, func(s *scene) {
		own := s.nonces(1)
		s.requireProofs(dpop.Config{RequireNonce: true, Nonces: own})
		labelled, err := dpop.NewNonces(dpop.NonceConfig{
			Keys:  [][]byte{nonceKey(1)},
			Label: "another service",
			Now:   s.clock.Now,
		})
		if err != nil {
			s.Fatal(err)
		}
		random, err := dpop.NewNonces(dpop.NonceConfig{Now: s.clock.Now})
		if err != nil {
			s.Fatal(err)
		}
		good := own.Nonce()
		for _, nonce := range []any{
			nil, "", "0", s.nonces(0).Nonce(), labelled.Nonce(), random.Nonce(),
			good[1:], good + "=", strings.ToLower(good), respelt(good),
		} {
			s.expect(s.proving(get(), claimed("nonce", nonce)))
		}
		s.also("not a string", badProof, s.proving(get(), claimed("nonce", []any{good})))
		s.also("ours", ok, s.proving(get(), claimed("nonce", good)))
		s.clock.advance(2 * nonceLifetime)
		s.also("stale", needsNonce, s.proving(get(), claimed("nonce", good)))
	}},
}
