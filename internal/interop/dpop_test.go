package interop_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

// formats are the kinds of access tokens that oidc-provider issues, each with the resource that clients ask for.
var formats = []struct{ name, resource string }{
	{"JWT", audience},
	{"opaque", audience + "/?format=opaque"},
}

// startForAll starts a resource server for tokens of all formats: it has the issuer's keys, and introspects.
func startForAll(t *testing.T, as *harness.OIDCProvider, adapter string, flags ...string) *harness.ResourceServer {
	t.Helper()
	w := way{"all formats", flags}
	return startIntrospector(t, as.AuthorizationServer, w, adapter, harness.Secret(as.ResourceServer))
}

// holder is a client with a key, and a resource server at a URL that the client knows it by.
type holder struct {
	*harness.OpenIDClient
	rs  *harness.ResourceServer
	url string
}

// present requests /orders with credentials and, unless it is empty, a proof.
func (h holder) present(t *testing.T, scheme, token, proof string) harness.Answer {
	t.Helper()
	header := http.Header{"Authorization": {scheme + " " + token}}
	if proof != "" {
		header.Set("DPoP", proof)
	}
	return h.rs.GetWith(t, "/orders", header)
}

// prove returns a proof for a request for /orders.
func (h holder) prove(t *testing.T, token string) string {
	t.Helper()
	return h.Proof(t, http.MethodGet, h.url+"/orders", token)
}

func TestDPoP(t *testing.T) {
	as := harness.StartOIDCProvider(t)
	mallory := harness.StartOpenIDClient(t, as, harness.OpenIDClientConfig{})
	for _, algorithm := range []string{"ES256", "Ed25519"} {
		client := harness.StartOpenIDClient(t, as, harness.OpenIDClientConfig{DPoPAlgorithm: algorithm})
		for _, adapter := range harness.Adapters {
			addr := harness.FreeAddr(t)
			url := "http://" + addr
			rs := startForAll(t, as, adapter, "-addr", addr, "-dpop", "allowed", "-resource", url)
			for _, format := range formats {
				t.Run(fmt.Sprintf("%s/%s/%s", algorithm, adapter, format.name), func(t *testing.T) {
					testProofs(t, holder{client, rs, url}, mallory, format.resource)
				})
			}
		}
	}
}

func testProofs(t *testing.T, client holder, mallory *harness.OpenIDClient, resource string) {
	token, other := client.Token(t, resource, scope), client.Token(t, resource, scope)
	wantStatuses(t, client.Get(t, client.url+"/orders?page=2", token), http.StatusOK)
	used := client.prove(t, token)
	var call harness.Call
	client.present(t, "DPoP", token, used).Decode(t, &call)

	const get, orders = http.MethodGet, "/orders"
	for _, refusal := range []struct {
		name, scheme, proof string
		want                string
	}{
		{"used before", "DPoP", used, "invalid_dpop_proof"},
		{"none", "DPoP", "", "invalid_dpop_proof"},
		{"for another method", "DPoP", client.Proof(t, http.MethodPost, client.url+orders, token), "invalid_dpop_proof"},
		{"for another path", "DPoP", client.Proof(t, get, client.url+"/me", token), "invalid_dpop_proof"},
		{"for another server", "DPoP", client.Proof(t, get, audience+orders, token), "invalid_dpop_proof"},
		{"for another token", "DPoP", client.prove(t, other), "invalid_dpop_proof"},
		{"by another key", "DPoP", mallory.Proof(t, get, client.url+orders, token), "invalid_token"},
		{"as bearer token", "Bearer", "", "invalid_token"},
		{"as bearer token with a proof", "Bearer", client.prove(t, token), "invalid_token"},
	} {
		t.Run(refusal.name, func(t *testing.T) {
			wantChallenge(t, client.present(t, refusal.scheme, token, refusal.proof), refusal.scheme, refusal.want)
		})
	}

	served := call.Calls // and once more by the next request, but by none that was refused
	client.present(t, "DPoP", token, client.prove(t, token)).Decode(t, &call)
	if call.Calls != served+1 {
		t.Errorf("handler ran %d times, want %d", call.Calls, served+1)
	}
}

func TestDPoPNonce(t *testing.T) {
	as := harness.StartOIDCProvider(t)
	for _, adapter := range harness.Adapters {
		t.Run(adapter, func(t *testing.T) {
			t.Parallel()
			addr := harness.FreeAddr(t)
			url := "http://" + addr
			rs := startForAll(t, as, adapter, "-addr", addr, "-dpop", "required", "-resource", url, "-dpop-nonce")
			testNonces(t, as, holder{harness.StartOpenIDClient(t, as, harness.OpenIDClientConfig{}), rs, url})
		})
	}
}

func testNonces(t *testing.T, as *harness.OIDCProvider, client holder) {
	token, opaque := client.Token(t, formats[0].resource, scope), client.Token(t, formats[1].resource, scope)
	asked := client.present(t, "DPoP", token, client.prove(t, token))
	wantChallenge(t, asked, "DPoP", "use_dpop_nonce")
	if len(asked.Header.Values("DPoP-Nonce")) != 1 {
		t.Errorf("nonces %q, want one", asked.Header.Values("DPoP-Nonce"))
	}

	wantStatuses(t, client.Get(t, client.url+"/orders", token), http.StatusUnauthorized, http.StatusOK)
	wantStatuses(t, client.Get(t, client.url+"/orders", token), http.StatusOK)
	wantStatuses(t, client.Get(t, client.url+"/orders", opaque), http.StatusOK)
	proof := client.prove(t, token)
	wantStatus(t, client.present(t, "DPoP", token, proof), http.StatusOK)
	wantChallenge(t, client.present(t, "DPoP", token, proof), "DPoP", "invalid_dpop_proof")

	bearer := as.Token(t, harness.TokenRequest{Audience: audience, Algorithm: "RS256", Scopes: []string{scope}})
	refused := client.rs.Get(t, "/orders", bearer)
	wantStatus(t, refused, http.StatusUnauthorized)
	if challenges := refused.Challenges(); len(challenges) != 1 || challenges["DPoP"] == nil {
		t.Errorf("a bearer token is refused with %q, want one challenge for DPoP", challenges)
	}
}

// A resource server that knows nothing of DPoP does not take bound tokens for bearer tokens.
func TestDPoPOff(t *testing.T) {
	as := harness.StartOIDCProvider(t)
	client := harness.StartOpenIDClient(t, as, harness.OpenIDClientConfig{})
	for _, adapter := range harness.Adapters {
		for _, format := range formats {
			t.Run(adapter+"/"+format.name, func(t *testing.T) {
				t.Parallel()
				rs := startForAll(t, as, adapter)
				token := client.Token(t, format.resource, scope)
				wantRefusal(t, rs.Get(t, "/orders", token), http.StatusUnauthorized, invalidToken)
				proof := client.Proof(t, http.MethodGet, "http://127.0.0.1/orders", token)
				answer := holder{client, rs, ""}.present(t, "DPoP", token, proof)
				wantRefusal(t, answer, http.StatusUnauthorized, map[string]string{"error": ""})
			})
		}
	}
}

func wantStatuses(t *testing.T, got []int, want ...int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("the client got %d, want %d", got, want)
	}
}

// wantChallenge requires a refusal with an error in the challenge of the scheme that was used, and in no other.
func wantChallenge(t *testing.T, answer harness.Answer, scheme, code string) {
	t.Helper()
	wantStatus(t, answer, http.StatusUnauthorized)
	for name, parameters := range answer.Challenges() {
		want := ""
		if name == scheme {
			want = code
		}
		if parameters["error"] != want {
			t.Errorf("challenge for %s has error %q, want %q", name, parameters["error"], want)
		}
	}
	if answer.Challenges()[scheme] == nil {
		t.Errorf("challenges %q, want one for %s", answer.Challenges(), scheme)
	}
}
