package interop_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

func TestLogout(t *testing.T) {
	as := harness.StartOIDCProvider(t)
	for _, adapter := range harness.Adapters {
		for _, format := range formats {
			t.Run(adapter+"/session/"+format.name, func(t *testing.T) {
				t.Parallel()
				startWithLogout(t, as, adapter, true).testSession(t, format.resource)
			})
			t.Run(adapter+"/user/"+format.name, func(t *testing.T) {
				t.Parallel()
				startWithLogout(t, as, adapter, false).testUser(t, format.resource)
			})
		}
	}
}

// loggedOut is a resource server that oidc-provider tells of logouts from a client.
type loggedOut struct {
	as     *harness.OIDCProvider
	rs     *harness.ResourceServer
	client *harness.OpenIDClient
}

// startWithLogout registers a client whose logout tokens say which session ended, or only whose sessions did.
func startWithLogout(t *testing.T, as *harness.OIDCProvider, adapter string, sessions bool) loggedOut {
	t.Helper()
	addr := harness.FreeAddr(t)
	client := harness.StartOpenIDClient(t, as, harness.OpenIDClientConfig{Metadata: map[string]any{
		"backchannel_logout_uri":              "http://" + addr + "/backchannel-logout",
		"backchannel_logout_session_required": sessions,
	}})
	rs := startForAll(t, as, adapter, "-addr", addr, "-logout-client-id", client.ID)
	return loggedOut{as, rs, client}
}

// testSession: one session ends, and no other of the same user.
func (l loggedOut) testSession(t *testing.T, resource string) {
	as, rs, client := l.as, l.rs, l.client
	laptop, phone := harness.NewBrowser(t, "alice"), harness.NewBrowser(t, "alice")
	ended := client.Login(t, laptop, resource, nil, scope)
	other := client.Login(t, phone, resource, nil, scope).Access
	wantStatus(t, rs.Get(t, "/orders", ended.Access), http.StatusOK)
	wantStatus(t, rs.Get(t, "/orders", other), http.StatusOK)

	// An ID token has much in common with a logout token.
	forged := rs.Post(t, "/backchannel-logout", "", url.Values{"logout_token": {ended.ID}})
	wantStatus(t, forged, http.StatusBadRequest)
	wantStatus(t, rs.Get(t, "/orders", ended.Access), http.StatusOK)

	as.Logout(t, laptop)
	wantRefusal(t, rs.Get(t, "/orders", ended.Access), http.StatusUnauthorized, invalidToken)
	wantStatus(t, rs.Get(t, "/orders", other), http.StatusOK)

	next := client.Login(t, laptop, resource, nil, scope).Access
	wantLogins(t, laptop, 2)
	wantStatus(t, rs.Get(t, "/orders", next), http.StatusOK)
	wantRefusal(t, rs.Get(t, "/orders", ended.Access), http.StatusUnauthorized, invalidToken)
}

// testUser: all sessions of one user end.
func (l loggedOut) testUser(t *testing.T, resource string) {
	as, rs, client := l.as, l.rs, l.client
	laptop, phone := harness.NewBrowser(t, "alice"), harness.NewBrowser(t, "alice")
	var ended []string
	for _, browser := range []*harness.Browser{laptop, phone} {
		ended = append(ended, client.Login(t, browser, resource, nil, scope).Access)
	}
	other := client.Login(t, harness.NewBrowser(t, "bob"), resource, nil, scope).Access
	for _, token := range append(ended, other) {
		wantStatus(t, rs.Get(t, "/orders", token), http.StatusOK)
	}

	as.Logout(t, laptop)
	for _, token := range ended {
		wantRefusal(t, rs.Get(t, "/orders", token), http.StatusUnauthorized, invalidToken)
	}
	wantStatus(t, rs.Get(t, "/orders", other), http.StatusOK)
}
