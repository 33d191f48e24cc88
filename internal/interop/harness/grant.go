package harness

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Grant obtains an access token by client credentials. An empty resource is not asked for (RFC 8707).
func (s *AuthorizationServer) Grant(t testing.TB, resource string, scopes ...string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {strings.Join(scopes, " ")}}
	if resource != "" {
		form.Set("resource", resource)
	}
	var response struct {
		AccessToken string `json:"access_token"`
	}
	post(t, s.TokenURL, form, ClientID).Decode(t, &response)
	return response.AccessToken
}

// Revoke revokes an access token at the server alone (RFC 7009).
func (s *AuthorizationServer) Revoke(t testing.TB, accessToken string) {
	t.Helper()
	answer := post(t, s.RevocationURL, url.Values{"token": {accessToken}}, s.ResourceServer)
	if answer.Status != http.StatusOK {
		t.Fatalf("revocation: status %d, want 200; body %s", answer.Status, answer.Body)
	}
}

// Active asks the server about an access token (RFC 7662).
func (s *AuthorizationServer) Active(t testing.TB, accessToken string) bool {
	t.Helper()
	var response struct {
		Active bool `json:"active"`
	}
	post(t, s.IntrospectionURL, url.Values{"token": {accessToken}}, s.ResourceServer).Decode(t, &response)
	return response.Active
}

// post sends a form as an authenticated client.
func post(t testing.TB, url string, form url.Values, clientID string) Answer {
	t.Helper()
	r := newForm(t, url, form)
	r.SetBasicAuth(clientID, Secret(clientID))
	return send(t, r)
}
