package dpop_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/middleware"
)

// Tokens that the validator of a scene knows.
const (
	bearerToken = "plain-bearer-token"
	doubleBound = "token-bound-twice"
	strangely   = "token-bound-strangely"
)

// tokens is a Validator.
func tokens(t testing.TB) middleware.Validator {
	bound := map[string]map[string]string{
		accessToken: {"jkt": alice(t).thumbprint()},
		doubleBound: {"jkt": alice(t).thumbprint(), "x5t#S256": "certificate"},
		strangely:   {"jkt": alice(t).thumbprint(), "jwk": "{}"},
		bearerToken: nil,
	}
	return middleware.ValidatorFunc(func(_ context.Context, accessToken string) (*middleware.Token, error) {
		cnf, known := bound[accessToken]
		if !known {
			return nil, middleware.Reject(middleware.ReasonInactive, nil)
		}
		return &middleware.Token{
			Subject: "alice", Scopes: middleware.NewScopes("write"), Confirmation: middleware.NewConfirmation(cnf),
		}, nil
	})
}

// certificate is a Binding that believes everything.
type certificate struct{}

func (certificate) Method() string { return "x5t#S256" }

func (certificate) Verify(_ http.Header, r *http.Request, _, thumbprint string) error {
	if r.Header.Get("Test-Certificate") != thumbprint {
		return middleware.Reject("no_certificate", nil)
	}
	return nil
}

// scene is a protected route and what a row of the behaviour table wants of it.
type scene struct {
	*testing.T
	row    conformance.BehaviourRow
	clock  *clock
	nonces *dpop.Nonces
	config dpop.Config
	guard  middleware.Config
	scope  string
}

// route builds the handler of a scene, with a Verifier unless the guard is to have other bindings.
func (s *scene) route() http.Handler {
	s.Helper()
	s.config.Now, s.guard.Now = s.clock.now, s.clock.now
	if s.guard.Bindings == nil {
		s.guard.Bindings = []middleware.Binding{newVerifier(s, s.config)}
	}
	guard, err := middleware.New(tokens(s), s.guard)
	if err != nil {
		s.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Handler", "called") })
	return oauthhttp.Require(guard, s.scope)(handler)
}

// get sends a request with those credentials and proof, "" for none.
func get(handler http.Handler, credentials, proof string, change ...func(*http.Request)) http.Header {
	r := request("GET", "/orders")
	if credentials != "" {
		r.Header.Set("Authorization", credentials)
	}
	if proof != "" {
		r.Header.Set("DPoP", proof)
	}
	for _, each := range change {
		each(r)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	h := w.Header()
	h.Set("Status", http.StatusText(w.Code))
	return h
}

// expect checks an answer against the row.
func (s *scene) expect(h http.Header) {
	s.Helper()
	want(s, "status", h.Get("Status"), http.StatusText(s.row.ExpectStatus))
	if called := h.Get("Handler") != ""; called != s.row.HandlerCalled() {
		s.Errorf("handler called: %t", called)
	}
	lines := h["Www-Authenticate"]
	if s.row.ExpectChallenge == "-" {
		if len(lines) > 0 {
			s.Errorf("challenges %q, want none", lines)
		}
		return
	}
	challenges := strings.Split(s.row.ExpectChallenge, " ; ")
	if len(lines) != len(challenges) {
		s.Fatalf("challenges %q, want %q", lines, challenges)
	}
	for i, challenge := range challenges {
		wantChallenge(s, lines[i], challenge)
	}
	if nonces := len(h["Dpop-Nonce"]); strings.Contains(s.row.ExpectChallenge, "use_dpop_nonce") != (nonces == 1) {
		s.Errorf("%d DPoP-Nonce fields", nonces)
	}
	want(s, "Cache-Control", h.Get("Cache-Control"), "no-store")
}

// wantChallenge compares a line with the notation of the table: a scheme, then name="value", name=* or !name.
func wantChallenge(t testing.TB, line, notation string) {
	t.Helper()
	for i, part := range strings.Fields(notation) {
		name, absent := strings.CutPrefix(part, "!")
		name = strings.TrimSuffix(name, "*")
		switch {
		case i == 0 && !strings.HasPrefix(line, part+" "), i > 0 && strings.Contains(line, ", "+name) == absent:
			t.Errorf("challenge %s, want %s", line, notation)
		}
	}
}

const ownScheme = "DPoP " + accessToken

// rows plays the DPoP rows of the table. Unless a row says otherwise, only DPoP is accepted.
var rows = map[string]func(*scene){
	"F01": func(s *scene) { s.expect(get(s.route(), "", "")) },
	"F02": func(s *scene) { s.both(); s.expect(get(s.route(), "", "")) },
	"F03": func(s *scene) { s.both(); s.expect(get(s.route(), "Bearer INVALID", "")) },
	"F04": func(s *scene) {
		s.both()
		s.expect(get(s.route(), ownScheme, proofOf(s, nil), func(r *http.Request) { r.Header.Add("Authorization", "Bearer "+bearerToken) }))
	},
	"F06": func(s *scene) { s.expect(get(s.route(), ownScheme, "")) },
	"F08": func(s *scene) {
		for _, proof := range []string{
			altered(proofOf(s, nil)),
			alice(s).proof(s, object{"alg": "none"}, proofClaims(nil)),
			alice(s).proof(s, object{"alg": "HS256"}, proofClaims(nil)),
			alice(s).proof(s, object{"typ": "JWT"}, proofClaims(nil)),
		} {
			s.expect(get(s.route(), ownScheme, proof))
		}
	},
	"F09": func(s *scene) {
		private := object{"jwk": alice(s).jwk(object{"d": "AAAA"})}
		s.expect(get(s.route(), ownScheme, alice(s).proof(s, private, proofClaims(nil))))
	},
	"F10": func(s *scene) {
		s.expect(get(s.route(), ownScheme, proofOf(s, nil), func(r *http.Request) { r.Method = "POST" }))
		s.expect(get(s.route(), ownScheme, proofOf(s, object{"htm": "get"})))
	},
	"F13": func(s *scene) {
		elsewhere := object{"htu": "https://evil.example/orders"}
		forge := func(r *http.Request) { r.Header.Set("X-Forwarded-Host", "evil.example") }
		s.expect(get(s.route(), ownScheme, proofOf(s, elsewhere), forge))
		s.config.URL, s.config.BaseURL, s.guard.Bindings = proxyURL(s), "", nil
		s.expect(get(s.route(), ownScheme, proofOf(s, elsewhere), forge))
	},
	"F14": func(s *scene) {
		for _, offset := range []int64{-61, 11} {
			s.expect(get(s.route(), ownScheme, proofOf(s, object{"iat": noon.Unix() + offset})))
		}
	},
	"F15": func(s *scene) {
		for _, ath := range []any{nil, hashOf(bearerToken)} {
			s.expect(get(s.route(), ownScheme, proofOf(s, object{"ath": ath})))
		}
	},
	"F16": func(s *scene) { s.expect(get(s.route(), ownScheme, mallory(s).proof(s, nil, proofClaims(nil)))) },
	"F17": func(s *scene) {
		s.expect(get(s.route(), "DPoP "+bearerToken, proofOf(s, object{"ath": hashOf(bearerToken)})))
	},
	"F18": func(s *scene) {
		handler, proof := s.route(), proofOf(s, nil)
		want(s, "first", get(handler, ownScheme, proof).Get("Status"), "OK")
		s.expect(get(handler, ownScheme, proof))

		proof = proofOf(s, nil)
		answers := make([]http.Header, 50)
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() { answers[i] = get(handler, ownScheme, proof) })
		}
		group.Wait()
		passed := 0
		for _, h := range answers {
			if h.Get("Handler") != "" {
				passed++
				continue
			}
			s.expect(h)
		}
		if passed != 1 {
			s.Errorf("%d of 50 copies passed", passed)
		}
	},
	"F21": func(s *scene) {
		s.config.Replays = storeFunc(func(context.Context, [32]byte, time.Duration) (bool, error) {
			return false, errors.New("connection refused")
		})
		h := get(s.route(), ownScheme, proofOf(s, nil))
		s.expect(h)
		want(s, "Retry-After", h.Get("Retry-After"), "5")
	},
	"F22": func(s *scene) {
		h := get(s.withNonces(), ownScheme, proofOf(s, nil))
		s.expect(h)
		want(s, "DPoP-Nonce", h.Get("DPoP-Nonce"), s.nonces.Nonce())
	},
	"F23": func(s *scene) {
		handler, expired := s.withNonces(), s.nonces.Nonce()
		foreign := newNonces(s, dpop.NonceConfig{Now: s.clock.now}).Nonce()
		s.clock.advance(5 * time.Minute)
		for _, nonce := range []string{expired, foreign, "n-1"} {
			h := get(handler, ownScheme, proofOf(s, object{"nonce": nonce, "iat": s.clock.now().Unix()}))
			s.expect(h)
			want(s, "DPoP-Nonce", h.Get("DPoP-Nonce"), s.nonces.Nonce())
		}
	},
	"F24": func(s *scene) {
		handler, nonce := s.withNonces(), s.nonces.Nonce()
		s.clock.advance(4 * time.Minute) // noon is the beginning of a slot
		h := get(handler, ownScheme, proofOf(s, object{"nonce": nonce, "iat": s.clock.now().Unix()}))
		s.expect(h)
		want(s, "DPoP-Nonce", strings.Join(h["Dpop-Nonce"], "|"), s.nonces.Nonce())
		want(s, "Cache-Control", h.Get("Cache-Control"), "no-store")
	},
	"F25": func(s *scene) {
		s.guard.Bindings = []middleware.Binding{certificate{}}
		s.expect(get(s.route(), ownScheme, proofOf(s, nil)))
	},
	"F26": func(s *scene) { s.scope = "read"; s.expect(get(s.route(), ownScheme, proofOf(s, nil))) },
	"F27": func(s *scene) {
		s.expect(get(s.route(), ownScheme, proofOf(s, object{"x": strings.Repeat("x", 16<<10)})))
	},
}

// both accepts bearer tokens too.
func (s *scene) both() { s.config.Required = false }

func (s *scene) withNonces() http.Handler {
	s.Helper()
	s.nonces = newNonces(s, dpop.NonceConfig{Now: s.clock.now})
	s.config.RequireNonce, s.config.Nonces = true, s.nonces
	return s.route()
}

func proxyURL(t testing.TB) func(*http.Request) (string, error) {
	t.Helper()
	url, err := dpop.BehindProxies(dpop.ProxyConfig{TrustedProxies: prefixes("10.0.0.0/8"), BaseURLs: []string{baseURL}})
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func newScene(t *testing.T, row conformance.BehaviourRow) *scene {
	t.Helper()
	return &scene{T: t, row: row, clock: &clock{}, config: dpop.Config{Required: true}, scope: "write"}
}

func TestBehaviour(t *testing.T) {
	table, err := conformance.Behaviour()
	if err != nil {
		t.Fatal(err)
	}
	played := 0
	for _, row := range table {
		if !strings.HasPrefix(row.ID, "F") {
			continue
		}
		t.Run(row.ID, func(t *testing.T) {
			play := rows[row.ID]
			if play == nil {
				t.Fatal("nobody plays this row")
			}
			played++
			play(newScene(t, row))
		})
	}
	if played != len(rows) {
		t.Errorf("%d rows played of %d", played, len(rows))
	}
}

// say is an answer in short: the status, and each challenge with its error.
func say(h http.Header) string {
	words := []string{h.Get("Status")}
	for _, line := range h["Www-Authenticate"] {
		scheme, _, _ := strings.Cut(line, " ")
		_, code, _ := strings.Cut(line, `, error="`)
		code, _, _ = strings.Cut(code, `"`)
		words = append(words, strings.TrimSpace(scheme+" "+code))
	}
	return strings.Join(words, "; ")
}

func newRoute(t *testing.T, change func(*scene)) http.Handler {
	t.Helper()
	s := newScene(t, conformance.BehaviourRow{})
	s.both()
	change(s)
	return s.route()
}

func asItIs(*scene) {}

// The scheme is DPoP in any case, then one space or more, then the token (section 7.1).
func TestD9449_14(t *testing.T) {
	handler := newRoute(t, asItIs)
	for credentials, expected := range map[string]string{
		"DPoP " + accessToken: "OK", "dpop " + accessToken: "OK", "DPOP   " + accessToken: "OK",
		"DPoP" + accessToken: "Unauthorized; Bearer; DPoP", "DPoP": "Bad Request; Bearer; DPoP invalid_request",
		"DPoP " + accessToken + " x": "Bad Request; Bearer; DPoP invalid_request",
	} {
		want(t, credentials, say(get(handler, credentials, proofOf(t, nil))), expected)
	}
}

// A bound token is no bearer token, with or without a proof, and a member of cnf that nobody knows refuses it (7.2).
func TestD9449_15(t *testing.T) {
	handler := newRoute(t, asItIs)
	const downgraded = "Unauthorized; Bearer invalid_token; DPoP"
	want(t, "bare", say(get(handler, "Bearer "+accessToken, "")), downgraded)
	want(t, "with a proof", say(get(handler, "Bearer "+accessToken, proofOf(t, nil))), downgraded)
	want(t, "with rubbish", say(get(handler, "Bearer "+accessToken, "x")), downgraded)
	proof := proofOf(t, object{"ath": hashOf(strangely)})
	want(t, "unknown member", say(get(handler, "DPoP "+strangely, proof)), "Unauthorized; Bearer; DPoP invalid_token")
	want(t, "bearer", say(get(handler, "Bearer "+bearerToken, "")), "OK")
	required := newRoute(t, func(s *scene) { s.config.Required = true })
	want(t, "required", say(get(required, "Bearer "+bearerToken, "")), "Unauthorized; DPoP")
}

// A token that is bound to no key has no business with the scheme DPoP.
func TestD9449_16(t *testing.T) {
	proof := proofOf(t, object{"ath": hashOf(bearerToken)})
	want(t, "unbound", say(get(newRoute(t, asItIs), "DPoP "+bearerToken, proof)), "Unauthorized; Bearer; DPoP invalid_token")
}

// A token that is bound twice has to satisfy both, and a proof is not used up for nothing.
func TestD9449_17(t *testing.T) {
	handler := newRoute(t, func(s *scene) {
		s.guard.Bindings = []middleware.Binding{newVerifier(s, s.config), certificate{}}
	})
	show := func(r *http.Request) { r.Header.Set("Test-Certificate", "certificate") }
	proof := proofOf(t, object{"ath": hashOf(doubleBound)})
	want(t, "proof alone", say(get(handler, "DPoP "+doubleBound, proof)), "Unauthorized; Bearer; DPoP invalid_token")
	want(t, "certificate alone", say(get(handler, "DPoP "+doubleBound, "", show)), "Unauthorized; Bearer; DPoP invalid_dpop_proof")
	want(t, "both", say(get(handler, "DPoP "+doubleBound, proof, show)), "OK")
}

// The challenge names the algorithms (section 7.1).
func TestD9449_18(t *testing.T) {
	handler := newRoute(t, func(s *scene) { s.config.Algorithms = []string{"ES256", "EdDSA"} })
	for name, h := range map[string]http.Header{
		"no credentials": get(handler, "", ""), "no proof": get(handler, ownScheme, ""), "no such token": get(handler, "DPoP x", ""),
	} {
		if line := h["Www-Authenticate"][1]; !strings.HasPrefix(line, "DPoP ") || !strings.Contains(line, `algs="ES256 EdDSA"`) {
			t.Errorf("%s: %s", name, line)
		}
	}
}

// What is wrong is said in the challenge of the scheme that was used (section 7.2).
func TestD9449_20(t *testing.T) {
	handler := newRoute(t, asItIs)
	want(t, "no credentials", say(get(handler, "", "")), "Unauthorized; Bearer; DPoP")
	want(t, "only a proof", say(get(handler, "", proofOf(t, nil))), "Unauthorized; Bearer; DPoP")
	want(t, "Bearer", say(get(handler, "Bearer x", "")), "Unauthorized; Bearer invalid_token; DPoP")
	want(t, "DPoP", say(get(handler, ownScheme, "")), "Unauthorized; Bearer; DPoP invalid_dpop_proof")
}

// A nonce is demanded with 401 and a challenge, not in the way of an authorization server (sections 8 and 9).
func TestD9449_21(t *testing.T) {
	handler := newRoute(t, func(s *scene) { s.withNonces() })
	h := get(handler, ownScheme, proofOf(t, nil))
	want(t, "first", say(h), "Unauthorized; Bearer; DPoP use_dpop_nonce")
	again := get(handler, ownScheme, proofOf(t, object{"nonce": h.Get("DPoP-Nonce")}))
	want(t, "second", say(again), "OK")
	want(t, "nothing new", again.Get("DPoP-Nonce")+again.Get("Cache-Control"), "")
}

// Scripts of other origins can read the nonce (section 8).
func TestD9449_28(t *testing.T) {
	handler := newRoute(t, func(s *scene) { s.guard.ExposeChallenges = true; s.withNonces() })
	h := get(handler, ownScheme, proofOf(t, nil))
	want(t, "refused", h.Get("Access-Control-Expose-Headers"), "WWW-Authenticate, DPoP-Nonce")
}

// A proof is used once for a request, however many layers look at it.
func TestLayers(t *testing.T) {
	s := newScene(t, conformance.BehaviourRow{})
	s.guard.Bindings = []middleware.Binding{newVerifier(t, dpop.Config{})}
	guard, err := middleware.New(tokens(t), s.guard)
	if err != nil {
		t.Fatal(err)
	}
	called := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	handler := oauthhttp.Require(guard)(oauthhttp.Require(guard, "write")(called))
	want(t, "two layers", say(get(handler, ownScheme, proofOf(t, nil))), "OK")
}
