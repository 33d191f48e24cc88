package interop_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

const (
	audience      = "https://orders.example.com"
	otherAudience = "https://billing.example.com"
	scope         = "orders:read"
)

var algorithms = []string{"RS256", "ES256", "EdDSA"}

func startResourceServer(t *testing.T, as *harness.OIDCProvider, adapter string) *harness.ResourceServer {
	t.Helper()
	return harness.StartResourceServer(t,
		"-adapter", adapter, "-issuer", as.Issuer, "-audience", audience, "-insecure-http", "-leeway", "-1s")
}

func TestOIDCProvider(t *testing.T) {
	as := harness.StartOIDCProvider(t)
	for _, adapter := range harness.Adapters {
		for _, algorithm := range algorithms {
			t.Run(adapter+"/"+algorithm, func(t *testing.T) {
				t.Parallel()
				testTokens(t, as, startResourceServer(t, as, adapter), algorithm)
			})
		}
	}
}

func testTokens(t *testing.T, as *harness.OIDCProvider, rs *harness.ResourceServer, algorithm string) {
	good := harness.TokenRequest{
		Audience: audience, Algorithm: algorithm, Scopes: []string{scope, "orders:write"},
	}
	wrongScope, wrongAudience := good, good
	wrongScope.Scopes = []string{"reports:read"}
	wrongAudience.Audience = otherAudience
	token := as.Token(t, good)

	want := harness.Call{
		Handler: "orders", Issuer: as.Issuer, Subject: harness.ClientID, ClientID: harness.ClientID,
		Scopes: good.Scopes, Calls: 1,
	}
	wantCall(t, rs.Get(t, "/orders", token), want)

	refusals := []struct {
		name, token string
		status      int
		challenge   map[string]string
	}{
		{"no token", "", http.StatusUnauthorized, map[string]string{"error": "", "error_description": ""}},
		{"wrong audience", as.Token(t, wrongAudience), http.StatusUnauthorized, invalidToken},
		{"signature altered", harness.Altered(token), http.StatusUnauthorized, invalidToken},
		{"scope added", addScope(t, as.Token(t, wrongScope)), http.StatusUnauthorized, invalidToken},
		{"wrong scope", as.Token(t, wrongScope), http.StatusForbidden,
			map[string]string{"error": "insufficient_scope", "scope": scope}},
	}
	for _, refusal := range refusals {
		t.Run(refusal.name, func(t *testing.T) {
			wantRefusal(t, rs.Get(t, "/orders", refusal.token), refusal.status, refusal.challenge)
		})
	}

	want.Calls = 2 // the refused requests never reached the handler
	wantCall(t, rs.Get(t, "/orders", token), want)
}

func TestOIDCProviderExpiry(t *testing.T) {
	as := harness.StartOIDCProvider(t)
	for _, adapter := range harness.Adapters {
		t.Run(adapter, func(t *testing.T) {
			t.Parallel()
			rs := startResourceServer(t, as, adapter)
			lasting := tokens(t, as, 0)
			accept(t, rs, lasting)

			brief := tokens(t, as, 3*time.Second)
			accept(t, rs, brief)
			accepted := len(lasting) + len(brief)
			for algorithm, token := range brief {
				accepted += acceptedUntilExpiry(t, rs, algorithm, token)
			}

			accept(t, rs, lasting)
			wantCalls(t, rs, lasting["RS256"], accepted+len(lasting)+1)
		})
	}
}

// acceptedUntilExpiry asks with token until it is refused, which must not be before its time, and returns how
// often it was accepted.
func acceptedUntilExpiry(t *testing.T, rs *harness.ResourceServer, algorithm, token string) int {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()

	for accepted := 0; ; accepted++ {
		answer := rs.Get(t, "/orders", token)
		if answer.Status != http.StatusOK {
			wantRefusal(t, answer, http.StatusUnauthorized, invalidToken)
			if early := time.Until(expiry(t, token)); early > 0 {
				t.Errorf("%s token refused %s before it expired", algorithm, early)
			}
			return accepted
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("%s token still accepted %s after it expired", algorithm, time.Since(expiry(t, token)))
		}
	}
}

func TestOIDCProviderRotation(t *testing.T) {
	for _, adapter := range harness.Adapters {
		for _, rotation := range []harness.Rotation{harness.Add, harness.Replace} {
			t.Run(adapter+"/"+string(rotation), func(t *testing.T) {
				t.Parallel()
				testRotation(t, adapter, rotation)
			})
		}
	}
}

func testRotation(t *testing.T, adapter string, rotation harness.Rotation) {
	as := harness.StartOIDCProvider(t)
	rs := startResourceServer(t, as, adapter)
	used, unused := tokens(t, as, 0), tokens(t, as, 0)
	accept(t, rs, used)
	if n := as.KeySetRequests(t); n != 1 {
		t.Errorf("%d key set requests before the rotation, want 1", n)
	}

	as.Rotate(t, rotation)
	fresh := tokens(t, as, 0)
	accept(t, rs, fresh)
	if n := as.KeySetRequests(t); n != 2 {
		t.Errorf("%d key set requests after the rotation, want 2", n)
	}

	accepted := len(used) + len(fresh)
	for _, old := range []map[string]string{used, unused} {
		if rotation == harness.Add {
			accept(t, rs, old)
			accepted += len(old)
			continue
		}
		for _, token := range old {
			wantRefusal(t, rs.Get(t, "/orders", token), http.StatusUnauthorized, invalidToken)
		}
	}
	wantCalls(t, rs, fresh["RS256"], accepted+1)
	if n := as.KeySetRequests(t); n > 3 {
		t.Errorf("%d key set requests in all, want 3 or fewer", n)
	}
}

func TestOIDCProviderOutage(t *testing.T) {
	for _, adapter := range harness.Adapters {
		t.Run(adapter, func(t *testing.T) {
			t.Parallel()
			as := harness.StartOIDCProvider(t)
			rs := startResourceServer(t, as, adapter)
			used, unused := tokens(t, as, 0), tokens(t, as, 0)
			accept(t, rs, used)

			as.Stop()
			accept(t, rs, used)
			accept(t, rs, unused)
		})
	}
}
