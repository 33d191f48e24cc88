package adaptertest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// challengeVector is a case of challenge.json.
type challengeVector struct {
	ID     string            `json:"id"`
	Scheme string            `json:"scheme"`
	Params map[string]string `json:"params"`
	Expect struct {
		Header string `json:"header"`
	} `json:"expect"`
}

// mended says what becomes of values that no challenge may have.
var mended = map[string]want{
	"chal-17": {http.StatusUnauthorized, `Bearer !scope`},
	"chal-18": {http.StatusUnauthorized, `Bearer !scope`},
	"chal-19": {http.StatusUnauthorized, `Bearer scope="a b"`},
	"chal-20": {http.StatusUnauthorized, `Bearer !scope`},
	"chal-22": misconfigured,
	"chal-23": {http.StatusUnauthorized, `Bearer error="insufficient_user_authentication" max_age="1"`},
	"chal-25": misconfigured,
}

// unaskedFor are the cases that no configuration of a Guard asks for: the texts of descriptions are ours, an empty realm
// is the default one, and line breaks in one are refused. They are left to package middleware.
var unaskedFor = []string{"chal-12", "chal-13", "chal-14", "chal-15", "chal-16", "chal-21", "chal-24"}

// challengeVectors returns the scenarios of challenge.json.
func challengeVectors(t *testing.T) []scenario {
	t.Helper()
	var file struct {
		Cases []challengeVector `json:"cases"`
	}
	load(t, "challenge.json", &file)
	var scenarios []scenario
	for _, v := range file.Cases {
		if slices.Contains(unaskedFor, v.ID) {
			continue
		}
		expected, hostile := mended[v.ID]
		if !hostile {
			expected = v.want(t)
		}
		scenarios = append(scenarios, scenario{"RFC 9110: " + v.ID, expected, v.play})
	}
	return scenarios
}

// want takes the parameters from the field, except for the text that is ours.
func (v challengeVector) want(t *testing.T) want {
	t.Helper()
	c, err := parseChallenge(v.Expect.Header)
	if err != nil {
		t.Fatalf("%s: %v", v.ID, err)
	}
	notation := c.scheme
	for _, name := range slices.Sorted(maps.Keys(c.params)) {
		if name != "error_description" {
			notation += " " + name + `="` + quotedPairs.Replace(c.params[name]) + `"`
		}
	}
	if c.params["error"] == "insufficient_scope" {
		return want{http.StatusForbidden, notation}
	}
	return want{http.StatusUnauthorized, notation}
}

var quotedPairs = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// play configures a Guard and a route that ask for such a challenge.
func (v challengeVector) play(s *scene) {
	s.guard.AdvertiseScopes = true
	s.guard.Realm, s.guard.ResourceMetadata = v.Params["realm"], v.Params["resource_metadata"]
	s.policy = middleware.Policy{Scopes: v.list("scope"), ACRValues: v.list("acr_values")}
	if limit, found := v.Params["max_age"]; found {
		var err error
		if s.policy.MaxAge, err = time.ParseDuration(limit + "s"); err != nil {
			s.Fatal(err)
		}
	}
	if v.Scheme == "DPoP" {
		config := dpop.Config{Algorithms: v.list("algs")}
		if v.Params["error"] == "use_dpop_nonce" {
			config.RequireNonce, config.Nonces = true, s.nonces(1)
		}
		s.requireProofs(config)
	}
	s.expect(v.request(s))
}

// request returns what is answered with the challenge.
func (v challengeVector) request(s *scene) request {
	stepUp := s.policy.ACRValues != nil || s.policy.MaxAge != 0
	switch code := v.Params["error"]; {
	case v.Scheme == "DPoP" && code != "":
		return s.proving(get(), proof{signer: s.signer(jose.ES256, "")})
	case code == "invalid_token":
		return bearer("x")
	case code != "" || stepUp:
		return s.mint(oauthtest.Token{})
	}
	return get()
}

// list returns the members of a list, nil if there is none.
func (v challengeVector) list(name string) []string {
	value, found := v.Params[name]
	if !found {
		return nil
	}
	return strings.Split(value, " ")
}
