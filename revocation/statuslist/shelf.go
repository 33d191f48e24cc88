package statuslist

import (
	"context"
	"errors"
	"sync"
	"time"
)

// retryDelay paces attempts while there is no list that counts. The first failure is forgiven, so that the request after
// a short outage succeeds at once.
const retryDelay = time.Second

var (
	errClosed  = errors.New("the checker is closed")
	errCrowded = errors.New("as many status lists as are kept are being fetched")
)

// shelf keeps the lists in use up to date. Every fetch runs in a goroutine of its own, detached from the requests that
// wait for it, and there is never more than one for a list.
type shelf struct {
	fetcher *fetcher
	config  *Config

	mu       sync.RWMutex
	entries  map[string]*entry
	closed   bool
	lifetime context.Context
	end      context.CancelFunc
	flights  sync.WaitGroup
}

func newShelf(c *Config, f *fetcher) *shelf {
	lifetime, end := context.WithCancel(context.Background())
	return &shelf{fetcher: f, config: c, entries: map[string]*entry{}, lifetime: lifetime, end: end}
}

// usable returns the list at uri if it is good enough to judge a token with, fetching it first if need be.
func (s *shelf) usable(ctx context.Context, uri string) (*snapshot, error) {
	now := s.config.Now()
	if e := s.entry(uri, now); e != nil {
		last := e.current.Load()
		switch last.phase(now) {
		case fresh:
			return last, nil
		case due:
			s.refreshBehind(e, now)
			return last, nil
		case stale:
			return s.revalidate(ctx, e, now, last), nil
		}
	}
	f, err := s.firstFlight(uri, now)
	if err != nil {
		return nil, err
	}
	return f.wait(ctx)
}

// entry returns the place of the list at uri, or nil.
func (s *shelf) entry(uri string, now time.Time) *entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e := s.entries[uri]
	if e != nil {
		e.used.Store(now.UnixNano())
	}
	return e
}

// firstFlight returns a flight for a list that is not there or does not count any more, or says why there is none.
func (s *shelf) firstFlight(uri string, now time.Time) (*flight, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[uri]
	switch {
	case s.closed:
		return nil, verdict(errClosed, 0)
	case e == nil && !s.makeRoom():
		return nil, verdict(errCrowded, 0)
	case e == nil:
		e = &entry{uri: uri}
		e.used.Store(now.UnixNano())
		s.entries[uri] = e
	}
	if last := e.current.Load(); last.phase(now) != absent { // it came meanwhile
		return last.flight, nil
	}
	if since := now.Sub(e.attempted); e.flight == nil && e.failures > 1 && since >= 0 && since < retryDelay {
		return nil, verdict(e.err, retryDelay-since)
	}
	return s.launch(e, now), nil
}

// makeRoom removes an entry if there are too many, and reports whether there is room now. The caller holds mu.
func (s *shelf) makeRoom() bool {
	if len(s.entries) < s.config.MaxLists {
		return true
	}
	var goes *entry
	for _, e := range s.entries {
		if e.flight == nil && (goes == nil || e.dispensable(goes)) {
			goes = e
		}
	}
	if goes == nil {
		return false
	}
	delete(s.entries, goes.uri)
	return true
}

// refreshBehind starts a refresh that nobody waits for. While that keeps failing, there is one for each FetchTimeout.
func (s *shelf) refreshBehind(e *entry, now time.Time) {
	wait := time.Duration(e.nextRefresh.Load() - now.UnixNano())
	if wait > 0 && wait <= s.config.FetchTimeout { // more would mean that the clock was set back
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.launch(e, now)
}

// revalidate refreshes a stale list. A request waits for that only if nobody has tried since it came due, as after an
// idle night; while no newer list can be had, requests go on with the one at hand.
func (s *shelf) revalidate(ctx context.Context, e *entry, now time.Time, last *snapshot) *snapshot {
	f := s.firstSince(e, now, last)
	if f == nil {
		s.refreshBehind(e, now)
		return last
	}
	if next, err := f.wait(ctx); err == nil {
		return next
	}
	return last
}

// firstSince returns the first flight since last came due, starting it if there was none yet; nil if one has failed.
func (s *shelf) firstSince(e *entry, now time.Time, last *snapshot) *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.attempted.Before(last.refresh) {
		return s.launch(e, now)
	}
	if e.failures == 0 && !e.attempted.Before(last.stale) {
		return e.flight
	}
	return nil
}

// launch starts a flight unless one is under way, and returns it; nil once the shelf is closed. The caller holds mu.
func (s *shelf) launch(e *entry, now time.Time) *flight {
	if e.flight != nil || s.closed {
		return e.flight
	}
	f := &flight{done: make(chan struct{})}
	e.flight, e.attempted = f, now
	e.nextRefresh.Store(now.Add(s.config.FetchTimeout).UnixNano())
	s.flights.Go(func() { s.fly(e, f) })
	return f
}

// fly fetches and publishes. A list that is no good never replaces one that was.
func (s *shelf) fly(e *entry, f *flight) {
	ctx, cancel := context.WithTimeout(s.lifetime, s.config.FetchTimeout)
	defer cancel()
	f.snapshot, f.err = s.fetcher.fetch(ctx, e.uri, e.current.Load())
	s.mu.Lock()
	defer s.mu.Unlock()
	e.flight, e.err = nil, f.err
	if f.err == nil {
		e.failures = 0
		f.snapshot.flight = f
		e.current.Store(f.snapshot)
	} else {
		e.failures++
	}
	close(f.done)
}

// close ends the fetches in progress and waits for them.
func (s *shelf) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.flights.Wait()
}
