package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/oauthtest"
)

// The metadata is where the challenge says, names the issuer and the scopes of the routes, and needs no token.
func TestMetadata(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	eachAdapter(t, func(t *testing.T, adapter string) {
		for _, tt := range []struct{ resource, path string }{
			{"https://api.example.com", "/.well-known/oauth-protected-resource"},
			{"https://api.example.com/tenant1", "/.well-known/oauth-protected-resource/tenant1"},
		} {
			s := trusting(t, as, "-adapter", adapter, "-resource", tt.resource)
			named := `resource_metadata="https://api.example.com` + tt.path + `"`
			if refused := s.get("/orders", ""); !strings.Contains(refused.challenge, named) {
				t.Errorf("challenge %q, want %s in it", refused.challenge, named)
			}
			served := s.get(tt.path, "")
			var document struct {
				Resource string   `json:"resource"`
				Servers  []string `json:"authorization_servers"`
				Scopes   []string `json:"scopes_supported"`
			}
			if err := json.Unmarshal([]byte(served.body), &document); err != nil || served.status != http.StatusOK {
				t.Fatalf("%d %s", served.status, served.body)
			}
			if document.Resource != tt.resource || !slices.Equal(document.Servers, []string{as.Issuer()}) ||
				!slices.Contains(document.Scopes, "orders:read") || !slices.Contains(document.Scopes, "admin") {
				t.Errorf("document %s", served.body)
			}
			wantStatus(t, s.do(http.MethodOptions, tt.path, ""), http.StatusNoContent)
		}
	})
}
