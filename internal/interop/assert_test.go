package interop_test

import (
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

var invalidToken = map[string]string{"error": "invalid_token"}

// tokens obtains one good access token of each algorithm.
func tokens(t *testing.T, as *harness.OIDCProvider, ttl time.Duration) map[string]string {
	t.Helper()
	byAlgorithm := map[string]string{}
	for _, algorithm := range algorithms {
		byAlgorithm[algorithm] = as.Token(t, harness.TokenRequest{
			Audience: audience, Algorithm: algorithm, Scopes: []string{scope}, TTL: ttl,
		})
	}
	return byAlgorithm
}

// accept requires that each token is accepted at its first use.
func accept(t *testing.T, rs *harness.ResourceServer, byAlgorithm map[string]string) {
	t.Helper()
	for _, algorithm := range algorithms {
		if answer := rs.Get(t, "/orders", byAlgorithm[algorithm]); answer.Status != http.StatusOK {
			t.Fatalf("%s token: status %d, want 200; challenge %q",
				algorithm, answer.Status, answer.Header.Values("WWW-Authenticate"))
		}
	}
}

func wantCall(t *testing.T, answer harness.Answer, want harness.Call) {
	t.Helper()
	var got harness.Call
	answer.Decode(t, &got)
	slices.Sort(got.Scopes)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("handler says %+v, want %+v", got, want)
	}
}

// wantCalls requires that token is accepted and that the handler then has run n times.
func wantCalls(t *testing.T, rs *harness.ResourceServer, token string, n int) {
	t.Helper()
	var call harness.Call
	rs.Get(t, "/orders", token).Decode(t, &call)
	if call.Calls != n {
		t.Errorf("handler ran %d times, want %d", call.Calls, n)
	}
}

// wantRefusal compares the challenge parameters named in challenge; an empty value means absent.
func wantRefusal(t *testing.T, answer harness.Answer, status int, challenge map[string]string) {
	t.Helper()
	if answer.Status != status {
		t.Fatalf("status %d, want %d; body %s", answer.Status, status, answer.Body)
	}
	got := answer.Challenge(t)
	for name, want := range challenge {
		if got[name] != want {
			t.Errorf("challenge has %s=%q, want %q", name, got[name], want)
		}
	}
}

func wantStatus(t *testing.T, answer harness.Answer, status int) {
	t.Helper()
	if answer.Status != status {
		t.Errorf("status %d, want %d; body %s", answer.Status, status, answer.Body)
	}
}

// wantUnavailable requires an answer that leaves the token in peace and names a time to come back.
func wantUnavailable(t *testing.T, answer harness.Answer) {
	t.Helper()
	wantStatus(t, answer, http.StatusServiceUnavailable)
	if answer.Header.Get("Retry-After") == "" || answer.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("header %v, want Retry-After and no challenge", answer.Header)
	}
}
