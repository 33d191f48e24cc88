package interop_test

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

const (
	listOrders  = "list_orders"
	createOrder = "create_order"
	callList    = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_orders","arguments":{}}}`
)

func TestMCP(t *testing.T) {
	as := harness.StartOIDCProvider(t)
	server := harness.StartMCPServer(t, as)
	for _, version := range harness.MCPVersions() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			testMCPClient(t, as, server, version)
		})
	}
	t.Run("metadata", func(t *testing.T) {
		t.Parallel()
		testMCPMetadata(t, as, server)
	})
	t.Run("audience", func(t *testing.T) {
		t.Parallel()
		testMCPAudience(t, as, server)
	})
}

// testMCPClient has a client that knows nothing but the URL of the server find all the rest, and a stronger token when a
// tool asks for one.
func testMCPClient(t *testing.T, as *harness.OIDCProvider, server *harness.MCPServer, version string) {
	client := harness.StartMCPClient(t, server, version)
	browser := harness.NewBrowser(t, "alice")
	item := map[string]any{"item": "tea"}
	orders := map[string]any{"owner": "alice", "orders": []any{"tea", "biscuits"}}
	order := map[string]any{"owner": "alice", "item": "tea"}

	begin := authorize(t, browser, server, client.Call(t, listOrders, nil))
	if scope := begin.Get("scope"); scope != "orders:read" {
		t.Errorf("asked for %q at first, want what the challenge names", scope)
	}
	wantResult(t, client.Call(t, listOrders, nil), orders)

	stepUp := authorize(t, browser, server, client.Call(t, createOrder, item))
	if scopes := strings.Fields(stepUp.Get("scope")); !slices.Contains(scopes, "orders:write") {
		t.Errorf("asked for %q after the refusal, want what its challenge names", scopes)
	}
	wantResult(t, client.Call(t, createOrder, item), order)
	wantResult(t, client.Call(t, listOrders, nil), orders) // the stronger scope implies the weaker, which may be gone

	wantFetches(t, client.Log(t), server, []string{
		"POST " + server.URL + " 401",
		"GET " + metadataURL(t, server) + " 200",
		"GET " + as.Issuer + "/.well-known/oauth-authorization-server 200",
		"POST " + as.RegistrationURL + " 201",
		"POST " + as.TokenURL + " 200",
		"POST " + server.URL + " 200",
		"POST " + server.URL + " 403",
		"POST " + as.TokenURL + " 200",
		"POST " + server.URL + " 200",
		"POST " + server.URL + " 200",
	})
}

// authorize sends the user where a call leads, for a token that is for the server alone. It returns what was asked for.
func authorize(t *testing.T, browser *harness.Browser, server *harness.MCPServer, call harness.MCPOutcome) url.Values {
	t.Helper()
	target, err := url.Parse(call.Authorize)
	if err != nil || call.Authorize == "" {
		t.Fatalf("the call came to %+v, want an authorization", call)
	}
	asked := target.Query()
	if asked.Get("resource") != server.URL || asked.Get("code_challenge_method") != "S256" {
		t.Errorf("asked for %v, want a code with S256 and resource %s", asked, server.URL)
	}
	if back := browser.Open(t, call.Authorize); back.Status != http.StatusOK || !strings.Contains(back.URL, "code=") {
		t.Fatalf("the user ended at %s with status %d: %s", back.URL, back.Status, back.Body)
	}
	return asked
}

func wantResult(t *testing.T, call harness.MCPOutcome, want map[string]any) {
	t.Helper()
	if call.Authorize != "" || call.Result.IsError || !reflect.DeepEqual(call.Result.Content, want) {
		t.Fatalf("the call came to %+v, want %v", call, want)
	}
}

// wantFetches requires that the client fetched all of want in this order, and was refused in no other ways.
func wantFetches(t *testing.T, log []harness.MCPFetch, server *harness.MCPServer, want []string) {
	t.Helper()
	var fetched, refusals []string
	for _, f := range log {
		fetched = append(fetched, fmt.Sprint(f.Method, " ", f.URL, " ", f.Status))
		if f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden {
			refusals = append(refusals, f.Challenge)
		}
	}
	metadata := `, resource_metadata="` + metadataURL(t, server) + `"`
	challenges := []string{
		`Bearer realm="api", scope="orders:read"` + metadata,
		`Bearer realm="api", error="insufficient_scope", ` +
			`error_description="The access token does not grant what this request needs", scope="orders:write"` + metadata,
	}
	if !slices.Equal(refusals, challenges) {
		t.Errorf("refused with\n%s\nwant\n%s", strings.Join(refusals, "\n"), strings.Join(challenges, "\n"))
	}
	rest := want
	for _, f := range fetched {
		if len(rest) > 0 && f == rest[0] {
			rest = rest[1:]
		}
	}
	if len(rest) > 0 {
		t.Errorf("%s did not follow in\n%s", rest[0], strings.Join(fetched, "\n"))
	}
}

// metadataURL is where the metadata of the server has to be (RFC 9728, section 3.1).
func metadataURL(t *testing.T, server *harness.MCPServer) string {
	t.Helper()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Scheme + "://" + u.Host + "/.well-known/oauth-protected-resource" + u.Path
}

func testMCPMetadata(t *testing.T, as *harness.OIDCProvider, server *harness.MCPServer) {
	refused := server.Post(t, "", callList)
	wantRefusal(t, refused, http.StatusUnauthorized, map[string]string{
		"error": "", "scope": "orders:read", "resource_metadata": metadataURL(t, server),
	})
	var document struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
		Scopes   []string `json:"scopes_supported"`
	}
	refused.ResourceMetadata(t).Decode(t, &document)
	if document.Resource != server.URL || !slices.Equal(document.Servers, []string{as.Issuer}) ||
		!slices.Equal(document.Scopes, []string{"orders:read"}) {
		t.Errorf("metadata %+v of %s with %s", document, server.URL, as.Issuer)
	}
}

func testMCPAudience(t *testing.T, as *harness.OIDCProvider, server *harness.MCPServer) {
	wantStatus(t, server.Post(t, as.Grant(t, server.URL, "orders:read"), callList), http.StatusOK)
	for name, resource := range map[string]string{
		"another server":      audience,
		"another path":        server.URL + "2",
		"the same host":       strings.TrimSuffix(server.URL, "/mcp"),
		"with a slash":        server.URL + "/",
		"no resource, no JWT": "",
	} {
		t.Run(name, func(t *testing.T) {
			wantRefusal(t, server.Post(t, as.Grant(t, resource, "orders:read"), callList), http.StatusUnauthorized, invalidToken)
		})
	}
}
