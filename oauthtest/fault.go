package oauthtest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Fault is a way for an endpoint to misbehave. Its parts add up; the zero value is an endpoint that works well.
//
// What an endpoint says is settled when the request arrives. A delay holds that answer back, so that it may be out of
// date by the time it is read, as on a slow network.
type Fault struct {
	// Status is the status of the answer, which then has no body but Body. Default: the endpoint's own answer, or 200
	// if there is a Body.
	Status int
	// Body replaces the body. Its media type is application/json unless Header says otherwise.
	Body string
	// Header replaces fields of the answer, or adds to them. A field without values is left out.
	Header http.Header

	// Latency is how long the answer is held back.
	Latency time.Duration
	// Drip is the pause before each octet of the body.
	Drip time.Duration
	// Hang holds the answer back until the fault is over.
	Hang bool
	// Drop closes the connection instead of answering. The client of net/http repeats a GET once if the connection
	// was not new.
	Drop bool

	// Times is how many requests the fault is for; the ones after it see an endpoint that works well. Default: all
	// until the fault is over.
	Times int
}

// fault is a Fault at work.
type fault struct {
	Fault
	used    int
	over    chan struct{}
	closing <-chan struct{}
}

var (
	errClosed  = errors.New("oauthtest: the server is closed")
	errDropped = errors.New("oauthtest: the server closed the connection without an answer")
)

// Break makes an endpoint misbehave until [Server.Heal] or until it is broken in another way. A fault of
// [EndpointAny] holds for the endpoints that have none of their own.
func (s *Server) Break(e Endpoint, f Fault) {
	f.Header = canonical(f.Header)
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.faults[e]; old != nil {
		close(old.over)
	}
	s.faults[e] = &fault{Fault: f, over: make(chan struct{}), closing: s.closing}
}

// canonical returns a copy of h in which a literal such as "ETag" names the field that it means.
func canonical(h http.Header) http.Header {
	fields := make(http.Header, len(h))
	for name, values := range h {
		fields[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	return fields
}

// Heal ends all faults. Requests that are being held back are answered at once, and well.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		close(f.over)
	}
	clear(s.faults)
}

// arrive counts a request and returns the fault it meets.
func (s *Server) arrive(e Endpoint) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[EndpointAny]++
	if e != EndpointAny {
		s.requests[e]++
	}
	f := cmp.Or(s.faults[e], s.faults[EndpointAny])
	if f == nil || f.Times > 0 && f.used == f.Times {
		return &fault{closing: s.closing}
	}
	f.used++
	return f
}

// apply holds an answer back and then changes it, unless the fault is over by then.
func (f *fault) apply(ctx context.Context, a *answer) (*answer, error) {
	if err := f.hold(ctx); err != nil {
		return nil, err
	}
	select {
	case <-f.over:
		return a, nil
	default:
	}
	if f.Drop {
		return nil, errDropped
	}
	if f.Status != 0 || f.Body != "" {
		a = jsonAnswer(cmp.Or(f.Status, http.StatusOK), []byte(f.Body))
	}
	maps.Copy(a.header, f.Header.Clone())
	return a, nil
}

func (f *fault) hold(ctx context.Context) error {
	if f.Hang {
		return f.wait(ctx, nil)
	}
	return f.pause(ctx, f.Latency)
}

func (f *fault) pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	return f.wait(ctx, timer.C)
}

// wait returns when the time has come or the fault is over, with an error when there is nobody left to wait for.
func (f *fault) wait(ctx context.Context, timer <-chan time.Time) error {
	select {
	case <-timer:
		return nil
	case <-f.over:
		return nil
	case <-f.closing:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}
