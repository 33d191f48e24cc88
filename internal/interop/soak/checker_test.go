package soak_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/interop/soak"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// at is a time in seconds after noon.
func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

var bounds = soak.Bounds{CacheTTL: 10 * time.Second, Prompt: 2 * time.Second, Stale: 15 * time.Second}

// Every invariant holds for what it allows, and is broken by what it does not.
func TestChecker(t *testing.T) {
	type world struct {
		*soak.Checker
		observe func(kind soak.Kind, start float64, status int)
		token   *soak.Token
	}
	excuse := func(cause soak.Cause, from, to float64, replicas ...string) func(*world) {
		return func(w *world) { w.Excuse(soak.Window{Cause: cause, Replicas: replicas, From: at(from)})(at(to)) }
	}
	revoked := func(where string) func(*world) {
		return func(w *world) {
			w.token.Revoking(at(-1))
			w.token.Revoked(soak.Revocation{At: where, Time: at(0)})
		}
	}
	sent := func(kind soak.Kind, start float64, status int) func(*world) {
		return func(w *world) { w.observe(kind, start, status) }
	}
	for name, tt := range map[string]struct {
		steps []func(*world)
		want  string // a part of the only violation, "" for none
	}{
		"good":                       {[]func(*world){sent(soak.Settled, 0, 200)}, ""},
		"bad refused":                {[]func(*world){sent(soak.Bad, 0, 401)}, ""},
		"bad during an outage":       {[]func(*world){excuse("fresh", 0, 9), sent(soak.Bad, 0, 503)}, ""},
		"bad, nothing is wrong":      {[]func(*world){sent(soak.Bad, 0, 503)}, "outside of the windows"},
		"bad during another outage":  {[]func(*world){excuse(soak.NoContact, 0, 9), sent(soak.Bad, 0, 503)}, "outside of the windows"},
		"bad accepted":               {[]func(*world){sent(soak.Bad, 0, 200)}, "a bad token was accepted"},
		"settled refused":            {[]func(*world){sent(soak.Settled, 0, 401)}, "a good token was refused"},
		"fresh refused":              {[]func(*world){sent(soak.Fresh, 0, 401)}, "a good token was refused"},
		"opaque refused in a window": {[]func(*world){excuse("opaque", 0, 9), sent(soak.Opaque, 1, 401)}, "a good token was refused"},

		"503 in its window":            {[]func(*world){excuse("opaque", 0, 9), sent(soak.Opaque, 1, 503)}, ""},
		"503 sent as it ends":          {[]func(*world){excuse("opaque", 0, 9), sent(soak.Opaque, 9, 503)}, ""},
		"503 after it":                 {[]func(*world){excuse("opaque", 0, 9), sent(soak.Opaque, 9.1, 503)}, "outside of the windows"},
		"503 before it":                {[]func(*world){excuse("opaque", 2, 9), sent(soak.Opaque, 1, 503)}, "outside of the windows"},
		"503 in that of another kind":  {[]func(*world){excuse("opaque", 0, 9), sent(soak.Settled, 1, 503)}, "outside of the windows"},
		"503 at another replica":       {[]func(*world){excuse("opaque", 0, 9, "b"), sent(soak.Opaque, 1, 503)}, "outside of the windows"},
		"503 at the replica":           {[]func(*world){excuse("opaque", 0, 9, "b", "a"), sent(soak.Opaque, 1, 503)}, ""},
		"proof taken twice":            {[]func(*world){excuse("proven", 0, 9), sent(soak.Bad, 1, 200)}, "a bad token was accepted"},
		"proof without Redis":          {[]func(*world){excuse("proven", 0, 9), sent(soak.Proven, 1, 503)}, ""},
		"new proof refused":            {[]func(*world){excuse("proven", 0, 9), sent(soak.Proven, 1, 401)}, "a good token was refused"},
		"503 without contact":          {[]func(*world){excuse(soak.NoContactForLong, 0, 9), sent(soak.Settled, 1, 503)}, ""},
		"503 without contact a moment": {[]func(*world){excuse(soak.NoContact, 0, 9), sent(soak.Settled, 1, 503)}, "outside of the windows"},

		"no answer":                    {[]func(*world){sent(soak.Bad, 0, 0)}, "no answer"},
		"no answer during the restart": {[]func(*world){excuse(soak.NoAnswer, 0, 9, "a"), sent(soak.Bad, 1, 0)}, ""},
		"no answer, sent before that":  {[]func(*world){excuse(soak.NoAnswer, 0, 9, "a"), sent(soak.Bad, -0.01, 0)}, "no answer"},
		"no answer of another replica": {[]func(*world){excuse(soak.NoAnswer, 0, 9, "b"), sent(soak.Bad, 1, 0)}, "no answer"},
		"server error":                 {[]func(*world){sent(soak.Settled, 0, 500)}, "nobody expects"},
		"insufficient scope":           {[]func(*world){sent(soak.Settled, 0, 403)}, "nobody expects"},

		"revoked here":                  {[]func(*world){revoked("a"), sent(soak.Settled, 0.1, 401)}, ""},
		"revoked here, accepted":        {[]func(*world){revoked("a"), sent(soak.Settled, 0.1, 200)}, "revoked at the same replica"},
		"revoked here, was under way":   {[]func(*world){revoked("a"), sent(soak.Settled, -0.1, 200)}, ""},
		"revoked elsewhere":             {[]func(*world){revoked("b"), sent(soak.Settled, 1.9, 200)}, ""},
		"revoked elsewhere, late":       {[]func(*world){revoked("b"), sent(soak.Settled, 2.1, 200)}, "revoked at another replica"},
		"revoked elsewhere, no contact": {[]func(*world){excuse(soak.NoContact, -9, 19), revoked("b"), sent(soak.Settled, 14, 200)}, ""},
		"revoked elsewhere, stale":      {[]func(*world){excuse(soak.NoContact, -9, 19), revoked("b"), sent(soak.Settled, 15.1, 200)}, "Redis at fault"},
		"revoked elsewhere, contact again": {
			[]func(*world){excuse(soak.NoContact, -9, 3), revoked("b"), sent(soak.Settled, 4.9, 200)}, "",
		},
		"revoked elsewhere, contact for long": {
			[]func(*world){excuse(soak.NoContact, -9, 3), revoked("b"), sent(soak.Settled, 5.1, 200)}, "after that was over",
		},
		"revoked elsewhere, contact lost again": {
			[]func(*world){excuse(soak.NoContact, -9, 3), excuse(soak.NoContact, 5, 9), revoked("b"), sent(soak.Settled, 6, 200)}, "",
		},
		"revoked at the server":           {[]func(*world){revoked(""), sent(soak.Opaque, 9.9, 200)}, ""},
		"revoked at the server, too late": {[]func(*world){revoked(""), sent(soak.Opaque, 10.1, 200)}, "revoked at the authorization server"},
		"revoked, 503":                    {[]func(*world){revoked(""), sent(soak.Opaque, 1, 503)}, "outside of the windows"},
		"revoked, 503 in a window": {
			[]func(*world){excuse("opaque", 0, 9), revoked(""), sent(soak.Opaque, 1, 503)}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{Checker: soak.NewChecker(bounds), token: &soak.Token{Name: "x", Text: "secret"}}
			w.observe = func(kind soak.Kind, start float64, status int) {
				w.token.Kind = kind
				o := &soak.Observation{
					Replica: "a", Phase: "phase", Token: w.token, Status: status, RetryAfter: true,
					Start: at(start), End: at(start + 0.05),
				}
				if status == 0 {
					o.Err = errors.New("broken")
				}
				w.Observe(o)
			}
			for _, step := range tt.steps {
				step(w)
			}
			wantViolation(t, w.Checker, tt.want)
		})
	}
}

func wantViolation(t *testing.T, c *soak.Checker, want string) {
	t.Helper()
	got := c.Violations()
	if (want == "") != (len(got) == 0) || len(got) > 1 || want != "" && !strings.Contains(got[0], want) {
		t.Errorf("violations %q, want %q", got, want)
	}
	for _, v := range got {
		if strings.Contains(v, "secret") {
			t.Errorf("%s shows the token", v)
		}
	}
}

func TestCheckerWantsRetryAfter(t *testing.T) {
	c := soak.NewChecker(bounds)
	c.Observe(&soak.Observation{Token: &soak.Token{Kind: soak.Bad}, Status: 503, Start: noon, End: noon})
	wantViolation(t, c, "503 without Retry-After")
}

// What is measured is how long the last request that passed was sent after the revocation.
func TestCheckerMeasures(t *testing.T) {
	c := soak.NewChecker(bounds)
	prompt, late := &soak.Token{Kind: soak.Settled}, &soak.Token{Kind: soak.Settled}
	for _, token := range []*soak.Token{prompt, late} {
		token.Revoking(at(0))
		token.Revoked(soak.Revocation{At: "b", Time: at(0)})
		c.Noticed("a", token)
	}
	for _, start := range []float64{0.2, 0.5, 0.3} {
		c.Observe(&soak.Observation{Replica: "a", Token: late, Status: 200, Start: at(start), End: at(start)})
	}
	delays := c.Staleness()["another replica"]
	if len(delays) != 2 || max(delays[0], delays[1]) != 500*time.Millisecond || min(delays[0], delays[1]) != 0 {
		t.Errorf("got %v", delays)
	}
}

func TestComplete(t *testing.T) {
	c := soak.NewChecker(bounds)
	for _, kind := range []soak.Kind{soak.Settled, soak.Opaque, soak.Proven} {
		c.Observe(&soak.Observation{Token: &soak.Token{Kind: kind}, Status: 200, Start: noon, End: noon})
	}
	c.Complete()
	wantViolation(t, c, "no fresh token was ever accepted")
}

func TestCalls(t *testing.T) {
	for name, tt := range map[string]struct {
		tally soak.Tally
		calls int
		want  string
	}{
		"as many as passed":            {soak.Tally{Accepted: 7}, 7, ""},
		"one for a refused request":    {soak.Tally{Accepted: 7}, 8, "ran 8 times"},
		"an answer that was lost":      {soak.Tally{Accepted: 7, Lost: 1}, 8, ""},
		"fewer than passed":            {soak.Tally{Accepted: 7}, 6, "ran 6 times"},
		"more than could be explained": {soak.Tally{Accepted: 7, Lost: 1}, 9, "ran 9 times"},
	} {
		t.Run(name, func(t *testing.T) {
			c := soak.NewChecker(bounds)
			c.Calls("a", tt.tally, tt.calls)
			wantViolation(t, c, tt.want)
		})
	}
}

func TestFetches(t *testing.T) {
	p := soak.Plan{Cooldown: 2 * time.Second, KeysMaxAge: time.Minute}
	for name, tt := range map[string]struct {
		count int
		want  string
	}{
		"within":     {3 * 17, ""},
		"one beyond": {3*17 + 1, "fetched"},
	} {
		t.Run(name, func(t *testing.T) {
			c := soak.NewChecker(bounds)
			// For each replica 1 + 20/2 for strangers, 2 for parties that two rotations concern, 4 refreshes of 15 seconds' age.
			if bound := p.FetchBound(3, 2, 20*time.Second); bound != 3*(11+2+1) {
				t.Fatalf("bound %d", bound)
			}
			c.Fetches("phase", tt.count, 3*17)
			wantViolation(t, c, tt.want)
		})
	}
}

func TestPool(t *testing.T) {
	c := soak.NewChecker(bounds)
	c.Pool("a", "Redis", 20, 20)
	wantViolation(t, c, "")
	c.Pool("a", "Redis", 21, 20)
	wantViolation(t, c, "a has 21 connections to Redis")
}

func TestGoroutines(t *testing.T) {
	c := soak.NewChecker(bounds)
	c.Goroutines("a", 20, 20+2*3+16, 3)
	wantViolation(t, c, "")
	c.Goroutines("a", 20, 20+2*3+17, 3)
	wantViolation(t, c, "a has 43 goroutines")
}

func TestMet(t *testing.T) {
	c := soak.NewChecker(bounds)
	c.Met("cut off", "cut of network 3", 1)
	wantViolation(t, c, "")
	c.Met("cut off", "cut of network 3", 0)
	wantViolation(t, c, "cut off: nobody met it: cut of network 3")
}

func TestFootprint(t *testing.T) {
	before := soak.Footprint{Sockets: 5, Threads: 9, RSS: 30 << 20}
	for name, tt := range map[string]struct {
		after soak.Footprint
		want  string
	}{
		"the same":       {before, ""},
		"within margins": {soak.Footprint{Sockets: 5, Threads: 9 + 16, RSS: 94 << 20}, ""},
		"a socket":       {soak.Footprint{Sockets: 6, Threads: 9, RSS: 30 << 20}, "sockets"},
		"threads":        {soak.Footprint{Sockets: 5, Threads: 26, RSS: 30 << 20}, "threads"},
		"memory":         {soak.Footprint{Sockets: 5, Threads: 9, RSS: 95 << 20}, "MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			c := soak.NewChecker(bounds)
			c.Footprints("a", before, tt.after)
			wantViolation(t, c, tt.want)
		})
	}
}
