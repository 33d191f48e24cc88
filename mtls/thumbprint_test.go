package mtls_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/mtls"
	"github.com/bearergate/bearergate/oauthtest"
)

func TestMethod(t *testing.T) {
	t.Parallel()
	var binding middleware.Binding = newVerifier(t, mtls.Config{})
	if got := binding.Method(); got != "x5t#S256" {
		t.Errorf("got %s", got)
	}
	if _, ok := binding.(middleware.SchemeBinding); ok {
		t.Error("certificates have no authentication scheme")
	}
}

// Thumbprints are texts: no other spelling of one will do, however a decoder reads it.
func TestM8705_2(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, mtls.Config{})
	alice := anyClient(t)
	for !strings.ContainsAny(alice.thumbprint(), "-_") {
		alice = anyClient(t)
	}
	right := alice.thumbprint()
	if got := mtls.Thumbprint(alice.leaf); got != right {
		t.Fatalf("Thumbprint is %s, want %s", got, right)
	}
	wantOutcome(t, v, over(from(internetAddr), alice), right, "pass")
	for name, wrong := range map[string]string{
		"empty":          "",
		"padded":         right + "=",
		"cut short":      right[:42],
		"longer":         right + "A",
		"space":          right + " ",
		"line break":     right + "\n",
		"other case":     strings.ToUpper(right),
		"other alphabet": strings.NewReplacer("-", "+", "_", "/").Replace(right),
		"JSON":           `"` + right + `"`,
	} {
		if wrong == right {
			t.Fatalf("%s: the same", name)
		}
		if got := outcome(t, v, over(from(internetAddr), alice), wrong); got != "wrong_certificate" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// The unused bits of the last character are zero in one spelling only.
func TestM8705_8(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, mtls.Config{})
	alice := anyClient(t)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	right := alice.thumbprint()
	last := strings.IndexByte(alphabet, right[42])
	for bits := 1; bits < 4; bits++ {
		spelling := right[:42] + alphabet[last+bits:last+bits+1]
		digest, err := base64.RawURLEncoding.DecodeString(spelling)
		if err != nil || base64.RawURLEncoding.EncodeToString(digest) != right {
			t.Fatalf("%s is no spelling of %s", spelling, right)
		}
		wantOutcome(t, v, over(from(internetAddr), alice), spelling, "wrong_certificate")
	}
}

// The binding counts whether a JWT says so or an introspection answer.
func TestM8705_3(t *testing.T) {
	t.Parallel()
	as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}})
	jwt, err := jwks.New(jwks.Config{Issuer: as.Issuer(), Audience: "https://api.example.com", HTTPClient: as.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = jwt.Close() })
	asked, err := introspection.New(introspection.Config{
		Issuer: as.Issuer(), Audience: "https://api.example.com",
		ClientAuth: introspection.SecretBasic("orders", "secret"), HTTPClient: as.HTTPClient(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = asked.Close() })
	alice, mallory := anyClient(t), anyClient(t)
	cnf := map[string]any{"cnf": map[string]any{"x5t#S256": alice.thumbprint()}}
	for _, tt := range []struct {
		name      string
		validator middleware.Validator
		token     string
	}{
		{"JWT", jwt, as.Mint(oauthtest.Token{Claims: cnf})},
		{"introspection", asked, as.Mint(oauthtest.Token{Opaque: true, Claims: cnf})},
	} {
		guard := newGuard(t, tt.validator, newVerifier(t, mtls.Config{}))
		for c, want := range map[*client]string{alice: "pass", mallory: "wrong_certificate"} {
			if got := authorize(t, guard, bearer(over(from(internetAddr), c), tt.token)); got != want {
				t.Errorf("%s: %s, want %s", tt.name, got, want)
			}
		}
	}
}

// authorize says "pass" or the reason of a refusal, which has to be 401.
func authorize(t testing.TB, guard *middleware.Guard, r *http.Request) string {
	t.Helper()
	_, err := guard.Authorize(http.Header{}, r, middleware.Policy{})
	if err == nil {
		return "pass"
	}
	e, ok := errors.AsType[*middleware.Error](err)
	if !ok || e.StatusCode() != http.StatusUnauthorized || e.Code != middleware.CodeInvalidToken {
		t.Errorf("refused with %v, want 401 invalid_token", err)
	}
	return string(middleware.ReasonOf(err))
}

// A bound token passes for nobody without a certificate, whether or not somebody here verifies bindings.
func TestM8705_4(t *testing.T) {
	t.Parallel()
	alice := anyClient(t)
	r := bearer(from(internetAddr), alice.thumbprint())
	for want, guard := range map[string]*middleware.Guard{
		"no_certificate":     newGuard(t, honour, newVerifier(t, mtls.Config{})),
		"unverified_binding": newGuard(t, honour),
	} {
		if got := authorize(t, guard, r); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	wantOutcome(t, newVerifier(t, mtls.Config{}), over(from(internetAddr), alice), alice.thumbprint(), "pass")
	plain := httptest.NewRequest(http.MethodGet, "https://api.example.com/", nil)
	wantOutcome(t, newVerifier(t, mtls.Config{}), plain, alice.thumbprint(), "no_certificate")
}

// the binding is to the certificate. Another one for the same key is another one.
func TestA79(t *testing.T) {
	t.Parallel()
	before := anyClient(t)
	renewed := newClient(t, before.key, time.Now().Add(2*time.Hour))
	r := over(from(proxyAddr, "Client-Cert", item(renewed.leaf.Raw)), renewed)
	for _, v := range []*mtls.Verifier{newVerifier(t, mtls.Config{}), newVerifier(t, behindProxy)} {
		wantOutcome(t, v, r, before.thumbprint(), "wrong_certificate")
		wantOutcome(t, v, r, renewed.thumbprint(), "pass")
	}
}

// second is another binding, which a request satisfies if it says so.
type second struct{}

func (second) Method() string { return "second" }

func (second) Verify(_ http.Header, r *http.Request, _, _ string) error {
	if r.Header.Get("Second") == "" {
		return middleware.Reject("no_second", nil)
	}
	return nil
}

// A token that is bound twice needs both.
func TestTwoBindings(t *testing.T) {
	t.Parallel()
	alice, mallory := anyClient(t), anyClient(t)
	twice := middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) {
		members := map[string]string{"x5t#S256": alice.thumbprint(), "second": "key"}
		return &middleware.Token{Confirmation: middleware.NewConfirmation(members)}, nil
	})
	v := newVerifier(t, mtls.Config{})
	for name, guard := range map[string]*middleware.Guard{
		"certificate first": newGuard(t, twice, v, second{}),
		"certificate last":  newGuard(t, twice, second{}, v),
	} {
		for _, tt := range []struct {
			r    *http.Request
			want string
		}{
			{over(from(internetAddr, "Second", "yes"), alice), "pass"},
			{over(from(internetAddr, "Second", "yes"), mallory), "wrong_certificate"},
			{from(internetAddr, "Second", "yes"), "no_certificate"},
			{over(from(internetAddr), alice), "no_second"},
		} {
			if got := authorize(t, guard, bearer(tt.r, "token")); got != tt.want {
				t.Errorf("%s: %s, want %s", name, got, tt.want)
			}
		}
	}
	alone := newGuard(t, twice, v)
	if got := authorize(t, alone, bearer(over(from(internetAddr), alice), "token")); got != "unverified_binding" {
		t.Errorf("nobody verifies the second: %s", got)
	}
}
