package soak

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Kind says what is to become of a token.
type Kind string

// The kinds.
const (
	// Settled tokens are JWTs whose keys every replica has had from the beginning: no fault is an excuse not to take them.
	Settled Kind = "settled"
	// Fresh tokens are JWTs signed with keys that were made during the run, which a replica has to fetch first.
	Fresh Kind = "fresh"
	// Opaque tokens are good if the authorization server says so.
	Opaque Kind = "opaque"
	// Proven tokens are settled ones that come with a DPoP proof of their own each time.
	Proven Kind = "proven"
	// Bad tokens are never good.
	Bad Kind = "bad"
)

// Token is one that is sent again and again. Name stands for it in failures, which never show the token.
type Token struct {
	Text, Name string
	Kind       Kind
	// Proof is a DPoP proof; without one the token is a bearer token.
	Proof string

	mu       sync.Mutex
	revoking time.Time
	revoked  *Revocation
}

// Revocation is how a token was revoked, and when that was acknowledged.
type Revocation struct {
	// At is the replica whose deny-list was told, or empty if it was the authorization server.
	At   string
	Time time.Time
}

// Revoking notes that a token may be refused from now on.
func (t *Token) Revoking(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.revoking.IsZero() {
		t.revoking = now
	}
}

// Revoked notes that a revocation was acknowledged.
func (t *Token) Revoked(r Revocation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.revoked = &r
}

func (t *Token) revocation() (revoking time.Time, revoked *Revocation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.revoking, t.revoked
}

// Observation is one request and what became of it. Status 0 means that there was no answer.
type Observation struct {
	Replica    string
	Phase      string
	Token      *Token
	Start, End time.Time
	Status     int
	RetryAfter bool
	// Extra requests are not of the constant load; summaries leave them out.
	Extra bool
	Err   error
}

func (o *Observation) String() string {
	s := fmt.Sprintf("%s: %s token %s to %s, sent %s, after %s: status %d",
		o.Phase, o.Token.Kind, o.Token.Name, o.Replica, o.Start.Format("15:04:05.000"),
		o.End.Sub(o.Start).Round(time.Millisecond), o.Status)
	if o.Err != nil {
		s += ", " + o.Err.Error()
	}
	return s
}

// Bounds are the promises, as the configuration of the replicas makes them.
type Bounds struct {
	// CacheTTL is how long a token that was revoked at the authorization server can pass.
	CacheTTL time.Duration
	// Prompt is how long one that was revoked at one replica can pass at another in contact with Redis, and Stale how long
	// while a window of NoContact is near.
	Prompt, Stale time.Duration
}

// Checker holds observations against the promises. It is safe for concurrent use.
type Checker struct {
	bounds Bounds

	mu         sync.Mutex
	windows    []*Window
	doubtful   []*Observation
	violations []string
	phases     []*Phase
	staleness  map[string]map[*Token]time.Duration
	accepted   map[Kind]int
}

// NewChecker returns a Checker that has seen nothing yet.
func NewChecker(bounds Bounds) *Checker {
	return &Checker{bounds: bounds, staleness: map[string]map[*Token]time.Duration{}, accepted: map[Kind]int{}}
}

// Phase is the summary of a phase of the script.
type Phase struct {
	Name      string
	Statuses  map[int]int
	latencies []time.Duration
}

// Latency returns a quantile, in percent.
func (p *Phase) Latency(percent int) time.Duration { return quantile(p.latencies, percent) }

func quantile(all []time.Duration, percent int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.SortFunc(all, cmp.Compare)
	return all[min(len(all)*percent/100, len(all)-1)]
}

// Observe judges what can be judged at once, and keeps what may have an excuse.
func (c *Checker) Observe(o *Observation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !o.Extra {
		c.count(o)
	}
	if o.Status == 200 {
		c.accepted[o.Token.Kind]++
	}
	revoking, revoked := o.Token.revocation()
	refusable := !revoking.IsZero() && !o.End.Before(revoking)
	switch {
	case o.Status == 200 && o.Token.Kind == Bad:
		c.violate("a bad token was accepted", o)
	case o.Status == 200 && revoked != nil:
		c.late(o, revoked)
	case o.Status == 200:
	case o.Status == 401 && o.Token.Kind != Bad && !refusable:
		c.violate("a good token was refused", o)
	case o.Status == 401:
	case o.Status == 503 && !o.RetryAfter:
		c.violate("503 without Retry-After", o)
	case o.Status == 503, o.Status == 0:
		c.doubtful = append(c.doubtful, o)
	default:
		c.violate("an answer that nobody expects", o)
	}
}

func (c *Checker) count(o *Observation) {
	last := len(c.phases) - 1
	if last < 0 || c.phases[last].Name != o.Phase {
		i := slices.IndexFunc(c.phases, func(p *Phase) bool { return p.Name == o.Phase })
		if i < 0 {
			c.phases = append(c.phases, &Phase{Name: o.Phase, Statuses: map[int]int{}})
			i = len(c.phases) - 1
		}
		last = i
	}
	p := c.phases[last]
	p.Statuses[o.Status]++
	p.latencies = append(p.latencies, o.End.Sub(o.Start))
}

// Where a token was revoked, seen from the replica that still accepts it.
const (
	atServer      = "the authorization server"
	atSame        = "the same replica"
	atOther       = "another replica"
	atOtherDuring = "another replica, Redis at fault"
)

// of returns how long after its revocation a token may still pass.
func (b Bounds) of(where string) time.Duration {
	switch where {
	case atServer:
		return b.CacheTTL
	case atOther:
		return b.Prompt
	case atOtherDuring:
		return b.Stale
	}
	return 0
}

// where looks at a revocation from a replica. The caller holds mu.
func (c *Checker) where(r *Revocation, replica string, until time.Time) string {
	switch {
	case r.At == "":
		return atServer
	case r.At == replica:
		return atSame
	case c.within(NoContact, replica, r.Time, until):
		return atOtherDuring
	}
	return atOther
}

// late judges an acceptance after a revocation. One that a replica could not hear of at first has to arrive as promptly as
// others once it is in contact again.
func (c *Checker) late(o *Observation, r *Revocation) {
	where, delay := c.where(r, o.Replica, o.Start), o.Start.Sub(r.Time)
	if bound := c.bounds.of(where); delay > bound {
		c.violate(fmt.Sprintf("a token revoked at %s was accepted %s after that, the bound is %s", where, delay, bound), o)
	} else if where == atOtherDuring {
		if again := o.Start.Sub(c.contact(o.Replica, r.Time, o.Start)); again > c.bounds.Prompt {
			c.violate(fmt.Sprintf("a token revoked at %s was accepted %s after that was over, the bound is %s",
				where, again, c.bounds.Prompt), o)
		}
	}
	c.delayed(where, o.Token, delay)
}

func (c *Checker) delayed(where string, t *Token, delay time.Duration) {
	if c.staleness[where] == nil {
		c.staleness[where] = map[*Token]time.Duration{}
	}
	c.staleness[where][t] = max(c.staleness[where][t], delay, 0)
}

// Noticed notes that a replica refused a revoked token for the first time, so that revocations which were never late count
// as well.
func (c *Checker) Noticed(replica string, t *Token) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, r := t.revocation(); r != nil {
		c.delayed(c.where(r, replica, time.Now()), t, 0)
	}
}

// maxViolations is how many are kept: the first ones tell what there is to know.
const maxViolations = 50

func (c *Checker) violate(what string, o *Observation) { c.fail(what + ": " + o.String()) }

// Fail adds a violation that is no single request's.
func (c *Checker) Fail(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail(fmt.Sprintf(format, args...))
}

func (c *Checker) fail(violation string) {
	if len(c.violations) < maxViolations {
		c.violations = append(c.violations, violation)
	}
}

// Violations returns what was found until now. At the end, what was kept for an excuse and has none is there too.
func (c *Checker) Violations() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.doubtful {
		unavailable := func(cause Cause) bool { return c.within(cause, o.Replica, o.Start, o.End) }
		switch {
		case o.Status == 503 && !slices.ContainsFunc(o.Token.Kind.excuses(), unavailable):
			c.violate("503 outside of the windows in which it cannot be helped", o)
		// A request that was on its way before the window is one in flight, which is finished.
		case o.Status == 0 && !c.within(NoAnswer, o.Replica, o.Start, o.Start):
			c.violate("no answer", o)
		}
	}
	c.doubtful = nil
	return slices.Clone(c.violations)
}

// Complete fails unless good tokens of every kind were accepted at some time: those that never are prove nothing.
func (c *Checker) Complete() {
	for _, kind := range []Kind{Settled, Fresh, Opaque, Proven} {
		c.mu.Lock()
		n := c.accepted[kind]
		c.mu.Unlock()
		if n == 0 {
			c.Fail("no %s token was ever accepted", kind)
		}
	}
}

// Met fails if a fault was met so few times as never, which proves nothing either.
func (c *Checker) Met(phase, fault string, count int) {
	if count <= 0 {
		c.Fail("%s: nobody met it: %s", phase, fault)
	}
}

// Phases returns the summaries in the order in which the phases began.
func (c *Checker) Phases() []*Phase {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.phases)
}

// Staleness returns, by where tokens were revoked and by who refused them, the longest time that each still passed.
func (c *Checker) Staleness() map[string][]time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	delays := map[string][]time.Duration{}
	for where, tokens := range c.staleness {
		for _, delay := range tokens {
			delays[where] = append(delays[where], delay)
		}
	}
	return delays
}
