package interop_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

// oidc-provider revokes no JWTs. The resource server refuses the token all the same.
func TestRevocationUnsupported(t *testing.T) {
	as := harness.StartOIDCProvider(t)
	for _, adapter := range harness.Adapters {
		t.Run(adapter, func(t *testing.T) {
			t.Parallel()
			rs := startIntrospector(t, as.AuthorizationServer, besideKeys, adapter, harness.Secret(as.ResourceServer))
			for _, token := range tokens(t, as, 0) {
				wantStatus(t, rs.Get(t, "/orders", token), http.StatusOK)
				wantStatus(t, rs.Post(t, "/revoke", token, url.Values{"token": {token}}), http.StatusOK)
				wantRefusal(t, rs.Get(t, "/orders", token), http.StatusUnauthorized, invalidToken)
			}
		})
	}
}
