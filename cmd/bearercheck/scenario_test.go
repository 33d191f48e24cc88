package main

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// scenario is a token that is refused, or is not, and what the program has to say about it.
type scenario struct {
	name   string
	server oauthtest.Config
	broken map[oauthtest.Endpoint]oauthtest.Fault
	now    time.Time // here; the server is at noon
	token  func(*testing.T, *server) string
	args   []string // beside -issuer of the server and -audience
	// unnamed leaves -audience out.
	unnamed bool

	status int
	// reasons are the codes of the findings, in their order.
	reasons []middleware.Reason
	// says are parts of the report.
	says []string
	// accepted are arguments that spell out the suggestion: with them the token is accepted.
	accepted []string
	// policy says that a policy is suggested, which no arguments can spell out.
	policy bool
}

var (
	keycloakServer = oauthtest.Config{Host: "sso.example.com", Path: "/realms/shop"}
	entraServer    = oauthtest.Config{Host: "login.microsoftonline.com", Path: "/11111111-2222-3333-4444-555555555555/v2.0"}
	auth0Server    = oauthtest.Config{Host: "shop.eu.auth0.com", Path: "/"}
	oktaServer     = oauthtest.Config{Host: "shop.okta.com", Path: "/oauth2/default"}
)

// keycloak returns an access token as Keycloak issues them, with other claims over it.
func keycloak(changes object) func(*testing.T, *server) string {
	claims := object{"typ": "Bearer", "azp": "web", "client_id": nil, "sid": "session", "scope": "profile email"}
	return minted(object{"typ": "JWT"}, claims, changes)
}

// entra returns one as Entra ID issues them.
func entra(changes object) func(*testing.T, *server) string {
	claims := object{"azp": "web", "client_id": nil, "jti": nil, "uti": "u", "tid": "t", "ver": "2.0", "scp": "orders.read", "oid": "o"}
	return minted(object{"typ": "JWT"}, claims, changes)
}

// auth0 returns one as Auth0 issues them.
func auth0(changes object) func(*testing.T, *server) string {
	return minted(object{"typ": "JWT"}, object{"azp": "web", "client_id": nil, "jti": nil, "scope": "openid profile"}, changes)
}

func okta(changes object) func(*testing.T, *server) string {
	claims := object{"cid": "web", "client_id": nil, "scp": []string{"orders.read", "openid"}, "ver": 1, "uid": "u"}
	return minted(object{"typ": nil}, claims, changes)
}

// rfc9068 returns one as the standard has them.
func rfc9068(changes object) func(*testing.T, *server) string { return minted(nil, changes) }

func minted(header object, claims ...object) func(*testing.T, *server) string {
	all := object{}
	for _, each := range claims {
		maps.Copy(all, each)
	}
	return func(_ *testing.T, s *server) string { return s.mint(oauthtest.Token{Header: header, Claims: all}) }
}

// expiring returns a token that ends at a time from noon.
func expiring(in time.Duration) func(*testing.T, *server) string {
	return func(_ *testing.T, s *server) string { return s.mint(oauthtest.Token{ExpiresIn: in}) }
}

func text(token string) func(*testing.T, *server) string {
	return func(*testing.T, *server) string { return token }
}

func TestScenarios(t *testing.T) {
	var names []string
	for _, test := range slices.Concat(acceptances, audiences, issuers, kinds, times, keys, forms, boundTokens, outages, grants) {
		names = append(names, test.name)
		t.Run(test.name, func(t *testing.T) { test.play(t) })
	}
	for _, name := range goldens(t) {
		if !strings.HasPrefix(name, "service-") && name != "json" && !slices.Contains(names, name) {
			t.Errorf("testdata/%s.txt belongs to no scenario", name)
		}
	}
}

func (test scenario) play(t *testing.T) {
	as := newServer(t, test.server)
	token := test.token(t, as)
	for endpoint, fault := range test.broken {
		as.Break(endpoint, fault)
	}
	w := world{client: as.HTTPClient()}
	if !test.now.IsZero() {
		w.now = func() time.Time { return test.now }
	}
	before := as.Requests(oauthtest.EndpointJWKS)
	got := bearercheck(t, w, token, test.arguments(as)...)
	as.wantUntold(t, token)
	if fetched := as.Requests(oauthtest.EndpointJWKS) - before; fetched > 1 {
		t.Errorf("the key set was fetched %d times", fetched)
	}
	if got.stderr != "" {
		t.Errorf("standard error: %s", got.stderr)
	}
	if got.status != test.status {
		t.Errorf("exit status %d, want %d\n%s", got.status, test.status, got.stdout)
	}
	if reasons := codes(got.stdout); !slices.Equal(reasons, test.reasons) {
		t.Errorf("reasons %q, want %q\n%s", reasons, test.reasons, got.stdout)
	}
	for _, part := range test.says {
		if !strings.Contains(plain(got.stdout), part) {
			t.Errorf("%q is missing in\n%s", part, got.stdout)
		}
	}
	golden(t, test.name, got.stdout)
	suggested := strings.Contains(got.stdout, "this configuration accepts the token")
	if suggested != (test.accepted != nil || test.policy) {
		t.Errorf("a configuration is suggested: %t\n%s", suggested, got.stdout)
	}
	if test.accepted == nil {
		return
	}
	if again := bearercheck(t, w, token, withKeyFile(t, as, test.accepted)...); again.status != exitAccepted {
		t.Errorf("with what is suggested: exit status %d\n%s%s", again.status, again.stdout, again.stderr)
	}
}

// keyFile stands for a file with the key set that the server publishes.
const keyFile = "KEYS"

func withKeyFile(t *testing.T, as *server, args []string) []string {
	t.Helper()
	args = slices.Clone(args)
	i := slices.Index(args, keyFile)
	if i < 0 {
		return args
	}
	args[i] = filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(args[i], []byte(as.keySet(t)), 0o644); err != nil {
		t.Fatal(err)
	}
	return args
}

// arguments adds what the scenario leaves out.
func (test scenario) arguments(as *server) []string {
	args := slices.Clone(test.args)
	if !slices.Contains(args, "-issuer") {
		args = append(args, "-issuer", as.Issuer())
	}
	if !test.unnamed && !slices.Contains(args, "-audience") {
		args = append(args, "-audience", audience)
	}
	return args
}

// plain undoes the breaks of the lines.
func plain(report string) string { return strings.Join(strings.Fields(report), " ") }

// codes returns the reasons that a report is about.
func codes(report string) []middleware.Reason {
	var found []middleware.Reason
	for line := range strings.Lines(report) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "verdict: ") {
			if _, code, ok := strings.Cut(line, "reason "); ok {
				found = append(found, middleware.Reason(code))
			}
		}
		if code, ok := strings.CutPrefix(line, "wrong too: "); ok {
			found = append(found, middleware.Reason(code))
		}
	}
	return found
}

var acceptances = []scenario{
	{name: "accepted", token: rfc9068(object{"scope": "orders:read"}), args: []string{"-scope", "orders:read"}},
	{
		name: "accepted-keycloak", server: keycloakServer, token: keycloak(object{"aud": []string{"account", audience}}),
		args: []string{"-profile", "keycloak"},
	},
	{
		name: "no-audience", token: rfc9068(nil), unnamed: true, status: exitUnknown,
		says: []string{"Everything but the audience is right", audience},
	},
	{
		name: "no-audience-no-profile", server: keycloakServer, token: keycloak(nil), unnamed: true,
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonWrongType},
		says:     []string{"not checked audience", "Audience is what the token says"},
		accepted: []string{"-issuer", "https://sso.example.com/realms/shop", "-audience", audience, "-profile", "keycloak"},
	},
	{
		name: "no-audience-account-only", server: keycloakServer, token: keycloak(object{"aud": "account"}), unnamed: true,
		args: []string{"-profile", "keycloak"}, status: exitUnknown,
		says: []string{"Everything but the audience is right", "mapper of type Audience"},
	},
	{
		name: "no-audience-account", server: keycloakServer, token: keycloak(object{"aud": "account"}), unnamed: true,
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonWrongType},
		says: []string{"mapper of type Audience"},
	},
}

var audiences = []scenario{
	{
		name: "audience-account", server: keycloakServer, token: keycloak(object{"aud": "account"}),
		args:   []string{"-profile", "keycloak"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonWrongAudience},
		says: []string{"FAILED audience", "mapper of type Audience", "no configuration should accept"},
	},
	{
		name: "audience-account-no-profile", server: keycloakServer, token: keycloak(object{"aud": "account"}),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonWrongType, middleware.ReasonWrongAudience},
		says: []string{"It looks like one of Keycloak", "mapper of type Audience"},
	},
	{
		name: "audience-slash", token: rfc9068(object{"aud": audience + "/"}),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonWrongAudience},
		says:     []string{"a slash at the end"},
		accepted: []string{"-issuer", "https://as.example.com", "-audience", audience + "/"},
	},
	{
		name: "audience-other", token: rfc9068(object{"aud": "https://billing.example.com"}),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonWrongAudience},
		says:     []string{"only if that is a name of this service and of no other"},
		accepted: []string{"-issuer", "https://as.example.com", "-audience", "https://billing.example.com"},
	},
	{
		name: "audience-several", token: rfc9068(object{"aud": []string{"https://billing.example.com", "API.example.com"}}),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonWrongAudience},
		says:     []string{"They differ by scheme, case or a slash", `Audience: "API.example.com"`},
		accepted: []string{"-issuer", "https://as.example.com", "-audience", "API.example.com"},
	},
	{
		name: "audience-cognito", server: oauthtest.Config{Host: "cognito-idp.eu-west-1.amazonaws.com", Path: "/eu-west-1_shop"},
		token:  minted(object{"typ": nil}, object{"token_use": "access", "aud": nil, "client_id": "app"}),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonWrongType, middleware.ReasonWrongAudience},
		says: []string{"It looks like one of Cognito", `The token is for "app"`},
		accepted: []string{
			"-issuer", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_shop", "-audience", "app", "-profile", "cognito",
		},
	},
	{
		name: "audience-graph", server: entraServer, token: entra(object{"aud": "00000003-0000-0000-c000-000000000000"}),
		args:   []string{"-profile", "entra"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonWrongAudience},
		says: []string{"Microsoft Graph"},
	},
}

var issuers = []scenario{
	{
		name: "issuer-slash-missing", server: auth0Server, token: auth0(nil),
		args:   []string{"-issuer", "https://shop.eu.auth0.com", "-profile", "auth0"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonUntrustedIssuer},
		says:     []string{"They differ by the slash at the end", `it is that of issuer "https://shop.eu.auth0.com/"`},
		accepted: []string{"-issuer", "https://shop.eu.auth0.com/", "-audience", audience, "-profile", "auth0"},
	},
	{
		name: "issuer-slash-extra", token: rfc9068(nil), args: []string{"-issuer", "https://as.example.com/"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonUntrustedIssuer},
		says:     []string{"They differ by the slash at the end"},
		accepted: []string{"-issuer", "https://as.example.com", "-audience", audience},
	},
	{
		// RFC 9068 tokens say what they are, whomever they are for.
		name: "issuer-slash-client-audience", token: rfc9068(object{"aud": "test-client"}),
		args:   []string{"-issuer", "https://as.example.com/", "-audience", "test-client"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonUntrustedIssuer},
		accepted: []string{"-issuer", "https://as.example.com", "-audience", "test-client"},
	},
	{
		name: "issuer-http", server: keycloakServer, token: keycloak(object{"iss": "http://sso.example.com/realms/shop"}),
		args:   []string{"-profile", "keycloak"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonUntrustedIssuer},
		says: []string{"http and https", "tell it its public URL"},
		accepted: []string{
			"-issuer", "http://sso.example.com/realms/shop", "-jwks-url", "https://sso.example.com/realms/shop/jwks",
			"-audience", audience, "-profile", "keycloak",
		},
	},
	{
		name: "issuer-metadata-differs", server: keycloakServer, token: keycloak(nil), args: []string{"-profile", "keycloak"},
		broken: map[oauthtest.Endpoint]oauthtest.Fault{
			oauthtest.EndpointMetadata: {Status: http.StatusNotFound},
			oauthtest.EndpointOpenIDConfiguration: {
				Body: `{"issuer":"http://sso.example.com/realms/shop","jwks_uri":"https://sso.example.com/realms/shop/jwks"}`,
			},
		},
		status: exitUnknown, reasons: []middleware.Reason{middleware.ReasonKeysUnavailable},
		says: []string{`The metadata is that of the issuer "http://sso.example.com/realms/shop"`},
		accepted: []string{
			"-issuer", "https://sso.example.com/realms/shop", "-jwks-url", "https://sso.example.com/realms/shop/jwks",
			"-audience", audience, "-profile", "keycloak",
		},
	},
	{
		name: "issuer-wrong-realm", server: keycloakServer, token: keycloak(nil),
		args:   []string{"-issuer", "https://sso.example.com/realms/shops", "-profile", "keycloak"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonUntrustedIssuer},
		says:     []string{"another realm or tenant", "status 404", "only if you trust it"},
		accepted: []string{"-issuer", "https://sso.example.com/realms/shop", "-audience", audience, "-profile", "keycloak"},
	},
	{
		name: "issuer-stranger", token: rfc9068(object{"iss": "https://stranger.example"}),
		broken: map[oauthtest.Endpoint]oauthtest.Fault{oauthtest.EndpointJWKS: {Body: strangersKeys}},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonUntrustedIssuer, middleware.ReasonUnknownKey},
		says: []string{"The token is of another server", "none of the issuer's keys"},
	},
	{
		name: "entra-v1", server: entraServer, args: []string{"-profile", "entra"},
		token: entra(object{
			"iss": "https://sts.windows.net/11111111-2222-3333-4444-555555555555/", "ver": "1.0", "azp": nil, "appid": "web",
		}),
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonUntrustedIssuer},
		says: []string{"sts.windows.net in tokens of version 1", "requestedAccessTokenVersion"},
		accepted: []string{
			"-issuer", "https://sts.windows.net/11111111-2222-3333-4444-555555555555/", "-audience", audience, "-profile", "entra",
			"-jwks-url", "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0/jwks",
		},
	},
	{
		name: "entra-no-profile", server: entraServer, token: entra(nil), args: []string{"-scope", "orders.read"},
		status: exitRefused, reasons: []middleware.Reason{middleware.ReasonWrongType},
		says: []string{"It looks like one of Entra", "Profile: jwks.Entra"},
		accepted: []string{
			"-issuer", "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", "-audience", audience,
			"-profile", "entra", "-scope", "orders.read",
		},
	},
}

// strangersKeys is a key set without the keys of the server.
const strangersKeys = `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"other","alg":"EdDSA","use":"sig",` +
	`"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`
