package harness

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// OpenIDClient is a running openid-client, a web application that has registered itself (RFC 7591) and has a key for
// DPoP (RFC 9449).
type OpenIDClient struct {
	*Process
	// ID is its client identifier.
	ID string

	url string
}

// OpenIDClientConfig configures an OpenIDClient. Its zero value does.
type OpenIDClientConfig struct {
	// DPoPAlgorithm is what its key is for. Default: ES256.
	DPoPAlgorithm string
	// Metadata is what it registers beside its redirect URI and grant types.
	Metadata map[string]any
	// Trust are the servers whose certificates it believes. Default: those that everybody does.
	Trust *Authority
}

// StartOpenIDClient starts a client of an authorization server.
func StartOpenIDClient(t testing.TB, as *OIDCProvider, config OpenIDClientConfig) *OpenIDClient {
	t.Helper()
	dir, err := installOIDCProvider()
	if err != nil {
		t.Fatalf("install openid-client: %v", err)
	}
	metadata := map[string]any{"client_name": t.Name()}
	maps.Copy(metadata, config.Metadata)
	registration, err := json.Marshal(metadata)
	if err != nil {
		t.Fatal(err)
	}
	if config.DPoPAlgorithm == "" {
		config.DPoPAlgorithm = "ES256"
	}
	env := []string{"ISSUER=" + as.Issuer, "METADATA=" + string(registration), "DPOP_ALG=" + config.DPoPAlgorithm}
	if config.Trust != nil {
		env = append(env, "NODE_EXTRA_CA_CERTS="+config.Trust.File)
	}
	var ready struct {
		Ready bool   `json:"ready"`
		URL   string `json:"url"`
		ID    string `json:"client_id"`
	}
	process := Start(t, &ready, dir, env, "node", "client.mjs")
	if !ready.Ready || ready.URL == "" || ready.ID == "" {
		t.Fatalf("openid-client says %+v", ready)
	}
	return &OpenIDClient{process, ready.ID, ready.URL}
}

// Tokens are what a client has obtained.
type Tokens struct {
	Access string `json:"access_token"`
	ID     string `json:"id_token"` // empty unless a user logged in
}

// Token obtains an access token by client credentials. It is bound to the client's key.
func (c *OpenIDClient) Token(t testing.TB, resource string, scopes ...string) string {
	t.Helper()
	var tokens Tokens
	c.call(t, "/token", map[string]string{"resource": resource, "scope": strings.Join(scopes, " ")}, &tokens)
	return tokens.Access
}

// Login has the user of a browser log in, for an access token that is bound to nothing. What challenge asks for
// (RFC 9470), the client asks for.
func (c *OpenIDClient) Login(
	t testing.TB, browser *Browser, resource string, challenge map[string]string, scopes ...string,
) Tokens {
	t.Helper()
	wanted := url.Values{"resource": {resource}, "scope": {strings.Join(append([]string{"openid"}, scopes...), " ")}}
	for _, name := range []string{"acr_values", "max_age"} {
		if value := challenge[name]; value != "" {
			wanted.Set(name, value)
		}
	}
	var tokens Tokens
	browser.Open(t, c.url+"/login?"+wanted.Encode()).Decode(t, &tokens)
	return tokens
}

// Get requests url of a resource server, and again if that is what the answer asks for (RFC 9449 section 9). It returns
// the status of each answer.
func (c *OpenIDClient) Get(t testing.TB, url, accessToken string) []int {
	t.Helper()
	var exchange struct {
		Statuses []int `json:"statuses"`
	}
	c.call(t, "/request", target(http.MethodGet, url, accessToken), &exchange)
	return exchange.Statuses
}

// Proof returns the proof that the client would send with such a request.
func (c *OpenIDClient) Proof(t testing.TB, method, url, accessToken string) string {
	t.Helper()
	var made struct {
		Proof string `json:"proof"`
	}
	c.call(t, "/proof", target(method, url, accessToken), &made)
	return made.Proof
}

func target(method, url, accessToken string) map[string]string {
	return map[string]string{"method": method, "url": url, "access_token": accessToken}
}

func (c *OpenIDClient) call(t testing.TB, path string, arguments, result any) {
	t.Helper()
	postJSON(t, c.url+path, arguments).Decode(t, result)
}
