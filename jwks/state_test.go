package jwks_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// The counters of State say how often keys were fetched, how long that took, and how often it was not done.
func TestFetchesAreCounted(t *testing.T) {
	run(t, nil, func(f *fixture) {
		want := func(fetches, failures, withheld uint64, took time.Duration) {
			f.Helper()
			s := f.v.State()
			if s.Fetches != fetches || s.Failures != failures || s.Withheld != withheld || s.FetchTime != took {
				f.Errorf("%d fetches, %d failures, %d withheld, in %v", s.Fetches, s.Failures, s.Withheld, s.FetchTime)
			}
		}
		want(0, 0, 0, 0)
		token := f.mint()
		f.breakKeys(oauthtest.Fault{Latency: 300 * time.Millisecond})
		for range 3 {
			f.accepts(token)
		}
		want(1, 0, 0, 300*time.Millisecond)
		f.as.Heal()
		for i := range 5 {
			f.refuses(f.forge(fmt.Sprint("invented-", i)), middleware.ReasonUnknownKey)
		}
		want(2, 0, 4, 300*time.Millisecond)
		elapse(30 * time.Second)
		f.breakKeys(oauthtest.Fault{Status: http.StatusInternalServerError})
		f.cannotJudge(f.forge("another"))
		want(3, 1, 4, 300*time.Millisecond)
		f.accepts(f.mint())
		if n := f.v.State().Verified; n != 2 {
			f.Errorf("%d tokens were verified", n)
		}
	})
}
