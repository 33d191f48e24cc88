package jwks_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// specimenOf returns a usual token of a profile.
func specimenOf(t testing.TB, profile jwks.Profile) specimen {
	t.Helper()
	names := map[jwks.Profile]string{
		jwks.RFC9068: "RFC 9068", jwks.Keycloak: "Keycloak user", jwks.Entra: "Entra v2 user", jwks.Okta: "Okta",
		jwks.Auth0: "Auth0 user", jwks.Cognito: "Cognito", jwks.Generic: "Generic, the least",
	}
	s, ok := specimens[names[profile]]
	if !ok {
		t.Fatalf("no specimen of profile %q", profile)
	}
	return s
}

// TestScopeShapes: which claim holds the scopes, and in which form.
func TestScopeShapes(t *testing.T) {
	list := []string{"a", "b"}
	for _, tt := range []struct {
		profile jwks.Profile
		claims  object
		want    middleware.Scopes
	}{
		{jwks.RFC9068, object{"scope": nil, "scp": list}, ""},
		{jwks.RFC9068, object{"scope": ""}, ""},
		{jwks.RFC9068, object{"scope": "a b", "scp": "c", "permissions": list, "roles": list}, "a b"},
		{jwks.Keycloak, object{"scope": "a b", "scp": "c"}, "a b"},
		{jwks.Auth0, object{"scope": "a b", "scp": "c"}, "a b"},
		{jwks.Cognito, object{"scope": "api/a api/b", "scp": "c"}, "api/a api/b"},
		{jwks.Entra, object{"scp": "a b", "scope": "c"}, "a b"},
		{jwks.Entra, object{"scp": list}, "a b"},
		{jwks.Entra, object{"scp": nil, "scope": "c"}, ""},
		{jwks.Okta, object{"scp": list, "scope": "c"}, "a b"},
		{jwks.Okta, object{"scp": "a b"}, "a b"},
		{jwks.Okta, object{"scp": []string{"a b", "c", "\"", ""}}, "c"},
		{jwks.Generic, object{"scope": "a b"}, "a b"},
		{jwks.Generic, object{"scope": list}, "a b"},
		{jwks.Generic, object{"scp": "a b"}, "a b"},
		{jwks.Generic, object{"scp": list}, "a b"},
		{jwks.Generic, object{"scope": "a b", "scp": "c"}, "a b"},
		{jwks.Generic, object{"scope": jsonNull{}, "scp": "c"}, ""},
		{jwks.Generic, object{"scope": []any{"a", 7}}, ""},
		{jwks.Generic, object{"scope": object{"a": true}}, ""},
		{jwks.Generic, object{"scope": []any{list}}, ""},
	} {
		t.Run(fmt.Sprint(tt.profile, tt.claims), func(t *testing.T) {
			s := specimenOf(t, tt.profile)
			if got := accepted(t, s.validator(t), s.token(t, nil, tt.claims)).Scopes; got != tt.want {
				t.Errorf("scopes %q, want %q", got, tt.want)
			}
		})
	}
}

// TestMalformedScope: where scope is a string, nothing else will do.
func TestMalformedScope(t *testing.T) {
	for _, profile := range []jwks.Profile{jwks.RFC9068, jwks.Keycloak, jwks.Auth0, jwks.Cognito} {
		s := specimenOf(t, profile)
		v := s.validator(t)
		for _, scope := range []any{[]string{"a"}, 7, true, object{}, jsonNull{}} {
			refused(t, v, s.token(t, nil, object{"scope": scope}), middleware.ReasonMalformedClaim)
		}
	}
}

func TestActor(t *testing.T) {
	v := atNoonWith(t, jwks.RFC9068, signerOf(t, jose.ES256))
	token := func(act any) string {
		return sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(object{"act": act}))
	}
	for _, tt := range []struct {
		act  any
		want middleware.Actor
	}{
		{nil, middleware.Actor{}},
		{object{"sub": "bot"}, middleware.Actor{Subject: "bot"}},
		{object{"client_id": "worker"}, middleware.Actor{ClientID: "worker"}},
		{
			object{"sub": "bot", "iss": "https://bots.example.com", "client_id": "worker", "other": 7},
			middleware.Actor{Subject: "bot", Issuer: "https://bots.example.com", ClientID: "worker"},
		},
		// Earlier actors are a record, not a right (RFC 8693, section 4.1).
		{object{"sub": "bot", "act": object{"sub": "admin"}}, middleware.Actor{Subject: "bot"}},
		{object{"sub": "bot", "act": "admin"}, middleware.Actor{Subject: "bot"}},
	} {
		if got := accepted(t, v, token(tt.act)).Actor; got != tt.want {
			t.Errorf("act %v: %+v, want %+v", tt.act, got, tt.want)
		}
	}
	for _, act := range []any{
		jsonNull{}, "admin", 7, []any{object{"sub": "bot"}}, object{}, object{"act": object{"sub": "admin"}},
		object{"sub": ""}, object{"sub": 7}, object{"sub": jsonNull{}}, object{"sub": "bot", "iss": 7}, object{"Sub": "bot"},
	} {
		refused(t, v, token(act), middleware.ReasonMalformedClaim)
	}
}

func TestConfirmation(t *testing.T) {
	v := atNoonWith(t, jwks.RFC9068, signerOf(t, jose.ES256))
	token := func(cnf any) string {
		return sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(object{"cnf": cnf}))
	}
	for _, tt := range []struct {
		cnf  any
		want map[string]string
	}{
		{nil, map[string]string{}},
		{object{"jkt": "k"}, map[string]string{"jkt": "k"}},
		{object{"jkt": "k", "x5t#S256": "c"}, map[string]string{"jkt": "k", "x5t#S256": "c"}},
		{object{"JKT": "k"}, map[string]string{"JKT": "k"}},
		{object{"new": object{"a": 1}}, map[string]string{"new": `{"a":1}`}},
		{object{"new": jsonNull{}}, map[string]string{"new": "null"}},
		{object{"jkt": 7, "": ""}, map[string]string{"jkt": "7", "": ""}},
	} {
		got := maps.Collect(accepted(t, v, token(tt.cnf)).Confirmation.All())
		if !maps.Equal(got, tt.want) {
			t.Errorf("cnf %v: %q, want %q", tt.cnf, got, tt.want)
		}
	}
	for _, cnf := range []any{jsonNull{}, "jkt", 7, object{}, []any{}, []any{object{"jkt": "k"}}} {
		refused(t, v, token(cnf), middleware.ReasonMalformedClaim)
	}
}

// TestClaimNames match exactly, whatever a lenient JSON decoder would make of them.
func TestClaimNames(t *testing.T) {
	v := atNoonWith(t, jwks.RFC9068, signerOf(t, jose.ES256))
	token := func(changes object) string {
		return sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(changes))
	}
	for name, value := range accessClaims(nil) {
		if name == "scope" {
			continue
		}
		want := middleware.ReasonMissingClaim
		if name == "iss" {
			want = middleware.ReasonUntrustedIssuer
		}
		for _, other := range []string{strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], name + " "} {
			refused(t, v, token(object{name: nil, other: value}), want)
		}
	}
	expired := noon.Unix() - 60
	refused(t, v, token(object{"exp": expired, "Exp": noon.Unix() + 60, "EXP": noon.Unix() + 60}), middleware.ReasonExpired)
	got := accepted(t, v, token(object{"Sub": "admin", "SCOPE": "admin", "Scope": "admin", "\u017fub": "admin", "Cnf": object{}}))
	if got.Subject != "alice" || got.Scopes != "orders:read" {
		t.Errorf("token: %v, scopes %q", got, got.Scopes)
	}
}

// TestStrictClaims: one object, no member twice, valid UTF-8, nothing behind it.
func TestStrictClaims(t *testing.T) {
	v := atNoonWith(t, jwks.RFC9068, signerOf(t, jose.ES256))
	good := string(encode(t, accessClaims(nil)))
	accepted(t, v, signRaw(t, signerOf(t, jose.ES256), " "+good+"\n"))
	inside := strings.TrimSuffix(good, "}")
	for name, payload := range map[string]string{
		"array":             "[" + good + "]",
		"null":              "null",
		"string":            `"` + audience + `"`,
		"number":            "7",
		"two objects":       good + good,
		"trailing garbage":  good + "x",
		"byte order mark":   "\ufeff" + good,
		"invalid UTF-8":     inside + ",\"x\":\"\xff\"}",
		"truncated":         inside,
		"comment":           inside + "/* */}",
		"trailing comma":    inside + ",}",
		"sub twice":         inside + `,"sub":"admin"}`,
		"sub twice escaped": inside + `,"\u0073ub":"admin"}`,
		"twice deep inside": inside + `,"x":{"y":[{"jkt":"a","jkt":"b"}]}}`,
		"too deep":          inside + `,"x":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + "}",
		"NaN":               inside + `,"auth_time":NaN}`,
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, v, signRaw(t, signerOf(t, jose.ES256), payload), middleware.ReasonMalformedToken)
		})
	}
}

func TestTimes(t *testing.T) {
	now := noon.Unix()
	for _, tt := range []struct {
		leeway time.Duration
		claims object
		want   middleware.Reason // "" for acceptance
	}{
		{0, object{"exp": now - 9}, ""},
		{0, object{"exp": now - 10}, middleware.ReasonExpired},
		{0, object{"nbf": now + 10}, ""},
		{0, object{"nbf": now + 11}, middleware.ReasonNotYetValid},
		{0, object{"iat": now + 60}, ""},
		{0, object{"iat": now + 61}, middleware.ReasonNotYetValid},
		{-1, object{"exp": now + 1}, ""},
		{-1, object{"exp": now}, middleware.ReasonExpired},
		{-1, object{"exp": float64(now) + 0.25}, ""},
		{-1, object{"exp": float64(now) - 0.25}, middleware.ReasonExpired},
		{-1, object{"nbf": now}, ""},
		{-1, object{"nbf": now + 1}, middleware.ReasonNotYetValid},
		{-1, object{"iat": now + 60}, ""},
		{5 * time.Minute, object{"exp": now - 299, "nbf": now + 300, "iat": now + 300}, ""},
		{5 * time.Minute, object{"exp": now - 300}, middleware.ReasonExpired},
		{0, object{"exp": int64(253402300799)}, ""},
		{0, object{"exp": int64(253402300800)}, middleware.ReasonMalformedClaim},
		{0, object{"exp": 0}, middleware.ReasonMalformedClaim},
		{0, object{"nbf": 0}, ""},
		{0, object{"iat": "1"}, middleware.ReasonMalformedClaim},
		{0, object{"nbf": -1}, middleware.ReasonMalformedClaim},
	} {
		t.Run(fmt.Sprint(tt.leeway, tt.claims), func(t *testing.T) {
			v := newValidator(t, jwks.Config{
				Issuer: issuer, Audience: audience, Leeway: tt.leeway, Now: atNoon,
				Keys: parseKeys(t, keySet(t, signerOf(t, jose.ES256))),
			})
			token := sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(tt.claims))
			if tt.want == "" {
				accepted(t, v, token)
			} else {
				refused(t, v, token, tt.want)
			}
		})
	}
}
