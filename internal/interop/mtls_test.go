package interop_test

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

// certified is a client that authenticates by a certificate, to which its tokens are bound.
type certified struct {
	certificate *harness.Certificate
	obtain      func(t *testing.T, resource string) string
}

// withIssued registers a client that authenticates by the subject of a certificate of authority.
func withIssued(t *testing.T, as *harness.OIDCProvider, authority *harness.Authority) certified {
	t.Helper()
	return register(t, as, authority, authority.Issue(t, "orders"), map[string]any{
		"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=orders",
	})
}

// withSelfSigned registers a client that authenticates by a certificate of its own.
func withSelfSigned(t *testing.T, as *harness.OIDCProvider, authority *harness.Authority) certified {
	t.Helper()
	own := harness.SelfSigned(t, "orders")
	return register(t, as, authority, own, map[string]any{
		"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": map[string]any{"keys": []any{own.JWK(t)}},
	})
}

func register(
	t *testing.T, as *harness.OIDCProvider, authority *harness.Authority, c *harness.Certificate, metadata map[string]any,
) certified {
	t.Helper()
	metadata["tls_client_certificate_bound_access_tokens"] = true
	id := as.Register(t, metadata)
	return certified{c, func(t *testing.T, resource string) string {
		t.Helper()
		return as.GrantMTLS(t, authority.Client(t, c), id, resource, scope)
	}}
}

func TestMTLS(t *testing.T) {
	authority := harness.NewAuthority(t)
	as := harness.StartOIDCProviderMTLS(t, authority)
	clients := map[string]certified{
		"tls_client_auth":             withIssued(t, as, authority),
		"self_signed_tls_client_auth": withSelfSigned(t, as, authority),
	}
	own := authority.Issue(t, "resource server")
	for _, adapter := range harness.Adapters {
		secure := startForAll(t, as, adapter, "-tls-cert", own.File, "-tls-key", own.File)
		plain := startForAll(t, as, adapter)
		for method, client := range clients {
			for _, format := range formats {
				t.Run(adapter+"/"+method+"/"+format.name, func(t *testing.T) {
					token := client.obtain(t, format.resource)
					testCertificates(t, authority, secure, client.certificate, token)
					wantRefusal(t, plain.Get(t, "/orders", token), http.StatusUnauthorized, invalidToken)
				})
			}
		}
		unbound := as.Token(t, harness.TokenRequest{Audience: audience, Algorithm: "RS256", Scopes: []string{scope}})
		wantStatus(t, secure.As(authority.Client(t, nil)).Get(t, "/orders", unbound), http.StatusOK)
	}
}

func testCertificates(
	t *testing.T, authority *harness.Authority, rs *harness.ResourceServer, mine *harness.Certificate, token string,
) {
	others := authority.Issue(t, "orders") // of the same subject
	right, wrong := rs.As(authority.Client(t, mine)), rs.As(authority.Client(t, others))
	none := rs.As(authority.Client(t, nil))
	var before, after harness.Call
	right.Get(t, "/orders", token).Decode(t, &before)

	wantRefusal(t, wrong.Get(t, "/orders", token), http.StatusUnauthorized, invalidToken)
	wantRefusal(t, none.Get(t, "/orders", token), http.StatusUnauthorized, invalidToken)
	// Nobody trusts a field while connections end here.
	smuggled := http.Header{"Authorization": {"Bearer " + token}, "Client-Cert": {field(mine)}}
	wantRefusal(t, wrong.GetWith(t, "/orders", smuggled), http.StatusUnauthorized, invalidToken)

	right.Get(t, "/orders", token).Decode(t, &after)
	if after.Calls != before.Calls+1 {
		t.Errorf("handler ran %d times, want %d", after.Calls, before.Calls+1)
	}
}

// field writes a certificate as RFC 9440, section 2.1, has it.
func field(c *harness.Certificate) string {
	return ":" + base64.StdEncoding.EncodeToString(c.DER()) + ":"
}
