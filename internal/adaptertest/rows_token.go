package adaptertest

import (
	"net/http"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// defaultLeeway is that of jwks.Config.
const defaultLeeway = 10 * time.Second

// tokenRows play the rows B: what a token is and says.
var tokenRows = map[string]func(*scene){
	"B01": func(s *scene) {
		s.policy = reading
		s.inner = s.wantToken
		s.expect(s.valid())
	},
	"B02": func(s *scene) { s.expect(s.mint(oauthtest.Token{ExpiresIn: -10 * time.Minute})) },
	"B03": func(s *scene) {
		s.expect(s.mint(oauthtest.Token{ExpiresIn: -(defaultLeeway - time.Second)}))
		s.also("leeway over", invalidToken, s.mint(oauthtest.Token{ExpiresIn: -(defaultLeeway + time.Second)}))
	},
	"B04": func(s *scene) {
		s.expect(s.claiming(map[string]any{"nbf": s.clock.Now().Add(10 * time.Minute).Unix()}))
	},
	"B05": func(s *scene) { s.expect(s.claiming(map[string]any{"exp": nil})) },
	"B06": func(s *scene) {
		for _, none := range []string{"none", "None", "nONE", "NONE"} {
			s.expect(bearer(s.unsigned(none)), s.headed(map[string]any{"alg": none}))
		}
	},
	"B07": func(s *scene) {
		trusted := s.signer(jose.RS256, "key-1")
		key := trusted.JWK()
		for _, described := range []bool{true, false} {
			if !described {
				delete(key, "alg")
			}
			s.publish(key)
			s.restart()
			s.also("genuine", ok, s.signed(trusted, nil, s.payload(nil)))
			for _, public := range [][]byte{s.pem(trusted), s.json(key)} {
				s.expect(s.signed(s.secretFrom(public, "key-1"), nil, s.payload(nil)))
			}
		}
	},
	"B08": func(s *scene) {
		s.trust("ES256", "RS256")
		s.keys.Algorithms = []string{"ES256"}
		s.expect(s.mint(oauthtest.Token{Algorithm: "RS256"}))
		s.also("allowed algorithm", ok, s.mint(oauthtest.Token{Algorithm: "ES256"}))
	},
	"B09": func(s *scene) { s.expect(bearer(s.tampered(s.issuer.Mint(oauthtest.Token{})))) },
	"B11": func(s *scene) { s.expect(s.mint(oauthtest.Token{Audience: []string{"other-api"}})) },
	"B12": func(s *scene) { s.expect(s.mint(oauthtest.Token{Audience: []string{"other-api", audience}})) },
	"B14": func(s *scene) {
		s.quiet(func() { s.expect(s.claiming(map[string]any{"iss": "https://stranger.example"})) })
	},
	"B16": func(s *scene) { s.expect(s.headed(map[string]any{"typ": "JWT"}), s.headed(map[string]any{"typ": nil})) },
	"B18": func(s *scene) { s.expect(s.headed(map[string]any{"crit": []string{"bork"}, "bork": 1})) },
	"B19": playForeignKeys,
	"B20": func(s *scene) {
		s.also("genuine", ok, s.valid())
		direct := map[string]any{"alg": "dir", "enc": "A256GCM", "cty": "JWT", "kid": "key-1"}
		costly := map[string]any{"alg": "PBES2-HS256+A128KW", "enc": "A256GCM", "p2s": "c2FsdA", "p2c": 1 << 31}
		for _, token := range []string{s.issuer.Mint(oauthtest.Token{}), s.unsigned("none")} {
			for _, header := range []map[string]any{direct, costly} {
				s.expect(bearer(s.encrypted(header, token)))
			}
		}
	},
	"B22": func(s *scene) {
		trusted := s.signer(jose.ES256, "key-1")
		s.publish(trusted.JWK())
		s.expect(s.signed(trusted, nil, twice(s.payload(nil), `"aud":"`+audience+`"`)))
		token, err := trusted.SignRaw(twice([]byte(`{"alg":"ES256","typ":"at+jwt","kid":"key-1"}`), `"kid":"key-1"`), s.payload(nil))
		if err != nil {
			s.Fatal(err)
		}
		s.expect(bearer(token))
		s.also("each once", ok, s.signed(trusted, nil, s.payload(nil)))
	},
	"B24": func(s *scene) {
		for _, payload := range []string{"not JSON", "[]", "null", "", `"text"`} {
			s.expect(bearer(s.issuer.Sign(map[string]any{"typ": "at+jwt"}, []byte(payload))))
		}
	},
	"B26": func(s *scene) {
		s.issuer.Rotate()
		s.keys.Profile = jwks.Generic
		s.expect(s.headed(map[string]any{"kid": nil}))
		s.keys.Profile = jwks.RFC9068
		s.restart()
		s.also("strict profile", invalidToken, s.headed(map[string]any{"kid": nil}))
	},
	"B28": func(s *scene) {
		for _, hostile := range []string{`a", error="x`, "a\r\nX-Injected: 1", "\u00fc\u2028\u0000", `a\`} {
			s.expect(
				s.claiming(map[string]any{"iss": hostile}),
				s.claiming(map[string]any{"aud": hostile}),
				s.headed(map[string]any{"kid": hostile, "typ": hostile}),
			)
		}
	},
}

// playForeignKeys plays tokens that bring their own key, or say where it is, and name one that exists.
func playForeignKeys(s *scene) {
	s.also("genuine", ok, s.valid())
	attacker := s.signer(jose.ES256, "key-1")
	elsewhere := "https://attacker.example/keys"
	s.quiet(func() {
		for _, header := range []map[string]any{
			{"jku": elsewhere},
			{"x5u": elsewhere},
			{"jwk": attacker.JWK()},
			{"x5c": []string{"MIIB"}},
			nil,
		} {
			s.expect(s.signed(attacker, header, s.payload(nil)))
		}
	})
}

// wantToken is a handler that wants the token of a valid request in its context.
func (s *scene) wantToken(_ http.ResponseWriter, r *http.Request) {
	token, found := middleware.FromContext(r.Context())
	if !found || token.Subject != subject || token.ClientID != client || token.Issuer != s.issuer.Issuer() ||
		!token.Scopes.Has("read") || !token.Audience.Contains(audience) || token.ID == "" {
		s.Errorf("the token in the handler's context: %v, %t", token, found)
	}
}
