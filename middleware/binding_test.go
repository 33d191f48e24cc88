package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// keyring is a Binding of requests whose Key field names the thumbprint. Asked notes what it is asked about.
type keyring struct {
	method string
	asked  *[]string
	err    error
}

func (k keyring) Method() string { return k.method }

func (k keyring) Verify(h http.Header, r *http.Request, accessToken, thumbprint string) error {
	*k.asked = append(*k.asked, k.method+" "+accessToken+" "+thumbprint)
	h.Set("Proved", k.method)
	if k.err != nil {
		return k.err
	}
	if r.Header.Get("Key") != thumbprint {
		return middleware.Reject("other_key", nil)
	}
	return nil
}

// proofs is a SchemeBinding.
type proofs struct {
	keyring
	required bool
}

func (proofs) Scheme() string       { return "DPoP" }
func (proofs) Algorithms() []string { return []string{"ES256", "EdDSA"} }
func (p proofs) Required() bool     { return p.required }

// boundTo is alice's token, bound to keys given as method and thumbprint by turns.
func boundTo(pairs ...string) middleware.Token {
	token, members := alice(), map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		members[pairs[i]] = pairs[i+1]
	}
	token.Confirmation = middleware.NewConfirmation(members)
	return token
}

func TestBindings(t *testing.T) {
	for _, tt := range []struct {
		name     string
		token    middleware.Token
		field    string
		required bool // the scheme
		want     string
		asked    []string
	}{
		{"unbound bearer token", boundTo(), "Bearer a", false, "pass", nil},
		{"certificate", boundTo("x5t#S256", "k"), "Bearer a", false, "pass", []string{"x5t#S256 a k"}},
		{"another certificate", boundTo("x5t#S256", "l"), "Bearer a", false, "401 other_key", []string{"x5t#S256 a l"}},
		{"proof", boundTo("jkt", "k"), "DPoP a", false, "pass", []string{"jkt a k"}},
		{"scheme in another case", boundTo("jkt", "k"), "dpop a", false, "pass", []string{"jkt a k"}},
		{"proof by another key", boundTo("jkt", "l"), "DPoP a", false, "401 other_key", []string{"jkt a l"}},
		{"downgrade", boundTo("jkt", "k"), "Bearer a", false, "401 binding_downgrade", nil},
		{"proof for an unbound token", boundTo(), "DPoP a", false, "401 not_bound", nil},
		{"proof for a certificate-bound token", boundTo("x5t#S256", "k"), "DPoP a", false, "401 not_bound", nil},
		{"both, the proof last", boundTo("jkt", "k", "x5t#S256", "k"), "DPoP a", false, "pass", []string{"x5t#S256 a k", "jkt a k"}},
		{"both, one of them wrong", boundTo("jkt", "k", "x5t#S256", "l"), "DPoP a", false, "401 other_key", []string{"x5t#S256 a l"}},
		{"both, as a bearer token", boundTo("jkt", "k", "x5t#S256", "k"), "Bearer a", false, "401 binding_downgrade", nil},
		{"a member that nobody verifies", boundTo("jkt", "k", "kid", "1"), "DPoP a", false, "401 unverified_binding", nil},
		{"a member in another case", boundTo("JKT", "k"), "DPoP a", false, "401 unverified_binding", nil},
		{"required, proof", boundTo("jkt", "k"), "DPoP a", true, "pass", []string{"jkt a k"}},
		{"required, bearer token", boundTo(), "Bearer a", true, "401 unsupported_scheme", nil},
		{"malformed", boundTo("jkt", "k"), "DPoP", false, "400 malformed_credentials", nil},
		{"two tokens", boundTo("jkt", "k"), "DPoP a b", false, "400 malformed_credentials", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			guard := newGuard(t, honour(tt.token), middleware.Config{Bindings: []middleware.Binding{
				proofs{keyring{"jkt", &asked, nil}, tt.required}, keyring{"x5t#S256", &asked, nil},
			}})
			h := http.Header{}
			_, err := guard.Authorize(h, with(get(tt.field), "Key", "k"), middleware.Policy{})
			if got := outcome(t, err); got != tt.want || !slices.Equal(asked, tt.asked) {
				t.Errorf("got %s, asked %q; want %s, asked %q", got, asked, tt.want, tt.asked)
			}
		})
	}
}

// What a Binding may say is passed on; anything else means that nothing was found out.
func TestBindingErrors(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
		is   error
	}{
		{middleware.RejectProof("stale_proof", nil), "401 stale_proof", middleware.ErrInvalidProof},
		{middleware.DemandNonce("n"), "401 nonce_required", middleware.ErrNonceRequired},
		{middleware.Unavailable("replays_unavailable", 0, nil), "503 replays_unavailable", middleware.ErrUnavailable},
		{fmt.Errorf("wrapped: %w", middleware.Reject("other_key", nil)), "401 other_key", middleware.ErrInvalidToken},
		{errors.New("broken"), "503 validator_failed", middleware.ErrUnavailable},
		{context.Canceled, "503 validator_failed", middleware.ErrUnavailable},
	} {
		var asked []string
		guard := newGuard(t, honour(boundTo("jkt", "k")), middleware.Config{
			Bindings: []middleware.Binding{proofs{keyring{"jkt", &asked, tt.err}, false}},
		})
		_, err := guard.Authorize(http.Header{}, get("DPoP a"), middleware.Policy{})
		if got := outcome(t, err); got != tt.want || !errors.Is(err, tt.is) {
			t.Errorf("%v: got %s (%v)", tt.err, got, err)
		}
	}
}

// The demand for a nonce carries it, and belongs to nobody else.
func TestDemandNonce(t *testing.T) {
	var asked []string
	guard := newGuard(t, honour(boundTo("jkt", "k")), middleware.Config{
		Bindings:         []middleware.Binding{proofs{keyring{"jkt", &asked, middleware.DemandNonce("fresh")}, true}},
		ExposeChallenges: true,
	})
	w := httptest.NewRecorder()
	w.Header().Set("Access-Control-Expose-Headers", "ETag")
	_, err := guard.Authorize(w.Header(), get("DPoP a"), middleware.Policy{})
	middleware.WriteError(w, err)
	h := w.Result().Header
	want := map[string]string{
		"DPoP-Nonce":    "fresh",
		"Cache-Control": "no-store",
		"WWW-Authenticate": `DPoP realm="api", error="use_dpop_nonce", error_description="The proof of possession must contain ` +
			`the nonce of this server", algs="ES256 EdDSA"`,
	}
	for name, value := range want {
		if got := h.Values(name); !slices.Equal(got, []string{value}) {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	if got := h["Access-Control-Expose-Headers"]; !slices.Equal(got, []string{"ETag", "WWW-Authenticate, DPoP-Nonce"}) {
		t.Errorf("exposed: %q", got)
	}
}

// A token that a Validator still honours past its end is asked about again at the next layer, and no error nor silence counts
// as honouring it.
func TestLayersAskAgainPastTheEnd(t *testing.T) {
	token := alice()
	token.ExpiresAt = now.Add(-time.Second)
	for _, tt := range []struct {
		again *middleware.Token
		err   error
		want  string
	}{
		{&token, nil, "pass"},
		{nil, nil, "503 validator_failed"},
		{&token, middleware.Reject(middleware.ReasonExpired, nil), "401 expired"},
	} {
		first := true
		v := middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) {
			if first {
				first = false
				return &token, nil
			}
			return tt.again, tt.err
		})
		guard := newGuard(t, v, middleware.Config{Now: clock})
		admitted, err := guard.Authorize(http.Header{}, bearer("a"), middleware.Policy{})
		if err != nil {
			t.Fatal(err)
		}
		if got := authorize(t, guard, admitted, middleware.Policy{}); got != tt.want {
			t.Errorf("%v, %v: %s, want %s", tt.again, tt.err, got, tt.want)
		}
	}
}

// Tokens that have to be bound may be bound to a certificate where there are proofs too, and come with the Bearer scheme then.
func TestRequiredBindingOfEitherKind(t *testing.T) {
	var asked []string
	guard := newGuard(t, honour(boundTo("x5t#S256", "k")), middleware.Config{
		RequireBinding: true, Bindings: []middleware.Binding{proofs{keyring{"jkt", &asked, nil}, false}, keyring{"x5t#S256", &asked, nil}},
	})
	if got := authorize(t, guard, with(bearer("a"), "Key", "k"), middleware.Policy{}); got != "pass" {
		t.Errorf("got %s", got)
	}
}

// Each scheme has its challenge, Bearer first; what went wrong is said to whoever used it, scopes to those who lack them.
func TestChallengesOfTwoSchemes(t *testing.T) {
	const realm, algs = `realm="api"`, `algs="ES256 EdDSA"`
	plain, plainProof := "Bearer "+realm, "DPoP "+realm+", "+algs
	with := func(scheme, code string) string {
		challenge := scheme + " " + realm + ", " + code
		if scheme == "DPoP" {
			challenge += ", " + algs
		}
		return challenge
	}
	invalid := `error="invalid_token", error_description="The access token is not valid here"`
	malformed := `error="invalid_request", error_description="The credentials are malformed or were sent more than once"`
	scope := `error="insufficient_scope", error_description="The access token does not grant what this request needs", scope="admin"`
	for _, tt := range []struct {
		name     string
		fields   []string
		required bool
		want     []string
	}{
		{"none", nil, false, []string{plain, plainProof}},
		{"none, proofs required", nil, true, []string{plainProof}},
		{"another scheme", []string{"Basic YTpi"}, false, []string{plain, plainProof}},
		{"bearer where proofs are required", []string{"Bearer bad"}, true, []string{plainProof}},
		{"bad bearer token", []string{"Bearer bad"}, false, []string{with("Bearer", invalid), plainProof}},
		{"bad bound token", []string{"DPoP bad"}, false, []string{plain, with("DPoP", invalid)}},
		{"two at once", []string{"Bearer a", "DPoP a"}, false, []string{with("Bearer", malformed), with("DPoP", malformed)}},
		{"malformed", []string{"DPoP a b"}, false, []string{plain, with("DPoP", malformed)}},
		{"bad token in the URL", nil, false, []string{with("Bearer", invalid), plainProof}},
		{"no scope", []string{"DPoP a"}, false, []string{plain, with("DPoP", scope)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			validate := middleware.ValidatorFunc(func(_ context.Context, accessToken string) (*middleware.Token, error) {
				if accessToken == "bad" {
					return nil, middleware.Reject("bad", nil)
				}
				token := boundTo("jkt", "")
				return &token, nil
			})
			guard := newGuard(t, validate, middleware.Config{
				Bindings:        []middleware.Binding{proofs{keyring{"jkt", &asked, nil}, tt.required}},
				AllowQueryToken: !tt.required,
			})
			r := get(tt.fields...)
			if strings.HasSuffix(tt.name, "in the URL") {
				r.URL.RawQuery = "access_token=bad"
			}
			_, err := guard.Authorize(http.Header{}, r, middleware.Policy{Scopes: []string{"admin"}})
			w := httptest.NewRecorder()
			middleware.WriteError(w, err)
			if got := w.Header()["Www-Authenticate"]; !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// The token of one request is validated, and its proof used up, once, however many layers there are.
func TestProofIsUsedOnce(t *testing.T) {
	var asked []string
	guard := newGuard(t, honour(boundTo("jkt", "k")), middleware.Config{
		Bindings: []middleware.Binding{proofs{keyring{"jkt", &asked, nil}, false}},
	})
	r := with(get("DPoP a"), "Key", "k")
	for range 2 {
		var err error
		if r, err = guard.Authorize(http.Header{}, r, middleware.Policy{}); err != nil {
			t.Fatal(err)
		}
	}
	if len(asked) != 1 {
		t.Errorf("asked %q", asked)
	}
	r.Header.Set("Authorization", "Bearer a")
	if got := authorize(t, guard, r, middleware.Policy{}); got != "401 binding_downgrade" {
		t.Errorf("the same token with another scheme: %s", got)
	}
}

// A token that was accepted within the leeway of its Validator does not use up its proof at the first layer, to be refused
// for want of another at the second; nor does its context end at once. It is not good for ever, though.
func TestLayersWithinTheLeeway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		token := boundTo("jkt", "k")
		token.ExpiresAt = time.Now().Add(-5 * time.Second)
		tolerant := middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) {
			if time.Since(token.ExpiresAt) > time.Minute {
				return nil, middleware.Reject(middleware.ReasonExpired, nil)
			}
			return &token, nil
		})
		var asked []string
		guard := newGuard(t, tolerant, middleware.Config{
			Bindings: []middleware.Binding{proofs{keyring{"jkt", &asked, nil}, false}},
		})
		r := with(get("DPoP a"), "Key", "k")
		for range 2 {
			var err error
			if r, err = guard.Authorize(http.Header{}, r, middleware.Policy{EndWithToken: true}); err != nil {
				t.Fatal(err)
			}
		}
		if len(asked) != 1 || r.Context().Err() != nil {
			t.Errorf("asked %q, context %v", asked, r.Context().Err())
		}
		<-time.After(time.Minute)
		synctest.Wait()
		if middleware.ReasonOf(context.Cause(r.Context())) != middleware.ReasonExpired {
			t.Errorf("a minute later: %v", context.Cause(r.Context()))
		}
		if _, err := guard.Authorize(http.Header{}, r, middleware.Policy{}); middleware.ReasonOf(err) != middleware.ReasonExpired {
			t.Errorf("a minute later: %v", err)
		}
	})
}

func TestRequireBinding(t *testing.T) {
	var asked []string
	bindings := []middleware.Binding{keyring{"x5t#S256", &asked, nil}}
	for _, tt := range []struct {
		name   string
		config middleware.Config
		policy middleware.Policy
		token  middleware.Token
		want   string
	}{
		{"unbound everywhere", middleware.Config{RequireBinding: true}, middleware.Policy{}, boundTo(), "401 not_bound"},
		{"unbound on the route", middleware.Config{}, middleware.Policy{RequireBinding: true}, boundTo(), "401 not_bound"},
		{"unbound elsewhere", middleware.Config{}, middleware.Policy{}, boundTo(), "pass"},
		{"bound", middleware.Config{RequireBinding: true}, middleware.Policy{RequireBinding: true}, boundTo("x5t#S256", "k"), "pass"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.Bindings = bindings
			guard := newGuard(t, honour(tt.token), tt.config)
			if got := authorize(t, guard, with(bearer("a"), "Key", "k"), tt.policy); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestBindingsRefused(t *testing.T) {
	var asked []string
	certificate := keyring{"x5t#S256", &asked, nil}
	proof := proofs{keyring{"jkt", &asked, nil}, false}
	onlyProof := proofs{keyring{"jkt", &asked, nil}, true}
	for _, tt := range []struct {
		name   string
		config middleware.Config
		want   string
	}{
		{"nil", middleware.Config{Bindings: []middleware.Binding{nil}}, "is nil"},
		{"typed nil", middleware.Config{Bindings: []middleware.Binding{(*keyring)(nil)}}, "is nil"},
		{"form, as nothing but proofs can do", middleware.Config{Bindings: []middleware.Binding{proof}, RequireBinding: true, AllowFormToken: true}, "Bearer scheme"},
		{"twice", middleware.Config{Bindings: []middleware.Binding{certificate, certificate}}, "same member"},
		{"two schemes", middleware.Config{Bindings: []middleware.Binding{proof, proofs{keyring{"x", &asked, nil}, false}}}, "scheme of their own"},
		{"required, but none", middleware.Config{RequireBinding: true}, "refuse every token"},
		{"form", middleware.Config{Bindings: []middleware.Binding{onlyProof}, AllowFormToken: true}, "Bearer scheme"},
		{"query", middleware.Config{Bindings: []middleware.Binding{onlyProof}, AllowQueryToken: true}, "Bearer scheme"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := middleware.New(honour(alice()), tt.config); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
