package interop_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

// TestBearercheck holds what cmd/bearercheck says about tokens of oidc-provider against what a service answers to them.
func TestBearercheck(t *testing.T) {
	as := harness.StartOIDCProvider(t)
	for _, adapter := range harness.Adapters {
		t.Run(adapter, func(t *testing.T) {
			t.Parallel()
			testBearercheck(t, as, startResourceServer(t, as, adapter))
		})
	}
}

func testBearercheck(t *testing.T, as *harness.OIDCProvider, rs *harness.ResourceServer) {
	good := harness.TokenRequest{Audience: audience, Algorithm: "ES256", Scopes: []string{scope}}
	wrongAudience, wrongScope, brief := good, good, good
	wrongAudience.Audience = otherAudience
	wrongScope.Scopes = []string{"reports:read"}
	brief.TTL = time.Second
	expired := as.Token(t, brief)
	for _, test := range []struct {
		name, token    string
		exit, status   int
		reason, advice string
	}{
		{"good", as.Token(t, good), 0, http.StatusOK, "", "Service and judgement agree."},
		{"wrong audience", as.Token(t, wrongAudience), 1, http.StatusUnauthorized, "wrong_audience", otherAudience},
		{"wrong scope", as.Token(t, wrongScope), 1, http.StatusForbidden, "insufficient_scope", "reports:read"},
		{"altered", harness.Altered(as.Token(t, good)), 1, http.StatusUnauthorized, "bad_signature", "did not sign this token"},
		{"opaque", "0123456789abcdefghijklmnop", 1, http.StatusUnauthorized, "malformed_token", "introspection.New"},
		{"expired", afterExpiry(t, expired), 1, http.StatusUnauthorized, "expired", "get a new one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := rs.Bearercheck(t, "/orders", test.token, "-issuer", as.Issuer, "-audience", audience, "-scope", scope, "-leeway", "-1s")
			if got.Exit != test.exit || got.Verdict.Status != test.status || got.Verdict.Reason != test.reason {
				t.Errorf("exit status %d, verdict %+v, want %d, %d %s", got.Exit, got.Verdict, test.exit, test.status, test.reason)
			}
			if got.Service.WithToken.Status != test.status {
				t.Errorf("the service answers %d, want %d", got.Service.WithToken.Status, test.status)
			}
			if !strings.Contains(got.Text, test.advice) {
				t.Errorf("%q is missing in\n%s", test.advice, got.Text)
			}
			if notes := strings.Join(got.Service.Notes, " "); strings.Contains(notes, "otherwise") {
				t.Errorf("service and judgement differ: %s", notes)
			}
		})
	}
}

// afterExpiry returns a token once it has expired.
func afterExpiry(t *testing.T, token string) string {
	t.Helper()
	<-time.After(time.Until(expiry(t, token)) + time.Millisecond)
	return token
}
