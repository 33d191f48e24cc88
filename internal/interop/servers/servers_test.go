package servers_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/interop/fositeserver"
	"github.com/bearergate/bearergate/internal/interop/harness"
)

// mode is how the resource server judges tokens.
type mode string

const (
	keys   mode = "JWT"
	asking mode = "introspection"
	both   mode = "JWT and introspection"
)

var modes = []mode{keys, asking, both}

// server is the make of an authorization server.
type server struct {
	name string
	// start starts as many as it takes to have tokens for each mode.
	start func(*testing.T) map[mode]*offer
	// without says why there are none for a mode.
	without map[mode]string
}

// offer is an authorization server with tokens for one mode.
type offer struct {
	*harness.AuthorizationServer
	profile string // of its JWTs, if not the default
	query   string // of the resource indicator (RFC 8707) that asks for such tokens
	rotate  func(testing.TB)
	// setLifetime is for servers that read no lifetime in the resource indicator. What Glewlwyd says of a token goes by its
	// present setting, so that holds until the token has expired.
	setLifetime func(testing.TB, time.Duration)
	// without says why it has nothing to show a behaviour with.
	without map[string]string
}

var servers = []server{
	{
		"oidc-provider",
		func(t *testing.T) map[mode]*offer {
			t.Helper()
			as := harness.StartOIDCProvider(t)
			rotate := func(t testing.TB) { as.Rotate(t, harness.Replace) }
			return map[mode]*offer{
				keys: {AuthorizationServer: as.AuthorizationServer, rotate: rotate, without: map[string]string{
					lostToken: "it revokes no JWTs",
				}},
				asking: {AuthorizationServer: as.AuthorizationServer, query: "format=opaque"},
			}
		},
		map[mode]string{both: "it introspects no JWTs"},
	},
	{
		"Glewlwyd",
		func(t *testing.T) map[mode]*offer {
			t.Helper()
			as := harness.StartGlewlwyd(t)
			o := &offer{AuthorizationServer: as, rotate: as.ReplaceKey, setLifetime: as.SetLifetime}
			return map[mode]*offer{keys: o, asking: o, both: o}
		},
		nil,
	},
	{
		"fosite",
		func(t *testing.T) map[mode]*offer {
			t.Helper()
			signed, rotate := startFosite(t, fositeserver.NewJWT)
			random, _ := startFosite(t, fositeserver.NewOpaque)
			o := &offer{AuthorizationServer: signed, profile: "generic", rotate: rotate}
			return map[mode]*offer{keys: o, asking: {AuthorizationServer: random}, both: o}
		},
		nil,
	},
	{
		"django-oauth-toolkit",
		func(t *testing.T) map[mode]*offer {
			t.Helper()
			without := map[string]string{wrongAudience: "its answers name no audience"}
			return map[mode]*offer{asking: {AuthorizationServer: harness.StartDjangoOAuthToolkit(t), without: without}}
		},
		map[mode]string{keys: "its access tokens are opaque", both: "its access tokens are opaque"},
	},
	{
		"Flask and PyJWT",
		func(t *testing.T) map[mode]*offer {
			t.Helper()
			signed, random := harness.StartFlask(t, harness.FlaskRS256), harness.StartFlask(t, harness.FlaskOpaque)
			o := &offer{AuthorizationServer: signed, rotate: signed.ReplaceKey}
			return map[mode]*offer{keys: o, asking: {AuthorizationServer: random}, both: o}
		},
		nil,
	},
}

func startFosite(t *testing.T, newServer func(issuer string) (*fositeserver.Server, error)) (
	as *harness.AuthorizationServer, rotate func(testing.TB),
) {
	t.Helper()
	var server *fositeserver.Server
	as = harness.StartInProcess(t, func(url string) (http.Handler, harness.Endpoints) {
		var err error
		if server, err = newServer(url); err != nil {
			t.Fatal(err)
		}
		return server.Handler(), server.Endpoints()
	})
	as.ResourceServer = harness.ClientID
	return as, func(t testing.TB) {
		t.Helper()
		if err := server.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
}
