package jwks_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// TestRotation: the first request with a new key succeeds, and old keys go on as long as they are published.
func TestRotation(t *testing.T) {
	run(t, nil, func(f *fixture) {
		old := f.mint()
		f.accepts(old)
		f.as.Rotate()
		f.accepts(f.mint())
		f.accepts(old)
		f.fetched(2)
	})
}

// TestRotationUnderLoad: so do all requests that come at the same time, after one fetch.
func TestRotationUnderLoad(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.accepts(f.mint())
		for range 20 {
			f.as.Rotate()
			for _, err := range f.errs(times(100, f.mint)) {
				if err != nil {
					f.Fatal(err)
				}
			}
			elapse(time.Minute)
		}
		f.fetched(1 + 20)
	})
}

// TestRotationDuringAFetch: the key that a request waits for is not in the answer to a fetch that had already begun.
func TestRotationDuringAFetch(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.accepts(f.mint())
		f.breakKeys(oauthtest.Fault{Latency: time.Second, Times: 1})
		elapse(9*time.Minute + 30*time.Second)
		f.accepts(f.mint()) // starts a refresh in the background
		synctest.Wait()
		f.as.Rotate()
		f.accepts(f.mint())
		f.fetched(3)
	})
}

// TestRotationDuringTheFirstFetch: nor is it there if that was the first fetch of all.
func TestRotationDuringTheFirstFetch(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.breakKeys(oauthtest.Fault{Latency: time.Second, Times: 1})
		var first sync.WaitGroup
		old := f.mint()
		first.Go(func() { f.accepts(old) })
		elapse(100 * time.Millisecond)
		f.as.Rotate()
		f.accepts(f.mint())
		first.Wait()
		f.fetched(2)
	})
}

// TestWithdrawnKey is refused after the next successful fetch, even if it is a known client's.
func TestWithdrawnKey(t *testing.T) {
	run(t, nil, func(f *fixture) {
		stolen := f.mint()
		f.accepts(stolen)
		f.as.Rotate()
		f.as.Retire()
		f.accepts(stolen)
		f.accepts(f.mint())
		f.refuses(stolen, middleware.ReasonUnknownKey)
	})
}

// TestStrangersThenRotation: a flood of perfect forgeries under random key IDs does not spend the fetch that a rotation
// needs.
func TestStrangersThenRotation(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.accepts(f.mint())
		for range 100 {
			f.refuses(f.forge(rand.Text()), middleware.ReasonUnknownKey)
		}
		f.fetched(2)
		f.as.Rotate()
		f.accepts(f.mint())
		f.fetched(3)
		f.refuses(f.forge(rand.Text()), middleware.ReasonUnknownKey)
		f.fetched(3)
	})
}

// TestStrangersBetweenGoodTokens: that a good token comes right after an invented one does not pay for the next one.
func TestStrangersBetweenGoodTokens(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.accepts(f.mint())
		for range 20 {
			f.refuses(f.forge(rand.Text()), middleware.ReasonUnknownKey)
			f.accepts(f.mint())
		}
		f.fetched(2)
	})
}

// TestMislabelledThenRotation: tokens of the issuer's own key under made-up key IDs count as strangers', whoever they
// name.
func TestMislabelledThenRotation(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.accepts(f.mint())
		for range 100 {
			f.refuses(f.mislabelled(), middleware.ReasonUnknownKey)
		}
		f.fetched(2)
		f.as.Rotate()
		f.accepts(f.mint())
		f.fetched(3)
	})
}

// TestCopiedPartyThenRotation: a flood of forgeries that name a client of ours spends that client's ration and nobody
// else's.
func TestCopiedPartyThenRotation(t *testing.T) {
	run(t, nil, func(f *fixture) {
		alice, bob := oauthtest.Token{Subject: "alice"}, oauthtest.Token{Subject: "bob"}
		f.accepts(f.as.Mint(alice))
		f.accepts(f.as.Mint(bob))
		forger := signerOf(f, jose.ES256)
		for range 100 {
			copied := accessClaims(object{
				"iss": f.as.Issuer(), "sub": "alice", "client_id": "test-client",
				"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
			})
			f.refuses(sign(f, forger, over(atJWT, object{"kid": rand.Text()}), copied), middleware.ReasonUnknownKey)
		}
		f.fetched(2)
		f.as.Rotate()
		f.accepts(f.as.Mint(bob))
		f.fetched(3)
		f.accepts(f.as.Mint(alice))
	})
}

// TestConcurrentStrangers cause one fetch, whether or not there were keys before.
func TestConcurrentStrangers(t *testing.T) {
	for name, warm := range map[string]bool{"cold": false, "warm": true} {
		t.Run(name, func(t *testing.T) {
			run(t, nil, func(f *fixture) {
				before := 0
				if warm {
					f.accepts(f.mint())
					before = 1
				}
				f.breakKeys(oauthtest.Fault{Latency: 100 * time.Millisecond})
				for _, err := range f.errs(times(1000, func() string { return f.forge(rand.Text()) })) {
					wantOutcome(f, err, middleware.ErrInvalidToken, middleware.ReasonUnknownKey)
				}
				f.fetched(before + 1)
			})
		})
	}
}

// TestLongFlood: strangers cause one fetch for each cool-down.
func TestLongFlood(t *testing.T) {
	for name, cooldown := range map[string]time.Duration{"default": 0, "configured": 10 * time.Second} {
		t.Run(name, func(t *testing.T) {
			run(t, func(c *jwks.Config) { c.Cooldown = cooldown }, func(f *fixture) {
				if cooldown == 0 {
					cooldown = 30 * time.Second
				}
				f.accepts(f.mint())
				const long = 5 * time.Minute
				for range int(long / time.Second) {
					f.refuses(f.forge(rand.Text()), middleware.ReasonUnknownKey)
					elapse(time.Second)
				}
				f.fetched(1 + int(long/cooldown))
			})
		})
	}
}

// TestBadSignature under a known key ID causes no fetch.
func TestBadSignature(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.accepts(f.mint())
		for range 100 {
			f.refuses(f.forge("key-1"), middleware.ReasonBadSignature)
		}
		f.fetched(1)
	})
}

// TestUnknownKeyWhileTheSourceFails: nobody can say that a key does not exist.
func TestUnknownKeyWhileTheSourceFails(t *testing.T) {
	run(t, nil, func(f *fixture) {
		good := f.mint()
		f.accepts(good)
		f.breakKeys(oauthtest.Fault{Status: http.StatusServiceUnavailable})
		f.as.Rotate()
		for range 10 {
			f.cannotJudge(f.mint())
			f.cannotJudge(f.forge(rand.Text()))
		}
		f.fetched(3)
		f.accepts(good)
		f.as.Heal()
		elapse(30 * time.Second)
		f.accepts(f.mint())
		f.refuses(f.forge(rand.Text()), middleware.ReasonUnknownKey)
	})
}

// TestUnknownKeyWhileTheIssuerHangs: those who wait for the key leave on their deadline.
func TestUnknownKeyWhileTheIssuerHangs(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.accepts(f.mint())
		f.breakKeys(oauthtest.Fault{Hang: true})
		began := time.Now()
		for _, err := range f.errs(times(100, func() string { return f.forge(rand.Text()) })) {
			wantOutcome(f, err, middleware.ErrUnavailable, middleware.ReasonKeysUnavailable)
		}
		if waited := time.Since(began); waited != 5*time.Second {
			f.Errorf("waited %v, want 5s", waited)
		}
		f.fetched(2)
	})
}

// TestFloodDuringAnOutage does not keep the issuer from coming back, nor known clients from being served.
func TestFloodDuringAnOutage(t *testing.T) {
	run(t, nil, func(f *fixture) {
		good := f.mintLong()
		f.accepts(good)
		f.breakKeys(oauthtest.Fault{Drop: true})
		elapse(10 * time.Minute)
		for range 120 {
			f.cannotJudge(f.forge(rand.Text()))
			f.accepts(good)
			elapse(time.Second)
		}
		synctest.Wait()
		if got := f.as.Requests(oauthtest.EndpointJWKS); got > 1+2*(120/30) {
			f.Errorf("%d fetches in two minutes of outage", got)
		}
		f.as.Heal()
		elapse(30 * time.Second)
		f.accepts(good)
		synctest.Wait()
		f.refuses(f.forge(rand.Text()), middleware.ReasonUnknownKey)
	})
}

// TestRotationAfterRotation: what a rotation's fetch cost is given back, so that the next one need not wait for the
// cool-down, whoever meets it.
func TestRotationAfterRotation(t *testing.T) {
	mints := map[string]func(f *fixture, i int) string{
		"known":     func(f *fixture, _ int) string { return f.mint() },
		"strangers": func(f *fixture, i int) string { return f.as.Mint(oauthtest.Token{Subject: fmt.Sprint("user-", i)}) },
	}
	for name, mint := range mints {
		t.Run(name, func(t *testing.T) {
			run(t, nil, func(f *fixture) {
				f.accepts(mint(f, 0))
				for i := range 4 { // the last spends a ration that is not given back
					f.as.Rotate()
					f.accepts(mint(f, i+1))
				}
				f.fetched(1 + 4)
			})
		})
	}
}

// TestRotationAfterRotationUnderLoad: what a fetch cost is given back once, however many tokens it served.
func TestRotationAfterRotationUnderLoad(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.accepts(f.mint())
		f.breakKeys(oauthtest.Fault{Latency: time.Millisecond})
		for range 4 {
			f.as.Rotate()
			for _, err := range f.errs(times(10, f.mint)) {
				if err != nil {
					f.Fatal(err)
				}
			}
		}
		f.fetched(1 + 4)
	})
}

// TestRotationsAreBounded: an issuer whose servers disagree about its keys is asked a few times in a cool-down, not with
// every token.
func TestRotationsAreBounded(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.accepts(f.mint())
		const refunds = 3
		for range 20 {
			f.as.Rotate()
			_, _ = f.v.Validate(f.Context(), f.mint())
		}
		f.fetched(1 + refunds + 1)
		f.refuses(f.mint(), middleware.ReasonUnknownKey)
		elapse(30 * time.Second)
		f.accepts(f.mint())
	})
}

// TestInventedKeysOfAKnownParty cost a fetch for each cool-down, also right after a rotation: nothing is given back for a
// key that does not exist.
func TestInventedKeysOfAKnownParty(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.accepts(f.mint())
		f.as.Rotate()
		f.accepts(f.mint())
		f.fetched(2)
		forger := signerOf(f, jose.ES256)
		for range 100 {
			claims := accessClaims(object{
				"iss": f.as.Issuer(), "sub": "alice", "client_id": "test-client",
				"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
			})
			f.refuses(sign(f, forger, over(atJWT, object{"kid": rand.Text()}), claims), middleware.ReasonUnknownKey)
		}
		f.fetched(3)
	})
}
