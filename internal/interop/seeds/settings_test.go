package seeds_test

import (
	"slices"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

const audience = "https://orders.example.com"

// kind is what an access token is and what the resource server does about it.
type kind string

const (
	rs256       kind = "RS256"
	hs256       kind = "HS256"
	opaque      kind = "opaque"
	opaqueAsked kind = "opaque, no cache"
	rs256Asked  kind = "RS256 and introspection, no cache"
	rs256Bound  kind = "RS256 bound to a certificate"
)

var kinds = []kind{rs256, hs256, opaque, rs256Asked, opaqueAsked, rs256Bound}

// setting is an authorization server and the resource servers that trust it, in one way, by adapter.
type setting struct {
	as      *harness.AuthorizationServer
	servers map[string]*harness.ResourceServer
}

// settings are all that the flows need.
type settings struct {
	byKind      map[kind]setting
	authority   *harness.Authority
	own, others *harness.Certificate // of the client that has one, and of somebody else
}

func startSettings(t *testing.T) *settings {
	t.Helper()
	authority := harness.NewAuthority(t)
	signed := harness.StartFlaskMTLS(t, harness.FlaskRS256, authority)
	symmetric := harness.StartFlask(t, harness.FlaskHS256)
	random := harness.StartFlask(t, harness.FlaskOpaque)

	own := authority.Issue(t, "resource server").File
	keys := []string{"-issuer", signed.Issuer}
	secret := []string{"-issuer", symmetric.Issuer, "-hs256-secret-file", symmetric.SecretFile, "-profile", "generic"}
	client := credentials(t)
	stillActive := []string{"-introspection-url", signed.IntrospectionURL, "-introspection-mode", "all"}
	active := []string{"-introspection-url", random.IntrospectionURL, "-revocation-url", random.RevocationURL}
	noCache := []string{"-introspection-cache-ttl", "0"}
	return &settings{
		byKind: map[kind]setting{
			rs256:       start(t, signed, keys, client, []string{"-revocation-url", signed.RevocationURL}),
			hs256:       start(t, symmetric, secret),
			opaque:      start(t, random, active, client),
			opaqueAsked: start(t, random, active, client, noCache),
			rs256Asked:  start(t, signed, keys, stillActive, client, noCache),
			rs256Bound:  start(t, signed, keys, []string{"-tls-cert", own, "-tls-key", own}),
		},
		authority: authority,
		own:       authority.Issue(t, "certified-app"),
		others:    authority.Issue(t, "certified-app"),
	}
}

// credentials are the flags for what the resource server shows at the authorization server.
func credentials(t *testing.T) []string {
	t.Helper()
	file := harness.SecretFile(t, harness.Secret(harness.ResourceServerID))
	return []string{"-introspection-client-id", harness.ResourceServerID, "-introspection-client-secret-file", file}
}

func start(t *testing.T, as *harness.AuthorizationServer, flags ...[]string) setting {
	t.Helper()
	servers := map[string]*harness.ResourceServer{}
	for _, adapter := range harness.Adapters {
		own := []string{"-adapter", adapter, "-audience", audience, "-insecure-http", "-leeway", "0"}
		servers[adapter] = harness.StartResourceServer(t, slices.Concat(append(flags, own)...)...)
	}
	return setting{as, servers}
}

// world is what the clients know.
func (s *settings) world(k kind, flows []string) any {
	servers := map[string]string{}
	for adapter, rs := range s.byKind[k].servers {
		servers[adapter] = rs.URL
	}
	return struct {
		harness.Endpoints
		Flows            []string          `json:"flows"`
		ResourceServers  map[string]string `json:"resource_servers"`
		Authority        string            `json:"authority"`
		Certificate      string            `json:"certificate"`
		OtherCertificate string            `json:"other_certificate"`
	}{s.byKind[k].as.Endpoints, flows, servers, s.authority.File, s.own.File, s.others.File}
}
