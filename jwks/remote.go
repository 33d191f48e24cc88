package jwks

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/middleware"
)

const (
	// retryDelay paces attempts while there are no usable keys at all. The first failure is forgiven, so that the request
	// after a restart of the issuer succeeds at once.
	retryDelay = time.Second
	// patience is how long a request waits for an issuer that failed repeatedly, or although it could do without. One that
	// is well answers sooner.
	patience = time.Second
)

var errClosed = errors.New("the key source is closed")

// remote keeps the key set of an issuer up to date. Reading it takes no lock. Every fetch runs in a goroutine of its
// own, detached from the requests that wait for it, and there is never more than one.
type remote struct {
	fetcher  *fetcher
	timeout  time.Duration
	maxStale time.Duration
	now      func() time.Time
	budget   budget

	current atomic.Pointer[snapshot]
	// nextRefresh keeps requests that find the keys due from queueing for the lock: unix nanoseconds.
	nextRefresh atomic.Int64
	// withheld counts the tokens whose key was not looked for, because there was no ration.
	withheld atomic.Uint64

	mu        sync.Mutex
	flight    *flight   // in progress, or nil
	attempted time.Time // when the last flight started
	ended     time.Time // when the last flight ended
	failures  int       // consecutive failed flights
	err       error     // of the last flight
	counts    counts
	closed    bool
	lifetime  context.Context
	end       context.CancelFunc
	flights   sync.WaitGroup
}

// counts are the figures of State that only grow.
type counts struct {
	fetches, failures uint64
	took              time.Duration
}

// flight is one fetch in progress. Its results may be read once done is closed.
type flight struct {
	started  time.Time
	failures int     // of the flights right before
	ration   *ration // that was spent on it and not given back; guarded by remote.mu
	done     chan struct{}
	snapshot *snapshot
	err      error
}

// usable returns keys that are good enough to judge a token with: last, or what it fetches and waits for.
func (s *remote) usable(ctx context.Context, now time.Time, last *snapshot) (*snapshot, error) {
	switch last.phase(now, s.maxStale) {
	case fresh:
		return last, nil
	case due:
		s.refreshBehind(now)
		return last, nil
	case stale:
		return s.revalidate(ctx, now, last), nil
	}
	f, wait, err := s.firstFlight(now, last)
	if f == nil {
		return nil, middleware.Unavailable(middleware.ReasonKeysUnavailable, wait, err)
	}
	if f.failures > 1 {
		return s.waitBriefly(ctx, f)
	}
	return s.wait(ctx, f)
}

// refreshBehind starts a refresh that nobody waits for, at most one for each cool-down.
func (s *remote) refreshBehind(now time.Time) {
	if s.refreshedLately(now) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.refreshedLately(now) {
		s.launch(now)
	}
}

func (s *remote) refreshedLately(now time.Time) bool {
	wait := time.Duration(s.nextRefresh.Load() - now.UnixNano())
	return wait > 0 && wait <= s.budget.cooldown // more would mean that the clock was set back
}

// revalidate refreshes stale keys. A request waits for that only if nobody has tried since they came due, as after an
// idle night; while the issuer is down, requests go on with the keys they have.
func (s *remote) revalidate(ctx context.Context, now time.Time, last *snapshot) *snapshot {
	f := s.firstSince(now, last)
	if f == nil {
		s.refreshBehind(now)
		return s.current.Load()
	}
	if next, err := s.waitBriefly(ctx, f); err == nil {
		return next
	}
	return s.current.Load()
}

// firstSince returns the first flight since last came due, starting it if there was none yet; nil if one has failed.
func (s *remote) firstSince(now time.Time, last *snapshot) *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	if newer := s.current.Load(); newer != last {
		return newer.flight
	}
	if s.attempted.Before(last.refresh) {
		return s.launch(now)
	}
	if s.failures == 0 && !s.attempted.Before(last.expires) {
		return s.flight
	}
	return nil
}

// firstFlight starts a fetch for a source without usable keys, or says how long not to.
func (s *remote) firstFlight(now time.Time, last *snapshot) (f *flight, wait time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if newer := s.current.Load(); newer != last { // brought since we looked
		return newer.flight, 0, nil
	}
	if since := now.Sub(s.ended); s.flight == nil && s.failures > 1 && since >= 0 && since < retryDelay {
		return nil, retryDelay - since, s.err
	}
	if f = s.launch(now); f == nil {
		return nil, 0, errClosed
	}
	return f, 0, nil
}

// verify returns the key that made the signature of a token, which is one that it names. A key that is not there may be new,
// so it is looked for again, unless the keys were asked for since the token arrived; the second time is for a fetch that had
// begun before.
func (s *remote) verify(ctx context.Context, arrived time.Time, t *candidate) (*jose.Key, error) {
	before := s.current.Load()
	keys, err := s.usable(ctx, arrived, before)
	if err != nil {
		return nil, err
	}
	// Keys that were asked for since the token arrived are final.
	if keys != before && keys.flight.startedSince(arrived) {
		return s.verifyWith(keys, t)
	}
	for looks := 0; ; looks++ {
		key, err := s.verifyWith(keys, t)
		if err == nil && looks > 0 {
			s.refund(keys.flight)
		}
		if err != errNoKey || looks == 2 {
			return key, err
		}
		if keys, err = s.lookAgain(ctx, keys, t); err != nil {
			return nil, err
		}
	}
}

// refund gives back the ration of a flight that brought the key of a good token.
func (s *remote) refund(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.ration != nil {
		s.budget.refund(s.now(), f.ration)
		f.ration = nil
	}
}

func (s *remote) verifyWith(keys *snapshot, t *candidate) (*jose.Key, error) {
	key, err := t.verify(keys.keys)
	if err == nil {
		s.budget.remember(t.party)
	}
	return key, err
}

// holds reports whether a key is in a set that is good enough without waiting for a newer one. Like every other look it
// keeps the set fresh, so that tokens that are known do not let it grow old.
func (s *remote) holds(now time.Time, a *accepted, allowed []jose.Algorithm) bool {
	keys := s.current.Load()
	switch keys.phase(now, s.maxStale) {
	case fresh:
	case due:
		s.refreshBehind(now)
	default:
		return false
	}
	if a.set.Load() != keys.number {
		if !keys.keys.Holds(a.key, allowed) {
			return false
		}
		a.set.Store(keys.number)
	}
	s.budget.remember(a.party)
	return true
}

// startedSince reports whether the flight began when a request had arrived already, so that it brought what there was.
func (f *flight) startedSince(arrived time.Time) bool { return !f.started.Before(arrived) }

// lookAgain returns keys newer than last, fetching them if need be, because of a token whose key is not in last. If a
// key we do have made the signature, the token is nobody's first after a rotation and gets no more than a stranger's.
func (s *remote) lookAgain(ctx context.Context, last *snapshot, t *candidate) (*snapshot, error) {
	if newer := s.current.Load(); newer != last {
		return newer, nil
	}
	now, from := s.now(), s.budget.party(t.party)
	spend := s.rationed(now, from)
	if spend && from.known && t.anySigner(last.keys) != nil {
		from.known = false
	}
	f, err := s.flightSince(now, last, from, spend)
	if err != nil {
		if !t.looked {
			s.withheld.Add(1)
		}
		return nil, err
	}
	t.looked = true
	return s.wait(ctx, f)
}

// rationed reports whether a ration may have to be spent.
func (s *remote) rationed(now time.Time, from party) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flight == nil && s.budget.open(now, from) != nil
}

// flightSince returns a flight that ended since last was read or is in progress, or starts one if there is a ration to
// spend. Otherwise the key does not exist; but while the source is failing, nobody can say that.
func (s *remote) flightSince(now time.Time, last *snapshot, from party, spend bool) (*flight, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch newer := s.current.Load(); {
	case newer != last:
		return newer.flight, nil
	case s.flight != nil:
		return s.flight, nil
	case spend && s.launchFor(now, from):
		return s.flight, nil
	case s.err != nil:
		wait := max(s.budget.cooldown-now.Sub(s.attempted), retryDelay)
		return nil, middleware.Unavailable(middleware.ReasonKeysUnavailable, wait, s.err)
	}
	return nil, errNoKey
}

// launchFor starts a flight if there is a ration to spend on it. The caller holds mu.
func (s *remote) launchFor(now time.Time, from party) bool {
	ration := s.budget.spend(now, from)
	if ration == nil || s.launch(now) == nil {
		return false
	}
	s.flight.ration = ration
	return true
}

// launch starts a flight unless one is under way, and returns it; nil once the source is closed. The caller holds mu.
func (s *remote) launch(now time.Time) *flight {
	if s.flight != nil || s.closed {
		return s.flight
	}
	f := &flight{started: now, failures: s.failures, done: make(chan struct{})}
	s.flight, s.attempted = f, now
	s.nextRefresh.Store(now.Add(s.budget.cooldown).UnixNano())
	s.flights.Go(func() { s.fly(f) })
	return f
}

// fly fetches and publishes. An answer that is no key set never replaces one that was.
func (s *remote) fly(f *flight) {
	ctx, cancel := context.WithTimeout(s.lifetime, s.timeout)
	defer cancel()
	f.snapshot, f.err = s.fetcher.fetch(ctx, s.current.Load())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flight, s.err, s.ended = nil, f.err, s.now()
	s.counts.fetches++
	s.counts.took += max(s.ended.Sub(f.started), 0)
	if f.err == nil {
		s.failures = 0
		f.snapshot.flight, f.snapshot.number = f, snapshots.Add(1)
		s.current.Store(f.snapshot)
	} else {
		s.failures++
		s.counts.failures++
	}
	close(f.done)
}

// wait returns what a flight brings. Each caller leaves on its own deadline; the flight goes on for the others.
func (s *remote) wait(ctx context.Context, f *flight) (*snapshot, error) {
	select {
	case <-f.done:
		if f.err != nil {
			return nil, middleware.Unavailable(middleware.ReasonKeysUnavailable, retryAfter(f.err), f.err)
		}
		return f.snapshot, nil
	case <-ctx.Done():
		return nil, middleware.Unavailable(middleware.ReasonKeysUnavailable, 0, context.Cause(ctx))
	}
}

func (s *remote) waitBriefly(ctx context.Context, f *flight) (*snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.wait(ctx, f)
}

// close ends a fetch in progress and waits for it.
func (s *remote) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.flights.Wait()
	s.fetcher.release()
}
