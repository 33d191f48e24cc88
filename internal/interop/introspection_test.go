package interop_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

// way is how a resource server makes use of introspection, beside the issuer's keys.
type way struct {
	name  string
	flags []string
}

var (
	besideKeys    = way{"opaque tokens beside JWTs", nil}
	signedAnswers = way{"signed answers", []string{"-introspection-jwt"}}
)

// ways are those for opaque tokens beside JWTs. Introspection alone, and of JWTs, is for package servers to test.
var ways = []way{besideKeys, signedAnswers}

// introspector is a resource server that introspects.
type introspector struct {
	*harness.ResourceServer
	name   string
	as     *harness.AuthorizationServer
	obtain func(t testing.TB, scope string) string
}

func TestIntrospection(t *testing.T) {
	as := harness.StartOIDCProvider(t).AuthorizationServer
	obtain := func(t testing.TB, scope string) string {
		t.Helper()
		return as.Grant(t, audience+"/?format=opaque", scope)
	}
	var trusted, strangers []introspector
	for _, w := range ways {
		for _, adapter := range harness.Adapters {
			name := w.name + "/" + adapter
			rs := startIntrospector(t, as, w, adapter, harness.Secret(as.ResourceServer))
			stranger := startIntrospector(t, as, w, adapter, "wrong")
			trusted = append(trusted, introspector{rs, name, as, obtain})
			strangers = append(strangers, introspector{stranger, name, as, obtain})
		}
	}
	each(t, "verdicts", trusted, introspector.testVerdicts)
	each(t, "wrong credentials", strangers, introspector.testUnavailable)
	testOutage(t, as, trusted)
}

func startIntrospector(t *testing.T, as *harness.AuthorizationServer, w way, adapter, secret string) *harness.ResourceServer {
	t.Helper()
	flags := slices.Concat([]string{
		"-adapter", adapter, "-audience", audience, "-insecure-http", "-issuer", as.Issuer,
		"-introspection-url", as.IntrospectionURL, "-revocation-url", as.RevocationURL,
		"-introspection-client-id", as.ResourceServer, "-introspection-client-secret-file", harness.SecretFile(t, secret),
	}, w.flags)
	return harness.StartResourceServer(t, flags...)
}

// each runs a test with all resource servers at once, and waits for all of them.
func each(t *testing.T, name string, all []introspector, test func(introspector, *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		for _, rs := range all {
			t.Run(rs.name, func(t *testing.T) {
				t.Parallel()
				test(rs, t)
			})
		}
	})
}

func (rs introspector) testVerdicts(t *testing.T) {
	good := rs.obtain(t, scope)
	var call harness.Call
	rs.Get(t, "/orders", good).Decode(t, &call)
	if call.ClientID != harness.ClientID || !slices.Equal(call.Scopes, []string{scope}) || call.Calls != 1 {
		t.Errorf("handler says %+v", call)
	}
	wantStatus(t, rs.Get(t, "/readyz", ""), http.StatusOK)

	wantRefusal(t, rs.Get(t, "/orders", rs.obtain(t, "reports:read")), http.StatusForbidden,
		map[string]string{"error": "insufficient_scope", "scope": scope})
	wantRefusal(t, rs.Get(t, "/orders", "unknown"), http.StatusUnauthorized, invalidToken)

	elsewhere := rs.obtain(t, scope)
	wantStatus(t, rs.Get(t, "/orders", elsewhere), http.StatusOK)
	rs.as.Revoke(t, elsewhere)
	// The route that always asks finds out, and then no other route believes its cache.
	wantRefusal(t, rs.Get(t, "/fresh", elsewhere), http.StatusUnauthorized, invalidToken)
	wantRefusal(t, rs.Get(t, "/orders", elsewhere), http.StatusUnauthorized, invalidToken)

	here := rs.obtain(t, scope)
	wantStatus(t, rs.Get(t, "/orders", here), http.StatusOK)
	wantStatus(t, rs.Post(t, "/revoke", good, url.Values{"token": {here}}), http.StatusOK)
	wantRefusal(t, rs.Get(t, "/orders", here), http.StatusUnauthorized, invalidToken)
	if rs.as.Active(t, here) {
		t.Error("the authorization server was not told of the revocation")
	}
	wantCalls(t, rs.ResourceServer, good, 4)
}

// testUnavailable: whatever keeps the authorization server from answering is no reason to throw a token away.
func (rs introspector) testUnavailable(t *testing.T) {
	wantUnavailable(t, rs.Get(t, "/orders", rs.obtain(t, scope)))
	wantStatus(t, rs.Get(t, "/readyz", ""), http.StatusServiceUnavailable)
}

// testOutage stops the authorization server and starts it again.
func testOutage(t *testing.T, as *harness.AuthorizationServer, all []introspector) {
	used, unused := map[string]string{}, map[string]string{}
	for _, rs := range all {
		used[rs.name], unused[rs.name] = rs.obtain(t, scope), rs.obtain(t, scope)
		wantStatus(t, rs.Get(t, "/orders", used[rs.name]), http.StatusOK)
	}

	as.Stop()
	each(t, "stopped", all, func(rs introspector, t *testing.T) {
		for range 8 { // more than it takes to open the circuit breaker
			wantUnavailable(t, rs.Get(t, "/orders", unused[rs.name]))
		}
		wantUnavailable(t, rs.Get(t, "/fresh", used[rs.name]))
		wantStatus(t, rs.Get(t, "/orders", used[rs.name]), http.StatusOK)
		wantStatus(t, rs.Get(t, "/readyz", ""), http.StatusServiceUnavailable)
	})

	as.Restart(t)
	each(t, "back", all, func(rs introspector, t *testing.T) {
		wantStatus(t, rs.Get(t, "/orders", unused[rs.name]), http.StatusOK)
		wantStatus(t, rs.Get(t, "/readyz", ""), http.StatusOK)
	})
}
