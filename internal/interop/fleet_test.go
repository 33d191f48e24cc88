package interop_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

// fleet is a service with two replicas, processes of their own, that share a Redis.
type fleet struct {
	as    *harness.OIDCProvider
	redis *harness.Redis
	a, b  *harness.ResourceServer
	admin string // a token that may revoke
}

func startFleet(t testing.TB, adapter string) *fleet {
	t.Helper()
	f := &fleet{as: harness.StartOIDCProvider(t), redis: harness.StartRedis(t)}
	f.a, f.b = f.replica(t, adapter), f.replica(t, adapter)
	f.admin = f.as.Token(t, harness.TokenRequest{Audience: audience, Algorithm: "ES256", Scopes: []string{"revocations:write"}})
	return f
}

// replica starts a further replica and waits until it knows what was revoked.
func (f *fleet) replica(t testing.TB, adapter string) *harness.ResourceServer {
	t.Helper()
	rs := harness.StartResourceServer(t, "-adapter", adapter, "-issuer", f.as.Issuer, "-audience", audience, "-insecure-http",
		"-redis-url", f.redis.URL, "-dpop", "allowed", "-resource", audience)
	eventually(t, "the replica is ready", func() bool { return rs.Get(t, "/readyz", "").Status == http.StatusOK })
	return rs
}

// eventually waits for something that takes a moment.
func eventually(t testing.TB, what string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !happened() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("in vain: %s", what)
		}
	}
}

func (f *fleet) token(t testing.TB) string {
	t.Helper()
	return f.as.Token(t, harness.TokenRequest{Audience: audience, Algorithm: "ES256", Scopes: []string{"orders:read"}})
}

// revoke revokes one token by its jti at a replica, and reports whether that is acknowledged.
func (f *fleet) revoke(t testing.TB, at *harness.ResourceServer, token string) bool {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Issuer string `json:"iss"`
		ID     string `json:"jti"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return at.PostJSON(t, "/admin/revocations", f.admin, claims).Status == http.StatusNoContent
}

// What is revoked at one replica is refused at the other, and by one that is started later; nothing else is.
func TestFleet(t *testing.T) {
	f := startFleet(t, "nethttp")
	var revoked, spared []string
	for range 200 {
		token := f.token(t)
		if !f.revoke(t, f.a, token) {
			t.Fatal("a revocation was not acknowledged")
		}
		revoked = append(revoked, token)
	}
	for range 20 {
		spared = append(spared, f.token(t))
	}
	late := f.replica(t, "gin")
	for name, rs := range map[string]*harness.ResourceServer{"the replica that was told": f.a, "the other": f.b, "a late one": late} {
		for i, token := range revoked {
			eventually(t, fmt.Sprintf("token %d is refused by %s", i, name), func() bool {
				return rs.Get(t, "/orders", token).Status == http.StatusUnauthorized
			})
		}
		for i, token := range spared {
			if status := rs.Get(t, "/orders", token).Status; status != http.StatusOK {
				t.Errorf("token %d, which nobody revoked: %d from %s", i, status, name)
			}
		}
	}
}

// A stream that is open at one replica ends when its token is revoked at the other.
func TestFleetEndsStreams(t *testing.T) {
	for _, adapter := range harness.Adapters {
		t.Run(adapter, func(t *testing.T) {
			t.Parallel()
			f := startFleet(t, adapter)
			token := f.token(t)
			ended := f.b.OpenStream(t, "/stream", token)
			other := f.b.OpenStream(t, "/stream", f.token(t))
			if !f.revoke(t, f.a, token) {
				t.Fatal("the revocation was not acknowledged")
			}
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				t.Error("the stream goes on")
			}
			select {
			case <-other:
				t.Error("the stream of a token that nobody revoked ended")
			default:
			}
		})
	}
}

// Without Redis a revocation is not acknowledged, and refused all the same where it was made. With Redis back, what was
// acknowledged holds everywhere.
func TestFleetWithoutRedis(t *testing.T) {
	f := startFleet(t, "echo")
	before, during := f.token(t), f.token(t)
	if !f.revoke(t, f.a, before) {
		t.Fatal("the revocation was not acknowledged")
	}
	f.redis.Stop()
	if f.revoke(t, f.a, during) {
		t.Error("a revocation that nobody else knows was acknowledged")
	}
	wantStatus(t, f.a.Get(t, "/orders", during), http.StatusUnauthorized)
	f.redis.Restart(t)
	eventually(t, "a revocation is acknowledged again", func() bool { return f.revoke(t, f.a, during) })
	eventually(t, "the other replica refuses it", func() bool {
		return f.b.Get(t, "/orders", during).Status == http.StatusUnauthorized
	})
	wantStatus(t, f.replica(t, "echo").Get(t, "/orders", before), http.StatusUnauthorized)
}

// A replica that has lost touch with the others says so to whoever spreads the requests, once that matters, and until it
// has caught up.
func TestFleetReadiness(t *testing.T) {
	t.Parallel()
	f := &fleet{as: harness.StartOIDCProvider(t), redis: harness.StartRedis(t)}
	rs := f.replica(t, "nethttp")
	f.redis.Stop()
	wantStatus(t, rs.Get(t, "/readyz", ""), http.StatusOK) // not for long enough
	var last harness.Answer
	eventually(t, "the replica is not ready", func() bool {
		last = rs.Get(t, "/readyz", "")
		return last.Status == http.StatusServiceUnavailable
	})
	if want := `{"ready":false,"reason":"revocations_unavailable"}` + "\n"; string(last.Body) != want {
		t.Errorf("%s, want %s", last.Body, want)
	}
	wantStatus(t, rs.Get(t, "/healthz", ""), http.StatusOK)
	f.redis.Restart(t)
	eventually(t, "the replica is ready again", func() bool { return rs.Get(t, "/readyz", "").Status == http.StatusOK })
}

// A proof is taken once, whichever replicas it is shown to at the same time.
func TestFleetTakesAProofOnce(t *testing.T) {
	f := startFleet(t, "nethttp")
	client := harness.StartOpenIDClient(t, f.as, harness.OpenIDClientConfig{})
	token := client.Token(t, audience, scope)
	for range 5 {
		proof := client.Proof(t, http.MethodGet, audience+"/orders", token)
		header := http.Header{"Authorization": {"DPoP " + token}, "DPoP": {proof}}
		answers := make([]harness.Answer, 50)
		var all sync.WaitGroup
		for i := range answers {
			rs := []*harness.ResourceServer{f.a, f.b}[i%2]
			all.Go(func() { answers[i] = rs.GetWith(t, "/orders", header) })
		}
		all.Wait()
		statuses := map[int]int{}
		for _, answer := range answers {
			statuses[answer.Status]++
		}
		if statuses[http.StatusOK] != 1 || statuses[http.StatusUnauthorized] != len(answers)-1 {
			t.Errorf("answers by status: %v", statuses)
		}
	}
}

// BenchmarkFleet measures how long after it was asked for a revocation at one process is refused by the other.
func BenchmarkFleet(b *testing.B) {
	f := startFleet(b, "nethttp")
	var took []time.Duration
	for b.Loop() {
		token := f.token(b)
		if status := f.b.Get(b, "/orders", token).Status; status != http.StatusOK {
			b.Fatalf("status %d", status)
		}
		start := time.Now()
		var told sync.WaitGroup
		told.Go(func() { f.revoke(b, f.a, token) })
		for f.b.Get(b, "/orders", token).Status != http.StatusUnauthorized {
		}
		took = append(took, time.Since(start))
		told.Wait()
	}
	slices.SortFunc(took, cmp.Compare)
	for name, quantile := range map[string]int{"p50-ms": 50, "p99-ms": 99, "max-ms": 100} {
		at := min(len(took)*quantile/100, len(took)-1)
		b.ReportMetric(float64(took[at].Microseconds())/1000, name)
	}
}
