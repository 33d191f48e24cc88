package harness

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

const requestTimeout = 10 * time.Second

var client = &http.Client{Timeout: requestTimeout}

// Answer is an HTTP response, read to its end.
type Answer struct {
	URL    string // of whoever answered, after redirects
	Status int
	Header http.Header
	Body   []byte
}

var authParam = regexp.MustCompile(`(\w+)="([^"]*)"`)

// Challenge returns the parameters of the WWW-Authenticate header (RFC 6750 section 3), and fails the test unless
// there is exactly one and its scheme is Bearer.
func (a Answer) Challenge(t testing.TB) map[string]string {
	t.Helper()
	challenges := a.Challenges()
	if len(challenges) != 1 || challenges["Bearer"] == nil {
		t.Fatalf("status %d with challenges %q, want one for Bearer", a.Status, a.Header.Values("WWW-Authenticate"))
	}
	return challenges["Bearer"]
}

// Challenges returns the parameters of each challenge, by its scheme. Every challenge has a line of its own.
func (a Answer) Challenges() map[string]map[string]string {
	challenges := map[string]map[string]string{}
	for _, line := range a.Header.Values("WWW-Authenticate") {
		scheme, rest, _ := strings.Cut(line, " ")
		challenges[scheme] = map[string]string{}
		for _, match := range authParam.FindAllStringSubmatch(rest, -1) {
			challenges[scheme][match[1]] = match[2]
		}
	}
	return challenges
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
	return sendWith(t, client, r)
}

func sendWith(t testing.TB, client *http.Client, r *http.Request) Answer {
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
	return Answer{URL: response.Request.URL.String(), Status: response.StatusCode, Header: response.Header, Body: body}
}

func newRequest(t testing.TB, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newJSON(t testing.TB, url string, document any) *http.Request {
	t.Helper()
	body, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	r := newRequest(t, http.MethodPost, url, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func postJSON(t testing.TB, url string, document any) Answer {
	t.Helper()
	return send(t, newJSON(t, url, document))
}

func newForm(t testing.TB, url string, form url.Values) *http.Request {
	t.Helper()
	r := newRequest(t, http.MethodPost, url, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}
