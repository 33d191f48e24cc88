package revocation

import (
	"context"
	"errors"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// Replicator carries revocations between the replicas of a service, such as the Stream of adapters/oauthredis. It is safe
// for concurrent use.
type Replicator interface {
	// Publish returns nil once r is kept where every replica finds it, those included that start later. It may publish
	// twice what it was given once.
	Publish(ctx context.Context, r Record) error
	// Follow begins to hand every record that a replica publishes to l.Apply, and before them those published in the last
	// l.Retention. A record that Apply has no room for is handed to it again later. Follow is called once, by NewList, and
	// waits for nothing.
	Follow(l *List) error
	// Err returns nil while the records of the other replicas arrive. Otherwise tokens that are not known to be revoked
	// are answered with 503; a Replicator that would rather let them pass returns nil. It is asked on every request, so it
	// must not wait for anything.
	Err() error
}

// ErrNotShared says that tokens are refused here, but that the other replicas could not be told.
var ErrNotShared = errors.New("revocation: refused here, but not known to every replica")

// Apply adds a revocation of another replica. It is not published and leaves no audit record, since it has one where it
// was made; what is known already stays as it is. The error is ErrFull, and the revocation may hold in part, or one that says
// what the record lacks.
func (l *List) Apply(r Record) error {
	if err := r.check(); err != nil {
		return err
	}
	k, _ := r.kind() // check has seen to it
	return l.add(&r, k)
}

// Retention is how long a revocation is remembered after it was made, unless the token it names is known to end before;
// negative: for ever.
func (l *List) Retention() time.Duration {
	if l.config.MaxTokenLifetime < 0 {
		return -1
	}
	return margin + l.config.MaxTokenLifetime + margin + margin
}

// inTouch refuses to vouch for a token while the revocations of the other replicas do not arrive.
func (l *List) inTouch() error {
	if l.config.Replicator == nil {
		return nil
	}
	if err := l.config.Replicator.Err(); err != nil {
		return middleware.Unavailable(middleware.ReasonRevocationsUnavailable, 0, err)
	}
	return nil
}
