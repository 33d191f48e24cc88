package harness

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

var client = &http.Client{Timeout: 10 * time.Second}

// Answer is an HTTP response, read to its end.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

var authParam = regexp.MustCompile(`(\w+)="([^"]*)"`)

// Challenge returns the parameters of the WWW-Authenticate header (RFC 6750 section 3), and fails the test unless
// there is exactly one and its scheme is Bearer.
func (a Answer) Challenge(t testing.TB) map[string]string {
	t.Helper()
	challenges := a.Header.Values("WWW-Authenticate")
	if len(challenges) != 1 || !strings.HasPrefix(challenges[0], "Bearer ") {
		t.Fatalf("status %d with challenges %q, want one for Bearer", a.Status, challenges)
	}
	params := map[string]string{}
	for _, match := range authParam.FindAllStringSubmatch(challenges[0], -1) {
		params[match[1]] = match[2]
	}
	return params
}

// Decode reads the body of a 200 answer as JSON into v.
func (a Answer) Decode(t testing.TB, v any) {
	t.Helper()
	if a.Status != http.StatusOK {
		t.Fatalf("status %d, want 200; body %s", a.Status, a.Body)
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		t.Fatalf("body %s: %v", a.Body, err)
	}
}

func send(t testing.TB, r *http.Request) Answer {
	t.Helper()
	response, err := client.Do(r.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: body}
}

func newRequest(t testing.TB, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newForm(t testing.TB, url string, form url.Values) *http.Request {
	t.Helper()
	r := newRequest(t, http.MethodPost, url, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}
