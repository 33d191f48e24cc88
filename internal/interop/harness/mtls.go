package harness

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// StartOIDCProviderMTLS starts oidc-provider with a second, secure port for clients with certificates (RFC 8705). It
// trusts the certificates of authority, and has one itself.
func StartOIDCProviderMTLS(t testing.TB, authority *Authority) *OIDCProvider {
	t.Helper()
	own := authority.Issue(t, "oidc-provider")
	return startOIDCProvider(t, "TLS_CERT="+own.File, "TLS_KEY="+own.File, "CLIENT_CA="+authority.File)
}

// Register registers a client for client credentials (RFC 7591) and returns its identifier.
func (p *OIDCProvider) Register(t testing.TB, metadata map[string]any) string {
	t.Helper()
	registration := map[string]any{
		"grant_types": []string{"client_credentials"}, "response_types": []string{}, "redirect_uris": []string{},
	}
	maps.Copy(registration, metadata)
	var registered struct {
		ClientID string `json:"client_id"`
	}
	answer := postJSON(t, p.RegistrationURL, registration)
	if err := json.Unmarshal(answer.Body, &registered); err != nil || answer.Status != http.StatusCreated {
		t.Fatalf("registration: status %d, want 201; body %s", answer.Status, answer.Body)
	}
	return registered.ClientID
}

// GrantMTLS obtains an access token for a client that authenticates by its certificate alone.
func (p *OIDCProvider) GrantMTLS(
	t testing.TB, client *http.Client, clientID, resource string, scopes ...string,
) string {
	t.Helper()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {clientID},
		"resource": {resource}, "scope": {strings.Join(scopes, " ")},
	}
	var tokens Tokens
	sendWith(t, client, newForm(t, p.MTLSTokenURL, form)).Decode(t, &tokens)
	return tokens.Access
}
