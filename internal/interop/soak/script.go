package soak

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/faultproxy"
	"github.com/bearergate/bearergate/internal/interop/harness"
)

// Run plays the whole script, and fails the test with everything that was not as promised.
func Run(t testing.TB, plan Plan) {
	t.Helper()
	w := newWorld(t, plan)
	began := time.Now()
	w.flood.Store(calmFlood)
	w.now("quiet")
	w.clients.Go(w.load)
	w.pass(w.seconds(2))
	for _, fault := range []func(){
		w.latency, w.rotationInFlood, w.cutOff, w.halfOpen, w.slowDrip, w.resets, w.nameFails,
		w.restartServer, w.restartRedis, w.cutRedis, w.restartReplica,
	} {
		w.tokens.settle()
		fault()
	}
	w.now("the end")
	w.pass(w.seconds(2))
	took := time.Since(began)
	w.finish(took)
	w.report(took)
	for _, violation := range w.Violations() {
		t.Error(violation)
	}
}

func (w *world) seconds(s float64) time.Duration {
	return time.Duration(s * w.plan.Scale * float64(time.Second))
}

// recovery is how long after a fault every replica has the newest keys, for whoever needs them may ask again after a
// cool-down, and how long after that they may ask for still newer ones.
func (w *world) recovery() time.Duration { return 2*w.plan.Cooldown + margin/2 }

// upstream are the networks to the authorization server, or to its keys alone.
func (w *world) upstream() (all []*faultproxy.Proxy) {
	return []*faultproxy.Proxy{w.a.keys, w.a.ask, w.b.keys, w.b.ask, w.c.keys}
}

// rotate has the authorization server sign with new keys. Tokens that are signed with them are on their way at once.
func (w *world) rotate() {
	w.t.Helper()
	w.as.Rotate(w.t, harness.Add)
	w.tokens.add(mint(w.t, w.as, Fresh, w.ttl, 6, "new keys"), Fresh)
}

// recovers has a moment pass without faults, after one that kept new keys from being fetched.
func (w *world) recovers() {
	w.t.Helper()
	w.now("quiet again")
	w.pass(w.recovery())
}

// excused has no opaque token accepted that was not asked about before, and no new key found, while a fault lasts.
func (w *world) excused(replicas ...string) (over func()) {
	opaque := w.Excuse(Window{Cause: Cause(Opaque), Replicas: replicas, From: time.Now()})
	fresh := w.Excuse(Window{Cause: Cause(Fresh), Replicas: replicas, From: time.Now()})
	return func() {
		opaque(time.Now())
		fresh(time.Now().Add(w.plan.Cooldown + w.plan.FetchTimeout))
	}
}

// outOfContact lets revocations arrive late, and has no new proof accepted, as long as a fault lasts and until Redis is
// tried again.
func (w *world) outOfContact(replicas ...string) (over func()) {
	until := w.Excuse(Window{Cause: NoContact, Replicas: replicas, From: time.Now()})
	proven := w.Excuse(Window{Cause: Cause(Proven), Replicas: replicas, From: time.Now()})
	return func() {
		until(time.Now().Add(redisBlock + redisPause + redisTimeout + margin))
		proven(time.Now().Add(redisPause + replayTimeout + margin))
	}
}

func (w *world) latency() {
	w.now("latency: 300 ms there and back, and jitter of 150 ms, and a rotation")
	over := w.outOfContact()
	var all []*faultproxy.Proxy
	for _, r := range w.replicas() {
		all = append(all, r.proxies()...)
	}
	met := w.meets("latency", all, delayed)
	for _, p := range all {
		p.Break(faultproxy.Fault{Latency: 150 * time.Millisecond, Jitter: 75 * time.Millisecond})
	}
	w.rotate() // there is no excuse for these tokens: they wait
	w.pass(w.seconds(2))
	for _, p := range all {
		p.Heal()
	}
	met()
	over()
}

func (w *world) rotationInFlood() {
	w.now("rotation during a flood of unknown key IDs")
	start, before := time.Now(), w.fetches()
	w.flood.Store(int64(w.plan.Rate))
	w.pass(w.seconds(0.5))
	w.rotate()
	w.pass(w.seconds(2))
	w.flood.Store(calmFlood)
	count, bound := w.fetches()-before, w.plan.FetchBound(3, 1, time.Since(start))
	w.t.Logf("the key set was fetched %d times by 3 replicas, the bound is %d", count, bound)
	w.Fetches("rotation during a flood", count, bound)
}

func (w *world) cutOff() {
	w.now("authorization server cut off, and a rotation meanwhile")
	over, met := w.excused(), w.meets("cut", w.upstream(), refused)
	for _, p := range w.upstream() {
		p.Cut()
	}
	w.pass(w.seconds(1.5))
	w.rotate()
	w.pass(w.seconds(2.5))
	for _, p := range w.upstream() {
		p.Heal()
	}
	met()
	over()
	w.recovers()
}

// How often a fault was met on a network.
func refused(c faultproxy.Counts) int { return c.Refused }
func reset(c faultproxy.Counts) int   { return c.Reset }
func delayed(c faultproxy.Counts) int { return c.Delayed }

// meets returns a function that makes sure that a fault was met since, on each network.
func (w *world) meets(fault string, networks []*faultproxy.Proxy, count func(faultproxy.Counts) int) (met func()) {
	before := make([]int, len(networks))
	for i, p := range networks {
		before[i] = count(p.Counts())
	}
	return func() {
		for i, p := range networks {
			w.Met(*w.phase.Load(), fmt.Sprintf("%s of network %d", fault, i), count(p.Counts())-before[i])
		}
	}
}

// halfOpen lasts until that has been noticed: by one call to introspection, after which the next probe connects anew however
// many connections there are, and by one fetch of the keys.
func (w *world) halfOpen() {
	w.now("half-open connections to the authorization server, and a rotation")
	over := w.excused()
	most := 0
	for _, p := range w.upstream() {
		most = max(most, p.Strand())
	}
	w.rotate()
	gone := func() bool {
		for _, p := range w.upstream() {
			if p.Counts().Stranded > 0 {
				return false
			}
		}
		return true
	}
	start := time.Now()
	bound := introspectionTimeout + introspectionTimeout/2 + probePause + margin
	for w.pass(w.plan.FetchTimeout + margin); !gone() && time.Since(start) < bound; {
		w.pass(duty)
	}
	w.Met(*w.phase.Load(), "half-open connections", most)
	w.t.Logf("up to %d connections were half open; after %s none is: %t", most, time.Since(start).Round(duty), gone())
	over()
	w.recovers()
}

func (w *world) slowDrip() {
	w.now("slow drip: an octet each 20 ms, and a rotation")
	drip := faultproxy.Fault{Drip: 20 * time.Millisecond}
	met := w.meets("drip", w.upstream(), delayed)
	w.damaged(drip, drip, introspectionTimeout+margin/2, met) // so that a call can run out of time
}

// The heads of the answers have less octets than that, the whole answers more.
const (
	middleOfKeys   = 1200
	middleOfAnswer = 450
)

func (w *world) resets() {
	w.now("reset in the middle of a body, and a rotation")
	met := w.meets("reset", w.upstream(), reset)
	w.damaged(faultproxy.Fault{ResetAfter: middleOfKeys}, faultproxy.Fault{ResetAfter: middleOfAnswer}, 0, met)
}

// damaged is for faults of answers, which last for a time at least.
func (w *world) damaged(keys, answers faultproxy.Fault, lasting time.Duration, met func()) {
	over := w.excused()
	for _, r := range w.replicas() {
		r.keys.Break(keys)
		if r.ask != nil {
			r.ask.Break(answers)
		}
	}
	w.rotate()
	w.pass(max(w.seconds(2), lasting))
	for _, p := range w.upstream() {
		p.Heal()
	}
	met()
	over()
	w.recovers()
}

func (w *world) nameFails() {
	w.now("the authorization server's name does not resolve for one replica, and a rotation")
	over := w.excused(w.c.name)
	asked := w.names.Asked()
	w.names.Fail(true)
	w.rotate()
	w.pass(w.seconds(2))
	w.names.Fail(false)
	w.Met(*w.phase.Load(), "no address", w.names.Asked()-asked)
	over()
	w.recovers()
}

func (w *world) restartServer() {
	w.now("restart of the authorization server")
	introspection := []*faultproxy.Proxy{w.a.ask, w.b.ask}
	over, met := w.excused(), w.meets("server away", introspection, refused)
	w.fetched += w.as.KeySetRequests(w.t)
	w.asDown = true
	w.as.Stop()
	w.pass(w.seconds(1))
	w.as.Restart(w.t)
	w.asDown = false
	met()
	over()
	w.recovers()
}

func (w *world) restartRedis() {
	w.now("restart of Redis amid revocations")
	over, met := w.outOfContact(), w.meets("Redis away", []*faultproxy.Proxy{w.a.redis, w.b.redis}, refused)
	spent := w.spend(w.a, 4)
	w.redis.Stop()
	w.pass(min(w.seconds(1.5), staleAfter/3))
	w.redis.Restart(w.t)
	met()
	over()
	w.pass(w.seconds(1))
	w.repeat(spent)
}

// spend uses up so many proofs at a replica.
func (w *world) spend(at *replica, count int) (spent []*Token) {
	w.t.Helper()
	for range count {
		t, err := w.tokens.holder.prove()
		if err != nil {
			w.t.Fatal(err)
		}
		if w.probe(at, t).Status == http.StatusOK {
			spent = append(spent, used(t))
		}
	}
	w.Met(*w.phase.Load(), "proofs that were accepted before", len(spent))
	return spent
}

// repeat shows used proofs again, until every replica that knows proofs has decided about them.
func (w *world) repeat(spent []*Token) {
	w.t.Helper()
	for _, r := range []*replica{w.a, w.b} {
		for _, t := range spent {
			w.eventually(r.name+" decides about a used proof", func() bool {
				return w.probe(r, t).Status != http.StatusServiceUnavailable
			})
		}
	}
}

func (w *world) cutRedis() {
	w.now("Redis cut off from one replica")
	over, met := w.outOfContact(w.a.name), w.meets("cut", []*faultproxy.Proxy{w.a.redis}, refused)
	stale := time.Now().Add(staleAfter - redisBlock - margin)
	w.a.redis.Cut()
	until := func(time.Time) {}
	if w.plan.RedisCut > staleAfter-redisBlock-margin {
		until = w.Excuse(Window{Cause: NoContactForLong, Replicas: []string{w.a.name}, From: stale})
	}
	w.pass(w.plan.RedisCut)
	w.a.redis.Heal()
	met()
	over()
	until(time.Now().Add(redisPause + redisTimeout + margin))
}

// grace is how long before the signal a request may come too late: it is on its way, and nobody has read it.
const grace = 100 * time.Millisecond

// restartReplica ends a replica while requests wait for introspection, and starts another one in its place.
func (w *world) restartReplica() {
	w.now("restart of a replica with requests in flight")
	inFlight := mint(w.t, w.as, Opaque, w.ttl, 8, "in flight")
	w.a.ask.Break(faultproxy.Fault{Latency: 300 * time.Millisecond})
	var answered sync.WaitGroup
	for _, t := range inFlight {
		answered.Go(func() {
			if o := w.probe(w.a, t); o.Status != http.StatusOK {
				w.Fail("a request in flight was not finished: %s", o)
			}
		})
	}
	await(time.Now().Add(2 * grace))
	until := w.Excuse(Window{Cause: NoAnswer, Replicas: []string{w.a.name}, From: time.Now().Add(-grace)})
	_, old := w.a.present()
	w.a.server.Stop()
	answered.Wait()
	w.a.ask.Heal()
	w.launch(w.a)
	until(time.Now())
	w.pass(w.seconds(1))
	w.account(w.a, old)
}
