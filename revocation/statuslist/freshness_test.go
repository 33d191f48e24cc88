package statuslist_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// TestT8: a list is used for as long as its ttl and exp say, within bounds, whatever the answer's headers say (sections
// 8.2 and 13.7). It is fetched again when three quarters to nine tenths of that are over.
func TestT8(t *testing.T) {
	const tenYears = 10 * 365 * 24 * time.Hour
	for name, tt := range map[string]struct {
		ttl      any
		exp      time.Duration // zero: none
		header   http.Header
		min, max time.Duration
		lifetime time.Duration
	}{
		"ttl":              {ttl: 60, exp: time.Hour, lifetime: time.Minute},
		"ttl alone":        {ttl: 60, lifetime: time.Minute},
		"ttl of a second":  {ttl: 1, lifetime: 10 * time.Second},
		"ttl of nothing":   {ttl: 1e-30, lifetime: 10 * time.Second},
		"ttl of ten years": {ttl: tenYears.Seconds(), lifetime: 5 * time.Minute},
		"ttl of ages":      {ttl: 1e300, lifetime: 5 * time.Minute},
		"exp":              {exp: time.Minute, lifetime: time.Minute},
		"exp before ttl":   {ttl: 120, exp: time.Minute, lifetime: time.Minute},
		"exp in a second":  {ttl: 120, exp: time.Second, lifetime: 10 * time.Second},
		"exp in ten years": {exp: tenYears, lifetime: 5 * time.Minute},
		"neither":          {lifetime: 5 * time.Minute},
		"no-store":         {ttl: 60, header: http.Header{"Cache-Control": {"no-store"}}, lifetime: time.Minute},
		"max-age":          {ttl: 60, header: http.Header{"Cache-Control": {"max-age=86400"}}, lifetime: time.Minute},
		"max-age alone":    {header: http.Header{"Cache-Control": {"max-age=15"}}, lifetime: 5 * time.Minute},
		"old":              {ttl: 60, header: http.Header{"Age": {"59"}}, lifetime: time.Minute},
		"Expires":          {ttl: 60, header: http.Header{"Expires": {"0"}}, lifetime: time.Minute},
		"configured floor": {ttl: 1, exp: time.Minute, min: 2 * time.Minute, lifetime: 2 * time.Minute},
		"configured roof":  {ttl: tenYears.Seconds(), max: 24 * time.Hour, lifetime: 24 * time.Hour},
	} {
		t.Run("T-8 "+name, func(t *testing.T) {
			change := func(c *statuslist.Config) { c.MinTTL, c.MaxTTL = tt.min, tt.max }
			run(t, change, func(f *fixture) {
				changes := object{"ttl": tt.ttl, "exp": nil}
				if tt.exp != 0 {
					changes["exp"] = time.Now().Add(tt.exp).Unix()
				}
				f.misbehave(page{header: tt.header, body: f.claims(changes)})
				f.accepts(token(listURI, 0))
				elapse(tt.lifetime * 74 / 100)
				f.accepts(token(listURI, 0))
				f.fetched(1)
				elapse(tt.lifetime * 17 / 100)
				f.accepts(token(listURI, 0))
				f.fetched(2)
			})
		})
	}
}

// TestRefreshAhead: a list that is due is refreshed while nobody waits for it, and what it says then counts.
func TestRefreshAhead(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.serve(nil)
		f.accepts(token(listURI, 0))
		elapse(55 * time.Second)
		f.misbehave(page{latency: 3 * time.Second, body: f.claims(object{"status_list": oneBit(f, 0)})})
		began := time.Now()
		for range 100 {
			f.accepts(token(listURI, 0))
			f.refuses(token(listURI, 1), middleware.ReasonRevoked)
		}
		if waited := time.Since(began); waited != 0 {
			f.Errorf("a request waited for %v", waited)
		}
		elapse(3 * time.Second)
		f.refuses(token(listURI, 0), middleware.ReasonRevoked)
		f.accepts(token(listURI, 1))
		f.fetched(2)
	})
}

// TestRevokedWithinItsLifetime: under steady traffic a revocation is noticed within one lifetime of the list.
func TestRevokedWithinItsLifetime(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.serve(nil)
		f.accepts(token(listURI, 0))
		f.serve(object{"status_list": oneBit(f, 0)})
		for range 59 {
			elapse(time.Second)
			_ = f.validate(token(listURI, 0))
		}
		f.refuses(token(listURI, 0), middleware.ReasonRevoked)
		f.fetched(2)
	})
}

// TestRefreshPacing: a refresh that failed is tried again when FetchTimeout is over, and not a nanosecond earlier.
func TestRefreshPacing(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.serve(nil)
		f.accepts(token(listURI, 0))
		f.misbehave(page{status: http.StatusBadGateway})
		elapse(54 * time.Second) // due
		for range 3 {
			f.accepts(token(listURI, 0))
			f.fetched(2)
		}
		elapse(5*time.Second - 1)
		f.accepts(token(listURI, 0))
		f.fetched(2)
		elapse(1)
		f.accepts(token(listURI, 0))
		f.fetched(3)
	})
}

// TestStaleDuringRefresh: a list that goes out of date while a refresh is under way is used without a wait for that.
func TestStaleDuringRefresh(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.serve(nil)
		f.accepts(token(listURI, 0))
		elapse(58 * time.Second)
		f.misbehave(page{latency: 4 * time.Second, body: f.claims(object{"status_list": oneBit(f, 0)})})
		f.accepts(token(listURI, 0))
		elapse(3 * time.Second)
		began := time.Now()
		f.accepts(token(listURI, 0))
		if waited := time.Since(began); waited != 0 {
			f.Errorf("a request waited for %v", waited)
		}
		elapse(time.Second)
		f.refuses(token(listURI, 0), middleware.ReasonRevoked)
		f.fetched(2)
	})
}

// TestNobodyAsks: a list that nobody wants is not refreshed.
func TestNobodyAsks(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.serve(nil)
		f.accepts(token(listURI, 0))
		elapse(24 * time.Hour)
		f.fetched(1)
	})
}

// TestIdleNight: a list that went out of date while nobody asked is fetched before it is used.
func TestIdleNight(t *testing.T) {
	for name, idle := range map[string]time.Duration{"within bounds": 5 * time.Minute, "too old": 12 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			run(t, nil, func(f *fixture) {
				f.serve(nil)
				f.accepts(token(listURI, 0))
				elapse(idle)
				f.misbehave(page{latency: 100 * time.Millisecond, body: f.claims(object{"status_list": oneBit(f, 0)})})
				for _, err := range f.errs(100, token(listURI, 0)) {
					wantOutcome(f, err, middleware.ErrInvalidToken, middleware.ReasonRevoked)
				}
				f.fetched(2)
			})
		})
	}
}

// TestStale: while no list can be had, the last good one is used for Config.MaxStale, and never past its exp.
func TestStale(t *testing.T) {
	for name, tt := range map[string]struct {
		maxStale, exp time.Duration // no exp if zero
		usable        time.Duration
	}{
		"no exp":             {usable: 11 * time.Minute},
		"default":            {exp: time.Hour, usable: 11 * time.Minute},
		"longer":             {maxStale: time.Hour, exp: 2 * time.Hour, usable: 61 * time.Minute},
		"off":                {maxStale: -1, exp: time.Hour, usable: time.Minute},
		"expires before":     {exp: 3 * time.Minute, usable: 3 * time.Minute},
		"expires before ttl": {exp: 30 * time.Second, usable: 30 * time.Second},
		"expires at once":    {exp: time.Second, usable: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(c *statuslist.Config) { c.MaxStale = tt.maxStale }, func(f *fixture) {
				changes := object{"exp": nil}
				if tt.exp != 0 {
					changes["exp"] = time.Now().Add(tt.exp).Unix()
				}
				f.serve(changes)
				f.accepts(token(listURI, 0))
				f.misbehave(page{status: http.StatusBadGateway})
				elapse(tt.usable - time.Second)
				f.accepts(token(listURI, 0))
				f.refuses(token(listURI, 1), middleware.ReasonRevoked)
				elapse(time.Second)
				f.cannotJudge(token(listURI, 0))
				f.cannotJudge(token(listURI, 1))
			})
		})
	}
}

// TestOlderList: what was revoked does not come back because some cache on the way has an old copy.
func TestOlderList(t *testing.T) {
	run(t, nil, func(f *fixture) {
		old := f.claims(object{"status_list": oneBit(f)})
		elapse(time.Minute)
		f.serve(nil)
		f.refuses(token(listURI, 1), middleware.ReasonRevoked)
		f.misbehave(page{body: old})
		for range 10 {
			elapse(time.Minute)
			f.refuses(token(listURI, 1), middleware.ReasonRevoked)
		}
		if f.checker.State().Lists[listURI].Err == nil {
			f.Error("the state hides the error")
		}
		elapse(2 * time.Minute) // the newer one does not count any more
		f.accepts(token(listURI, 1))
	})
}

// TestClockSetBack: a list is not good forever because the clock went backwards.
func TestClockSetBack(t *testing.T) {
	var offset atomic.Int64
	change := func(c *statuslist.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	}
	run(t, change, func(f *fixture) {
		f.serve(object{"iat": 1})
		f.accepts(token(listURI, 0))
		offset.Store(int64(-59 * time.Second))
		f.accepts(token(listURI, 0))
		f.fetched(1)
		offset.Store(int64(-24 * time.Hour))
		f.accepts(token(listURI, 0))
		f.fetched(2)
		f.accepts(token(listURI, 0))
		f.fetched(2)

		for range 3 {
			f.cannotJudge(token(prefix+"/2", 0))
		}
		f.fetched(2 + 2)
		offset.Store(int64(-48 * time.Hour))
		f.cannotJudge(token(prefix+"/2", 0))
		f.fetched(2 + 3)
	})
}
