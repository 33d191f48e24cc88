package revocation_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// Whoever sends something that cannot be used is told what it is.
func TestHandlerDetails(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{})
	form := guarded(revocation.Handler(newClient(t, list, newServer(t, answer(200, "")).URL)))
	object := guarded(revocation.ListHandler(list))
	const jsonType = "application/json"
	for _, tt := range []struct {
		h               http.Handler
		mediaType, body string
		says            string
	}{
		{form, formType, "token=", "Send one token"},
		{form, formType, "token=a&token=b", "Send one token"},
		{form, formType, "token=%zz", "The body could not be read"},
		{object, jsonType, "[]", "must be one JSON object"},
		{object, jsonType, `{"iss":"a","jti":1}`, "must be one JSON object"},
		{object, jsonType, `{"iss":"a","jti":"b","before":1}`, "must be one JSON object"},
		{object, jsonType, `{"iss":"a","sub":"b","before":-1}`, "must be one JSON object"},
		{object, jsonType, `{"iss":"a","sub":"b","before":"1"}`, "must be one JSON object"},
		{object, jsonType, `{"iss":"a"}`, "does not name what can be revoked"},
	} {
		w := send(tt.h, http.MethodPost, tt.mediaType, tt.body)
		wantProblem(t, w, http.StatusBadRequest, "invalid_request")
		if !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("%s: %s, want %q", tt.body, w.Body, tt.says)
		}
	}
	if list.Len() != 0 {
		t.Errorf("%d entries", list.Len())
	}
}

// A body has 64 KiB, and not an octet more.
func TestHandlerBodyLimit(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{})
	h := guarded(revocation.Handler(newClient(t, list, newServer(t, answer(200, "")).URL)))
	const start = "token=" + aliceToken + "&x="
	wantSuccess(t, post(t, h, start+strings.Repeat("x", 64<<10-len(start))), http.StatusOK)
	wantProblem(t, post(t, h, start+strings.Repeat("x", 64<<10+1-len(start))), http.StatusRequestEntityTooLarge, "")
}

// A revocation that other replicas could not be told of may be tried again soon.
func TestListHandlerNotShared(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{Replicator: &wire{broken: errors.New("down")}})
	w := send(guarded(revocation.ListHandler(list)), http.MethodPost, "application/json", `{"iss":"https://as.example.com","jti":"token-1"}`)
	wantProblem(t, w, http.StatusServiceUnavailable, "")
	if got := w.Header().Get("Retry-After"); got != "5" {
		t.Errorf("Retry-After %q", got)
	}
	token := alice()
	wantVerdict(t, list, &token, "revoked")
}

// What a refresh token takes along is revoked once, and once more only if the server took so long that somebody may have used
// the token meanwhile. A session does not come back.
func TestRefreshTokenIsRevokedOnce(t *testing.T) {
	session := alice()
	grant := aliceBut(func(t *middleware.Token) { t.SessionID = "" })
	for _, tt := range []struct {
		name  string
		known *middleware.Token
		took  time.Duration
		want  []string
	}{
		{"session", &session, 0, []string{"token", "session"}},
		{"session, slow server", &session, time.Second, []string{"token", "session"}},
		{"grant", grant, 0, []string{"token", "grant"}},
		{"grant, slow server", grant, time.Second, []string{"token", "grant", "grant"}},
	} {
		var records recorder
		c := &clock{}
		list := newList(t, c, revocation.Config{Logger: records.logger()})
		server := newServer(t, func(http.ResponseWriter, *http.Request) { c.advance(tt.took) })
		client := newClient(t, list, server.URL, described(tt.known, nil))
		if err := client.Revoke(t.Context(), revocation.Request{Token: refreshToken, Hint: "refresh_token"}); err != nil {
			t.Fatal(err)
		}
		if got := records.values("target"); !slices.Equal(got, tt.want) {
			t.Errorf("%s: revoked %q, want %q", tt.name, got, tt.want)
		}
	}
}

// closed notes that it was.
type closed struct {
	io.Reader
	times int
}

func (c *closed) Close() error {
	c.times++
	return nil
}

// The body of every answer is closed, or its connection would be lost.
func TestBodiesAreClosed(t *testing.T) {
	for _, status := range []int{200, 400, 503} {
		body := &closed{Reader: strings.NewReader("")}
		client := newClient(t, newList(t, &clock{}, revocation.Config{}), "https://as.example.com", func(c *revocation.ClientConfig) {
			c.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: body, Request: r}, nil
			})}
		})
		if err := client.Revoke(t.Context(), revocation.Request{Token: aliceToken}); (err == nil) != (status == 200) {
			t.Error(err)
		}
		if body.times == 0 {
			t.Errorf("status %d: not closed", status)
		}
	}
}

// An error answer is read up to 64 KiB.
func TestServerErrorLimit(t *testing.T) {
	const said = `{"error":"unsupported_token_type"}`
	for size, want := range map[int]bool{64 << 10: true, 64<<10 + 1: false} {
		server := newServer(t, answer(400, said+strings.Repeat(" ", size-len(said))))
		err := newClient(t, newList(t, &clock{}, revocation.Config{}), server.URL).Revoke(t.Context(), revocation.Request{Token: aliceToken})
		if errors.Is(err, revocation.ErrUnsupportedTokenType) != want {
			t.Errorf("%d octets: %v", size, err)
		}
	}
}

// A revocation of a subject's session also means the tokens of the subject that name no session, up to its time.
func TestSessionlessTokens(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{})
	revoke(t, list, revocation.Revocation{Issuer: issuer, Subject: "alice", SessionID: "session-1"})
	wantVerdict(t, list, aliceBut(func(t *middleware.Token) { t.SessionID = "" }), "revoked")
	wantVerdict(t, list, aliceBut(func(t *middleware.Token) { t.SessionID, t.IssuedAt = "", noon.Add(time.Second) }), "good")
	wantVerdict(t, list, aliceBut(func(t *middleware.Token) { t.Subject = "" }), "revoked") // by its session
}

// A watch is told of revocations that mean its token, and of no others.
func TestWatchOfLaterTokens(t *testing.T) {
	c := &clock{}
	list := newList(t, c, revocation.Config{})
	told := map[string]bool{}
	for name, issued := range map[string]time.Time{"earlier": noon, "later": noon.Add(time.Second)} {
		token := aliceBut(func(t *middleware.Token) { t.IssuedAt = issued })
		defer list.Watch(token, func(error) { told[name] = true })()
	}
	revoke(t, list, revocation.Revocation{Issuer: issuer, Subject: "alice", Before: noon})
	if !told["earlier"] || told["later"] {
		t.Errorf("told: %v", told)
	}
}

// forgetting is a cache that counts.
type forgetting int

func (f *forgetting) Forget(string) { *f++ }

// The caches are those that the list was made with.
func TestCachesAreCopied(t *testing.T) {
	var one, other forgetting
	caches := []middleware.Forgetter{&one}
	list := newList(t, &clock{}, revocation.Config{Caches: caches})
	caches[0] = &other
	revoke(t, list, revocation.Revocation{Token: aliceToken})
	if one != 1 || other != 0 {
		t.Errorf("forgot %d and %d times", one, other)
	}
}

// Tokens may live for ten years.
func TestMaxTokenLifetimeLimit(t *testing.T) {
	const decade = 10 * 365 * 24 * time.Hour
	for lifetime, good := range map[time.Duration]bool{decade: true, decade + 1: false} {
		if _, err := revocation.NewList(revocation.Config{MaxTokenLifetime: lifetime}); (err == nil) != good {
			t.Errorf("%v: %v", lifetime, err)
		}
	}
}

// The audit record names the end of a revocation: no later than ten years and five minutes, and not at all without one.
func TestAuditOfTheEnd(t *testing.T) {
	for _, tt := range []struct {
		lifetime time.Duration
		expires  time.Time
		want     string
	}{
		{0, noon.Add(365 * 100 * 24 * time.Hour), "2037-01-12T08:05:00Z"},
		{0, noon.Add(time.Hour), "2027-01-15T09:05:00Z"},
		{-1, noon.Add(time.Hour), ""},
	} {
		var records recorder
		list := newList(t, &clock{}, revocation.Config{MaxTokenLifetime: tt.lifetime, Logger: records.logger()})
		revoke(t, list, revocation.Revocation{Token: aliceToken, ExpiresAt: tt.expires})
		if tt.want == "" {
			if strings.Contains(records.text(), `"until"`) {
				t.Errorf("an end where there is none: %s", records.text())
			}
		} else if got := records.values("until"); !slices.Equal(got, []string{tt.want}) {
			t.Errorf("until %q, want %q", got, tt.want)
		}
	}
}

// A record that means nothing is not written.
func TestRecordIsCheckedBeforeItIsWritten(t *testing.T) {
	for _, r := range []revocation.Record{
		{}, {Issuer: issuer, ID: "a"}, {Issuer: issuer, Subject: "a", RevokedAt: noon}, {RevokedAt: noon},
	} {
		if text, err := json.Marshal(r); err == nil || !strings.Contains(err.Error(), "revocation: ") {
			t.Errorf("%+v: %s, %v", r, text, err)
		}
	}
}
