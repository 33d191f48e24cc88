package statuslist_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// TestReferencesAreNotMixedUp: what a Checker remembers of one token never serves for another, whether they have the same
// fingerprint, as here all have, or not.
func TestReferencesAreNotMixedUp(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.serve(nil)
		var all sync.WaitGroup
		for worker := range 4 {
			all.Go(func() {
				for i := range 200 {
					switch (i + worker) % 4 {
					case 0:
						f.accepts(token(listURI, 0))
					case 1:
						f.refuses(token(listURI, 1), middleware.ReasonRevoked)
					case 2:
						f.accepts(`{"sub":"alice"}`)
					case 3:
						f.refuses(`{"sub":"alice","status":{}}`, middleware.ReasonMalformedClaim)
					}
				}
			})
		}
		all.Wait()
	})
}

// TestStatusOfOneTokenChanges: an introspected token keeps its fingerprint when the server changes its mind about it.
func TestStatusOfOneTokenChanges(t *testing.T) {
	claims := token(listURI, 0)
	changing := func(context.Context, string) (*middleware.Token, error) {
		return &middleware.Token{Subject: "alice", Claims: strictjson.Document(claims), Fingerprint: [32]byte{1}}, nil
	}
	run(t, func(c *statuslist.Config) { c.Validator = middleware.ValidatorFunc(changing) }, func(f *fixture) {
		f.serve(nil)
		f.accepts("opaque")
		claims = token(listURI, 1)
		f.refuses("opaque", middleware.ReasonRevoked)
		claims = `{}`
		f.accepts("opaque")
	})
}

// TestLongClaims: claims that are too long to be remembered are read all the same.
func TestLongClaims(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.serve(nil)
		for _, index := range []int{0, 1, 0, 1} {
			claims := strings.TrimSuffix(token(listURI, index), "}") + fmt.Sprintf(`,"x":%q}`, strings.Repeat("x", 8<<10))
			if index == 0 {
				f.accepts(claims)
			} else {
				f.refuses(claims, middleware.ReasonRevoked)
			}
		}
	})
}

// TestLongClaimsAreRead: what is wrong with claims shows, be they too long to be remembered or of another kind than usual.
func TestLongClaimsAreRead(t *testing.T) {
	claims := `{"status":{},"x":"` + strings.Repeat("x", 8<<10) + `"}`
	run(t, nil, func(f *fixture) { f.refuses(claims, middleware.ReasonMalformedClaim) })
	other := func(context.Context, string) (*middleware.Token, error) {
		return &middleware.Token{Claims: otherClaims{strictjson.Document(`{"status":{}}`)}}, nil
	}
	run(t, func(c *statuslist.Config) { c.Validator = middleware.ValidatorFunc(other) }, func(f *fixture) {
		f.refuses("opaque", middleware.ReasonMalformedClaim)
	})
}

// otherClaims are those of a Validator that keeps them in a form of its own.
type otherClaims struct{ middleware.ClaimSet }

// TestLongClaimsAreNotKept: a Checker does not hold on to long claims, of which there may be a thousand.
func TestLongClaimsAreNotKept(t *testing.T) {
	const tokens, size = 256, 64 << 10
	next := uint16(0)
	long := func(context.Context, string) (*middleware.Token, error) {
		next++
		claims := `{"x":"` + strings.Repeat("x", size) + `"}`
		return &middleware.Token{Claims: strictjson.Document(claims), Fingerprint: [32]byte{byte(next), byte(next >> 8)}}, nil
	}
	run(t, func(c *statuslist.Config) { c.Validator = middleware.ValidatorFunc(long) }, func(f *fixture) {
		before := inUse()
		for range tokens {
			if err := f.validate("opaque"); err != nil {
				f.Fatal(err)
			}
		}
		if after := inUse(); after > before+tokens*size/4 {
			f.Errorf("%d octets are kept", after-before)
		}
		runtime.KeepAlive(f.checker)
	})
}

// inUse returns the octets that are not rubbish.
func inUse() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
