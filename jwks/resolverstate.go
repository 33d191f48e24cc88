package jwks

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/bearergate/bearergate/middleware"
)

// ResolverState describes a [Resolver], for metrics and status pages. [Resolver.States] has each issuer.
type ResolverState struct {
	// Issuers is how many issuers' keys are held. Of them, Stale is how many have keys past their lifetime, which are used
	// while the issuer cannot be reached, Unusable how many have none to judge a token with, and Failing how many did not
	// answer as they should when last asked.
	Issuers, Stale, Unusable, Failing int
	// Asking is how many calls of Resolve are under way, and Unknown how many issuers are remembered as unknown.
	Asking, Unknown int
	// Lookups is how many calls of Resolve have ended, and LookupFailures how many of them found nothing out: they returned
	// neither a configuration that can be used nor ErrUnknownIssuer. Both only grow.
	Lookups, LookupFailures uint64
	// Err is what was wrong with the last one, nil if nothing was. It is the error of Resolve itself, or that of [New].
	Err error
}

// State describes where r stands. It does no I/O, and looks at every issuer that is held.
func (r *Resolver) State() ResolverState {
	r.mu.Lock()
	state := r.lookups
	state.Asking, state.Unknown = len(r.asking), len(r.unknown)
	r.mu.Unlock()
	for v := range r.held() {
		state.count(v)
	}
	return state
}

func (s *ResolverState) count(v *Validator) {
	keys := v.State()
	s.Issuers++
	switch {
	case !keys.Usable:
		s.Unusable++
	case !keys.StaleAt.IsZero() && !v.now().Before(keys.StaleAt):
		s.Stale++
	}
	if keys.Err != nil {
		s.Failing++
	}
}

// States yields each issuer whose keys are held, in no order, with their state; at most MaxIssuers of them. It does no I/O.
// The issuers that come and go meanwhile may be among them or not.
func (r *Resolver) States() iter.Seq2[string, State] {
	return func(yield func(string, State) bool) {
		for v := range r.held() {
			if !yield(v.issuer, v.State()) {
				return
			}
		}
	}
}

func (r *Resolver) held() iter.Seq[*Validator] {
	return func(yield func(*Validator) bool) {
		r.issuers.Range(func(_, known any) bool { return yield(known.(*Validator)) })
	}
}

// Ready returns nil once the tokens of every issuer of ResolverConfig.ReadyFor can be judged, looking the issuers up and
// fetching their keys if need be. Without any it returns nil: issuers are met with their tokens, and one that is out of
// reach is no reason to keep those of others from a service. An error matches middleware.ErrUnavailable and names the
// issuers whose tokens cannot be judged.
func (r *Resolver) Ready(ctx context.Context) error {
	return everyReady(r.config.ReadyFor, func(issuer string) error {
		v, err := r.find(ctx, issuer)
		if middleware.ReasonOf(err) == middleware.ReasonUntrustedIssuer {
			return middleware.Unavailable(middleware.ReasonIssuerUnavailable, 0, ErrUnknownIssuer)
		}
		if err != nil {
			return err
		}
		if err = v.Ready(ctx); err == nil {
			v.seat.use() // what others wait for is in use
		}
		return err
	})
}

// everyReady asks about all issuers at once, and returns what is wrong with each that is not ready.
func everyReady(issuers []string, ready func(issuer string) error) error {
	failures := make(chan error, len(issuers))
	for _, issuer := range issuers {
		go func() {
			err := ready(issuer)
			if err != nil {
				err = fmt.Errorf("issuer %q: %w", issuer, err)
			}
			failures <- err
		}()
	}
	var all []error
	for range issuers {
		all = append(all, <-failures)
	}
	return errors.Join(all...)
}
