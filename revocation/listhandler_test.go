package revocation_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

func postJSON(h http.Handler, body string) int {
	return send(h, http.MethodPost, "application/json", body).Code
}

func TestListHandler(t *testing.T) {
	early := aliceBut(func(t *middleware.Token) { t.IssuedAt = noon.Add(-2 * time.Minute) })
	for _, tt := range []struct {
		body   string
		record map[string]string
		// The verdicts on alice's token and on one that was issued a minute earlier.
		late, early string
	}{
		{
			`{"jti":"token-1","iss":"https://as.example.com"}`,
			map[string]string{"target": "jti", "jti": "token-1"}, "revoked", "revoked",
		},
		{
			`{"sid":"session-1","iss":"https://as.example.com","reason":"stolen \"laptop\""}`,
			map[string]string{"target": "session", "sid": "session-1", "reason": `stolen "laptop"`}, "revoked", "revoked",
		},
		{
			`{"sub":"alice","sid":"session-1","iss":"https://as.example.com","before":1799999880}`,
			map[string]string{"target": "session of subject", "sub": "alice", "sid": "session-1", "before": "2027-01-15T07:58:00Z"},
			"revoked", "revoked",
		},
		{
			`{"sub":"alice","iss":"https://as.example.com"}`,
			map[string]string{"target": "subject", "sub": "alice", "before": "2027-01-15T08:00:00Z"}, "revoked", "revoked",
		},
		{
			`{"client_id":"shop","iss":"https://as.example.com"}`,
			map[string]string{"target": "client", "client_id": "shop", "before": "2027-01-15T08:00:00Z"}, "revoked", "revoked",
		},
		{
			`{"client_id":"shop","sub":"alice","iss":"https://as.example.com"}`,
			map[string]string{"target": "grant", "client_id": "shop", "sub": "alice", "before": "2027-01-15T08:00:00Z"}, "revoked", "revoked",
		},
		{
			` {"iss":"https://as.example.com","before":1799999880} `,
			map[string]string{"target": "issuer", "before": "2027-01-15T07:58:00Z"}, "good", "revoked",
		},
		{
			`{"iss":"https://as.example.com","sub":"alice","before":1799999880}`,
			map[string]string{"target": "subject", "sub": "alice", "before": "2027-01-15T07:58:00Z"}, "good", "revoked",
		},
		{
			`{"iss":"https://as.example.com","before":0}`,
			map[string]string{"target": "issuer", "before": "1970-01-01T00:00:00Z"}, "good", "good",
		},
		{
			`{"jti":"token-2","iss":"https://as.example.com"}`,
			map[string]string{"target": "jti", "jti": "token-2"}, "good", "good",
		},
	} {
		t.Run(tt.body, func(t *testing.T) {
			var records recorder
			list := newList(t, &clock{}, revocation.Config{MaxTokenLifetime: hour, Logger: records.logger()})
			w := send(guarded(revocation.ListHandler(list)), http.MethodPost, "application/json; charset=utf-8", tt.body)
			wantSuccess(t, w, http.StatusNoContent)
			late := alice()
			wantVerdict(t, list, &late, tt.late)
			wantVerdict(t, list, early, tt.early)

			want := map[string]string{
				"level": "INFO", "msg": "oauth revocation", "by": byBob, "reason": "", "iss": issuer, "until": "2027-01-15T09:15:00Z",
			}
			maps.Copy(want, tt.record)
			if got := records.records(); len(got) != 1 || !maps.Equal(got[0], want) {
				t.Errorf("records %v, want %v", got, want)
			}
		})
	}
}

func TestListHandlerRefusesBodies(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{})
	h := guarded(revocation.ListHandler(list))
	for _, body := range []string{
		``, `null`, `[]`, `"jti"`, `{}`, `{`, `{"iss":"a","jti":"b"} {}`, `{"iss":"a","jti":"b"}x`, `{"iss":"a","jti":"b",}`,
		`{"iss":"a"}`,                                   // everything of an issuer, for all time
		`{"iss":"a","reason":"b"}`,                      // the same
		`{"jti":"b"}`,                                   // whose?
		`{"before":1}`,                                  // whose?
		`{"iss":"a","jti":"b","sub":"c"}`,               // which?
		`{"iss":"a","sid":"b","client_id":"c"}`,         // which?
		`{"iss":"a","jti":"b","before":1}`,              // a time that would change nothing
		`{"iss":"a","sid":"b","before":1}`,              // a time that would change nothing
		`{"iss":"a","jti":"b","token":"c"}`,             // tokens are revoked elsewhere
		`{"iss":"a","jti":"b","by":"c"}`,                // the caller is who it is
		`{"iss":"a","jti":"b","exp":1}`,                 // unknown
		`{"iss":"a","Jti":"b"}`,                         // unknown
		`{"iss":"a","jti":"b","jti":"c"}`,               // twice
		`{"iss":"a","jti":""}`,                          // empty
		`{"iss":"","jti":"b"}`,                          // empty
		`{"iss":"a","jti":"b","sub":""}`,                // empty
		`{"iss":"a","jti":null,"sub":"b"}`,              // null
		`{"iss":"a","jti":1}`,                           // wrong type
		`{"iss":["a"],"jti":"b"}`,                       // wrong type
		`{"iss":"a","jti":"b","reason":{}}`,             // wrong type
		`{"iss":"a","before":"1"}`,                      // wrong type
		`{"iss":"a","before":null}`,                     // null
		`{"iss":"a","before":1.5}`,                      // not whole
		`{"iss":"a","before":-1}`,                       // negative
		`{"iss":"a","before":9223372036854775807}`,      // the future
		`{"iss":"a","before":9223372036854775808}`,      // beyond it
		`{"iss":"a","before":1800000301}`,               // the future, by more than clocks differ
		`{"iss":"a","sub":"b","before":1800000301}`,     // the future, by more than clocks differ
		"{\"iss\":\"a\",\"jti\":\"\xff\"}",              // not UTF-8
		`{"iss":"a","jti":` + strings.Repeat("[", 1000), // deep
	} {
		w := send(h, http.MethodPost, "application/json", body)
		if w.Code != http.StatusBadRequest {
			t.Errorf("%.60s: status %d", body, w.Code)
			continue
		}
		wantProblem(t, w, http.StatusBadRequest, "invalid_request")
	}
	if list.Len() != 0 {
		t.Errorf("%d entries", list.Len())
	}
}

func TestListHandlerRefusals(t *testing.T) {
	const good = `{"iss":"a","jti":"b"}`
	for _, tt := range []struct {
		name, method, mediaType, body string
		status                        int
	}{
		{"GET", http.MethodGet, "application/json", good, 405},
		{"DELETE", http.MethodDelete, "application/json", good, 405},
		{"form", http.MethodPost, formType, "iss=a&jti=b", 415},
		{"no type", http.MethodPost, "", good, 415},
		{"problem", http.MethodPost, "application/problem+json", good, 415},
		{"too large", http.MethodPost, "application/json", good + strings.Repeat(" ", 64<<10), 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := newList(t, &clock{}, revocation.Config{})
			w := send(guarded(revocation.ListHandler(list)), tt.method, tt.mediaType, tt.body)
			wantProblem(t, w, tt.status, "")
			if list.Len() != 0 {
				t.Errorf("%d entries", list.Len())
			}
		})
	}
}

func TestListHandlerFullList(t *testing.T) {
	c := &clock{}
	list := newList(t, c, revocation.Config{MaxEntries: 1, MaxTokenLifetime: hour})
	h := guarded(revocation.ListHandler(list))
	if got := postJSON(h, `{"iss":"a","jti":"b"}`); got != http.StatusNoContent {
		t.Fatal(got)
	}
	w := send(h, http.MethodPost, "application/json", `{"iss":"a","jti":"c"}`)
	wantProblem(t, w, http.StatusServiceUnavailable, "")
	if got := w.Header().Get("Retry-After"); got != "60" {
		t.Errorf("Retry-After %q", got)
	}
	c.advance(hour + 3*margin)
	if got := postJSON(h, `{"iss":"a","jti":"c"}`); got != http.StatusNoContent {
		t.Error(got)
	}
}
