package interop_test

import (
	"net"
	"net/http"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

// proxied is a resource server behind HAProxy, which ends TLS for it.
type proxied struct {
	*harness.ResourceServer
	authority *harness.Authority
	url       string // of the proxy
}

func TestProxy(t *testing.T) {
	authority := harness.NewAuthority(t)
	as := harness.StartOIDCProviderMTLS(t, authority)
	mine := withIssued(t, as, authority)
	client := harness.StartOpenIDClient(t, as, harness.OpenIDClientConfig{Trust: authority})
	for _, adapter := range harness.Adapters {
		addr := harness.FreeAddr(t)
		url := harness.StartProxy(t, authority, addr)
		rs := startForAll(t, as, adapter, "-addr", addr, "-trusted-proxy", harness.ProxyAddr+"/32",
			"-dpop", "allowed", "-resource", url)
		server := proxied{rs, authority, url}
		for _, format := range formats {
			t.Run(adapter+"/"+format.name, func(t *testing.T) {
				server.testCertificate(t, mine.certificate, mine.obtain(t, format.resource))
				server.testProof(t, client, format.resource)
			})
		}
	}
}

// as returns the resource server as a client with a certificate reaches it; nil is none.
func (p proxied) as(t *testing.T, c *harness.Certificate) *harness.ResourceServer {
	t.Helper()
	return p.Via(p.url, p.authority.Client(t, c))
}

func (p proxied) testCertificate(t *testing.T, mine *harness.Certificate, token string) {
	others := p.authority.Issue(t, "orders")
	accepted := p.as(t, mine).Get(t, "/orders", token)
	wantStatus(t, accepted, http.StatusOK)
	if vary := accepted.Header.Values("Vary"); len(vary) != 1 || vary[0] != "Client-Cert" {
		t.Errorf("Vary %q, want Client-Cert", vary)
	}
	for _, header := range []http.Header{
		{},
		{"Client-Cert": {field(mine)}},
		{"client-cert": {field(mine)}},
		{"CLIENT-CERT": {field(mine)}, "Client-Cert": {field(mine)}},
		{"Client-Cert": {field(mine), field(mine)}},
		{"Client-Cert-Chain": {field(mine)}},
		{"Client_Cert": {field(mine)}},
		{"Client-Cert": {field(mine)}, "X-Forwarded-For": {harness.ProxyAddr}},
		{"Client-Cert": {field(mine)}, "Connection": {"Client-Cert"}},
	} {
		header.Set("Authorization", "Bearer "+token)
		wantInvalid(t, p.as(t, others).GetWith(t, "/orders", header))
		wantInvalid(t, p.as(t, nil).GetWith(t, "/orders", header))
		wantInvalid(t, p.GetWith(t, "/orders", header)) // around the proxy
	}
	bearer := []string{"Bearer " + token}
	smuggled := http.Header{"Authorization": bearer, "Client-Cert": {field(others)}, "Client-Cert-Chain": {"?"}}
	wantStatus(t, p.as(t, mine).GetWith(t, "/orders", smuggled), http.StatusOK)

	// The address of the proxy is all that it takes to be believed: nothing else was wrong with what came around it.
	believed := http.Header{"Authorization": bearer, "Client-Cert": {field(mine)}}
	wantStatus(t, p.As(from(t, harness.ProxyAddr)).GetWith(t, "/orders", believed), http.StatusOK)
}

func (p proxied) testProof(t *testing.T, client *harness.OpenIDClient, resource string) {
	token := client.Token(t, resource, scope)
	wantStatuses(t, client.Get(t, p.url+"/orders", token), http.StatusOK)

	h := holder{client, p.as(t, nil), p.url}
	proof := h.prove(t, token)
	wantStatus(t, h.present(t, "DPoP", token, proof), http.StatusOK)
	wantChallenge(t, h.present(t, "DPoP", token, proof), "DPoP", "invalid_dpop_proof")
	wantChallenge(t, h.present(t, "Bearer", token, ""), "Bearer", "invalid_token")

	// The URL is what the configuration says, not what the client does.
	elsewhere := http.Header{
		"Authorization":     {"DPoP " + token},
		"Dpop":              {client.Proof(t, http.MethodGet, "https://evil.example/orders", token)},
		"Forwarded":         {"host=evil.example;proto=https"},
		"X-Forwarded-Host":  {"evil.example"},
		"X-Forwarded-Proto": {"https"},
	}
	wantChallenge(t, h.rs.GetWith(t, "/orders", elsewhere), "DPoP", "invalid_dpop_proof")
}

func wantInvalid(t *testing.T, answer harness.Answer) {
	t.Helper()
	wantChallenge(t, answer, "Bearer", "invalid_token")
}

// from returns an HTTP client whose connections come from another loopback address.
func from(t *testing.T, addr string) *http.Client {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(addr)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
