package oauthtest_test

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// TestConformanceFinds runs services with one flaw each, and wants the cases to fail that are about it, and no others.
func TestConformanceFinds(t *testing.T) {
	cases, err := conformance.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, flaw := range flaws {
		t.Run(flaw.name, func(t *testing.T) {
			results := check(t, oauthtest.ConformanceConfig{Server: inMemory}, flaw.service.start)
			var got, want []string
			for _, c := range cases {
				if results[c.ID].NotRun != "" {
					continue
				}
				if len(results[c.ID].Problems) > 0 {
					got = append(got, c.ID)
				}
				if flaw.fails(c) {
					want = append(want, c.ID)
				}
			}
			for _, id := range got {
				if !slices.Contains(want, id) {
					t.Errorf("fails: %s", results[id].Problems[0])
				}
			}
			if !slices.Equal(got, want) || len(want) == 0 {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " "), strings.Join(want, " "))
			}
		})
	}
}

// rule chooses cases.
type rule func(conformance.Case) bool

func (r rule) or(other rule) rule  { return func(c conformance.Case) bool { return r(c) || other(c) } }
func (r rule) but(other rule) rule { return func(c conformance.Case) bool { return r(c) && !other(c) } }

// these are the cases with those IDs; one that ends with a dot stands for all that begin like it.
func these(ids string) rule {
	return func(c conformance.Case) bool {
		return slices.ContainsFunc(strings.Fields(ids), func(id string) bool {
			return c.ID == id || strings.HasSuffix(id, ".") && strings.HasPrefix(c.ID, id)
		})
	}
}

// wrong are the cases in which no answer with that status is right.
func wrong(status int) rule {
	return func(c conformance.Case) bool {
		return !slices.ContainsFunc(c.Expect, func(a conformance.Answer) bool { return a.Takes(status) })
	}
}

// naming are the cases whose best answer names that error, "" for any.
func naming(code string) rule {
	return func(c conformance.Case) bool {
		want := c.Expect[0].Challenge
		if want == nil {
			return false
		}
		got := cmp.Or(want.Must["error"], want.Should["error"])
		return got != "" && cmp.Or(code, got) == got
	}
}

// refusing are the cases whose best answer is a refusal.
func refusing(c conformance.Case) bool { return !c.Expect[0].Admitted }

// challenged are the cases whose best answer has a challenge.
func challenged(c conformance.Case) bool { return c.Expect[0].Challenge != nil }

// contradicted are the cases in which refusal is wrong.
func contradicted(c conformance.Case) bool {
	i := slices.IndexFunc(c.Expect, func(a conformance.Answer) bool { return a.Takes(http.StatusUnauthorized) })
	if i < 0 || slices.ContainsFunc(c.Before, func(s conformance.Step) bool { return s.Do == "warm" }) {
		return true
	}
	want := c.Expect[i].Challenge
	code := cmp.Or(want.Must["error"], want.Should["error"], "invalid_token")
	return code != "invalid_token" || len(want.ShouldNotHave) > 0
}

const refusal = `Bearer error="invalid_token"`

// notToken68 are the cases in which the kit finds that what was sent is no token, and others may do so later.
var notToken68 = these("A-16.inner A-16.space A-18 A-21")

var flaws = []struct {
	name    string
	service service
	fails   rule
}{
	{
		"accepts everything",
		around(func(_ http.Handler, called func()) http.HandlerFunc {
			return func(http.ResponseWriter, *http.Request) { called() }
		}),
		wrong(http.StatusOK),
	},
	{
		"answers without the handler",
		around(func(http.Handler, func()) http.HandlerFunc { return func(http.ResponseWriter, *http.Request) {} }),
		func(conformance.Case) bool { return true },
	},
	{
		"refuses everything",
		around(func(http.Handler, func()) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", refusal)
				w.WriteHeader(http.StatusUnauthorized)
			}
		}),
		contradicted,
	},
	{
		"ignores the audience", despite(middleware.ReasonWrongAudience),
		these("B11 A-42.longer A-42.slash A-42.joined A-42.empty B28.aud A-47.aud"),
	},
	{"ignores expiry", despite(middleware.ReasonExpired), these("B02 A-47.expired E07")},
	{"ignores nbf", despite(middleware.ReasonNotYetValid), these("B04 A-40")},
	{
		"ignores missing claims", despite(middleware.ReasonMissingClaim),
		these("B05 A-42.missing A-42.none A-39. A-47.other"),
	},
	{
		"ignores the issuer", despite(middleware.ReasonUntrustedIssuer),
		these("B14 B14.slash B14.missing A-45 B24.object B28.iss"),
	},
	{"ignores the type", despite(middleware.ReasonWrongType), these("B16 B16.missing A-51. B28.typ")},
	{
		"ignores the signature", despite(middleware.ReasonBadSignature),
		these("B09 B09.zero B09.short B09.payload B19.plain B19.jwk B19.jku B19.jku-userinfo B19.x5u B19.x5c"),
	},
	{"ignores critical extensions", despite(middleware.ReasonCriticalHeader), these("B18 A-12. A-13. A-15.zip")},
	{"ignores bindings", service{validator: unbound}, these("A-62.")},
	{
		"accepts alg none",
		passing(func(_ *oauthtest.Server, token string, _ error) bool {
			return strings.EqualFold(header(token).Algorithm, "none")
		}),
		these("B06."),
	},
	{
		"takes its public key for a secret",
		passing(func(as *oauthtest.Server, token string, _ error) bool {
			if header(token).Algorithm != "HS256" {
				return false
			}
			der, err := x509.MarshalPKIXPublicKey(publicKey(as))
			if err != nil {
				return false
			}
			dot := strings.LastIndexByte(token, '.')
			mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
			_, _ = io.WriteString(mac, token[:dot])
			return hmac.Equal(mac.Sum(nil), part(token, 2))
		}),
		these("B07.pem"),
	},
	{
		"trusts the key that a token brings",
		passing(func(_ *oauthtest.Server, token string, _ error) bool {
			return signedWith(token, header(token).JWK)
		}),
		these("B19.jwk B19.jwk-no-kid"),
	},
	{
		"trusts the certificate that a token brings",
		passing(func(_ *oauthtest.Server, token string, _ error) bool {
			chain := header(token).X5C
			return len(chain) > 0 && signedByCertificate(token, chain[0])
		}),
		these("B19.x5c"),
	},
	{
		"fetches keys where a token says",
		passing(func(_ *oauthtest.Server, token string, _ error) bool {
			answer, err := http.Get(header(token).JKU)
			if err != nil {
				return false
			}
			defer answer.Body.Close()
			var set struct{ Keys []json.RawMessage }
			return json.NewDecoder(answer.Body).Decode(&set) == nil && len(set.Keys) > 0 && signedWith(token, set.Keys[0])
		}),
		these("B19.jku"),
	},
	{
		"asks where a token says, and trusts nothing",
		passing(func(_ *oauthtest.Server, token string, _ error) bool {
			if answer, err := http.Get(header(token).JKU); err == nil {
				answer.Body.Close()
			}
			return false
		}),
		these("B19.jku"),
	},
	{
		"has header fields injected",
		rewriting(func(r *http.Request, answer *httptest.ResponseRecorder) {
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			if strings.Contains(string(part(token, 0))+string(part(token, 1)), "X-Injected") {
				answer.Header().Set("X-Injected", "1")
			}
		}),
		these("B28. A-09.lines"),
	},
	{
		"sends no challenge",
		rewriting(func(_ *http.Request, answer *httptest.ResponseRecorder) { answer.Header().Del("WWW-Authenticate") }),
		rule(challenged).but(these("C01.bad")),
	},
	{
		"names no error",
		rewriting(func(_ *http.Request, answer *httptest.ResponseRecorder) {
			if answer.Header().Get("WWW-Authenticate") != "" {
				answer.Header().Set("WWW-Authenticate", `Bearer realm="api"`)
			}
		}),
		naming("").but(notToken68),
	},
	{
		"401 for a missing scope",
		rewriting(func(_ *http.Request, answer *httptest.ResponseRecorder) {
			if answer.Code == http.StatusForbidden {
				answer.Code = http.StatusUnauthorized
			}
		}),
		these("E01 E01.longer E01.within E02 E04"),
	},
	{
		"403 for a bad token",
		rewriting(func(_ *http.Request, answer *httptest.ResponseRecorder) {
			if badToken(answer) {
				answer.Code = http.StatusForbidden
			}
		}),
		naming("invalid_token").but(notToken68).but(these("A-46")).or(these("C05")),
	},
	{
		"names an error where there are no credentials",
		rewriting(func(r *http.Request, answer *httptest.ResponseRecorder) {
			if r.Header.Get("Authorization") == "" && answer.Code == http.StatusUnauthorized {
				answer.Header().Set("WWW-Authenticate", refusal)
			}
		}),
		these("A01 A01.scope A14 A19 A-57."),
	},
	{
		"401 while the authorization server is down",
		rewriting(func(_ *http.Request, answer *httptest.ResponseRecorder) {
			if answer.Code == http.StatusServiceUnavailable {
				answer.Header().Set("WWW-Authenticate", refusal)
				answer.Code = http.StatusUnauthorized
			}
		}),
		these("C01 C01.error C09."),
	},
	{
		"does not say when to come back",
		rewriting(func(_ *http.Request, answer *httptest.ResponseRecorder) { answer.Header().Del("Retry-After") }),
		these("C01 C01.error C09."),
	},
	{
		"works before it refuses",
		around(func(next http.Handler, called func()) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				called()
				next.ServeHTTP(w, r)
			}
		}),
		refusing,
	},
	{
		"takes the token from the query string",
		prepared(func(r *http.Request) {
			if token := r.URL.Query().Get("access_token"); token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
		}),
		these("A13.bad-header A14"),
	},
	{
		"takes the token from a form",
		prepared(func(r *http.Request) {
			if token := r.PostFormValue("access_token"); token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
		}),
		these("A19"),
	},
	{
		"takes the token from a cookie",
		prepared(func(r *http.Request) {
			if cookie, err := r.Cookie("access_token"); err == nil {
				r.Header.Set("Authorization", "Bearer "+cookie.Value)
			}
		}),
		these("A-57.cookie"),
	},
	{
		"reads the first of two Authorization fields",
		prepared(func(r *http.Request) {
			if lines := r.Header["Authorization"]; len(lines) > 1 {
				r.Header["Authorization"] = lines[:1]
			}
		}),
		these("A11.good-first A11.both-good A-54.bearer-first"),
	},
	{
		"reads the last of two Authorization fields",
		prepared(func(r *http.Request) {
			if lines := r.Header["Authorization"]; len(lines) > 1 {
				r.Header["Authorization"] = lines[1:]
			}
		}),
		these("A11.good-second A11.both-good A11.basic-first A-54.dpop-first"),
	},
	{
		"wants the scheme in one case",
		prepared(func(r *http.Request) {
			if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
				r.Header.Del("Authorization")
			}
		}),
		these("A07."),
	},
	{
		"repeats the token",
		rewriting(func(r *http.Request, answer *httptest.ResponseRecorder) {
			if answer.Code == http.StatusForbidden {
				_, _ = answer.WriteString("bad token: " + r.Header.Get("Authorization"))
			}
		}),
		these("E01 E01.longer E01.within E02 E04"),
	},
	{
		"looks for scopes within others",
		service{validator: within},
		these("E01.longer E01.within"),
	},
	{"keeps the keys of its first day", service{validator: lasting}, these("C06 C06.old X-03")},
	{"fetches keys for every request", service{validator: forgetful}, these("C02 C05")},
	{
		"panics",
		rewriting(func(_ *http.Request, answer *httptest.ResponseRecorder) {
			if answer.Code == http.StatusBadRequest {
				panic(http.ErrAbortHandler)
			}
		}),
		naming("invalid_request").or(notToken68),
	},
}

// unbound forgets what tokens are bound to.
func unbound(_ *oauthtest.Server, right middleware.Validator) middleware.Validator {
	return middleware.ValidatorFunc(func(ctx context.Context, token string) (*middleware.Token, error) {
		valid, err := right.Validate(ctx, token)
		if err != nil {
			return nil, err
		}
		free := *valid
		free.Confirmation = middleware.Confirmation{}
		return &free, nil
	})
}

// lasting has the keys that there were when it started.
func lasting(as *oauthtest.Server, _ middleware.Validator) middleware.Validator {
	keys, err := jwks.ParseKeys(keySet(as))
	if err != nil {
		return middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) { return nil, err })
	}
	return verifier(as, jwks.Config{Keys: keys})
}

// forgetful has no keys when a request arrives.
func forgetful(as *oauthtest.Server, _ middleware.Validator) middleware.Validator {
	return middleware.ValidatorFunc(func(ctx context.Context, token string) (*middleware.Token, error) {
		return verifier(as, jwks.Config{HTTPClient: as.HTTPClient()}).Validate(ctx, token)
	})
}

func verifier(as *oauthtest.Server, config jwks.Config) middleware.Validator {
	config.Issuer, config.Audience = as.Issuer(), audience
	v, err := jwks.New(config)
	if err != nil {
		return middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) { return nil, err })
	}
	return v
}

// within finds the scopes that routes ask for in longer ones.
func within(_ *oauthtest.Server, right middleware.Validator) middleware.Validator {
	return middleware.ValidatorFunc(func(ctx context.Context, token string) (*middleware.Token, error) {
		valid, err := right.Validate(ctx, token)
		if err != nil {
			return nil, err
		}
		changed, found := *valid, slices.Collect(valid.Scopes.All())
		for _, scope := range []string{"read", "write"} {
			if strings.Contains(strings.Join(found, " "), scope) {
				found = append(found, scope)
			}
		}
		changed.Scopes = middleware.NewScopes(found...)
		return &changed, nil
	})
}

// around is a service with something around it.
func around(wrap func(next http.Handler, called func()) http.HandlerFunc) service {
	return service{wrap: func(next http.Handler, called func()) http.Handler { return wrap(next, called) }}
}

// prepared is a service that changes requests before it looks at them.
func prepared(change func(*http.Request)) service {
	return around(func(next http.Handler, _ func()) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			change(r)
			next.ServeHTTP(w, r)
		}
	})
}

// rewriting is a service whose answers are changed.
func rewriting(change func(*http.Request, *httptest.ResponseRecorder)) service {
	return around(func(next http.Handler, _ func()) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			change(r, answer)
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(answer.Code)
			_, _ = io.Copy(w, answer.Body)
		}
	})
}

// passing is a service that lets tokens pass which some rule likes, with the scopes that they claim to have.
func passing(likes func(as *oauthtest.Server, token string, refusal error) bool) service {
	return service{validator: func(as *oauthtest.Server, right middleware.Validator) middleware.Validator {
		return middleware.ValidatorFunc(func(ctx context.Context, token string) (*middleware.Token, error) {
			valid, err := right.Validate(ctx, token)
			if err == nil || !likes(as, token, err) {
				return valid, err
			}
			var claims struct{ Scope string }
			_ = json.Unmarshal(part(token, 1), &claims)
			return &middleware.Token{Scopes: middleware.NewScopes(strings.Fields(claims.Scope)...)}, nil
		})
	}}
}

// badToken reports whether an answer says so.
func badToken(answer *httptest.ResponseRecorder) bool {
	return strings.Contains(answer.Header().Get("WWW-Authenticate"), "invalid_token")
}

// despite is a service that does not mind some reasons for a refusal.
func despite(reasons ...middleware.Reason) service {
	return passing(func(_ *oauthtest.Server, _ string, refusal error) bool {
		return slices.Contains(reasons, middleware.ReasonOf(refusal))
	})
}

// part returns a decoded part of a token.
func part(token string, i int) []byte {
	parts := strings.Split(token, ".")
	if i >= len(parts) {
		return nil
	}
	decoded, _ := base64.RawURLEncoding.DecodeString(parts[i])
	return decoded
}

// header decodes the header of a token.
func header(token string) (h struct {
	Algorithm string          `json:"alg"`
	JWK       json.RawMessage `json:"jwk"`
	JKU       string          `json:"jku"`
	X5C       []string        `json:"x5c"`
}) {
	_ = json.Unmarshal(part(token, 0), &h)
	return h
}

func signedWith(token string, jwk []byte) bool {
	key, err := jose.ParseKey(jwk)
	if err != nil {
		return false
	}
	parsed, err := jose.Parse(token)
	return err == nil && key.Verify(parsed.Algorithm, parsed) == nil
}

func signedByCertificate(token, encoded string) bool {
	der, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return false
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return false
	}
	key, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return false
	}
	digest := sha256.Sum256([]byte(token[:strings.LastIndexByte(token, '.')]))
	signature := part(token, 2)
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	return ecdsa.Verify(key, digest[:], r, s)
}

// publicKey returns the first key of the server.
func publicKey(as *oauthtest.Server) any {
	var set struct{ Keys []json.RawMessage }
	if json.Unmarshal(keySet(as), &set) != nil || len(set.Keys) == 0 {
		return nil
	}
	key, err := jose.ParseKey(set.Keys[0])
	if err != nil {
		return nil
	}
	return key.Public()
}

func keySet(as *oauthtest.Server) []byte {
	answer, err := as.HTTPClient().Get(as.URL(oauthtest.EndpointJWKS))
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	set, _ := io.ReadAll(answer.Body)
	return set
}
