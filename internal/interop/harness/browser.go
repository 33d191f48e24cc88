package harness

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Browser is the browser of a user, with cookies of its own.
type Browser struct {
	// LoginAge is how long ago the user has logged in, in whole seconds, when oidc-provider asks for it.
	LoginAge time.Duration
	// Logins counts how often it asked.
	Logins int

	user   string
	client *http.Client
}

// NewBrowser returns the browser of a user whom oidc-provider does not know yet.
func NewBrowser(t testing.TB, user string) *Browser {
	t.Helper()
	cookies, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Browser{user: user, client: &http.Client{Jar: cookies, Timeout: requestTimeout}}
}

// Open goes to a URL and from there to where it leads, by way of the login page of oidc-provider if need be.
func (b *Browser) Open(t testing.TB, target string) Answer {
	t.Helper()
	answer := sendWith(t, b.client, newRequest(t, http.MethodGet, target, http.NoBody))
	if !strings.Contains(answer.URL, "/interaction/") {
		return answer
	}
	b.Logins++
	ago := strconv.Itoa(int(b.LoginAge / time.Second))
	return sendWith(t, b.client, newForm(t, answer.URL, url.Values{"user": {b.user}, "seconds_ago": {ago}}))
}

var logoutForm = regexp.MustCompile(`name="xsrf" value="([^"]+)"`)

// Logout has the user of a browser log out at the server. It returns once the server has told all clients that want to
// know.
func (p *OIDCProvider) Logout(t testing.TB, browser *Browser) {
	t.Helper()
	page := browser.Open(t, p.EndSessionURL)
	secret := logoutForm.FindSubmatch(page.Body)
	if secret == nil {
		t.Fatalf("status %d, no logout form in %s", page.Status, page.Body)
	}
	confirmation := url.Values{"xsrf": {string(secret[1])}, "logout": {"yes"}}
	answer := sendWith(t, browser.client, newForm(t, p.EndSessionURL+"/confirm", confirmation))
	if answer.Status != http.StatusOK {
		t.Fatalf("logout: status %d, want 200; body %s", answer.Status, answer.Body)
	}
}
