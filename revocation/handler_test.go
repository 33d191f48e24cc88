package revocation_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// guarded puts a handler where a Guard has let bob's request pass.
func guarded(next http.Handler) http.Handler {
	bob := middleware.Token{Issuer: issuer, Subject: "bob", ClientID: "console"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(middleware.NewContext(r.Context(), bob)))
	})
}

// byBob is how audit records name that caller.
const byBob = `client "console", subject "bob", issuer "https://as.example.com"`

const formType = "application/x-www-form-urlencoded"

func send(h http.Handler, method, mediaType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/revoke?token=in-the-query", strings.NewReader(body))
	r.Header.Set("Content-Type", mediaType)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func post(t testing.TB, h http.Handler, form string) *httptest.ResponseRecorder {
	t.Helper()
	return send(h, http.MethodPost, formType, form)
}

// wantProblem checks an answer that is no success: a problem document that agrees with the status.
func wantProblem(t testing.TB, w *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
		t.Fatalf("body %q: %v", w.Body, err)
	}
	if w.Code != status || document["status"] != float64(status) || document["title"] != http.StatusText(status) {
		t.Errorf("status %d and %v, want %d", w.Code, document, status)
	}
	if got, _ := document["error"].(string); got != code {
		t.Errorf("error %q, want %q", got, code)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	if got, want := w.Header().Get("Retry-After") != "", status == http.StatusServiceUnavailable; got != want {
		t.Errorf("Retry-After %q with status %d", w.Header().Get("Retry-After"), status)
	}
}

func wantSuccess(t testing.TB, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	if w.Code != status || w.Body.Len() != 0 || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, header %v, body %q, want %d without a body", w.Code, w.Header(), w.Body, status)
	}
}

func TestHandler(t *testing.T) {
	var records recorder
	var hints []string
	server := newServer(t, func(_ http.ResponseWriter, r *http.Request) { hints = append(hints, r.FormValue("token_type_hint")) })
	list := newList(t, &clock{}, revocation.Config{Logger: records.logger()})
	h := guarded(revocation.Handler(newClient(t, list, server.URL)))

	// RFC 7009, section 2.1: a hint that means nothing is ignored.
	for i, hint := range []string{"", "&token_type_hint=access_token", "&token_type_hint=refresh_token", "&token_type_hint=pat"} {
		wantSuccess(t, post(t, h, "other=1&token="+nth(i)+hint), http.StatusOK)
	}
	if want := []string{"", "access_token", "refresh_token", ""}; !slices.Equal(hints, want) {
		t.Errorf("the server got the hints %q, want %q", hints, want)
	}
	wantRevoked(t, list, 0, 4, "revoked")
	wantVerdict(t, list, holding("in-the-query"), "good")
	for _, by := range records.values("by") {
		if by != byBob {
			t.Errorf("revoked by %s, want %s", by, byBob)
		}
	}
}

func TestHandlerRefusals(t *testing.T) {
	const good = "token=" + aliceToken
	for _, tt := range []struct {
		name, method, mediaType, body string
		status                        int
		code                          string
	}{
		{"GET", http.MethodGet, formType, good, 405, ""},
		{"PUT", http.MethodPut, formType, good, 405, ""},
		{"lower case", "post", formType, good, 405, ""},
		{"JSON", http.MethodPost, "application/json", `{"token":"a"}`, 415, ""},
		{"no type", http.MethodPost, "", good, 415, ""},
		{"odd type", http.MethodPost, formType + ";;", good, 415, ""},
		{"no token", http.MethodPost, formType, "token_type_hint=access_token", 400, "invalid_request"},
		{"empty token", http.MethodPost, formType, "token=", 400, "invalid_request"},
		{"two tokens", http.MethodPost, formType, good + "&token=b", 400, "invalid_request"},
		{"two hints", http.MethodPost, formType, good + "&token_type_hint=a&token_type_hint=b", 400, "invalid_request"},
		{"other case", http.MethodPost, formType, "Token=" + aliceToken, 400, "invalid_request"},
		{"bad escape", http.MethodPost, formType, "token=%zz", 400, "invalid_request"},
		{"semicolon", http.MethodPost, formType, good + ";token=b", 400, "invalid_request"},
		{"too large", http.MethodPost, formType, good + "&x=" + strings.Repeat("x", 64<<10), 413, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := newList(t, &clock{}, revocation.Config{})
			server := newServer(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") })
			w := send(guarded(revocation.Handler(newClient(t, list, server.URL))), tt.method, tt.mediaType, tt.body)
			wantProblem(t, w, tt.status, tt.code)
			if got, want := w.Header().Get("Allow") == "POST", tt.status == 405; got != want {
				t.Errorf("Allow %q", w.Header().Get("Allow"))
			}
			if list.Len() != 0 || strings.Contains(w.Body.String(), aliceToken) {
				t.Errorf("%d entries, body %s", list.Len(), w.Body)
			}
		})
	}
}

// The largest token there is fits, each octet of it escaped.
func TestHandlerLargestToken(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{})
	h := guarded(revocation.Handler(newClient(t, list, newServer(t, answer(200, "")).URL)))
	wantSuccess(t, post(t, h, "token="+strings.Repeat("%2B", 16<<10)), http.StatusOK)
	wantVerdict(t, list, holding(strings.Repeat("+", 16<<10)), "revoked")
}

// What the server says becomes an answer of our own. The operator is told of what the client can do nothing about.
func TestHandlerServerAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		status int
		code   string
		retry  string
		logged bool
	}{
		{"busy", answer(503, "SAID", "Retry-After", "17"), 503, "", "17", true},
		{"busy, says nothing", answer(503, "SAID"), 503, "", "5", true},
		{"our credentials", answer(401, "SAID"), 503, "", "5", true},
		{"broken", answer(500, "SAID"), 503, "", "5", true},
		{"unsupported", answer(400, `{"error":"unsupported_token_type"}`), 400, "unsupported_token_type", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var records recorder
			list := newList(t, &clock{}, revocation.Config{Logger: records.logger()})
			w := post(t, guarded(revocation.Handler(newClient(t, list, newServer(t, tt.answer).URL))), "token="+aliceToken)
			wantProblem(t, w, tt.status, tt.code)
			if got := w.Header().Get("Retry-After"); got != tt.retry {
				t.Errorf("Retry-After %q, want %q", got, tt.retry)
			}
			if strings.Contains(w.Body.String(), "SAID") {
				t.Errorf("the answer is repeated: %s", w.Body)
			}
			if got := slices.Contains(records.values("level"), "ERROR"); got != tt.logged {
				t.Errorf("logged as an error: %t, want %t", got, tt.logged)
			}
			token := alice()
			wantVerdict(t, list, &token, "revoked")
		})
	}
}

func TestHandlerFullList(t *testing.T) {
	var records recorder
	list := newList(t, &clock{}, revocation.Config{MaxEntries: 1, Logger: records.logger()})
	revoke(t, list, revocation.Revocation{Token: "other"})
	w := post(t, guarded(revocation.Handler(newClient(t, list, newServer(t, answer(200, "")).URL))), "token="+aliceToken)
	wantProblem(t, w, http.StatusServiceUnavailable, "")
	if got := records.values("level"); !slices.Equal(got, []string{"INFO", "ERROR"}) {
		t.Errorf("records of level %v", got)
	}
}

// A client that hangs up, as a browser on its way out does, is logged out all the same.
func TestHandlerOutlivesItsClient(t *testing.T) {
	asked := false
	server := newServer(t, func(http.ResponseWriter, *http.Request) { asked = true })
	list := newList(t, &clock{}, revocation.Config{})
	h := guarded(revocation.Handler(newClient(t, list, server.URL)))
	gone, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequestWithContext(gone, http.MethodPost, "/revoke", strings.NewReader("token="+aliceToken))
	r.Header.Set("Content-Type", formType)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	wantSuccess(t, w, http.StatusOK)
	if !asked {
		t.Error("the server was not asked")
	}
}

// A form that a middleware has read is taken from where it put it.
func TestHandlerParsedForm(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{})
	h := guarded(revocation.Handler(newClient(t, list, newServer(t, answer(200, "")).URL)))
	r := httptest.NewRequest(http.MethodPost, "/revoke?token=in-the-query", strings.NewReader("token="+aliceToken))
	r.Header.Set("Content-Type", formType)
	if err := r.ParseForm(); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	wantSuccess(t, w, http.StatusOK)
	token := alice()
	wantVerdict(t, list, &token, "revoked")
}

// A handler that nobody guards, or that has nothing to revoke with, refuses everything.
func TestHandlersFailClosed(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{})
	client := newClient(t, list, newServer(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") }).URL)
	for name, h := range map[string]http.Handler{
		"unguarded handler":      revocation.Handler(client),
		"unguarded list handler": revocation.ListHandler(list),
		"handler of nothing":     guarded(revocation.Handler(nil)),
		"list handler of none":   guarded(revocation.ListHandler(nil)),
	} {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			for mediaType, body := range map[string]string{formType: "token=a", "application/json": `{"iss":"a","jti":"b"}`} {
				w := send(h, method, mediaType, body)
				if w.Code != http.StatusInternalServerError {
					t.Errorf("%s: status %d", name, w.Code)
				}
				wantProblem(t, w, http.StatusInternalServerError, "")
			}
		}
	}
	if list.Len() != 0 {
		t.Errorf("%d entries", list.Len())
	}
}

// brokenBody fails half-way.
type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestHandlersBrokenBody(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{})
	for mediaType, h := range map[string]http.Handler{
		formType:           revocation.Handler(newClient(t, list, newServer(t, answer(200, "")).URL)),
		"application/json": revocation.ListHandler(list),
	} {
		r := httptest.NewRequest(http.MethodPost, "/", brokenBody{})
		r.Header.Set("Content-Type", mediaType)
		w := httptest.NewRecorder()
		guarded(h).ServeHTTP(w, r)
		wantProblem(t, w, http.StatusBadRequest, "invalid_request")
		if !strings.Contains(w.Body.String(), "could not be read") {
			t.Errorf("%s", w.Body)
		}
	}
}
