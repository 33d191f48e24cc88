package interop_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

const (
	loginTooWeak = "insufficient_user_authentication"

	strong     = "urn:example:loa:2"
	acceptable = strong + " urn:example:loa:3" // at /stepup, the preferred one first
	recent     = "300"                         // seconds, at /recent
)

func TestStepUp(t *testing.T) {
	as := harness.StartOIDCProvider(t)
	client := harness.StartOpenIDClient(t, as, harness.OpenIDClientConfig{})
	for _, adapter := range harness.Adapters {
		for _, format := range formats {
			t.Run(adapter+"/"+format.name, func(t *testing.T) {
				t.Parallel()
				testStepUp(t, startForAll(t, as, adapter), client, format.resource)
			})
		}
	}
}

// testStepUp has a user who logged in an hour ago do what the resource server asks for.
func testStepUp(t *testing.T, rs *harness.ResourceServer, client *harness.OpenIDClient, resource string) {
	browser := harness.NewBrowser(t, "alice")
	browser.LoginAge = time.Hour
	login := func(challenge map[string]string, scopes ...string) string {
		t.Helper()
		return client.Login(t, browser, resource, challenge, scopes...).Access
	}

	weak := login(nil)
	wantStatus(t, rs.Get(t, "/me", weak), http.StatusOK)
	tooWeak := wantStepUp(t, rs.Get(t, "/stepup", weak), map[string]string{"acr_values": acceptable})
	tooOld := wantStepUp(t, rs.Get(t, "/recent", weak), map[string]string{"max_age": recent})
	both := wantStepUp(t, rs.Get(t, "/stepup-orders", weak),
		map[string]string{"acr_values": strong, "max_age": recent, "scope": scope})
	again := login(nil)
	wantLogins(t, browser, 1) // the session was good enough for a client that asked for nothing

	stronger := login(tooWeak)
	wantLogins(t, browser, 2)
	wantStatus(t, rs.Get(t, "/stepup", stronger), http.StatusOK)
	wantStepUp(t, rs.Get(t, "/recent", stronger), map[string]string{"max_age": recent})

	browser.LoginAge = 0
	newer := login(tooOld)
	wantLogins(t, browser, 3)
	wantStatus(t, rs.Get(t, "/recent", newer), http.StatusOK)
	wantStepUp(t, rs.Get(t, "/stepup", newer), map[string]string{"acr_values": acceptable})

	best := login(both, both["scope"])
	wantLogins(t, browser, 4)
	wantStatus(t, rs.Get(t, "/stepup-orders", best), http.StatusOK)
	wantStatus(t, rs.Get(t, "/stepup", best), http.StatusOK)
	wantStatus(t, rs.Get(t, "/recent", best), http.StatusOK)

	// It is the token that tells how its user logged in, not the session that goes on.
	for _, token := range []string{weak, again} {
		wantStepUp(t, rs.Get(t, "/stepup", token), nil)
		wantStepUp(t, rs.Get(t, "/recent", token), nil)
	}
	if refused := rs.Get(t, "/stepup", "unknown"); refused.Challenge(t)["acr_values"] != "" {
		t.Error("a stranger is told what login is asked for")
	}
}

// wantStepUp requires a refusal that asks for another login (RFC 9470), and returns its challenge.
func wantStepUp(t *testing.T, answer harness.Answer, wanted map[string]string) map[string]string {
	t.Helper()
	challenge := map[string]string{"error": loginTooWeak}
	for name, value := range wanted {
		challenge[name] = value
	}
	wantRefusal(t, answer, http.StatusUnauthorized, challenge)
	return answer.Challenge(t)
}

func wantLogins(t *testing.T, browser *harness.Browser, n int) {
	t.Helper()
	if browser.Logins != n {
		t.Errorf("the user logged in %d times, want %d", browser.Logins, n)
	}
}
