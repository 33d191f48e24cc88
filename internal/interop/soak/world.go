package soak

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/faultproxy"
	"github.com/bearergate/bearergate/internal/interop/harness"
)

// world is everything that runs. What has a testing.TB belongs to the goroutine of the test.
type world struct {
	*Checker
	t       testing.TB
	plan    Plan
	as      *harness.OIDCProvider
	asDown  bool
	fetched int // before the authorization server was restarted
	redis   *harness.Redis
	names   *faultproxy.Names
	a, b, c *replica // c finds the authorization server by name
	admin   string
	tokens  *tokens
	ttl     time.Duration

	phase    atomic.Pointer[string]
	flood    atomic.Int64 // tokens with unknown keys each second
	stop     context.CancelFunc
	stopped  context.Context
	clients  sync.WaitGroup // the load
	watchers sync.WaitGroup // revocations on their way
	minted   int
}

const (
	calmFlood = 10
	pool      = 18
)

func newWorld(t testing.TB, plan Plan) *world {
	t.Helper()
	w := &world{
		Checker: NewChecker(plan.bounds()),
		t:       t,
		plan:    plan,
		as:      harness.StartOIDCProviderCaching(t, plan.KeysMaxAge),
		redis:   harness.StartRedis(t),
		ttl:     2*time.Duration(plan.Scale*float64(scripted)) + 10*time.Minute,
	}
	expired := mint(t, w.as, Bad, time.Second, 2, "expired")
	past := time.Now().Add(2 * time.Second)
	var err error
	if w.names, err = faultproxy.ListenNames(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.names.Close() })
	w.a, w.b, w.c = w.startReplica("a", "echo"), w.startReplica("b", "gin"), w.startByName("c")
	w.admin = w.as.Token(t, harness.TokenRequest{
		Audience: audience, Algorithm: "ES256", Scopes: []string{"revocations:write"}, TTL: w.ttl,
	})
	w.tokens = &tokens{issuer: w.as.Issuer, holder: newHolder(t, w.as, w.ttl), pools: map[Kind][]*Token{}}
	settled := mint(t, w.as, Settled, w.ttl, pool, "first keys")
	w.tokens.add(settled, Settled)
	w.tokens.add(mint(t, w.as, Opaque, w.ttl, pool, "opaque"), Opaque)
	w.tokens.add(forge(settled[0].Text), Bad)
	elsewhere := w.as.Token(t, harness.TokenRequest{
		Audience: "https://billing.example.com", Algorithm: "ES256", Scopes: []string{scope}, TTL: w.ttl,
	})
	w.tokens.add([]*Token{{Text: elsewhere, Name: "other audience", Kind: Bad}}, Bad)
	await(past)
	w.tokens.add(expired, Bad)
	w.stopped, w.stop = context.WithCancel(context.Background())
	t.Cleanup(w.stop)
	return w
}

func (w *world) replicas() []*replica { return []*replica{w.a, w.b, w.c} }

func await(when time.Time) {
	<-time.After(time.Until(when))
}

// eventually waits for something that takes a moment.
func (w *world) eventually(what string, happened func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !happened(); await(time.Now().Add(20 * time.Millisecond)) {
		if time.Now().After(deadline) {
			w.t.Fatalf("in vain: %s", what)
		}
	}
}

// now begins a phase.
func (w *world) now(phase string) {
	w.phase.Store(&phase)
	w.t.Logf("%s %s", time.Now().Format("15:04:05.000"), phase)
}

// try sends a token, as one of the load, and has the answer judged. A proof that was accepted is shown again to all who
// know proofs.
func (w *world) try(r *replica, t *Token) {
	o := r.get(*w.phase.Load(), t)
	w.Observe(o)
	if t.Kind == Proven && o.Status == http.StatusOK {
		w.probe(w.a, used(t))
		w.probe(w.b, used(t))
	}
}

// probe sends a token besides the load, and has the answer judged.
func (w *world) probe(r *replica, t *Token) *Observation {
	o := r.get(*w.phase.Load(), t)
	o.Extra = true
	w.Observe(o)
	return o
}

// tick is how often the load sends what is due.
const tick = 10 * time.Millisecond

// load sends requests at a constant rate, however long the answers take, until the world stops.
func (w *world) load() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	due, invented, last := 0.0, 0.0, time.Now()
	for {
		select {
		case <-w.stopped.Done():
			return
		case <-ticker.C:
		}
		elapsed := time.Since(last).Seconds()
		last = last.Add(time.Duration(elapsed * float64(time.Second)))
		due += elapsed * float64(w.plan.Rate)
		invented += elapsed * float64(w.flood.Load())
		for ; due >= 1; due-- {
			r := w.replicas()[rand.N(3)]
			t := w.tokens.pick(r)
			w.clients.Go(func() { w.try(r, t) })
		}
		for ; invented >= 1; invented-- {
			r, t := w.replicas()[rand.N(3)], w.tokens.invent()
			w.clients.Go(func() { w.try(r, t) })
		}
	}
}

const (
	duty       = 200 * time.Millisecond
	watchPause = 20 * time.Millisecond
	retryPause = 200 * time.Millisecond
	// blindPause follows 503. Hundreds of revoked tokens wait together for a fault to end, and must not be the load.
	blindPause = 500 * time.Millisecond
)

// pass lets time pass, in which tokens are revoked, here and there.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); await(time.Now().Add(min(duty, time.Until(end)))) {
		if w.asDown {
			continue
		}
		w.minted++
		switch w.minted % 4 {
		case 0, 2:
			t := mint(w.t, w.as, Fresh, w.ttl, 1, "to be revoked")[0]
			at := []*replica{w.a, w.b}[w.minted/2%2]
			w.watchers.Go(func() { w.revokeAt(at, t) })
		case 1:
			t := mint(w.t, w.as, Opaque, w.ttl, 1, "to be revoked at the server")[0]
			url := w.as.RevocationURL
			w.watchers.Go(func() { w.revokeAtServer(url, t) })
		}
	}
}

// revokeAt has a replica revoke a token, as often as it takes until that is acknowledged.
func (w *world) revokeAt(at *replica, t *Token) {
	w.probe(w.a, t)
	w.probe(w.b, t)
	claims, err := identity(t.Text)
	if err != nil {
		w.Fail("a token of the authorization server cannot be read: %v", err)
		return
	}
	t.Revoking(time.Now())
	for !at.revoke(w.admin, claims) {
		if w.stopped.Err() != nil {
			w.Fail("the revocation of %s at %s was never acknowledged", t.Name, at.name)
			return
		}
		await(time.Now().Add(retryPause))
	}
	t.Revoked(Revocation{At: at.name, Time: time.Now()})
	w.watch(t)
}

// revokeAtServer has the authorization server revoke a token that both replicas have asked about. It is asked directly, so
// no fault but its restart keeps it from answering.
func (w *world) revokeAtServer(endpoint string, t *Token) {
	w.probe(w.a, t)
	w.probe(w.b, t)
	t.Revoking(time.Now())
	for !w.tellServer(endpoint, t) {
		if w.stopped.Err() != nil {
			w.Fail("the authorization server never acknowledged a revocation")
			return
		}
		await(time.Now().Add(retryPause))
	}
	t.Revoked(Revocation{Time: time.Now()})
	w.watch(t)
}

func (w *world) tellServer(endpoint string, t *Token) bool {
	form := url.Values{"token": {t.Text}}
	request, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return false
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(harness.ResourceServerID, harness.Secret(harness.ResourceServerID))
	response, err := w.a.client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// watch sends a revoked token until both replicas refuse it. From then on it is one of the load.
func (w *world) watch(t *Token) {
	var both sync.WaitGroup
	for _, r := range []*replica{w.a, w.b} {
		both.Go(func() {
			for {
				pause := watchPause
				switch w.probe(r, t).Status {
				case http.StatusUnauthorized:
					w.Noticed(r.name, t)
					return
				case http.StatusServiceUnavailable:
					pause = blindPause
				}
				if w.stopped.Err() != nil {
					return
				}
				await(time.Now().Add(pause))
			}
		})
	}
	both.Wait()
	w.tokens.gone(t)
}

// fetches is how often the key set was fetched.
func (w *world) fetches() int {
	w.t.Helper()
	return w.fetched + w.as.KeySetRequests(w.t)
}
