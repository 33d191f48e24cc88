package middleware_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const goldenOutcomes = "testdata/outcomes.golden"

// bound is alice's token with a member of cnf.
func bound(method string) middleware.Token {
	token := alice()
	token.Confirmation = middleware.NewConfirmation(map[string]string{method: "thumbprint"})
	return token
}

// delegated is alice's token with somebody else acting for her.
func delegated() middleware.Token {
	token := alice()
	token.Actor = middleware.Actor{Subject: "assistant"}
	return token
}

var (
	errInner = errors.New("inner detail that is nobody's business")
	metadata = middleware.Config{
		Realm:            `orders "v2"`,
		ResourceMetadata: "https://api.example/.well-known/oauth-protected-resource",
		AdvertiseScopes:  true,
	}
	ordersReadWrite = middleware.Policy{Scopes: []string{"orders:read", "orders:write"}}
)

// outcomes holds a request for every row of the outcome matrix. What each is answered is in testdata/outcomes.golden:
// a difference there is a change of the API.
var outcomes = []struct {
	name      string
	validator middleware.Validator
	config    middleware.Config
	policy    middleware.Policy
	request   *http.Request
	sentinel  error
}{
	{"no credentials", honour(alice()), middleware.Config{}, ordersReadWrite, get(), middleware.ErrMissingToken},
	{"no credentials, everything advertised", honour(alice()), metadata, ordersReadWrite, get(), middleware.ErrMissingToken},
	{"no credentials, no scopes to advertise", honour(alice()), metadata, middleware.Policy{}, get(), middleware.ErrMissingToken},
	{"unsupported scheme", honour(alice()), middleware.Config{}, ordersReadWrite, get("Basic dTpw"), middleware.ErrMissingToken},
	{"malformed credentials", honour(alice()), metadata, ordersReadWrite, get("Bearer"), middleware.ErrInvalidRequest},
	{"two Authorization fields", honour(alice()), middleware.Config{}, middleware.Policy{}, get("Bearer a", "Bearer a"), middleware.ErrInvalidRequest},
	{"token in the query, refused", honour(alice()), middleware.Config{RefuseQueryToken: true}, middleware.Policy{},
		httptest.NewRequest(http.MethodGet, "/?access_token=a", nil), middleware.ErrInvalidRequest},
	{"token too large", honour(alice()), middleware.Config{}, middleware.Policy{}, bearer(strings.Repeat("a", maxTokenLen+1)), middleware.ErrInvalidToken},
	{"invalid token", fail(middleware.Reject(middleware.ReasonExpired, errInner)), metadata, ordersReadWrite, bearer("a"), middleware.ErrInvalidToken},
	{"unverified binding", honour(bound("jkt")), middleware.Config{}, ordersReadWrite, bearer("a"), middleware.ErrInvalidToken},
	{"authentication too weak", honour(alice()), middleware.Config{}, middleware.Policy{ACRValues: []string{"gold", "silver"}}, bearer("a"),
		middleware.ErrInsufficientAuthentication},
	{"authentication too old", honour(alice()), middleware.Config{}, middleware.Policy{MaxAge: 5 * time.Minute}, bearer("a"),
		middleware.ErrInsufficientAuthentication},
	{"authentication and scope", honour(alice()), metadata,
		middleware.Policy{ACRValues: []string{"gold"}, MaxAge: time.Minute, Scopes: []string{"orders:write"}}, bearer("a"),
		middleware.ErrInsufficientAuthentication},
	{"insufficient scope", honour(alice()), metadata, ordersReadWrite, bearer("a"), middleware.ErrInsufficientScope},
	{"insufficient scope, alternatives", honour(alice()), middleware.Config{}, middleware.Policy{
		Scopes:    []string{"orders:read"},
		AnyScopes: [][]string{{"orders:write", "admin"}, {"admin", "audit"}},
	}, bearer("a"), middleware.ErrInsufficientScope},
	{"delegated token", honour(delegated()), middleware.Config{}, middleware.Policy{RefuseDelegated: true}, bearer("a"), middleware.ErrInsufficientScope},
	{"check failed", honour(alice()), middleware.Config{}, checked(errInner), bearer("a"), middleware.ErrInsufficientScope},
	{"check unavailable", honour(alice()), middleware.Config{}, checked(middleware.Unavailable("directory_down", time.Minute, errInner)), bearer("a"),
		middleware.ErrUnavailable},
	{"unavailable", fail(middleware.Unavailable(middleware.ReasonKeysUnavailable, 0, errInner)), metadata, ordersReadWrite, bearer("a"), middleware.ErrUnavailable},
	{"unavailable, retry known", fail(middleware.Unavailable(middleware.ReasonKeysUnavailable, 90*time.Second, nil)), middleware.Config{}, middleware.Policy{},
		bearer("a"), middleware.ErrUnavailable},
	{"unavailable, retry rounded up", fail(middleware.Unavailable(middleware.ReasonKeysUnavailable, 1001*time.Millisecond, nil)), middleware.Config{},
		middleware.Policy{}, bearer("a"), middleware.ErrUnavailable},
	{"unavailable, retry in the past", fail(middleware.Unavailable(middleware.ReasonKeysUnavailable, -time.Hour, nil)), middleware.Config{},
		middleware.Policy{}, bearer("a"), middleware.ErrUnavailable},
	{"plain error of a validator", fail(errInner), metadata, ordersReadWrite, bearer("a"), middleware.ErrUnavailable},
	{"neither token nor error", fail(nil), middleware.Config{}, middleware.Policy{}, bearer("a"), middleware.ErrUnavailable},
	{"impossible scope", honour(alice()), metadata, middleware.Policy{Scopes: []string{"orders read"}}, bearer("a"), middleware.ErrMisconfigured},
	{"impossible alternatives", honour(alice()), middleware.Config{}, middleware.Policy{AnyScopes: [][]string{{}}}, bearer("a"), middleware.ErrMisconfigured},
	{"nobody to ask", hidden(middleware.All()), middleware.Config{}, middleware.Policy{}, bearer("a"), middleware.ErrMisconfigured},
}

func checked(err error) middleware.Policy {
	return middleware.Policy{Check: func(context.Context, middleware.Token) error { return err }}
}

func TestOutcomes(t *testing.T) {
	var got strings.Builder
	add := func(name string, err error) { fmt.Fprintf(&got, "### %s\n%s\n", name, answer(err)) }
	for _, tt := range outcomes {
		_, err := newGuard(t, tt.validator, tt.config).Authorize(http.Header{}, tt.request, tt.policy)
		add(tt.name, err)
	}
	_, err := (*middleware.Guard)(nil).Authorize(http.Header{}, get(), middleware.Policy{AllowAnonymous: true})
	add("nil Guard", err)
	_, err = new(middleware.Guard).Authorize(http.Header{}, get(), middleware.Policy{AllowAnonymous: true})
	add("zero Guard", err)
	add("error of somebody else", errInner)
	add("no error at all", nil)
	if *update {
		if err := os.WriteFile(goldenOutcomes, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(goldenOutcomes)
	if err != nil {
		t.Fatal(err)
	}
	sections, want := strings.Split(got.String(), "### "), strings.Split(string(golden), "### ")
	if len(sections) != len(want) {
		t.Fatalf("%d outcomes, and %d in %s", len(sections), len(want), goldenOutcomes)
	}
	for i, section := range sections {
		if section != want[i] {
			t.Errorf("got\n%s\nwant\n%s", section, want[i])
		}
	}
}

// answer is what WriteError puts on the wire: status, header lines, body.
func answer(err error) string {
	w := httptest.NewRecorder()
	middleware.WriteError(w, err)
	var b strings.Builder
	fmt.Fprintln(&b, w.Code, http.StatusText(w.Code))
	for _, name := range slices.Sorted(maps.Keys(w.Header())) {
		for _, value := range w.Header()[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	fmt.Fprintf(&b, "\n%s", w.Body)
	return b.String()
}

var sentinels = []error{
	middleware.ErrMissingToken, middleware.ErrInvalidRequest, middleware.ErrInvalidToken, middleware.ErrInsufficientAuthentication,
	middleware.ErrInsufficientScope, middleware.ErrUnavailable, middleware.ErrMisconfigured,
}

func TestRefusalsMatchOneSentinel(t *testing.T) {
	for _, tt := range outcomes {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newGuard(t, tt.validator, tt.config).Authorize(http.Header{}, tt.request, tt.policy)
			for _, sentinel := range sentinels {
				if got, want := errors.Is(err, sentinel), sentinel == tt.sentinel; got != want {
					t.Errorf("errors.Is(%v, %v) = %t", err, sentinel, got)
				}
			}
		})
	}
}

// What a refusal says may not depend on what a client sent or an authorization server answered.
func TestRefusalsRepeatNothing(t *testing.T) {
	const token = "c2VjcmV0LXRva2Vu"
	hostile := errors.New("upstream says: " + token + "\r\nSet-Cookie: a=b")
	for _, v := range []middleware.Validator{
		fail(middleware.Reject("reason-"+token, hostile)),
		fail(middleware.Unavailable("reason-"+token, 0, hostile)),
		fail(hostile),
	} {
		_, err := newGuard(t, v, middleware.Config{}).Authorize(http.Header{}, bearer(token), middleware.Policy{})
		if got := answer(err); strings.Contains(got, token) || strings.Contains(got, "Set-Cookie") {
			t.Errorf("the answer repeats what it was told:\n%s", got)
		}
	}
}

// SetHeaders replaces what other handlers have set before.
func TestSetHeadersReplaces(t *testing.T) {
	_, err := newGuard(t, honour(alice()), middleware.Config{}).Authorize(http.Header{}, get(), middleware.Policy{})
	w := httptest.NewRecorder()
	for _, name := range []string{"WWW-Authenticate", "Cache-Control", "Content-Type"} {
		w.Header()[http.CanonicalHeaderKey(name)] = []string{"one", "two"}
	}
	w.Header().Set("X-Request-Id", "7")
	middleware.WriteError(w, err)
	want := http.Header{
		"Www-Authenticate": {`Bearer realm="api"`},
		"Cache-Control":    {"no-store"},
		"Content-Type":     {middleware.ProblemType},
		"X-Request-Id":     {"7"},
	}
	if !maps.EqualFunc(w.Header(), want, slices.Equal) {
		t.Errorf("got %v, want %v", w.Header(), want)
	}
}
