package introspection_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

const (
	issuer   = "https://as.example.com"
	endpoint = issuer + "/introspect"
	audience = "https://api.example.com"
)

// noon is the time of tests that need no clock to move.
var noon = time.Unix(1_800_000_000, 0)

func atNoon() time.Time { return noon }

// clock is a clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: noon} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// endpointFunc is an introspection endpoint without a network.
type endpointFunc func(*http.Request) *http.Response

func (f endpointFunc) RoundTrip(r *http.Request) (*http.Response, error) {
	resp := f(r)
	if resp == nil {
		return nil, errors.New("connection refused")
	}
	resp.Request = r
	return resp, nil
}

func (f endpointFunc) client() *http.Client { return &http.Client{Transport: f} }

// say is an endpoint that always gives that answer.
func say(body string) endpointFunc {
	return func(*http.Request) *http.Response { return reply(http.StatusOK, "application/json", body) }
}

func reply(status int, contentType, body string) *http.Response {
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {contentType}},
		Body:       io.NopCloser(strings.NewReader(body)),
	}
}

// formOf returns the form that was posted.
func formOf(t testing.TB, r *http.Request) url.Values {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		t.Error(err)
	}
	return form
}

func newValidator(t testing.TB, cfg introspection.Config) *introspection.Validator {
	t.Helper()
	if cfg.ClientAuth.Check() != nil {
		cfg.ClientAuth = introspection.SecretBasic("api", "s")
	}
	v, err := introspection.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// asking returns a validator that gets its answers from e.
func asking(t testing.TB, e endpointFunc, cfg introspection.Config) *introspection.Validator {
	t.Helper()
	cfg.Endpoint, cfg.HTTPClient = endpoint, e.client()
	if cfg.Now == nil {
		cfg.Now = atNoon
	}
	return newValidator(t, cfg)
}

// server is a fake authorization server whose clock the test may move.
func server(t testing.TB, c *clock) *oauthtest.Server {
	t.Helper()
	cfg := oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}}
	if c != nil {
		cfg.Now = c.Now
	}
	return oauthtest.NewServer(t, cfg)
}

// trusting returns a validator that asks as.
func trusting(t testing.TB, as *oauthtest.Server, cfg introspection.Config) *introspection.Validator {
	t.Helper()
	cfg.Issuer, cfg.Endpoint = as.Issuer(), as.URL(oauthtest.EndpointIntrospection)
	cfg.HTTPClient = as.HTTPClient()
	return newValidator(t, cfg)
}

// outcome says "active", or the kind and the reason of the error.
func outcome(token *middleware.Token, err error) string {
	switch {
	case err == nil && token != nil:
		return "active"
	case token != nil || err == nil:
		return fmt.Sprintf("both or neither of %v and %v", token, err)
	case errors.Is(err, middleware.ErrInvalidToken) && !errors.Is(err, middleware.ErrUnavailable):
		return "refused " + string(middleware.ReasonOf(err))
	case errors.Is(err, middleware.ErrUnavailable) && !errors.Is(err, middleware.ErrInvalidToken):
		return "unavailable"
	}
	return fmt.Sprintf("neither refused nor unavailable: %v", err)
}

// validate says what v finds out about a token.
func validate(t testing.TB, v middleware.Validator, accessToken string) string {
	t.Helper()
	return outcome(v.Validate(t.Context(), accessToken))
}

func want(t testing.TB, v middleware.Validator, accessToken, expected string) {
	t.Helper()
	if got := validate(t, v, accessToken); got != expected {
		t.Errorf("%s, want %s", got, expected)
	}
}

// honoured returns the token, which has to be active.
func honoured(t testing.TB, v middleware.Validator, accessToken string) *middleware.Token {
	t.Helper()
	token, err := v.Validate(t.Context(), accessToken)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func wantCalls(t testing.TB, as *oauthtest.Server, n int) {
	t.Helper()
	if got := as.Requests(oauthtest.EndpointIntrospection); got != n {
		t.Errorf("%d calls, want %d", got, n)
	}
}

// through says how a Guard with that validator answers a request with the token: status and error code.
func through(t testing.TB, v middleware.Validator, accessToken string, p middleware.Policy) string {
	t.Helper()
	guard, err := middleware.New(v, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/orders", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+accessToken)
	if _, err = guard.Authorize(http.Header{}, r, p); err == nil {
		return "200"
	}
	e, ok := errors.AsType[*middleware.Error](err)
	if !ok {
		t.Fatalf("refused with %T", err)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.StatusCode(), e.Code))
}

func vectors(t testing.TB, name string, into any) {
	t.Helper()
	if err := conformance.Vectors(name, into); err != nil {
		t.Fatal(err)
	}
}

// within ends after a time that no test needs.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
