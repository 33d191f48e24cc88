package oauthredis_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/adapters/oauthredis"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// Redis goes away in the middle of a thousand revocations, and comes back. Whatever was acknowledged is refused by every
// replica, and nothing else.
func TestFaultRestart(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*server){"stopped": (*server).stop, "killed": (*server).kill} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const tokens, writers = 1000, 8
			s := startRedis(t)
			hasty := settings{stream: oauthredis.StreamConfig{Timeout: 200 * time.Millisecond}}
			replicas := []*replica{newReplica(t, s.client(), hasty), newReplica(t, s.client(), hasty)}
			ready(t, replicas...)
			var next, failed atomic.Int64
			var acknowledged [tokens]bool
			var running sync.WaitGroup
			for w := range writers {
				running.Go(func() {
					for i := next.Add(1) - 1; i < tokens; i = next.Add(1) - 1 {
						err := replicas[w%2].Revoke(t.Context(), revocation.Revocation{Token: nth(int(i))})
						if err != nil && !errors.Is(err, revocation.ErrNotShared) {
							t.Error(err)
						}
						if err != nil {
							failed.Add(1)
						}
						acknowledged[i] = err == nil
					}
				})
			}
			eventually(t, "a few hundred revocations", func() bool { return next.Load() > tokens/3 })
			end(s)
			eventually(t, "failures", func() bool { return failed.Load() >= 3*writers })
			s.start()
			running.Wait()
			for i, r := range replicas {
				r.revoke(fmt.Sprint("fence-", i))
			}
			late := newReplica(t, s.client(), settings{})
			ready(t, late)
			for name, r := range map[string]*replica{"first": replicas[0], "second": replicas[1], "late": late} {
				r.learns("fence-0")
				r.learns("fence-1")
				for i := range tokens {
					if got := r.verdict(nth(i)); acknowledged[i] && got != "revoked" {
						t.Errorf("%s: %s is %s although its revocation was acknowledged", name, nth(i), got)
					}
					r.want(nth(tokens+i), "good")
				}
				if missed := r.stream.State().MissedUntil; !missed.IsZero() {
					t.Errorf("%s: missed something", name)
				}
			}
		})
	}
}

// A replica that is cut off does what it was told to, and learns of everything afterwards.
func TestFaultCut(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	p := newProxy(t, s)
	here := newReplica(t, s.client(), settings{})
	strict := newReplica(t, newClient(t, p.options()), settings{stream: oauthredis.StreamConfig{FailClosed: true}})
	lenient := newReplica(t, newClient(t, p.options()), settings{})
	cutOff := []*replica{strict, lenient}
	ready(t, here, strict, lenient)
	here.revoke("before")
	for _, r := range cutOff {
		r.learns("before")
	}
	p.cut()
	here.revoke("meanwhile")
	eventually(t, "attempts to connect", func() bool { return p.refusals() > 20 })
	for _, r := range cutOff {
		r.want("before", "revoked")
		r.want("meanwhile", "good")
		eventually(t, "the fault shows", func() bool { return r.stream.State().Err != nil })
		if err := r.Revoke(t.Context(), revocation.Revocation{Token: "local"}); !errors.Is(err, revocation.ErrNotShared) {
			t.Errorf("Revoke: %v", err)
		}
		r.want("local", "revoked")
		r.clock.advance(15*time.Second + patience)
		if err := r.stream.Ready(t.Context()); !errors.Is(err, middleware.ErrUnavailable) {
			t.Errorf("Ready: %v", err)
		}
		r.want("before", "revoked")
		if lines := r.log.lines("out of reach"); len(lines) != 1 {
			t.Errorf("logged %q", lines)
		}
	}
	strict.want("meanwhile", "unavailable")
	lenient.want("meanwhile", "good")
	p.heal(s)
	for _, r := range cutOff {
		r.learns("meanwhile")
		r.catchesUp()
		r.want("other", "good")
		eventually(t, "the fault is over", func() bool { return r.stream.State().Err == nil })
		if err := r.stream.Ready(t.Context()); err != nil {
			t.Errorf("Ready: %v", err)
		}
	}
}

// A connection that is half open is noticed before the replica is stale, and replaced.
func TestFaultHalfOpen(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	p := newProxy(t, s)
	here := newReplica(t, s.client(), settings{})
	there := newReplica(t, newClient(t, p.options()), settings{stream: oauthredis.StreamConfig{FailClosed: true}})
	ready(t, here, there)
	for i := range 2 {
		start := time.Now()
		p.Strand()
		here.revoke(nth(i))
		there.learns(nth(i))
		if took := time.Since(start); took > 12*time.Second {
			t.Errorf("noticed after %v", took)
		}
	}
	there.want("other", "good")
}

// Entries are removed once no replica can need them, judged by the slower of two clocks.
func TestTrimByAge(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	hour := revocation.Config{MaxTokenLifetime: time.Hour} // remembered for 75 minutes
	for name, tt := range map[string]struct {
		list  revocation.Config
		ages  []time.Duration
		ahead time.Duration
		kept  int64
	}{
		"old":             {hour, []time.Duration{90 * minute, 76 * minute, 74 * minute}, 0, 3},
		"all old":         {hour, []time.Duration{90 * minute, 76 * minute}, 0, 2},
		"for ever":        {revocation.Config{MaxTokenLifetime: -1}, []time.Duration{10000 * minute, 90 * minute}, 0, 4},
		"our clock ahead": {hour, []time.Duration{74 * minute}, 6000 * minute, 3},
		"our clock late":  {hour, []time.Duration{90 * minute}, -60 * minute, 3},
		"Redis ahead":     {hour, []time.Duration{74 * minute, -6000 * minute}, 0, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startRedis(t, "--stream-node-max-entries", "1") // else Redis keeps up to a hundred for convenience
			client := s.client()
			for _, age := range tt.ages {
				id := fmt.Sprint(time.Now().Add(-age).UnixMilli())
				rawAdd(t, client, id, "record", recordOf(id, time.Now()))
			}
			r := newReplica(t, client, settings{list: tt.list})
			r.clock.advance(tt.ahead)
			ready(t, r)
			r.revoke("a")
			r.revoke("b") // by then the time of Redis is known
			if n := do(t, client, "XLEN", defaultKey); n != tt.kept {
				t.Errorf("%d entries are kept, want %d", n, tt.kept)
			}
		})
	}
}

// Whether something was missed by a replica that was cut off while somebody changed the stream.
func TestGaps(t *testing.T) {
	t.Parallel()
	const lost, replaced, nothing = "lost", "replaced", ""
	type world struct {
		t      *testing.T
		client *redis.Client
		here   *replica
		known  []string // IDs of entries that the other replica has read
	}
	unseen := func(w *world, tokens ...string) (ids []string) {
		for _, token := range tokens {
			w.here.revoke(token)
			ids = append(ids, lastID(t, w.client))
		}
		return ids
	}
	for name, tt := range map[string]struct {
		meanwhile func(w *world)
		missed    string
		learns    []string
	}{
		"nothing happens": {func(*world) {}, nothing, nil},
		"new entries":     {func(w *world) { unseen(w, "x", "y") }, nothing, []string{"x", "y"}},
		"known ones trimmed": {func(w *world) {
			unseen(w, "x")
			do(w.t, w.client, "XTRIM", defaultKey, "MAXLEN", 1)
		}, nothing, []string{"x"}},
		"all known ones trimmed": {func(w *world) { do(w.t, w.client, "XTRIM", defaultKey, "MAXLEN", 0) }, nothing, nil},
		"a known one deleted":    {func(w *world) { do(w.t, w.client, "XDEL", defaultKey, w.known[0]) }, nothing, nil},
		"the last known one deleted": {func(w *world) {
			do(w.t, w.client, "XDEL", defaultKey, w.known[len(w.known)-1])
			unseen(w, "x")
		}, nothing, []string{"x"}},
		"an unseen one deleted": {func(w *world) {
			ids := unseen(w, "x", "y", "z")
			do(w.t, w.client, "XDEL", defaultKey, ids[1])
		}, lost, []string{"x", "z"}},
		"the last known one and an unseen one deleted": {func(w *world) {
			ids := unseen(w, "x", "y")
			do(w.t, w.client, "XDEL", defaultKey, w.known[len(w.known)-1], ids[0])
		}, lost, []string{"y"}},
		"unseen ones trimmed": {func(w *world) {
			unseen(w, "x", "y")
			do(w.t, w.client, "XTRIM", defaultKey, "MAXLEN", 1)
		}, lost, []string{"y"}},
		"everything trimmed": {func(w *world) {
			unseen(w, "x")
			do(w.t, w.client, "XTRIM", defaultKey, "MAXLEN", 0)
		}, lost, nil},
		"stream deleted": {func(w *world) {
			unseen(w, "x")
			do(w.t, w.client, "DEL", defaultKey)
		}, replaced, nil},
		"everything deleted, and begun again": {func(w *world) {
			unseen(w, "x")
			do(w.t, w.client, "FLUSHALL")
			unseen(w, "y")
		}, replaced, []string{"y"}},
		"begun again, and longer than it was": {func(w *world) {
			unseen(w, "x")
			do(w.t, w.client, "FLUSHALL")
			unseen(w, "a", "b", "c", "d", "e", "f", "g")
		}, replaced, []string{"a", "b", "c", "d", "e", "f", "g"}},
		"begun again with lower IDs": {func(w *world) {
			do(w.t, w.client, "DEL", defaultKey)
			rawAdd(w.t, w.client, "1", "record", recordOf("x", time.Now()))
		}, replaced, []string{"x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startRedis(t, "--stream-node-max-entries", "1")
			p := newProxy(t, s)
			w := &world{t: t, client: s.client(), here: newReplica(t, s.client(), settings{})}
			impatient := p.options()
			impatient.DialerRetries, impatient.MaxRetries = 1, -1
			there := newReplica(t, newClient(t, impatient), settings{stream: oauthredis.StreamConfig{FailClosed: true}})
			ready(t, w.here, there)
			for i := range 3 {
				w.here.revoke(nth(i))
				w.known = append(w.known, lastID(t, w.client))
			}
			there.learns(nth(2))
			there.catchesUp()
			p.cut()
			eventually(t, "contact is lost", func() bool { return there.stream.State().Err != nil })
			tt.meanwhile(w)
			p.heal(s)
			there.catchesUp()
			for _, token := range append(tt.learns, nth(0), nth(1), nth(2)) {
				there.want(token, "revoked")
			}
			w.here.revoke("afterwards")
			there.learns("afterwards")
			state := there.stream.State()
			if (state.Lost > 0) != (tt.missed == lost) || state.MissedUntil.IsZero() != (tt.missed == nothing) {
				t.Errorf("state %+v", state)
			}
			if lines := there.log.lines("removed from Redis"); len(lines) > 1 || (len(lines) == 1) != (tt.missed != nothing) {
				t.Errorf("logged %q", lines)
			}
			if tt.missed == nothing {
				there.want("other", "good")
			} else {
				there.want("other", "unavailable")
				there.clock.advance(there.Retention())
				there.catchesUp()
				there.want("other", "good")
			}
			late := newReplica(t, s.client(), settings{})
			ready(t, late)
			late.want("afterwards", "revoked")
		})
	}
}

// lastID returns the ID of the newest entry.
func lastID(t testing.TB, client redis.UniversalClient) string {
	t.Helper()
	newest, err := client.XRevRangeN(t.Context(), defaultKey, "+", "-", 1).Result()
	if err != nil || len(newest) == 0 {
		t.Fatalf("%d entries, %v", len(newest), err)
	}
	return newest[0].ID
}

// A replica that was cut off for so long that nothing it missed matters begins anew.
func TestGapsLongAgo(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	p := newProxy(t, s)
	here := newReplica(t, s.client(), settings{})
	there := newReplica(t, newClient(t, p.options()), settings{stream: oauthredis.StreamConfig{FailClosed: true}})
	ready(t, here, there)
	here.revoke("a")
	there.learns("a")
	there.catchesUp()
	p.cut()
	here.revoke("b")
	do(t, s.client(), "XTRIM", defaultKey, "MAXLEN", 0)
	there.clock.advance(there.Retention() + time.Minute)
	there.want("other", "unavailable")
	p.heal(s)
	there.catchesUp()
	there.want("other", "good")
}

// Redis is emptied while replicas are in contact: they go on, and say that they cannot know what they missed.
func TestFlush(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	replicas := []*replica{newReplica(t, s.client(), settings{}), newReplica(t, s.client(), settings{})}
	ready(t, replicas...)
	for i := range 100 {
		replicas[i%2].revoke(nth(i))
	}
	for _, r := range replicas {
		r.learns(nth(98))
		r.learns(nth(99))
	}
	do(t, s.client(), "FLUSHALL")
	replicas[0].revoke("from the first")
	replicas[1].revoke("from the second")
	for _, r := range replicas {
		r.learns("from the first")
		r.learns("from the second")
		for i := range 100 {
			r.want(nth(i), "revoked")
		}
		r.want("other", "good")
		eventually(t, "the loss shows", func() bool { return !r.stream.State().MissedUntil.IsZero() })
	}
}
