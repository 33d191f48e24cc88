package events_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation"
	"github.com/bearergate/bearergate/revocation/events"
)

// refusesLogout sends a token that must not be taken, and checks that nothing was revoked.
func (w *world) refusesLogout(h http.Handler, token string) {
	w.Helper()
	before := w.list.Len()
	wantAnswer(w, w.logOut(h, token), http.StatusBadRequest, "invalid_request")
	if w.list.Len() != before {
		w.Error("refused, but something was revoked")
	}
}

func (w *world) takesLogout(h http.Handler, token string) {
	w.Helper()
	wantAnswer(w, w.logOut(h, token), http.StatusOK, "")
}

// TestL_1: POST of a form with logout_token (Back-Channel Logout 1.0, section 2.5).
func TestL_1(t *testing.T) {
	w := newWorld(t)
	l := w.logout(nil)
	token := w.logoutToken(nil)
	const form = "application/x-www-form-urlencoded"
	for _, tt := range []struct {
		name, mediaType, body string
		status                int
		says                  string
	}{
		{"form", form, "logout_token=" + token, 200, ""},
		{"charset", form + ";charset=utf-8", "logout_token=" + token, 200, ""},
		{"escaped", form, "logout_token=" + strings.ReplaceAll(token, ".", "%2E"), 200, ""},
		{"more parameters", form, "a=b&logout_token=" + token + "&c", 200, ""},
		{"other media type", "application/jwt", token, 400, form},
		{"SET", "application/secevent+jwt", token, 400, form},
		{"JSON", "application/json", `{"logout_token":"` + token + `"}`, 400, form},
		{"no media type", "", "logout_token=" + token, 400, form},
		{"no parameter", form, "", 400, "one logout_token"},
		{"other name", form, "Logout_token=" + token, 400, "one logout_token"},
		{"twice", form, "logout_token=" + token + "&logout_token=" + token, 400, "one logout_token"},
		{"empty", form, "logout_token=", 400, "not a signed JWT"},
		{"broken", form, "logout_token=%zz", 400, "could not be read"},
		{"too large", form, "logout_token=" + strings.Repeat("x", 49<<10), 413, "too large"},
		{"large token", form, "logout_token=" + strings.Repeat("x", 17<<10), 413, "too large"},
	} {
		if got := send(l, tt.mediaType, tt.body); got.Code != tt.status || !strings.Contains(got.Body.String(), tt.says) {
			t.Errorf("%s: %d %s, want %d and %q", tt.name, got.Code, got.Body, tt.status, tt.says)
		}
	}
	if s := l.State(); s.Refused != 11 || s.Accepted != 4 {
		t.Errorf("state %+v", s)
	}
	for _, method := range []string{http.MethodGet, http.MethodPut} {
		recorder := httptest.NewRecorder()
		l.ServeHTTP(recorder, httptest.NewRequest(method, "/?logout_token="+token, nil))
		if recorder.Code != http.StatusMethodNotAllowed || recorder.Header().Get("Allow") != http.MethodPost {
			t.Errorf("%s: %d", method, recorder.Code)
		}
	}
	inQuery := httptest.NewRequest(http.MethodPost, "/?logout_token="+token, nil)
	inQuery.Header.Set("Content-Type", form)
	recorder := httptest.NewRecorder()
	l.ServeHTTP(recorder, inQuery)
	wantAnswer(t, recorder, 400, "invalid_request")

	parsed := httptest.NewRequest(http.MethodPost, "/", nil)
	parsed.Header.Set("Content-Type", form)
	parsed.PostForm = url.Values{"logout_token": {token}}
	recorder = httptest.NewRecorder()
	l.ServeHTTP(recorder, parsed)
	wantAnswer(t, recorder, 200, "")
}

// TestL_2: signature, iss, aud, iat and exp are checked (sections 2.4 and 2.6).
func TestL_2(t *testing.T) {
	w := newWorld(t)
	l := w.logout(nil)
	// A Verify that looks at nothing shows that the endpoint does not rely on it.
	trusting := w.logout(func(c *events.LogoutConfig) {
		c.Verify = func(_ context.Context, jwt string) ([]byte, error) { return []byte(jwt), nil }
	})
	now := noon.Unix()
	for name, changes := range map[string]object{
		"no iss": {"iss": nil}, "other iss": {"iss": "https://evil.example"}, "iss of a wrong kind": {"iss": 1},
		"no aud": {"aud": nil}, "other aud": {"aud": api}, "aud of a wrong kind": {"aud": object{}},
		"aud that is ours and a number": {"aud": []any{clientID, 1}},
		"no iat":                        {"iat": nil}, "iat of a wrong kind": {"iat": "now"}, "iat to come": {"iat": now + 60, "exp": now + 120},
		"no exp": {"exp": nil}, "null exp": {"exp": null}, "exp of a wrong kind": {"exp": "later"}, "expired": {"exp": now - 60},
		"just expired": {"exp": now - 10},
		"no jti":       {"jti": nil}, "empty jti": {"jti": ""}, "jti of a wrong kind": {"jti": 1},
	} {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			w.refusesLogout(l, w.logoutToken(changes))
			w.refusesLogout(trusting, string(encode(t, w.logoutClaims(changes))))
		})
	}
	w.TB = t
	for _, claims := range []string{"{", "[]", "null", "{}{}", ""} {
		w.refusesLogout(trusting, claims)
	}
	w.refusesLogout(l, w.sign(with(logoutHeader, object{"alg": "none"}), w.logoutClaims(nil)))
	stranger := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}})
	w.refusesLogout(l, stranger.Sign(logoutHeader, encode(t, w.logoutClaims(nil))))
	one, other := strings.Split(w.logoutToken(nil), "."), strings.Split(w.logoutToken(nil), ".")
	w.refusesLogout(l, one[0]+"."+other[1]+"."+one[2])

	w.takesLogout(l, w.logoutToken(object{"aud": []string{"other", clientID}}))
	w.takesLogout(l, w.logoutToken(object{"iat": now + 9, "exp": now - 9})) // within the leeway
	strict := w.logout(func(c *events.LogoutConfig) { c.Leeway = -1 })
	w.refusesLogout(strict, w.logoutToken(object{"exp": now}))
	w.refusesLogout(strict, w.logoutToken(object{"iat": now + 1}))
	w.takesLogout(strict, w.logoutToken(object{"exp": now + 1}))
}

// TestL_3: sub or sid or both (section 2.4).
func TestL_3(t *testing.T) {
	w := newWorld(t)
	l := w.logout(nil)
	for _, changes := range []object{
		{"sid": nil}, {"sid": ""}, {"sid": nil, "sub": ""}, {"sid": null}, {"sid": 1}, {"sub": 1}, {"sub": null},
		{"sid": "", "sub": "alice"}, {"sub": ""},
	} {
		w.refusesLogout(l, w.logoutToken(changes))
	}
	w.takesLogout(l, w.logoutToken(object{"sid": nil, "sub": "alice"}))
	w.takesLogout(l, w.logoutToken(object{"sub": "alice"}))
}

// TestL_4: events has the member for back-channel logout, an object (section 2.4).
func TestL_4(t *testing.T) {
	w := newWorld(t)
	l := w.logout(nil)
	for _, wrong := range []any{
		nil, null, object{}, []string{logoutTo}, logoutTo, object{logoutTo: true}, object{logoutTo: null}, object{logoutTo: []int{}},
		object{logoutTo + "/": object{}}, object{"https" + logoutTo[4:]: object{}}, object{events.TypeSessionRevoked: object{}},
	} {
		w.refusesLogout(l, w.logoutToken(object{"events": wrong}))
	}
	w.takesLogout(l, w.logoutToken(object{"events": object{logoutTo: object{"a": 1}, "https://example.com/other": 1}}))
}

// TestL_5: no nonce, not even null (section 2.4).
func TestL_5(t *testing.T) {
	w := newWorld(t)
	l := w.logout(nil)
	for _, nonce := range []any{"n", "", null, 0} {
		w.refusesLogout(l, w.logoutToken(object{"nonce": nonce}))
	}
}

// TestL_6: typ may be absent, and a repeat changes nothing (sections 2.4 and 2.6).
func TestL_6(t *testing.T) {
	w := newWorld(t)
	l := w.logout(nil)
	for _, typ := range []any{"logout+jwt", "application/logout+JWT", "JWT", nil} {
		w.takesLogout(l, w.sign(with(object{}, object{"typ": typ}), w.logoutClaims(nil)))
	}
	for _, typ := range []any{"at+jwt", "secevent+jwt", "id+jwt"} {
		w.refusesLogout(l, w.sign(object{"typ": typ}, w.logoutClaims(nil)))
	}
	token := w.logoutToken(object{"sid": nil, "sub": "alice"})
	w.takesLogout(l, token)
	w.advance(5 * time.Second)
	since := w.token(nil)
	w.takesLogout(l, token)
	w.wantPass("issued after the logout that is repeated", since, true)
}

// TestL_7: 200 or 400, neither to be stored (section 2.8); 503 where that is not for the provider to mend.
func TestL_7(t *testing.T) {
	w := newWorld(t)
	got := w.logOut(w.logout(nil), w.logoutToken(nil))
	if got.Code != http.StatusOK || got.Body.Len() != 0 || got.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s %v", got.Code, got.Body, got.Header())
	}
	got = w.logOut(w.logout(nil), w.logoutToken(object{"nonce": "n"}))
	const body = `{"error":"invalid_request","error_description":"A logout token has no nonce"}` + "\n"
	if got.Code != http.StatusBadRequest || got.Body.String() != body || got.Header().Get("Cache-Control") != "no-store" ||
		got.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %s %v", got.Code, got.Body, got.Header())
	}
	for name, tt := range map[string]struct {
		change func(*events.LogoutConfig)
		retry  string
	}{
		"keys": {func(c *events.LogoutConfig) {
			c.Verify = func(context.Context, string) ([]byte, error) {
				return nil, middleware.Unavailable(middleware.ReasonKeysUnavailable, 0, nil)
			}
		}, "5"},
		"full": {func(c *events.LogoutConfig) {
			c.List = listFunc(func(context.Context, revocation.Revocation) error { return revocation.ErrFull })
		}, "60"},
		"not shared": {func(c *events.LogoutConfig) {
			c.List = listFunc(func(context.Context, revocation.Revocation) error { return revocation.ErrNotShared })
		}, "5"},
		"panic": {func(c *events.LogoutConfig) {
			c.List = listFunc(func(context.Context, revocation.Revocation) error { panic(1) })
		}, "5"},
	} {
		l := w.logout(tt.change)
		got := w.logOut(l, w.logoutToken(nil))
		wantAnswer(t, got, http.StatusServiceUnavailable, "")
		if got.Header().Get("Retry-After") != tt.retry || got.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", name, got.Header())
		}
		if s := l.State(); s.Failed != 1 || s.Err == nil {
			t.Errorf("%s: state %+v", name, s)
		}
	}
}

// Logouts beyond MaxConcurrent are sent away.
func TestLogoutBusy(t *testing.T) {
	w := newWorld(t)
	entered, release := make(chan struct{}), make(chan struct{})
	l := w.logout(func(c *events.LogoutConfig) {
		c.MaxConcurrent = 1
		c.List = listFunc(func(context.Context, revocation.Revocation) error {
			close(entered)
			<-release
			return nil
		})
	})
	token := w.logoutToken(nil)
	var all sync.WaitGroup
	all.Go(func() { w.takesLogout(l, token) })
	<-entered
	wantAnswer(t, w.logOut(l, token), http.StatusServiceUnavailable, "")
	close(release)
	all.Wait()
}

// Neither what was refused nor what was taken keeps its place.
func TestLogoutPlaces(t *testing.T) {
	w := newWorld(t)
	l := w.logout(func(c *events.LogoutConfig) { c.MaxConcurrent = 1 })
	for range 2 {
		wantAnswer(t, send(l, "application/jwt", ""), http.StatusBadRequest, "invalid_request")
		w.refusesLogout(l, "x")
		w.takesLogout(l, w.logoutToken(nil))
	}
}

// A token as large as MaxBytes is not too large.
func TestLogoutMaxBytes(t *testing.T) {
	w := newWorld(t)
	token := w.logoutToken(nil)
	for _, limit := range []int{len(token), len(token) - 1} {
		l := w.logout(func(c *events.LogoutConfig) { c.MaxBytes = limit })
		if got := w.logOut(l, token); (got.Code == http.StatusOK) != (limit == len(token)) {
			t.Errorf("%d of %d octets: %d", len(token), limit, got.Code)
		}
	}
}

// A logout of the provider's own that is refused is lost, so it is worth a line; what strangers send is not.
func TestLogoutLog(t *testing.T) {
	w := newWorld(t)
	l := w.logout(nil)
	w.refusesLogout(l, "x")
	w.refusesLogout(l, w.logoutToken(object{"nonce": "SAID"}))
	logged := w.logs.String()
	if strings.Count(logged, "oauth event refused") != 1 || strings.Contains(logged, "SAID") {
		t.Errorf("logged:\n%s", logged)
	}
}

// TestL_8: sid ends one session, sub alone all of that subject at that issuer (section 2.7).
func TestL_8(t *testing.T) {
	for _, tt := range []struct {
		name  string
		claim object
		ended []string // of the tokens below
	}{
		{"sid", object{"sid": "laptop"}, []string{"laptop", "laptop of bob"}},
		{"sid and sub", object{"sid": "laptop", "sub": "alice"}, []string{"laptop", "laptop of bob"}},
		{"sub", object{"sid": nil, "sub": "alice"}, []string{"laptop", "phone", "no session"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tokens := map[string]string{
				"laptop":        w.token(object{"sid": "laptop"}),
				"phone":         w.token(object{"sid": "phone"}),
				"no session":    w.token(nil),
				"laptop of bob": w.token(object{"sub": "bob", "sid": "laptop"}),
				"bob":           w.token(object{"sub": "bob"}),
			}
			w.takesLogout(w.logout(nil), w.logoutToken(tt.claim))
			var ended []string
			for name, token := range tokens {
				if !w.passes(token) {
					ended = append(ended, name)
				}
			}
			wantSame(t, ended, tt.ended)
			w.advance(5 * time.Second)
			w.wantPass("a new session", w.token(object{"sid": "new"}), true)
			want := "by=" + w.as.Issuer() + " reason=" + logoutTo
			if !strings.Contains(w.logs.String(), want) {
				t.Errorf("logged:\n%s\nwithout %s", w.logs, want)
			}
		})
	}
}

func wantSame(t *testing.T, got, want []string) {
	t.Helper()
	in := map[string]int{}
	for _, s := range got {
		in[s]++
	}
	for _, s := range want {
		in[s]--
	}
	for s, n := range in {
		if n != 0 {
			t.Errorf("got %q, want %q: %s", got, want, s)
		}
	}
}

// TestL_9: each endpoint takes its own kind of token and no other (section 2.4; SSF, section 4.1). Attack A-91.
func TestL_9(t *testing.T) {
	w := newWorld(t)
	both := object{"aud": []string{receiver, clientID, api}}
	set, logout := w.set(both), w.logoutToken(both)
	other := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}, Host: "other.example.com", Now: w.now})
	ofOther := object{"iss": other.Issuer()}
	untyped := func(claims object) string { return w.sign(object{"typ": "JWT"}, claims) }
	idToken := object{
		"iss": w.as.Issuer(), "aud": clientID, "sub": "alice", "iat": noon.Unix(), "exp": noon.Unix() + 600, "jti": "1", "sid": "laptop",
	}
	foreign := map[string]string{
		"access token":             w.as.Mint(oauthtest.Token{Audience: []string{api, receiver, clientID}}),
		"ID token":                 untyped(idToken),
		"ID token with nonce":      untyped(with(idToken, object{"nonce": "n", "events": object{logoutTo: object{}}})),
		"other transmitter's SET":  other.Sign(setHeader, encode(t, w.claims(with(both, ofOther)))),
		"other provider's logout":  other.Sign(logoutHeader, encode(t, w.logoutClaims(with(both, ofOther)))),
		"SET with another's key":   other.Sign(setHeader, encode(t, w.claims(both))),
		"untyped SET":              untyped(w.claims(both)),
		"logout token of SET type": w.sign(setHeader, w.logoutClaims(both)),
		"SET of logout type":       w.sign(logoutHeader, w.claims(both)),
	}
	r, l := w.receiver(nil), w.logout(nil)
	for name, token := range foreign {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			if got := w.push(r, token); got.Code != 400 {
				t.Errorf("taken as a SET: %d", got.Code)
			}
			w.refusesLogout(l, token)
		})
	}
	w.TB = t
	w.refuses(r, logout, "invalid_request")
	w.refusesLogout(l, set)
	if _, err := w.guard.Authorize(http.Header{}, bearer(set), middleware.Policy{}); !errors.Is(err, middleware.ErrInvalidToken) {
		t.Errorf("a SET as access token: %v", err)
	}
	if _, err := w.guard.Authorize(http.Header{}, bearer(logout), middleware.Policy{}); !errors.Is(err, middleware.ErrInvalidToken) {
		t.Errorf("a logout token as access token: %v", err)
	}
	w.takes(r, set)
	w.takesLogout(l, logout)
}

func bearer(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}
