package main

import (
	"context"
	"log/slog"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
	"github.com/bearergate/bearergate/revocation/events"
)

// service is everything that the flags configure.
type service struct {
	guard   *middleware.Guard
	fresh   *middleware.Guard // asks the authorization server on every request; nil without introspection
	denied  *revocation.List
	revoker *revocation.Client // nil without an authorization server to tell
	// receiver and logout are where others announce what is no longer good, nil unless the flags say so.
	receiver *events.Receiver
	logout   *events.Logout
	bindings []middleware.Binding
	proofs   *dpop.Replays // those that were used; nil where they are shared, and without -dpop
	sources  []source
	shared   *shared // nil without -redis-url
	metrics  *metrics
	log      *slog.Logger
}

func newService(o options, log *slog.Logger) (*service, error) {
	s := &service{log: log}
	var err error
	if s.shared, err = o.shared(log); err != nil {
		return nil, err
	}
	v, err := o.validators(s.shared)
	if err != nil {
		return nil, err
	}
	if s.shared != nil {
		v.sources = append(v.sources, s.shared)
	}
	if s.denied, s.revoker, err = o.revocations(v.asked, s.shared, log); err != nil {
		return nil, err
	}
	if err := s.listen(o, v); err != nil {
		return nil, err
	}
	s.sources = v.sources
	if s.bindings, err = s.bind(o); err != nil {
		return nil, err
	}
	if s.metrics, err = newMetrics(log); err != nil {
		return nil, err
	}
	if err := s.metrics.watch(v, o.introspectionURL, s); err != nil {
		return nil, err
	}
	return s, s.protect(v, o.introspectionMode, middleware.Config{
		Realm:           o.realm,
		Metadata:        middleware.Metadata{Resource: o.resource},
		AdvertiseScopes: true,
		Revocations:     s.denied,
		Bindings:        s.bindings,
	})
}

// bind returns what verifies the keys that tokens are bound to.
func (s *service) bind(o options) ([]middleware.Binding, error) {
	switch {
	case s.shared != nil:
		return o.bindings(s.shared.replays)
	case o.dpop == dpopOff:
		return o.bindings(nil)
	}
	var err error
	if s.proofs, err = dpop.NewReplays(dpop.MemoryConfig{}); err != nil {
		return nil, err
	}
	return o.bindings(s.proofs)
}

// protect makes the Guards. Each decision is logged, and counted by who made it.
func (s *service) protect(v *validators, mode string, config middleware.Config) (err error) {
	config.OnDecision = s.observer("usual")
	if s.guard, err = middleware.New(v.usual(mode), config); err != nil || v.asked == nil {
		return err
	}
	config.OnDecision = s.observer("fresh")
	s.fresh, err = middleware.New(v.fresh(mode), config)
	return err
}

func (s *service) observer(guard string) func(context.Context, middleware.Decision) {
	write, count := middleware.LogDecisions(s.log), s.metrics.OnDecision(guard)
	return func(ctx context.Context, d middleware.Decision) {
		write(ctx, d)
		count(ctx, d)
	}
}

// close ends the calls in progress.
func (s *service) close() {
	s.metrics.close()
	for _, source := range s.sources {
		_ = source.Close()
	}
}
