package middleware

import (
	"context"
	"time"
)

// RevocationWatcher is a RevocationList that tells of a revocation by itself, for requests that last.
type RevocationWatcher interface {
	RevocationList
	// Watch calls revoked once when t is revoked, before it returns if t already is. The call must not block, and revoked
	// does not either. stop ends the watch; it may be called more than once.
	Watch(t *Token, revoked func(error)) (stop func())
}

var errExpired = Reject(ReasonExpired, nil)

// bind returns a context that ends with the token: when it expires, or when it is revoked if the revocation list is a
// RevocationWatcher. The cause of the end matches ErrInvalidToken. It takes a timer and no goroutine, and lets go of both
// when the request ends.
func (g *Guard) bind(parent context.Context, a *admission) context.Context {
	ctx, end := context.WithCancelCause(parent)
	var timer *time.Timer
	if !a.until.IsZero() {
		timer = time.AfterFunc(a.until.Sub(g.config.Now()), func() { end(errExpired) })
	}
	var stop func()
	if watcher, ok := g.config.Revocations.(RevocationWatcher); ok {
		stop = watcher.Watch(a.token, end)
	}
	context.AfterFunc(ctx, func() {
		end(nil)
		if timer != nil {
			timer.Stop()
		}
		if stop != nil {
			stop()
		}
	})
	return ctx
}
