package revocation_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// Once Revoke has returned, every look-up refuses the token: while the table grows, while others are swept out of it,
// and in whichever goroutine.
func TestRevokedOnceRevokeReturned(t *testing.T) {
	const writers, readers, each = 8, 4, 1000
	c := &clock{}
	list := newList(t, c, revocation.Config{MaxTokenLifetime: hour})
	var revoked [writers]atomic.Int64 // how many of its tokens each writer has revoked
	nthOf := func(writer, i int) string { return nth(writer*each + i) }

	var writing, reading sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				revoke(t, list, revocation.Revocation{Token: nthOf(w, i)})
				revoked[w].Store(int64(i + 1))
				// Entries that end soon make the table sweep as well as grow.
				soon := c.now().Add(1 - margin)
				revoke(t, list, revocation.Revocation{Issuer: otherIssuer, ID: nthOf(w, i), ExpiresAt: soon})
			}
		})
	}
	done := make(chan struct{})
	good := holding("never revoked")
	for range readers {
		reading.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				w := i % writers
				count := int(revoked[w].Load())
				if count == 0 {
					continue
				}
				for _, n := range []int{count - 1, i % count} {
					if got := verdict(t, list, holding(nthOf(w, n))); got != "revoked" {
						t.Errorf("token %d of writer %d is %s after it was revoked", n, w, got)
						return
					}
				}
				if list.Check(good) != nil {
					t.Error("a token was refused that nobody revoked")
					return
				}
				if i%64 == 0 {
					c.advance(10 * time.Millisecond)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	wantRevoked(t, list, 0, writers*each, "revoked")
}

// An entry that is made where a look-up has just found nothing is not taken for the one it looked for.
func TestEntryBesideALookUp(t *testing.T) {
	const lists, entries = 1000, 40
	var good [64]*middleware.Token
	for i := range good {
		good[i] = holding("good-" + nth(i))
	}
	for range lists {
		list := newList(t, &clock{}, revocation.Config{})
		var writing sync.WaitGroup
		done := make(chan struct{})
		writing.Go(func() {
			defer close(done)
			fill(t, list, 0, entries)
		})
		for i := 0; ; i++ {
			if list.Check(good[i%len(good)]) != nil {
				t.Error("a token was refused that nobody revoked")
			}
			select {
			case <-done:
			default:
				continue
			}
			break
		}
		writing.Wait()
		if t.Failed() {
			return
		}
	}
}

// While a full list sweeps, and it does so for every entry that comes and ends, none of the others is out of sight.
func TestSweepHidesNothing(t *testing.T) {
	const lasting, sweeps = 1000, 200
	c := &clock{}
	list := newList(t, c, revocation.Config{MaxTokenLifetime: hour, MaxEntries: lasting + 1})
	fill(t, list, 0, lasting)
	var both sync.WaitGroup
	done := make(chan struct{})
	both.Go(func() {
		defer close(done)
		for i := range sweeps {
			revoke(t, list, revocation.Revocation{Token: nth(lasting + i), ExpiresAt: c.now().Add(1 - margin)})
			c.advance(time.Second)
		}
	})
	both.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
				wantVerdict(t, list, holding(nth(i%lasting)), "revoked")
			}
			if t.Failed() {
				return
			}
		}
	})
	both.Wait()
}

// While one goroutine moves a revocation's time forward, no other sees it go back.
func TestExtensionNeverShrinks(t *testing.T) {
	const steps = 5000
	c := &clock{}
	list := newList(t, c, revocation.Config{})
	var reached atomic.Int64 // tokens issued up to this second are revoked
	reached.Store(noon.Unix() - steps)
	revoke(t, list, revocation.Revocation{Issuer: issuer, Subject: "alice", Before: noon.Add(-steps * time.Second)})

	var both sync.WaitGroup
	both.Go(func() {
		for i := range steps {
			before := noon.Add(time.Duration(i-steps) * time.Second)
			revoke(t, list, revocation.Revocation{Issuer: issuer, Subject: "alice", Before: before})
			reached.Store(before.Unix())
			revoke(t, list, revocation.Revocation{Issuer: issuer, Subject: "alice", Before: noon.Add(-2 * hour)})
		}
	})
	both.Go(func() {
		for {
			at := reached.Load()
			wantVerdict(t, list, aliceBut(func(t *middleware.Token) { t.IssuedAt = time.Unix(at, 0) }), "revoked")
			if t.Failed() || at == noon.Unix()-1 {
				return
			}
		}
	})
	both.Wait()
}
