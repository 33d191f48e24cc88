package soak

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/internal/faultproxy"
	"github.com/bearergate/bearergate/internal/interop/harness"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

const (
	audience = "https://orders.example.com"
	scope    = "orders:read"
)

// replica is one of the fleet, with the networks between it and what it depends on. The one that finds the authorization
// server by name knows neither opaque tokens nor revocations.
type replica struct {
	name             string
	keys, ask, redis *faultproxy.Proxy // ask and redis are nil if it only knows JWTs
	client           *http.Client
	start            func(testing.TB) *harness.ResourceServer
	server           *harness.ResourceServer // nil for the one in this process
	before           Footprint

	mu  sync.Mutex
	url string
	run *incarnation
}

// incarnation is a process of a replica, as far as clients know it.
type incarnation struct {
	Tally
	calls int // the most that its handler spoke of
}

func (r *replica) onlyJWT() bool { return r.ask == nil }

// links is the number of connections to dependencies.
func (r *replica) links() (n int) {
	for _, p := range r.proxies() {
		counts := p.Counts()
		n += counts.Open + counts.Stranded
	}
	return n
}

func (r *replica) proxies() []*faultproxy.Proxy {
	if r.onlyJWT() {
		return []*faultproxy.Proxy{r.keys}
	}
	return []*faultproxy.Proxy{r.keys, r.ask, r.redis}
}

// serveAt has the clients go to a new process.
func (r *replica) serveAt(url string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.url, r.run = url, &incarnation{}
}

func (r *replica) present() (string, *incarnation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.url, r.run
}

// get sends a token, and keeps account of what the answer says.
func (r *replica) get(phase string, token *Token) *Observation {
	url, run := r.present()
	o := &Observation{Replica: r.name, Phase: phase, Token: token, Start: time.Now()}
	var calls int
	calls, o.Status, o.RetryAfter, o.Err = r.send(url, token)
	o.End = time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	switch o.Status {
	case 0:
		run.Lost++
	case http.StatusOK:
		run.Accepted++
		run.calls = max(run.calls, calls)
	}
	return o
}

func (r *replica) send(url string, token *Token) (calls, status int, retryAfter bool, err error) {
	request, err := http.NewRequest(http.MethodGet, url+"/orders", http.NoBody)
	if err != nil {
		return 0, 0, false, err
	}
	request.Header.Set("Authorization", "Bearer "+token.Text)
	if token.Proof != "" {
		request.Header.Set("Authorization", "DPoP "+token.Text)
		request.Header.Set("DPoP", token.Proof)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return 0, 0, false, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, 0, false, err
	}
	if response.StatusCode == http.StatusOK {
		var call harness.Call
		if err := json.Unmarshal(body, &call); err != nil {
			return 0, 0, false, err
		}
		calls = call.Calls
	}
	return calls, response.StatusCode, response.Header.Get("Retry-After") != "", nil
}

// revoke revokes one token by its jti, and reports whether that was acknowledged.
func (r *replica) revoke(admin string, claims []byte) bool {
	url, _ := r.present()
	request, err := http.NewRequest(http.MethodPost, url+"/admin/revocations", strings.NewReader(string(claims)))
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", "Bearer "+admin)
	request.Header.Set("Content-Type", "application/json")
	response, err := r.client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode == http.StatusNoContent
}

func proxyTo(t testing.TB, address string) *faultproxy.Proxy {
	t.Helper()
	p, err := faultproxy.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func newClient(t testing.TB) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// startReplica starts examples/resourceserver.
func (w *world) startReplica(name, adapter string) *replica {
	w.t.Helper()
	as := strings.TrimPrefix(w.as.Issuer, "http://")
	r := &replica{
		name:   name,
		keys:   proxyTo(w.t, as),
		ask:    proxyTo(w.t, as),
		redis:  proxyTo(w.t, strings.TrimPrefix(w.redis.URL, "redis://")),
		client: newClient(w.t),
	}
	secret := filepath.Join(w.t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(harness.Secret(harness.ResourceServerID)), 0o600); err != nil {
		w.t.Fatal(err)
	}
	r.start = func(t testing.TB) *harness.ResourceServer {
		t.Helper()
		rs := harness.StartResourceServer(t, "-adapter", adapter, "-audience", audience, "-insecure-http", "-leeway", "0s",
			"-issuer", w.as.Issuer, "-jwks-url", "http://"+r.keys.Addr()+"/jwks",
			"-jwks-cooldown", w.plan.Cooldown.String(), "-fetch-timeout", w.plan.FetchTimeout.String(),
			"-introspection-url", strings.Replace(w.as.IntrospectionURL, as, r.ask.Addr(), 1),
			"-introspection-client-id", harness.ResourceServerID, "-introspection-client-secret-file", secret,
			"-introspection-cache-ttl", w.plan.CacheTTL.String(), "-introspection-negative-ttl", w.plan.CacheTTL.String(),
			"-redis-url", "redis://"+r.redis.Addr(), "-dpop", "allowed", "-resource", audience)
		w.eventually(name+" is ready", func() bool { return rs.Get(t, "/readyz", "").Status == http.StatusOK })
		return rs
	}
	w.launch(r)
	return r
}

// launch starts a process, and notes what it holds before it has clients.
func (w *world) launch(r *replica) {
	w.t.Helper()
	r.server = r.start(w.t)
	r.before = w.footprint(r)
	r.serveAt(r.server.URL)
}

func (w *world) footprint(r *replica) Footprint {
	w.t.Helper()
	http.DefaultClient.CloseIdleConnections() // those of the harness
	f, err := footprint(r.server.PID, r.links())
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// startByName serves with the kit in this process, which looks a name up for each connection.
func (w *world) startByName(name string) *replica {
	w.t.Helper()
	r := &replica{name: name, keys: proxyTo(w.t, strings.TrimPrefix(w.as.Issuer, "http://")), client: newClient(w.t)}
	_, port, _ := strings.Cut(r.keys.Addr(), ":")
	validator, err := jwks.New(jwks.Config{
		Issuer:            w.as.Issuer,
		Audience:          audience,
		JWKSURL:           "http://localhost:" + port + "/jwks",
		AllowLoopbackHTTP: true,
		Leeway:            -1,
		Cooldown:          w.plan.Cooldown,
		FetchTimeout:      w.plan.FetchTimeout,
		HTTPClient: &http.Client{Transport: &http.Transport{
			DialContext:       w.names.DialContext("login.example.test"),
			DisableKeepAlives: true,
		}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = validator.Close() })
	guard, err := middleware.New(validator, middleware.Config{})
	if err != nil {
		w.t.Fatal(err)
	}
	var mu sync.Mutex
	var calls int
	handler := http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		calls++
		_ = json.NewEncoder(out).Encode(harness.Call{Calls: calls})
	})
	mux := http.NewServeMux()
	mux.Handle("GET /orders", oauthhttp.Require(guard, scope)(handler))
	server := httptest.NewServer(mux)
	w.t.Cleanup(server.Close)
	r.serveAt(server.URL)
	return r
}
