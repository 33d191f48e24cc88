package events_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation"
	"github.com/bearergate/bearergate/revocation/events"
)

const (
	api      = "https://api.example.com"
	receiver = "https://receiver.example.com"
	clientID = "shop"
	logoutTo = "http://schemas.openid.net/event/backchannel-logout"
)

type object = map[string]any

// noon is when the tests begin.
var noon = time.Unix(1_800_000_000, 0)

// clock is a clock that tests move. It may be read while it is moved.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time          { return noon.Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// world is an authorization server that sends events, and a service that refuses what is revoked.
type world struct {
	testing.TB
	*clock
	as    *oauthtest.Server
	list  *revocation.List
	guard *middleware.Guard
	logs  *journal
	// sets and logouts verify what the server signs.
	sets, logouts events.Verify
	last          atomic.Int64
}

func newWorld(t testing.TB) *world { return newWorldWith(t, revocation.Config{}) }

func newWorldWith(t testing.TB, cfg revocation.Config) *world {
	t.Helper()
	w := &world{TB: t, clock: &clock{}, logs: &journal{}}
	w.as = oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}, Now: w.now})
	validator, err := jwks.New(jwks.Config{Issuer: w.as.Issuer(), Audience: api, HTTPClient: w.as.HTTPClient(), Now: w.now})
	w.must(err)
	t.Cleanup(func() { _ = validator.Close() })
	sets, err := validator.Verifier(jwks.VerifierConfig{Type: "secevent+jwt", Audience: receiver})
	w.must(err)
	logouts, err := validator.Verifier(jwks.VerifierConfig{Type: "logout+jwt", AllowUntyped: true, Audience: clientID})
	w.must(err)
	w.sets, w.logouts = sets.Verify, logouts.Verify
	cfg.Now, cfg.Logger = w.now, w.logs.logger()
	w.list, err = revocation.NewList(cfg)
	w.must(err)
	w.guard, err = middleware.New(validator, middleware.Config{Revocations: w.list})
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// config is that of the receiver, with changes.
func (w *world) config(change func(*events.Config)) events.Config {
	cfg := events.Config{
		Issuer: w.as.Issuer(), Audience: receiver, Verify: w.sets, List: w.list, Logger: w.logs.logger(), Now: w.now,
	}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

func (w *world) receiver(change func(*events.Config)) *events.Receiver {
	w.Helper()
	r, err := events.New(w.config(change))
	w.must(err)
	return r
}

func (w *world) logout(change func(*events.LogoutConfig)) *events.Logout {
	w.Helper()
	cfg := events.LogoutConfig{
		Issuer: w.as.Issuer(), ClientID: clientID, Verify: w.logouts, List: w.list, Logger: w.logs.logger(), Now: w.now,
	}
	if change != nil {
		change(&cfg)
	}
	l, err := events.NewLogout(cfg)
	w.must(err)
	return l
}

// with returns a copy of members with changes; nil leaves a member out.
func with(members, changes object) object {
	changed := maps.Clone(members)
	maps.Copy(changed, changes)
	maps.DeleteFunc(changed, func(_ string, v any) bool { return v == nil })
	return changed
}

// null is a JSON null, which nil cannot say.
var null = json.RawMessage("null")

var setHeader, logoutHeader = object{"typ": "secevent+jwt"}, object{"typ": "logout+jwt"}

func (w *world) sign(header, claims object) string {
	w.Helper()
	payload, err := json.Marshal(claims)
	w.must(err)
	return w.as.Sign(header, payload)
}

// claims are those of a SET that says that alice's sessions are revoked, with changes. Each has a jti of its own.
func (w *world) claims(changes object) object {
	return with(object{
		"iss": w.as.Issuer(), "aud": receiver, "iat": w.now().Unix(), "jti": fmt.Sprintf("set-%d", w.last.Add(1)),
		"sub_id": w.subject("alice"), "events": object{events.TypeSessionRevoked: object{}},
	}, changes)
}

func (w *world) set(changes object) string {
	w.Helper()
	return w.sign(setHeader, w.claims(changes))
}

func (w *world) logoutToken(changes object) string {
	w.Helper()
	return w.sign(logoutHeader, w.logoutClaims(changes))
}

func (w *world) logoutClaims(changes object) object {
	return with(object{
		"iss": w.as.Issuer(), "aud": clientID, "iat": w.now().Unix(), "exp": w.now().Add(2 * time.Minute).Unix(),
		"jti": fmt.Sprintf("logout-%d", w.last.Add(1)), "sid": "laptop", "events": object{logoutTo: object{}},
	}, changes)
}

// subject is the identifier of a user of the server.
func (w *world) subject(sub string) object {
	return object{"format": "iss_sub", "iss": w.as.Issuer(), "sub": sub}
}

func opaque(id string) object { return object{"format": "opaque", "id": id} }

func complexSubject(members object) object { return with(members, object{"format": "complex"}) }

// token is an access token of alice, issued now, with changes.
func (w *world) token(changes object) string {
	w.Helper()
	return w.as.Mint(oauthtest.Token{Claims: changes})
}

// passes reports whether a request with that token passes the Guard. What is not refused as revoked fails the test.
func (w *world) passes(accessToken string) bool {
	w.Helper()
	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	r.Header.Set("Authorization", "Bearer "+accessToken)
	_, err := w.guard.Authorize(http.Header{}, r, middleware.Policy{})
	if err != nil && middleware.ReasonOf(err) != middleware.ReasonRevoked {
		w.Fatalf("the token was refused for another reason: %v", err)
	}
	return err == nil
}

func (w *world) wantPass(what, accessToken string, want bool) {
	w.Helper()
	if got := w.passes(accessToken); got != want {
		w.Errorf("%s: passes: %t, want %t", what, got, want)
	}
}

func (w *world) push(h http.Handler, body string) *httptest.ResponseRecorder {
	return send(h, "application/secevent+jwt", body)
}

func (w *world) logOut(h http.Handler, token string) *httptest.ResponseRecorder {
	return send(h, "application/x-www-form-urlencoded", url.Values{"logout_token": {token}}.Encode())
}

func send(h http.Handler, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/events", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// wantAnswer checks an answer: the status, and the code that goes with a refusal.
func wantAnswer(t testing.TB, got *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	var body struct {
		Err   string `json:"err"`   // of the push endpoint
		Error string `json:"error"` // of the logout endpoint
	}
	if got.Body.Len() > 0 {
		if err := json.Unmarshal(got.Body.Bytes(), &body); err != nil {
			t.Errorf("body %q: %v", got.Body, err)
		}
	}
	if got.Code != status || body.Err+body.Error != code {
		t.Errorf("answer %d %s, want %d and code %q", got.Code, got.Body, status, code)
	}
	if hasRetry := got.Header().Get("Retry-After") != ""; hasRetry != (status == http.StatusServiceUnavailable) {
		t.Errorf("%d with Retry-After %q", status, got.Header().Get("Retry-After"))
	}
}

// takes pushes a SET that has to be taken.
func (w *world) takes(h http.Handler, jwt string) {
	w.Helper()
	wantAnswer(w, w.push(h, jwt), http.StatusAccepted, "")
}

// refuses pushes a SET that must not be, and checks that nothing was revoked.
func (w *world) refuses(h http.Handler, jwt, code string) {
	w.Helper()
	before := w.list.Len()
	wantAnswer(w, w.push(h, jwt), http.StatusBadRequest, code)
	if w.list.Len() != before {
		w.Error("refused, but something was revoked")
	}
}

// journal keeps what is logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// listFunc is a List that is a function.
type listFunc func(ctx context.Context, r revocation.Revocation) error

func (f listFunc) Revoke(ctx context.Context, r revocation.Revocation) error { return f(ctx, r) }

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
