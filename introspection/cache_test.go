package introspection_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

func TestCacheTTL(t *testing.T) {
	c := newClock()
	as := server(t, c)
	v := trusting(t, as, introspection.Config{Now: c.Now})
	token := as.Mint(oauthtest.Token{Opaque: true})
	want(t, v, token, "active")
	as.Revoke(token)
	c.advance(time.Minute - 1)
	want(t, v, token, "active")
	wantCalls(t, as, 1)
	c.advance(1)
	want(t, v, token, "refused inactive")
	wantCalls(t, as, 2)
}

// The answer counts from when the server was asked: a slow one is not believed longer.
func TestCacheTTLCountsFromTheQuestion(t *testing.T) {
	c := newClock()
	calls := 0
	v := asking(t, func(*http.Request) *http.Response {
		calls++
		c.advance(20 * time.Second)
		return reply(200, "application/json", `{"active":true}`)
	}, introspection.Config{Now: c.Now})
	want(t, v, "opaque", "active")
	c.advance(39 * time.Second)
	want(t, v, "opaque", "active")
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
	c.advance(time.Second)
	want(t, v, "opaque", "active")
	if calls != 2 {
		t.Errorf("%d calls", calls)
	}
}

// An answer that took longer than it may be believed is good for the requests that waited for it, and for no other.
func TestAnswerOlderThanItsTTL(t *testing.T) {
	for _, body := range []string{`{"active":true}`, `{"active":false}`} {
		c := newClock()
		calls := 0
		v := asking(t, func(*http.Request) *http.Response {
			calls++
			c.advance(time.Minute)
			return reply(200, "application/json", body)
		}, introspection.Config{Now: c.Now})
		first := validate(t, v, "opaque")
		want(t, v, "opaque", first)
		if calls != 2 {
			t.Errorf("%s: %d calls, want 2", body, calls)
		}
	}
}

// RFC 7662, section 4: no cached answer outlives the token, even if the server still calls it active.
func TestCacheNeverOutlivesExp(t *testing.T) {
	c := newClock()
	v := asking(t, say(fmt.Sprintf(`{"active":true,"exp":%d}`, noon.Unix()+30)), introspection.Config{Now: c.Now, StaleIfError: time.Hour})
	want(t, v, "opaque", "active")
	c.advance(30*time.Second - 1)
	want(t, v, "opaque", "active")
	c.advance(1)
	want(t, v, "opaque", "refused expired")
}

func TestNegativeTTL(t *testing.T) {
	c := newClock()
	active := false
	calls := 0
	v := asking(t, func(*http.Request) *http.Response {
		calls++
		return reply(200, "application/json", fmt.Sprintf(`{"active":%v}`, active))
	}, introspection.Config{Now: c.Now})
	want(t, v, "opaque", "refused inactive")
	active = true
	c.advance(10*time.Second - 1)
	want(t, v, "opaque", "refused inactive")
	c.advance(1)
	want(t, v, "opaque", "active")
	if calls != 2 {
		t.Errorf("%d calls, want 2", calls)
	}
}

// The reason of a refusal survives in the cache; a token that becomes valid any moment is asked about.
func TestCachedRefusals(t *testing.T) {
	for members, wantCalls := range map[string]int{
		`"iss":"https://evil.example"`: 1, `"token_type":"mac"`: 1, `"exp":1`: 1, `"nbf":1800000060`: 2,
	} {
		calls := 0
		v := asking(t, func(*http.Request) *http.Response {
			calls++
			return reply(200, "application/json", `{"active":true,`+members+`}`)
		}, introspection.Config{Issuer: issuer})
		first := validate(t, v, "opaque")
		if second := validate(t, v, "opaque"); second != first || calls != wantCalls {
			t.Errorf("%s: %s, then %s with %d calls", members, first, second, calls)
		}
	}
}

func TestCacheOff(t *testing.T) {
	as := server(t, nil)
	token := as.Mint(oauthtest.Token{Opaque: true})
	for name, v := range map[string]*introspection.Validator{
		"by configuration": trusting(t, as, introspection.Config{CacheTTL: -1}),
		"for a route":      trusting(t, as, introspection.Config{}).Uncached(),
	} {
		before := as.Requests(oauthtest.EndpointIntrospection)
		for range 3 {
			want(t, v, token, "active")
			want(t, v, "unknown", "refused inactive")
		}
		if n := as.Requests(oauthtest.EndpointIntrospection) - before; n != 6 {
			t.Errorf("%s: %d calls, want 6", name, n)
		}
	}
	v := trusting(t, as, introspection.Config{NegativeTTL: -1})
	before := as.Requests(oauthtest.EndpointIntrospection)
	for range 3 {
		want(t, v, token, "active")
		want(t, v, "unknown", "refused inactive")
	}
	if n := as.Requests(oauthtest.EndpointIntrospection) - before; n != 4 {
		t.Errorf("without negative cache: %d calls, want 4", n)
	}
	if n := v.State().NegativeEntries; n != 0 {
		t.Errorf("without negative cache: %d refusals are kept", n)
	}
}

// Routes that always ask notice a revocation at once, and then so do the others.
func TestUncachedRefusalReachesTheCache(t *testing.T) {
	as := server(t, nil)
	token := as.Mint(oauthtest.Token{Opaque: true})
	v := trusting(t, as, introspection.Config{})
	want(t, v, token, "active")
	as.Revoke(token)
	want(t, v, token, "active")
	want(t, v.Uncached(), token, "refused inactive")
	want(t, v, token, "refused inactive")
}

func TestForget(t *testing.T) {
	as := server(t, nil)
	token, other := as.Mint(oauthtest.Token{Opaque: true}), as.Mint(oauthtest.Token{Opaque: true})
	v := trusting(t, as, introspection.Config{StaleIfError: time.Hour})
	want(t, v, token, "active")
	want(t, v, other, "active")
	as.Revoke(token)
	v.Forget(token)
	want(t, v, token, "refused inactive")
	want(t, v, other, "active")
	wantCalls(t, as, 3)

	v.Forget(other)
	as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Status: 503})
	want(t, v, other, "unavailable") // not stale: forgotten
}

func TestStaleIfError(t *testing.T) {
	c := newClock()
	as := server(t, c)
	token := as.Mint(oauthtest.Token{Opaque: true, ExpiresIn: 3 * time.Minute})
	strict := trusting(t, as, introspection.Config{Now: c.Now})
	v := trusting(t, as, introspection.Config{Now: c.Now, StaleIfError: time.Minute})
	want(t, strict, token, "active")
	want(t, v, token, "active")
	as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Status: 503})
	want(t, v, "unknown", "unavailable")
	c.advance(time.Minute)
	want(t, strict, token, "unavailable")
	want(t, v, token, "active")
	c.advance(time.Minute - 1)
	want(t, v, token, "active")
	if n := v.State().StaleHits; n != 2 {
		t.Errorf("%d stale hits, want 2", n)
	}
	c.advance(1)
	want(t, v, token, "unavailable")
	as.Heal()
	want(t, v, token, "active")
	as.Revoke(token)
	c.advance(time.Minute)
	want(t, v, token, "refused inactive") // an answer counts more than what was known before
}

// Entries of one token say nothing about another, however alike the two are.
func TestEntriesAreIndependent(t *testing.T) {
	as := server(t, nil)
	token := as.Mint(oauthtest.Token{Opaque: true})
	v := trusting(t, as, introspection.Config{})
	want(t, v, token, "active")
	for i := range token {
		changed := []byte(token)
		changed[i] ^= 1
		want(t, v, string(changed), "refused inactive")
	}
	want(t, v, token+"=", "refused inactive")
	want(t, v, token[:len(token)-1], "refused inactive")
	want(t, v, token, "active")
}

// A clock that is set back does not make answers eternal.
func TestClockSetBack(t *testing.T) {
	c := newClock()
	as := server(t, nil)
	token := as.Mint(oauthtest.Token{Opaque: true, Claims: map[string]any{"exp": nil, "iat": nil}})
	v := trusting(t, as, introspection.Config{Now: c.Now})
	want(t, v, token, "active")
	want(t, v, "unknown", "refused inactive")
	c.advance(-time.Second)
	want(t, v, token, "active")
	want(t, v, "unknown", "refused inactive")
	wantCalls(t, as, 2)
	c.advance(-time.Hour)
	want(t, v, token, "active")
	want(t, v, "unknown", "refused inactive")
	wantCalls(t, as, 4)
}

// Invented tokens neither displace good ones nor pile up.
func TestFlood(t *testing.T) {
	const good, garbage, room = 500, 20_000, 1000
	as := server(t, nil)
	v := trusting(t, as, introspection.Config{MaxNegativeEntries: room})
	var active []string
	for range good {
		active = append(active, as.Mint(oauthtest.Token{Opaque: true}))
	}
	for _, token := range active {
		want(t, v, token, "active")
	}
	for i := range garbage {
		want(t, v, fmt.Sprintf("garbage-%d", i), "refused inactive")
	}
	wantCalls(t, as, good+garbage)
	for _, token := range active {
		want(t, v, token, "active")
	}
	wantCalls(t, as, good+garbage)
	if s := v.State(); s.NegativeEntries > room+room/2 || s.Entries != good {
		t.Errorf("%d and %d entries", s.Entries, s.NegativeEntries)
	}
}

// Active tokens are bounded in octets: long answers leave room for fewer, and not for none.
func TestCacheIsBoundedInOctets(t *testing.T) {
	long := strings.Repeat("x", 32<<10)
	v := asking(t, say(`{"active":true,"x":"`+long+`"}`), introspection.Config{MaxCacheBytes: 1 << 20})
	for i := range 200 {
		want(t, v, fmt.Sprint(i), "active")
	}
	if n := v.State().Entries; n < 10 || n > 40 {
		t.Errorf("%d entries of 32 KiB in 1 MiB", n)
	}
}

// Facts are cached, decisions are not: each route's policy counts on each request (CVE-2021-32701).
func TestPoliciesAreNotCached(t *testing.T) {
	as := server(t, nil)
	token := as.Mint(oauthtest.Token{Opaque: true, Scope: "orders:read"})
	v := trusting(t, as, introspection.Config{})
	for range 2 {
		for scope, answer := range map[string]string{"orders:read": "200", "orders:write": "403 insufficient_scope"} {
			if got := through(t, v, token, middleware.Policy{Scopes: []string{scope}}); got != answer {
				t.Errorf("%s: %s, want %s", scope, got, answer)
			}
		}
	}
	wantCalls(t, as, 1)
}
