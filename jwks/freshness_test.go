package jwks_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// TestRefreshAhead: keys are refreshed by a request passing by when at least three quarters of their lifetime are over,
// and nobody waits for that.
func TestRefreshAhead(t *testing.T) {
	run(t, nil, func(f *fixture) {
		token := f.mintLong()
		f.accepts(token)
		elapse(7*time.Minute + 29*time.Second)
		f.accepts(token)
		f.fetched(1)

		f.breakKeys(oauthtest.Fault{Latency: 4 * time.Second})
		elapse(91*time.Second + time.Second)
		began := time.Now()
		for _, err := range f.errs(times(100, func() string { return token })) {
			if err != nil {
				f.Error(err)
			}
		}
		if waited := time.Since(began); waited != 0 {
			f.Errorf("requests waited %v for a refresh", waited)
		}
		elapse(4 * time.Second)
		f.fetched(2)
		if state := f.v.State(); !state.FetchedAt.Equal(began.Add(4 * time.Second)) {
			f.Errorf("state: %+v", state)
		}
	})
}

// TestNoRequestsNoFetches: there is no timer.
func TestNoRequestsNoFetches(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.accepts(f.mint())
		elapse(24 * time.Hour)
		f.fetched(1)
	})
}

// TestRefreshJitter: replicas that started together do not refresh together.
func TestRefreshJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const replicas = 50
		as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}, Audience: audience})
		token := as.Mint(oauthtest.Token{ExpiresIn: time.Hour})
		validators := times(replicas, func() *jwks.Validator {
			return newValidator(t, jwks.Config{Issuer: as.Issuer(), Audience: audience, HTTPClient: as.HTTPClient()})
		})
		use := func() (fetches int) {
			before := as.Requests(oauthtest.EndpointJWKS)
			for _, v := range validators {
				accepted(t, v, token)
			}
			synctest.Wait()
			return as.Requests(oauthtest.EndpointJWKS) - before
		}
		use()
		elapse(7*time.Minute + 20*time.Second)
		most, all := 0, 0
		for range 10 {
			elapse(10 * time.Second)
			fetches := use()
			most, all = max(most, fetches), all+fetches
		}
		if all != replicas {
			t.Errorf("%d refreshes, want each of %d replicas to refresh once", all, replicas)
		}
		if most > replicas/2 {
			t.Errorf("%d of %d replicas refreshed within ten seconds", most, replicas)
		}
	})
}

// TestEntityTag: an answer that says the keys have not changed makes them fresh again.
func TestEntityTag(t *testing.T) {
	var conditional atomic.Int32
	synctest.Test(t, func(t *testing.T) {
		as := oauthtest.NewServer(t, oauthtest.Config{
			InMemory: true, Algorithms: []string{"ES256"}, Audience: audience, CacheControl: "max-age=3600",
			OnRequest: func(e oauthtest.Endpoint, r *http.Request) {
				if e == oauthtest.EndpointJWKS && strings.HasPrefix(r.Header.Get("If-None-Match"), `"`) {
					conditional.Add(1)
				}
			},
		})
		f := &fixture{t, as, newValidator(t, jwks.Config{
			Issuer: as.Issuer(), Audience: audience, HTTPClient: as.HTTPClient(),
		})}
		old := f.mintLong()
		f.accepts(old)
		for i := range 3 {
			elapse(55 * time.Minute)
			f.accepts(old)
			synctest.Wait()
			state := f.v.State()
			if int(conditional.Load()) != i+1 || state.Keys != 1 || state.Err != nil {
				t.Fatalf("%d conditional requests, state %+v", conditional.Load(), state)
			}
			if !state.StaleAt.Equal(time.Now().Add(time.Hour)) {
				t.Fatalf("stale at %v, want in an hour", state.StaleAt)
			}
		}
		as.Rotate()
		as.Retire()
		f.accepts(f.mint())
		f.refuses(old, middleware.ReasonUnknownKey)
	})
}

// TestLastModified: the other validator of RFC 9110 works alone.
func TestLastModified(t *testing.T) {
	const date = "Thu, 01 Jan 2026 00:00:00 GMT"
	run(t, nil, func(f *fixture) {
		f.breakKeys(oauthtest.Fault{Header: http.Header{"ETag": nil, "Last-Modified": {date}}})
		f.accepts(f.mintLong())
		f.breakKeys(oauthtest.Fault{Status: http.StatusNotModified})
		elapse(9*time.Minute + 30*time.Second)
		f.accepts(f.mintLong())
		synctest.Wait()
		if state := f.v.State(); state.Err != nil || !state.FetchedAt.Equal(time.Now()) {
			f.Errorf("state: %+v", state)
		}
	})
}

// TestUnchangedLifetime: an answer that says only that nothing changed does not change the lifetime either, and one that
// states another lifetime does.
func TestUnchangedLifetime(t *testing.T) {
	const date = "Thu, 01 Jan 2026 00:00:00 GMT"
	for _, tt := range []struct {
		stated []string
		want   time.Duration
	}{{nil, 2 * time.Hour}, {[]string{"max-age=3600"}, time.Hour}} {
		run(t, nil, func(f *fixture) {
			f.breakKeys(oauthtest.Fault{Header: http.Header{"Cache-Control": {"max-age=7200"}, "Last-Modified": {date}}})
			f.accepts(f.mintLong())
			f.breakKeys(oauthtest.Fault{Status: http.StatusNotModified, Header: http.Header{"Cache-Control": tt.stated}})
			elapse(119 * time.Minute)
			f.accepts(f.mintLong())
			synctest.Wait()
			if left := time.Until(f.v.State().StaleAt); left != tt.want {
				f.Errorf("stale in %v, want %v", left, tt.want)
			}
		})
	}
}

// TestLifetimeBounds: whatever the issuer says, keys are fetched neither with every request nor never.
func TestLifetimeBounds(t *testing.T) {
	for name, tt := range map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"floor":                  {http.Header{"Cache-Control": {"max-age=1"}}, time.Minute},
		"ceiling":                {http.Header{"Cache-Control": {"max-age=31536000"}}, 24 * time.Hour},
		"beyond 64 bits":         {http.Header{"Cache-Control": {"max-age=99999999999999999999"}}, 24 * time.Hour},
		"old, but not too old":   {http.Header{"Cache-Control": {"max-age=604800"}, "Age": {"100000"}}, 24 * time.Hour},
		"older than it may be":   {http.Header{"Cache-Control": {"max-age=604800"}, "Age": {"99999999999"}}, time.Minute},
		"nonsensical age":        {http.Header{"Cache-Control": {"max-age=600"}, "Age": {"-5"}}, 10 * time.Minute},
		"several fields":         {http.Header{"Cache-Control": {"public", "max-age=600"}}, 10 * time.Minute},
		"no-store wins":          {http.Header{"Cache-Control": {"max-age=600", "No-Store"}}, time.Minute},
		"quoted comma":           {http.Header{"Cache-Control": {`private="a, max-age=9", max-age=600`}}, 10 * time.Minute},
		"other directives":       {http.Header{"Cache-Control": {"immutable, x-max-age=9"}}, 10 * time.Minute},
		"expired long ago":       {http.Header{"Expires": {"Mon, 01 Jan 0001 00:00:00 GMT"}, "Age": {"4294967295"}}, time.Minute},
		"expires without a date": {http.Header{"Expires": {noon.Add(2 * time.Hour).UTC().Format(http.TimeFormat)}}, 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			if got := lifetime(t, tt.header); got != tt.want {
				t.Errorf("fresh for %v, want %v", got, tt.want)
			}
		})
	}
}

// wall is a clock that can be set; it stands still.
type wall struct{ unix atomic.Int64 }

func (w *wall) now() time.Time        { return time.Unix(w.unix.Load(), 0) }
func (w *wall) move(by time.Duration) { w.unix.Add(int64(by / time.Second)) }

// onWall runs a test with a validator on a clock of its own.
func onWall(t *testing.T, test func(f *fixture, clock *wall)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		clock := &wall{}
		clock.move(noon.Sub(time.Unix(0, 0)))
		as := oauthtest.NewServer(t, oauthtest.Config{
			InMemory: true, Algorithms: []string{"ES256"}, Audience: audience, Now: clock.now,
		})
		test(&fixture{t, as, newValidator(t, jwks.Config{
			Issuer: as.Issuer(), Audience: audience, HTTPClient: as.HTTPClient(), Now: clock.now,
		})}, clock)
	})
}

// TestClockSetBack: keys do not become eternal, and rations do not stay closed.
func TestClockSetBack(t *testing.T) {
	onWall(t, func(f *fixture, clock *wall) {
		f.accepts(f.mint())
		f.refuses(f.forgeAt(clock.now(), "new"), middleware.ReasonUnknownKey)
		f.fetched(2)
		clock.move(-365 * 24 * time.Hour)
		f.accepts(f.mint())
		f.fetched(3)
		f.accepts(f.mint())
		f.fetched(3)
		f.refuses(f.forgeAt(clock.now(), "new"), middleware.ReasonUnknownKey)
		f.fetched(4)
		f.as.Rotate()
		f.accepts(f.mint())
		f.fetched(5)
	})
}

// TestClockSetBackDuringAnOutage does not stop attempts.
func TestClockSetBackDuringAnOutage(t *testing.T) {
	onWall(t, func(f *fixture, clock *wall) {
		f.breakKeys(oauthtest.Fault{Drop: true})
		for range 3 {
			f.cannotJudge(f.mint())
		}
		clock.move(-time.Hour)
		f.as.Heal()
		f.accepts(f.mint())
	})
}

// TestClockSetBackDuringAnAttempt: it is waited for all the same.
func TestClockSetBackDuringAnAttempt(t *testing.T) {
	onWall(t, func(f *fixture, clock *wall) {
		f.breakKeys(oauthtest.Fault{Drop: true})
		f.cannotJudge(f.mint())
		f.cannotJudge(f.mint())
		f.breakKeys(oauthtest.Fault{Latency: 500 * time.Millisecond})
		token := f.mint()
		var first sync.WaitGroup
		clock.move(time.Second)
		first.Go(func() { f.accepts(token) })
		synctest.Wait()
		clock.move(-time.Second)
		f.accepts(token)
		first.Wait()
		f.fetched(3)
	})
}

// TestClockSetForward: keys count as too old, and are fetched anew.
func TestClockSetForward(t *testing.T) {
	onWall(t, func(f *fixture, clock *wall) {
		f.accepts(f.mint())
		clock.move(365 * 24 * time.Hour)
		f.accepts(f.mint())
		f.fetched(2)
		clock.move(-365 * 24 * time.Hour)
		f.accepts(f.mint())
		f.fetched(3)
	})
}
