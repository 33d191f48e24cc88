package events

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Counts say what became of what was received. Counters only grow.
type Counts struct {
	// Accepted is how many events took effect, and Repeated how many were known already.
	Accepted, Repeated uint64
	// Refused is how many were not taken: forged, malformed, or not to be understood.
	Refused uint64
	// Failed is how many could not be processed here, and have to be sent again.
	Failed uint64
	// AcceptedAt is when the last event took effect; zero if none did.
	AcceptedAt time.Time
	// Err is why the last event failed that did, nil once one was processed again.
	Err error
}

// outcome is what became of one SET or logout token. A genuine one was signed by its issuer.
type outcome struct {
	genuine, repeat bool
	err             error
}

// ledger counts outcomes and tells the operator of those that matter.
type ledger struct {
	logger *slog.Logger
	now    func() time.Time

	mu     sync.Mutex
	counts Counts
}

// note counts an outcome. A genuine event that is refused is lost, so each is worth a line. A failure is worth one when
// it begins, since the same will befall all events until it is over. What was given up by us is no outcome.
func (l *ledger) note(ctx context.Context, o outcome) {
	_, refused := errors.AsType[*refusal](o.err)
	if o.err != nil && !refused && ctx.Err() != nil {
		return
	}
	switch began := l.count(o, refused); {
	case refused && o.genuine:
		l.log(ctx, slog.LevelWarn, "oauth event refused", o.err)
	case began:
		l.log(ctx, slog.LevelError, "oauth events fail", o.err)
	}
}

// log writes a line. A handler that panics must not end the process: above a Poller there is no HTTP server.
func (l *ledger) log(ctx context.Context, level slog.Level, text string, err error) {
	defer func() { _ = recover() }()
	l.logger.LogAttrs(ctx, level, text, slog.Any("error", err))
}

// count reports whether a failure has begun.
func (l *ledger) count(o outcome, refused bool) (began bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &l.counts
	switch {
	case refused:
		c.Refused++
		return false
	case o.err != nil:
		began = c.Err == nil
		c.Failed++
		c.Err = o.err
		return began
	case o.repeat:
		c.Repeated++
	default:
		c.Accepted++
		c.AcceptedAt = l.now()
	}
	c.Err = nil
	return false
}

func (l *ledger) read() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}
