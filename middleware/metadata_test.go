package middleware_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

const resource = "https://api.example/orders"

func about(resource string) middleware.Config {
	return middleware.Config{Metadata: middleware.Metadata{Resource: resource}}
}

// describing is a Validator that says which tokens it honours.
type describing struct {
	middleware.ValidatorFunc
	acceptance middleware.Acceptance
}

func (d describing) Describe() middleware.Acceptance { return d.acceptance }

func fetchMetadata(t *testing.T, guard *middleware.Guard) (http.Header, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	guard.MetadataHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://forged.example"+guard.MetadataPath(), nil))
	var document map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Header(), document
}

// The document says what the configuration says, and nothing that is empty.
func TestMetadata(t *testing.T) {
	var asked []string
	dpop := proofs{keyring{"jkt", &asked, nil}, false}
	for _, tt := range []struct {
		name   string
		config middleware.Config
		want   map[string]any
	}{
		{"plain", about(resource), map[string]any{}},
		{
			"everything",
			middleware.Config{
				Metadata: middleware.Metadata{
					Resource:                  resource,
					AuthorizationServers:      []string{"https://a.example", "https://b.example"},
					Scopes:                    []string{"orders:read"},
					AuthorizationDetailsTypes: []string{"payment"},
					Name:                      "Orders",
					DocumentationURI:          "https://api.example/docs",
					PolicyURI:                 "https://api.example/policy",
					TermsURI:                  "https://api.example/terms",
				},
				AllowFormToken:  true,
				AllowQueryToken: true,
				RequireBinding:  true, // which a certificate satisfies too
				Bindings:        []middleware.Binding{dpop, keyring{"x5t#S256", &asked, nil}},
			},
			map[string]any{
				"authorization_servers":                      []any{"https://a.example", "https://b.example"},
				"scopes_supported":                           []any{"orders:read"},
				"bearer_methods_supported":                   []any{"header", "body", "query"},
				"authorization_details_types_supported":      []any{"payment"},
				"resource_name":                              "Orders",
				"resource_documentation":                     "https://api.example/docs",
				"resource_policy_uri":                        "https://api.example/policy",
				"resource_tos_uri":                           "https://api.example/terms",
				"dpop_signing_alg_values_supported":          []any{"ES256", "EdDSA"},
				"tls_client_certificate_bound_access_tokens": true,
			},
		},
		{
			"nothing but proofs can do",
			middleware.Config{
				Metadata:       middleware.Metadata{Resource: resource},
				Bindings:       []middleware.Binding{dpop},
				RequireBinding: true,
			},
			map[string]any{
				"bearer_methods_supported":          []any{},
				"dpop_signing_alg_values_supported": []any{"ES256", "EdDSA"},
				"dpop_bound_access_tokens_required": true,
			},
		},
		{
			"proofs only",
			middleware.Config{
				Metadata: middleware.Metadata{Resource: resource},
				Bindings: []middleware.Binding{proofs{keyring{"jkt", &asked, nil}, true}},
			},
			map[string]any{
				"bearer_methods_supported":          []any{},
				"dpop_signing_alg_values_supported": []any{"ES256", "EdDSA"},
				"dpop_bound_access_tokens_required": true,
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := map[string]any{
				"resource":                 resource,
				"authorization_servers":    []any{"https://login.example"},
				"bearer_methods_supported": []any{"header"},
			}
			maps.Copy(want, tt.want)
			v := describing{honour(alice()), middleware.Acceptance{Issuers: []string{"https://login.example"}}}
			h, got := fetchMetadata(t, newGuard(t, v, tt.config))
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			for name, value := range map[string]string{
				"Content-Type": "application/json", "Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*",
			} {
				if h.Get(name) != value {
					t.Errorf("%s: %q", name, h.Get(name))
				}
			}
		})
	}
}

// The scopes are those of the routes, each once; what is none, or means nothing here, is left out.
func TestDeclare(t *testing.T) {
	guard := newGuard(t, honour(alice()), about(resource))
	guard.Declare(middleware.Policy{Scopes: []string{"read"}})
	guard.Declare(middleware.Policy{Scopes: []string{"write", "read"}, AnyScopes: [][]string{{"admin", "no scope"}, {"offline_access"}}})
	if _, got := fetchMetadata(t, guard); !reflect.DeepEqual(got["scopes_supported"], []any{"read", "write", "admin"}) {
		t.Errorf("scopes %v", got["scopes_supported"])
	}
	var none *middleware.Guard
	none.Declare(middleware.Policy{Scopes: []string{"read"}}) // a mistake that requests are told of
}

// Policies that come with requests do not fill the memory.
func TestDeclareIsBounded(t *testing.T) {
	guard := newGuard(t, honour(alice()), about(resource))
	for i := range 5_000 {
		guard.Declare(middleware.Policy{Scopes: []string{"tenant-" + strings.Repeat("x", i)}})
	}
	if _, got := fetchMetadata(t, guard); len(got["scopes_supported"].([]any)) != 1_000 {
		t.Errorf("%d scopes", len(got["scopes_supported"].([]any)))
	}
}

// The document is found where its resource says, by nobody else's name, and without a token.
func TestMetadataLocation(t *testing.T) {
	for _, tt := range []struct {
		resource, at string
		status       int
	}{
		{"https://api.example", "/.well-known/oauth-protected-resource", 200},
		{"https://api.example/", "/.well-known/oauth-protected-resource", 200},
		{"https://api.example/", "/.well-known/oauth-protected-resource/", 404},
		{"https://api.example/tenant1", "/.well-known/oauth-protected-resource/tenant1", 200},
		{"https://api.example/tenant1", "/.well-known/oauth-protected-resource/tenant1/", 404},
		{"https://api.example/tenant1", "/.well-known/oauth-protected-resource", 404},
		{"https://api.example/tenant1/", "/.well-known/oauth-protected-resource/tenant1/", 200},
		{"https://api.example/a%2Fb", "/.well-known/oauth-protected-resource/a%2Fb", 200},
		{"https://api.example/a%2Fb", "/.well-known/oauth-protected-resource/a/b", 404},
		{"https://api.example/a?tenant=1", "/.well-known/oauth-protected-resource/a?tenant=1", 200},
		{"https://api.example/a?tenant=1", "/.well-known/oauth-protected-resource/a?tenant=2", 404},
		{"https://api.example/a?tenant=1", "/.well-known/oauth-protected-resource/a", 404},
		{"http://127.0.0.1:8080/mcp", "/.well-known/oauth-protected-resource/mcp", 200},
	} {
		guard := newGuard(t, honour(alice()), about(tt.resource))
		w := httptest.NewRecorder()
		guard.MetadataHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, tt.at, nil))
		if w.Code != tt.status {
			t.Errorf("%s at %s: %d, want %d", tt.resource, tt.at, w.Code, tt.status)
		}
		_, err := guard.Authorize(http.Header{}, get(), middleware.Policy{})
		named := challenge(t, err).Params["resource_metadata"]
		if want := strings.SplitAfter(tt.resource, "example")[0] + tt.at; tt.status == 200 && strings.Contains(want, "example") && named != want {
			t.Errorf("%s: the challenge names %q, want %q", tt.resource, named, want)
		}
	}
}

func TestMetadataMethods(t *testing.T) {
	guard := newGuard(t, honour(alice()), about(resource))
	for method, want := range map[string]int{
		http.MethodHead: 200, http.MethodOptions: 204, http.MethodPost: 405, http.MethodDelete: 405,
	} {
		w := httptest.NewRecorder()
		guard.MetadataHandler().ServeHTTP(w, httptest.NewRequest(method, guard.MetadataPath(), nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", method, w.Code, want)
		}
	}
	for name, without := range map[string]*middleware.Guard{
		"without metadata": newGuard(t, honour(alice()), middleware.Config{}), "nil": nil, "zero": {},
	} {
		w := httptest.NewRecorder()
		without.MetadataHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/.well-known/oauth-protected-resource", nil))
		if w.Code != http.StatusInternalServerError || without.MetadataPath() != "" {
			t.Errorf("%s: %d at %q", name, w.Code, without.MetadataPath())
		}
	}
}

// Scripts of every origin may ask, with whatever header fields they like (the Fetch standard, section 3.2), and whoever uses
// another method is told which there are.
func TestMetadataMethodHeaders(t *testing.T) {
	guard := newGuard(t, honour(alice()), about(resource))
	for method, want := range map[string]http.Header{
		http.MethodOptions: {
			"Access-Control-Allow-Origin": {"*"}, "Access-Control-Allow-Methods": {"GET, HEAD"}, "Access-Control-Allow-Headers": {"*"},
		},
		http.MethodPost: {"Allow": {"GET, HEAD, OPTIONS"}},
	} {
		w := httptest.NewRecorder()
		guard.MetadataHandler().ServeHTTP(w, httptest.NewRequest(method, guard.MetadataPath(), nil))
		if !reflect.DeepEqual(w.Header(), want) {
			t.Errorf("%s: %v, want %v", method, w.Header(), want)
		}
	}
}

// What the caller does to its lists later does not change the document.
func TestMetadataIsCopied(t *testing.T) {
	config := about(resource)
	config.Metadata.Scopes = []string{"read"}
	config.Metadata.AuthorizationServers = []string{"https://login.example"}
	config.Metadata.AuthorizationDetailsTypes = []string{"payment"}
	guard := newGuard(t, honour(alice()), config)
	_, before := fetchMetadata(t, guard)
	for _, list := range [][]string{config.Metadata.Scopes, config.Metadata.AuthorizationServers, config.Metadata.AuthorizationDetailsTypes} {
		list[0] = "https://evil.example"
	}
	if _, after := fetchMetadata(t, guard); !reflect.DeepEqual(before, after) {
		t.Errorf("%v became %v", before, after)
	}
}

// Metadata of nothing is a mistake, whatever it says.
func TestMetadataNeedsAResource(t *testing.T) {
	for _, m := range []middleware.Metadata{
		{AuthorizationServers: []string{"https://login.example"}}, {Scopes: []string{"read"}}, {AuthorizationDetailsTypes: []string{"payment"}},
		{Name: "Orders"}, {DocumentationURI: "https://api.example"}, {PolicyURI: "https://api.example"}, {TermsURI: "https://api.example"},
		{MaxAge: time.Hour},
	} {
		if _, err := middleware.New(honour(alice()), middleware.Config{Metadata: m}); err == nil || !strings.Contains(err.Error(), "needs a Resource") {
			t.Errorf("%+v: %v", m, err)
		}
	}
}

func TestMetadataRefused(t *testing.T) {
	at := func(change func(*middleware.Metadata)) middleware.Config {
		config := about(resource)
		change(&config.Metadata)
		return config
	}
	issuers := func(list ...string) func(*middleware.Metadata) {
		return func(m *middleware.Metadata) { m.AuthorizationServers = list }
	}
	both := about(resource)
	both.ResourceMetadata = "https://api.example/metadata"
	for _, tt := range []struct {
		name   string
		config middleware.Config
		want   string
	}{
		{"http", about("http://api.example"), "absolute https URL"},
		{"fragment", about("https://api.example/#top"), "absolute https URL"},
		{"empty fragment", about("https://api.example/#"), "absolute https URL"},
		{"no scheme", about("api.example"), "absolute https URL"},
		{"no host", about("https:///orders"), "absolute https URL"},
		{"user", about("https://me@api.example"), "absolute https URL"},
		{"space", about("https://api.example/a b"), "absolute https URL"},
		{"no URL", about("https://api.example/\x7f"), "absolute https URL"},
		{"brace", about("https://api.example/{x}"), "percent-encoded"},
		{"upper case", about("HTTPS://api.example"), "absolute https URL"},
		{"no resource", middleware.Config{Metadata: middleware.Metadata{Name: "Orders"}}, "needs a Resource"},
		{"two URLs", both, "leave it empty"},
		{"offline_access", at(func(m *middleware.Metadata) { m.Scopes = []string{"read", "offline_access"} }), "offline_access"},
		{"no scope", at(func(m *middleware.Metadata) { m.Scopes = []string{"read write"} }), `"read write", which is no scope`},
		{"no URL of an issuer", at(issuers("https://login.example", "login.example")), "AuthorizationServers[1] must be an issuer identifier"},
		{"no name of an issuer", at(issuers("")), "AuthorizationServers[0]"},
		{"issuer in the clear", at(issuers("http://login.example")), "AuthorizationServers[0]"},
		{"issuer with white space", at(issuers("https://login.example\n")), "AuthorizationServers[0]"},
		{"issuer with query", at(issuers("https://login.example?a")), "AuthorizationServers[0]"},
		{"issuer with password", at(issuers("https://a:hunter2@login.example")), "AuthorizationServers[0]"},
		{"script for a page", at(func(m *middleware.Metadata) { m.DocumentationURI = "javascript:alert(1)" }), "DocumentationURI must be"},
		{"page in the clear", at(func(m *middleware.Metadata) { m.PolicyURI = "http://api.example/policy" }), "PolicyURI must be"},
		{"no URL of a page", at(func(m *middleware.Metadata) { m.DocumentationURI = "https://api.example/%zz" }), "DocumentationURI must be"},
		{"blank page", at(func(m *middleware.Metadata) { m.TermsURI = " " }), "TermsURI must be"},
		{"nameless type", at(func(m *middleware.Metadata) { m.AuthorizationDetailsTypes = []string{"a", ""} }), "AuthorizationDetailsTypes"},
		{"negative", at(func(m *middleware.Metadata) { m.MaxAge = -time.Second }), "MaxAge"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := middleware.New(honour(alice()), tt.config)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// What several validators honour together is what is advertised.
func TestDescribe(t *testing.T) {
	jwt := describing{honour(alice()), middleware.Acceptance{Issuers: []string{"a"}, Algorithms: []string{"ES256"}}}
	asked := describing{honour(alice()), middleware.Acceptance{Issuers: []string{"b", "a"}, NoticesRevocation: true}}
	silent := middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) { return nil, nil })
	for _, tt := range []struct {
		name      string
		validator middleware.Validator
		want      middleware.Acceptance
	}{
		{"either", middleware.ByFormat(jwt, asked), middleware.Acceptance{Issuers: []string{"a", "b"}, Algorithms: []string{"ES256"}}},
		{"only one", middleware.ByFormat(nil, asked), middleware.Acceptance{Issuers: []string{"b", "a"}, NoticesRevocation: true}},
		{"both", middleware.All(jwt, asked), middleware.Acceptance{Issuers: []string{"a"}, Algorithms: []string{"ES256"}, NoticesRevocation: true}},
		{"one does not say", middleware.All(jwt, silent), middleware.Acceptance{Issuers: []string{"a"}, Algorithms: []string{"ES256"}, Unknown: true}},
		{"one of a kind does not say", middleware.ByFormat(silent, asked), middleware.Acceptance{Issuers: []string{"b", "a"}, Unknown: true}},
		{"the first notices", middleware.All(asked, jwt), middleware.Acceptance{Issuers: []string{"b", "a"}, Algorithms: []string{"ES256"}, NoticesRevocation: true}},
		{"the first does not say", middleware.All(silent, jwt), middleware.Acceptance{Algorithms: []string{"ES256"}, Unknown: true}},
		{"neither says", middleware.ByFormat(silent, silent), middleware.Acceptance{Unknown: true}},
	} {
		got := tt.validator.(middleware.Describer).Describe()
		if !slices.Equal(got.Issuers, tt.want.Issuers) || !slices.Equal(got.Algorithms, tt.want.Algorithms) ||
			got.NoticesRevocation != tt.want.NoticesRevocation || got.Unknown != tt.want.Unknown {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
