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

// grace is how long a token goes on that was already past its end when it was accepted, because a Validator tolerates
// clocks that differ.
const grace = time.Minute

// remaining returns how long a token that was just accepted goes on.
func (g *Guard) remaining(token *Token) time.Duration {
	if left := token.ExpiresAt.Sub(g.config.Now()); left > 0 {
		return left
	}
	return grace
}

var errExpired = Reject(ReasonExpired, nil)

// bind returns a context that ends with the token: when it expires, or when it is revoked if the revocation list is a
// RevocationWatcher. The cause of the end matches ErrInvalidToken. It takes a timer and no goroutine, and lets go of both
// when the request ends.
func (g *Guard) bind(parent context.Context, token *Token) context.Context {
	ctx, end := context.WithCancelCause(parent)
	var timer *time.Timer
	if !token.ExpiresAt.IsZero() {
		timer = time.AfterFunc(g.remaining(token), func() { end(errExpired) })
	}
	var stop func()
	if watcher, ok := g.config.Revocations.(RevocationWatcher); ok {
		stop = watcher.Watch(token, end)
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
