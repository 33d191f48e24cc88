package events

import (
	"context"
	"errors"
	"slices"

	"github.com/bearergate/bearergate/revocation"
)

// Receiver takes the Security Event Tokens of one transmitter and revokes what they say is no longer good. It is an
// http.Handler for delivery by push; a [Poller] fetches them instead. It is safe for concurrent use and starts no
// goroutine.
type Receiver struct {
	config Config
	memory *memory
	stream stream
	places places
	ledger ledger
}

// New returns a Receiver. It does no I/O. It returns an error for a configuration that would be unsafe or could not
// work.
func New(cfg Config) (*Receiver, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Receiver{
		config: cfg,
		memory: newMemory(cfg.MaxRemembered),
		places: make(places, cfg.MaxConcurrent),
		ledger: ledger{logger: cfg.Logger, now: cfg.Now},
	}, nil
}

var errOtherName = refuse(codeInvalid, "The event was delivered under another jti than it has")

// delivery is one SET as it came. With a poll it has a name, which is meant to be its jti.
type delivery struct {
	jwt    string
	polled bool
	name   string
}

// receive judges one SET and has it take effect, once. The error is nil, a refusal, or a failure of ours.
func (r *Receiver) receive(ctx context.Context, d delivery) (repeat bool, err error) {
	genuine := false
	defer func() { r.ledger.note(ctx, outcome{genuine, repeat, err}) }()
	bounded, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	if len(d.jwt) > r.config.MaxBytes {
		return false, errLarge
	}
	claims, err := verified(bounded, r.config.Verify, d.jwt)
	if err != nil {
		return false, err
	}
	genuine = true
	s, err := r.config.parse(claims)
	if err != nil {
		return false, err
	}
	if d.polled && d.name != s.id {
		return false, errOtherName
	}
	return r.memory.once(bounded, s.key, func() error { return r.process(bounded, s) })
}

// process has a SET take effect and then tells OnEvent.
func (r *Receiver) process(ctx context.Context, s *set) error {
	if err := r.stream.check(s, r.config.AcceptState); err != nil {
		return err
	}
	var revocations []revocation.Revocation
	if reason, revokes := r.config.revokes(s); revokes {
		var err error
		if revocations, err = r.revocations(ctx, s); err != nil {
			return err
		}
		sign(revocations, s.time(r.config.Now()), r.config.Issuer, reason)
		if err := revokeAll(ctx, r.config.List, revocations); err != nil {
			return err
		}
	}
	if r.config.OnEvent != nil {
		if err := r.config.OnEvent(ctx, r.config.event(s, revocations)); err != nil {
			return err
		}
	}
	r.stream.note(s, r.config.Now())
	return nil
}

// revokes returns the event type for which a SET revokes what its subject was issued.
func (c *Config) revokes(s *set) (eventType string, ok bool) {
	i := slices.IndexFunc(s.types, func(t string) bool {
		return (actions[t] == revoke || actions[t] == revokeSession) && !slices.Contains(c.HookOnly, t)
	})
	if i < 0 {
		return "", false
	}
	return s.types[i], true
}

// revokeAll goes on after an error, so that as much as possible holds until the event comes again.
func revokeAll(ctx context.Context, list List, revocations []revocation.Revocation) error {
	var failures []error
	for _, r := range revocations {
		failures = append(failures, list.Revoke(ctx, r))
	}
	return errors.Join(failures...)
}
