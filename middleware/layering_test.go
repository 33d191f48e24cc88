package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/alloctest"
	"github.com/bearergate/bearergate/middleware"
)

// step is one layer that a request passes: a guard, after a change to the request if there is one.
type step struct {
	guard  *middleware.Guard
	policy middleware.Policy
	change func(*http.Request) *http.Request
	want   string // whose token the handler behind it would see, "" for nobody
}

// sub returns a function that makes an inner request with other credentials out of the context of the outer one.
func sub(fields ...string) func(*http.Request) *http.Request {
	return func(r *http.Request) *http.Request { return get(fields...).WithContext(r.Context()) }
}

func TestLayers(t *testing.T) {
	var calls []string
	spell := func(prefix string) middleware.ValidatorFunc {
		return func(_ context.Context, accessToken string) (*middleware.Token, error) {
			calls = append(calls, prefix+accessToken)
			token := alice()
			token.Subject = prefix + accessToken
			return &token, nil
		}
	}
	one, other := newGuard(t, spell("one:"), middleware.Config{AllowPreflight: true}), newGuard(t, spell("other:"), middleware.Config{})
	anonymous := middleware.Policy{AllowAnonymous: true}
	planted := func(r *http.Request) *http.Request {
		return r.WithContext(middleware.NewContext(r.Context(), middleware.Token{Subject: "planted"}))
	}
	preflight := func(r *http.Request) *http.Request {
		r = sub()(r)
		r.Method = http.MethodOptions
		return with(r, "Origin", "https://app.example", "Access-Control-Request-Method", "PUT")
	}
	tests := []struct {
		name  string
		steps []step
		calls string
	}{
		{"one guard twice", []step{{guard: one, want: "one:a"}, {guard: one, want: "one:a"}}, "one:a"},
		{"one guard, another policy", []step{
			{guard: one, want: "one:a"},
			{guard: one, policy: middleware.Policy{Scopes: []string{"orders:read"}}, want: "one:a"},
			{guard: one, policy: anonymous, want: "one:a"},
		}, "one:a"},
		{"two guards", []step{{guard: one, want: "one:a"}, {guard: other, want: "other:a"}}, "one:a other:a"},
		{"two guards by turns", []step{
			{guard: one, want: "one:a"}, {guard: other, want: "other:a"}, {guard: one, want: "one:a"}, {guard: other, want: "other:a"},
		}, "one:a other:a"},
		{"derived context", []step{
			{guard: one, want: "one:a"},
			{guard: one, want: "one:a", change: func(r *http.Request) *http.Request {
				return r.WithContext(context.WithValue(r.Context(), unrelated{}, 1))
			}},
		}, "one:a"},
		{"inner request with other credentials", []step{
			{guard: one, want: "one:a"}, {guard: one, change: sub("Bearer b"), want: "one:b"},
		}, "one:a one:b"},
		{"inner request and back", []step{
			{guard: one, want: "one:a"}, {guard: one, change: sub("Bearer b"), want: "one:b"}, {guard: one, change: sub("Bearer a"), want: "one:a"},
		}, "one:a one:b one:a"},
		{"inner request without credentials", []step{
			{guard: one, want: "one:a"}, {guard: one, policy: anonymous, change: sub(), want: ""},
		}, "one:a"},
		{"inner request without credentials, another guard", []step{
			{guard: one, want: "one:a"}, {guard: other, policy: anonymous, change: sub(), want: ""},
		}, "one:a"},
		{"inner preflight", []step{{guard: one, want: "one:a"}, {guard: one, change: preflight, want: ""}}, "one:a"},
		{"planted token", []step{{guard: one, change: planted, want: "one:a"}}, "one:a"},
		{"token planted between layers", []step{{guard: one, want: "one:a"}, {guard: one, change: planted, want: "one:a"}}, "one:a"},
		{"planted token, no credentials", []step{
			{guard: one, policy: anonymous, change: func(r *http.Request) *http.Request { return planted(sub()(r)) }, want: ""},
		}, ""},
		{"anonymous, then identified", []step{
			{guard: one, policy: anonymous, change: sub(), want: ""}, {guard: one, change: sub("Bearer a"), want: "one:a"},
		}, "one:a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls = nil
			r := bearer("a")
			for i, layer := range tt.steps {
				if layer.change != nil {
					r = layer.change(r)
				}
				admitted, err := layer.guard.Authorize(http.Header{}, r, layer.policy)
				if err != nil {
					t.Fatalf("layer %d: %v", i, err)
				}
				r = admitted
				if token, known := middleware.FromContext(r.Context()); token.Subject != layer.want || known != (layer.want != "") {
					t.Errorf("layer %d: the context carries %q, want %q", i, token.Subject, layer.want)
				}
			}
			if got := strings.Join(calls, " "); got != tt.calls {
				t.Errorf("validated %q, want %q", got, tt.calls)
			}
		})
	}
}

// Two guards may share a cache and so get the very same token; each of them still validates, and only once.
func TestLayersOfASharedValidator(t *testing.T) {
	var asked []string
	cached := alice()
	v := record(&asked, middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) { return &cached, nil }))
	one, other := newGuard(t, v, middleware.Config{}), newGuard(t, v, middleware.Config{})
	r := bearer("a")
	for _, guard := range []*middleware.Guard{one, other, one, other} {
		admitted, err := guard.Authorize(http.Header{}, r, middleware.Policy{})
		if err != nil {
			t.Fatal(err)
		}
		r = admitted
	}
	if len(asked) != 2 {
		t.Errorf("two guards validated %d times", len(asked))
	}
}

// Validating once must not mean judging once.
func TestEveryLayersPolicyHolds(t *testing.T) {
	guard := newGuard(t, honour(alice()), middleware.Config{})
	admitted, err := guard.Authorize(http.Header{}, bearer("a"), middleware.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	for want, r := range map[string]*http.Request{
		tooFewScopes: admitted,
		repeated:     with(admitted.Clone(admitted.Context()), "Authorization", "Bearer a"),
		notOurs:      sub("Basic dTpw")(admitted),
		none:         sub()(admitted),
	} {
		if got := authorize(t, guard, r, middleware.Policy{Scopes: []string{"admin"}}); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestContext(t *testing.T) {
	if token, ok := middleware.FromContext(t.Context()); ok {
		t.Errorf("an empty context carries %v", token)
	}
	ctx := middleware.NewContext(t.Context(), alice())
	if token, ok := middleware.FromContext(ctx); !ok || token.Subject != "alice" {
		t.Errorf("got %v, %t", token, ok)
	}
	ctx = middleware.NewContext(ctx, middleware.Token{})
	if token, ok := middleware.FromContext(ctx); !ok || token.Subject != "" {
		t.Errorf("got %v, %t from the inner context", token, ok)
	}
}

// The admitted request is the same one in everything but its context, and the original is left as it was.
func TestAdmittedRequest(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	r := bearer("a").WithContext(ctx)
	admitted, err := newGuard(t, honour(alice()), middleware.Config{}).Authorize(http.Header{}, r, middleware.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	if admitted.URL != r.URL || admitted.Header.Get("Authorization") != "Bearer a" || admitted.Context().Value(key{}) != "value" {
		t.Errorf("admitted %v", admitted)
	}
	if _, known := middleware.FromContext(r.Context()); known {
		t.Error("the original request carries a token")
	}
	cancel()
	if admitted.Context().Err() == nil {
		t.Error("the admitted request outlives its context")
	}
}

// To admit a token that the validator knows takes the request that is handed on, in one piece with its context.
func TestAdmissionAllocates(t *testing.T) {
	token := alice()
	known := middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) { return &token, nil })
	guard, r, h := newGuard(t, known, middleware.Config{}), bearer("a"), http.Header{}
	policy := middleware.Policy{Scopes: []string{"orders:read"}}
	authorize := func(r *http.Request) (admitted *http.Request) {
		admitted, err := guard.Authorize(h, r, policy)
		if err != nil {
			t.Fatal(err)
		}
		return admitted
	}
	most := alloctest.Cost{Objects: 1, Bytes: 352}
	if cost := alloctest.Of(func() { authorize(r) }); cost.Exceeds(most) {
		t.Errorf("a request takes %+v, want %+v at most", cost, most)
	}
	again := authorize(r)
	if cost := alloctest.Of(func() { authorize(again) }); cost.Exceeds(alloctest.Cost{}) {
		t.Errorf("the second layer takes %+v", cost)
	}
}

// A context is printed by whatever logs it, and the one of an admitted request knows the credential.
func TestContextPrintsNoCredential(t *testing.T) {
	const secret = "c2VjcmV0"
	guard := newGuard(t, honour(alice()), middleware.Config{})
	admitted, err := guard.Authorize(http.Header{}, bearer(secret), middleware.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	derived := context.WithValue(admitted.Context(), unrelated{}, 1)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, ctx := range []context.Context{admitted.Context(), derived} {
			if printed := fmt.Sprintf(verb, ctx); strings.Contains(printed, secret) {
				t.Errorf("%s prints %s", verb, printed)
			}
		}
	}
}

func TestConcurrentRequests(t *testing.T) {
	shared := alice() // as from a cache
	guard := newGuard(t, middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) { return &shared, nil }),
		middleware.Config{OnDecision: func(context.Context, middleware.Decision) {}})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				r := bearer(fmt.Sprintf("%d-%d", i, j))
				for range 2 {
					admitted, err := guard.Authorize(http.Header{}, r, middleware.Policy{Scopes: []string{"orders:read"}})
					if err != nil {
						t.Error(err)
						return
					}
					r = admitted
				}
			}
		})
	}
	wg.Wait()
}

// unrelated is the context key of some other package.
type unrelated struct{}

// A request made from the context of one that lasts is judged anew once its token has expired or was revoked.
func TestReusedContext(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	revoked := false
	list := revocations(func(*middleware.Token) error {
		if revoked {
			return middleware.Reject(middleware.ReasonRevoked, nil)
		}
		return nil
	})
	var asked []string
	token := alice()
	token.ExpiresAt = now.Add(time.Hour)
	guard := newGuard(t, record(&asked, honour(token)), middleware.Config{Revocations: list, Now: func() time.Time { return now }})
	first, err := guard.Authorize(http.Header{}, bearer("a"), middleware.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	again := func() string {
		return authorize(t, guard, bearer("a").WithContext(first.Context()), middleware.Policy{})
	}
	if got := again(); got != "pass" || len(asked) != 1 {
		t.Errorf("%s after %d validations", got, len(asked))
	}
	now = now.Add(2 * time.Hour)
	if again(); len(asked) != 2 {
		t.Errorf("%d validations: an expired token was taken from the context", len(asked))
	}
	now, revoked = now.Add(-2*time.Hour), true
	if got := again(); got != "401 revoked" {
		t.Errorf("revoked: %s", got)
	}
}

// odd is a context that cannot be compared.
type odd struct {
	context.Context
	notes []string
}

// Contexts of every sort are let pass, those that cannot be compared included.
func TestIncomparableContext(t *testing.T) {
	guard := newGuard(t, honour(alice()), middleware.Config{})
	r := bearer("a").WithContext(odd{t.Context(), nil})
	for range 3 {
		var err error
		if r, err = guard.Authorize(http.Header{}, r, middleware.Policy{EndWithToken: true}); err != nil {
			t.Fatal(err)
		}
	}
}
