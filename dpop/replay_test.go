package dpop_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
)

// D9449_26: of the same proof sent at once exactly one passes.
func TestD9449_26(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	thumbprint := alice(t).thumbprint()
	for range 20 {
		proof := proofOf(t, nil)
		var passed, replayed atomic.Int64
		var group sync.WaitGroup
		start := make(chan struct{})
		for range 50 {
			r := request("GET", "/orders", proof)
			group.Go(func() {
				<-start
				switch err := v.Verify(http.Header{}, r, accessToken, thumbprint); {
				case err == nil:
					passed.Add(1)
				case middleware.ReasonOf(err) == dpop.ReasonReplayed:
					replayed.Add(1)
				}
			})
		}
		close(start)
		group.Wait()
		if passed.Load() != 1 || replayed.Load() != 49 {
			t.Fatalf("%d passed and %d were replays, want 1 and 49", passed.Load(), replayed.Load())
		}
	}
}

// Strangers with badly signed copies of a proof, before it and beside it, do not keep it from passing.
func TestBadCopiesDoNotBurn(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	thumbprint := alice(t).thumbprint()
	for range 20 {
		proof := proofOf(t, nil)
		bad := altered(proof)
		var group sync.WaitGroup
		for range 10 {
			r := request("GET", "/orders", bad)
			group.Go(func() { want(t, "copy", outcomeOf(t, v, r, thumbprint), refusal(dpop.ReasonBadSignature)) })
		}
		group.Go(func() { want(t, "proof", outcomeOf(t, v, request("GET", "/orders", proof), thumbprint), pass) })
		group.Wait()
	}
}

// storeFunc is a ReplayStore that does what a test wants.
type storeFunc func(ctx context.Context, key [32]byte, ttl time.Duration) (bool, error)

func (f storeFunc) Add(ctx context.Context, key [32]byte, ttl time.Duration) (bool, error) {
	return f(ctx, key, ttl)
}

// A store that fails is our fault, whatever else it says, and so is one that is full.
func TestStoreFails(t *testing.T) {
	broken := errors.New("connection refused")
	for _, added := range []bool{true, false} {
		v := newVerifier(t, dpop.Config{Replays: storeFunc(func(context.Context, [32]byte, time.Duration) (bool, error) {
			return added, broken
		})})
		err := v.Verify(http.Header{}, request("GET", "/orders", proofOf(t, nil)), accessToken, alice(t).thumbprint())
		if !errors.Is(err, middleware.ErrUnavailable) || !errors.Is(err, broken) ||
			middleware.ReasonOf(err) != dpop.ReasonReplaysUnavailable {
			t.Errorf("got %v", err)
		}
	}

	c := &clock{}
	v := newVerifier(t, dpop.Config{Now: c.now, Replays: newReplays(t, dpop.MemoryConfig{MaxEntries: 2, Now: c.now})})
	first := proofOf(t, nil)
	want(t, "first", outcome(t, v, first), pass)
	want(t, "second", outcome(t, v, proofOf(t, nil)), pass)
	want(t, "third", outcome(t, v, proofOf(t, nil)), "unavailable replays_unavailable")
	want(t, "first again", outcome(t, v, first), refusal(dpop.ReasonReplayed))
	c.advance(2 * time.Minute)
	want(t, "later", outcome(t, v, proofOf(t, object{"iat": c.now().Unix()})), pass)
}

// The key tells clients and jtis apart however they are cut, the context is that of the request, and the entry outlives
// the proof.
func TestStoreIsAskedFor(t *testing.T) {
	type contextKey struct{}
	keys := map[[32]byte]string{}
	var ttl time.Duration
	store := storeFunc(func(ctx context.Context, key [32]byte, d time.Duration) (bool, error) {
		if ctx.Value(contextKey{}) == nil {
			t.Error("the context is not that of the request")
		}
		if keys[key] != "" {
			t.Errorf("the key of %s is that of another", keys[key])
		}
		keys[key], ttl = "another proof", d
		return true, nil
	})
	v := newVerifier(t, dpop.Config{Replays: store, MaxAge: 30 * time.Second, Skew: 5 * time.Second})
	send := func(c client, id string) {
		t.Helper()
		r := request("GET", "/orders", c.proof(t, nil, proofClaims(object{"jti": id})))
		r = r.WithContext(context.WithValue(r.Context(), contextKey{}, 1))
		want(t, id, outcomeOf(t, v, r, c.thumbprint()), pass)
	}
	for _, id := range []string{"a", "b", "A", "a ", "a\x00", "ab", strings.Repeat("a", 256), alice(t).thumbprint()} {
		send(alice(t), id)
		send(mallory(t), id)
	}
	if len(keys) != 16 {
		t.Errorf("%d keys, want 16", len(keys))
	}
	if ttl != 41*time.Second {
		t.Errorf("remembered for %v, want MaxAge, twice Skew and a second", ttl)
	}
}

// A proof cannot be used again at any time at which it is good, also if the clock is set back a little on the way.
func TestNoReplayWhileGood(t *testing.T) {
	for _, step := range []time.Duration{0, 5 * time.Second, 10 * time.Second} {
		for _, ahead := range []int64{0, 10} {
			c := &clock{}
			v := newVerifier(t, dpop.Config{Now: c.now})
			proof := proofOf(t, object{"iat": noon.Unix() + ahead})
			want(t, "first", outcome(t, v, proof), pass)
			for range 40 {
				c.advance(2 * time.Second)
				// Others make the store sweep.
				want(t, "another", outcome(t, v, proofOf(t, object{"iat": c.now().Unix()})), pass)
				c.advance(-step)
				if got := outcome(t, v, proof); got == pass {
					t.Fatalf("passed again %v later, set back by %v", c.now().Sub(noon), step)
				}
				c.advance(step)
			}
			want(t, "in the end", outcome(t, v, proof), refusal(dpop.ReasonExpired))
		}
	}
}

func keyOf(n int) [32]byte {
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(n))
	return sha256.Sum256(number[:])
}

func add(t testing.TB, s *dpop.Replays, n int, ttl time.Duration) string {
	t.Helper()
	added, err := s.Add(t.Context(), keyOf(n), ttl)
	switch {
	case errors.Is(err, dpop.ErrFull):
		if added {
			t.Error("added to a full store")
		}
		return "full"
	case err != nil:
		t.Fatal(err)
	case added:
		return "added"
	}
	return "known"
}

// A full store refuses what is new, knows what it has, and forgets nothing before its time.
func TestReplaysFull(t *testing.T) {
	for _, limit := range []int{1, 7, 64, 1000} {
		c := &clock{}
		s := newReplays(t, dpop.MemoryConfig{MaxEntries: limit, Now: c.now})
		for i := range limit {
			want(t, "new", add(t, s, i, time.Minute), "added")
		}
		for _, wait := range []time.Duration{0, 30 * time.Second, 30 * time.Second} {
			c.advance(wait)
			for i := range limit {
				want(t, "known", add(t, s, i, time.Minute), "known")
			}
			want(t, "one too many", add(t, s, limit, time.Minute), "full")
		}
		c.advance(16 * time.Second)
		for i := range limit {
			want(t, "after its time", add(t, s, limit+i, time.Minute), "added")
		}
		want(t, "full again", add(t, s, 0, time.Minute), "full")
		if s.Len() != limit || s.Cap() != limit {
			t.Errorf("%d entries of %d, want %d", s.Len(), s.Cap(), limit)
		}
	}
}

// The store agrees with a plain map, whatever the times, and holds nothing long after its time.
func TestReplaysModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	c := &clock{}
	s := newReplays(t, dpop.MemoryConfig{Now: c.now})
	ends := map[int]time.Time{}
	latest := noon
	for range 50_000 {
		if c.now().After(latest) {
			latest = c.now()
		}
		n, ttl := random.IntN(500), time.Duration(random.Int64N(int64(2*time.Minute)))
		got := add(t, s, n, ttl)
		if end, ok := ends[n]; ok && !latest.After(end) {
			want(t, "live", got, "known")
		} else if got == "added" {
			ends[n] = c.now().Add(ttl)
		} else if c.now().Sub(end) > 16*time.Second {
			t.Fatalf("%d is still known %v after its end", n, c.now().Sub(end))
		}
		switch random.IntN(20) {
		case 0:
			c.advance(time.Duration(random.Int64N(int64(3 * time.Second))))
		case 1:
			c.advance(-time.Duration(random.Int64N(int64(time.Second))))
		}
	}
}

// A clock that is set back far keeps what is there, and the store goes on.
func TestReplaysClockSetBack(t *testing.T) {
	c := &clock{}
	s := newReplays(t, dpop.MemoryConfig{MaxEntries: 3, Now: c.now})
	want(t, "new", add(t, s, 1, time.Minute), "added")
	c.advance(-time.Hour)
	want(t, "from the future", add(t, s, 1, time.Minute), "known")
	want(t, "new", add(t, s, 2, time.Minute), "added")
	c.advance(80 * time.Second)
	want(t, "ended", add(t, s, 2, time.Minute), "added")
	c.advance(time.Hour)
	want(t, "long ended", add(t, s, 1, time.Minute), "added")
	want(t, "long ended", add(t, s, 2, time.Minute), "added")
	want(t, "one more", add(t, s, 3, time.Minute), "added")
	want(t, "too many", add(t, s, 4, time.Minute), "full")
}

// Many goroutines with the same keys: each key is added once, and the count is exact.
func TestReplaysConcurrent(t *testing.T) {
	const keys, workers, room = 3000, 8, 2500
	s := newReplays(t, dpop.MemoryConfig{MaxEntries: room, Now: func() time.Time { return noon }})
	var added [keys]atomic.Int64
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := range keys {
				n := (i*7919 + w*131) % keys
				if add(t, s, n, time.Minute) == "added" {
					added[n].Add(1)
				}
			}
		})
	}
	group.Wait()
	total := 0
	for n := range added {
		if count := added[n].Load(); count > 1 {
			t.Errorf("key %d was added %d times", n, count)
		}
		total += int(added[n].Load())
	}
	if total != room || s.Len() != room {
		t.Errorf("%d added, %d entries, want %d", total, s.Len(), room)
	}
}

func TestReplaysConfig(t *testing.T) {
	if s, err := dpop.NewReplays(dpop.MemoryConfig{MaxEntries: -1}); err == nil || s != nil {
		t.Error("accepted a negative MaxEntries")
	}
	s := newReplays(t, dpop.MemoryConfig{})
	want(t, "by default", add(t, s, 1, time.Minute), "added")
	want(t, "by default", add(t, s, 1, time.Minute), "known")
}
