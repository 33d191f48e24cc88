package soak

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/faultproxy"
)

// rest is how long a replica may take to come to rest.
const rest = 10 * time.Second

// finish ends the load, and looks at what is left of it.
func (w *world) finish(took time.Duration) {
	w.t.Helper()
	w.stop()
	w.clients.Wait()
	w.watchers.Wait()
	last := w.tokens.pools[Settled][0]
	for _, r := range w.replicas() {
		w.try(r, last)
		_, run := r.present()
		w.account(r, run)
		r.client.CloseIdleConnections()
	}
	w.Complete()
	w.Fetches("the whole run", w.fetches(), w.plan.FetchBoundWithFaults(4, took)) // one replica was two processes
	for _, r := range []*replica{w.a, w.b} {
		after := w.footprint(r)
		for end := time.Now().Add(rest); after.Sockets > r.before.Sockets && time.Now().Before(end); {
			await(time.Now().Add(duty))
			after = w.footprint(r)
		}
		w.Footprints(r.name, r.before, after)
		for dependency, pool := range map[string]struct {
			of   *faultproxy.Proxy
			size int
		}{
			"the keys": {r.keys, keysPool}, "introspection": {r.ask, introspectionPool}, "Redis": {r.redis, redisPool()},
		} {
			w.Pool(r.name, dependency, atRest(pool.of, pool.size), pool.size)
		}
		w.t.Logf("%s: sockets %d before, %d after; threads %d, %d; RSS %d MiB, %d MiB", r.name,
			r.before.Sockets, after.Sockets, r.before.Threads, after.Threads, r.before.RSS>>20, after.RSS>>20)
		w.leftBehind(r)
	}
	w.Goroutines(w.c.name, 0, fetching(stacks()), 0)
}

// leftBehind ends a replica, and compares its goroutines with those of one that never had a client.
func (w *world) leftBehind(r *replica) {
	w.t.Helper()
	idle := r.keys.Counts().Open + r.ask.Counts().Open
	after := len(r.server.Quit(w.t))
	before := len(r.start(w.t).Quit(w.t))
	w.Goroutines(r.name, before, after, idle)
	w.t.Logf("%s: %d goroutines of a new process, %d after, with %d idle connections", r.name, before, after, idle)
}

// account is for a process whose clients have nothing more to say.
func (w *world) account(r *replica, run *incarnation) {
	r.mu.Lock()
	tally, calls := run.Tally, run.calls
	r.mu.Unlock()
	w.Calls(r.name, tally, calls)
}

// report tells the figures, in the form of docs/reliability.md.
func (w *world) report(took time.Duration) {
	w.t.Helper()
	var out strings.Builder
	fmt.Fprintf(&out, "%s, %d requests a second and %d with unknown keys; the key set was fetched %d times\n\n",
		took.Round(time.Second), w.plan.Rate, calmFlood, w.fetches())
	out.WriteString("| phase | requests | 200 | 401 | 503 | no answer | p50 | p99 |\n|---|---|---|---|---|---|---|---|\n")
	for _, p := range w.Phases() {
		total := 0
		for _, n := range p.Statuses {
			total += n
		}
		fmt.Fprintf(&out, "| %s | %d | %d | %d | %d | %d | %s | %s |\n", p.Name, total, p.Statuses[200], p.Statuses[401],
			p.Statuses[503], p.Statuses[0], p.Latency(50).Round(time.Millisecond/10), p.Latency(99).Round(time.Millisecond))
	}
	out.WriteString("\n| revoked at, and refused by | tokens | p99 | max | bound |\n|---|---|---|---|---|\n")
	staleness := w.Staleness()
	for _, where := range slices.Sorted(maps.Keys(staleness)) {
		delays := staleness[where]
		fmt.Fprintf(&out, "| %s | %d | %s | %s | %s |\n", where, len(delays), quantile(delays, 99).Round(time.Millisecond),
			quantile(delays, 100).Round(time.Millisecond), w.bounds.of(where))
	}
	w.t.Log(out.String())
}

// atRest returns how many connections a proxy has once they are no more than a pool holds. A client may have one more as long
// as a command takes, such as one that waits for news, and closes it then.
func atRest(p *faultproxy.Proxy, pool int) int {
	for end := time.Now().Add(rest); ; await(time.Now().Add(duty)) {
		counts := p.Counts()
		if n := counts.Open + counts.Stranded; n <= pool || time.Now().After(end) {
			return n
		}
	}
}
