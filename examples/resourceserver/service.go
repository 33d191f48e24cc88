package main

import (
	"log/slog"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// service is everything that the flags configure.
type service struct {
	guard   *middleware.Guard
	fresh   *middleware.Guard // asks the authorization server on every request; nil without introspection
	denied  *revocation.List
	revoker *revocation.Client // nil without an authorization server to tell
	sources []source
	shared  *shared // nil without -redis-url
	events  []route // where others announce what is no longer good
	log     *slog.Logger
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
	if s.events, err = o.eventRoutes(v, s.denied, log); err != nil {
		return nil, err
	}
	s.sources = v.sources
	bindings, err := o.bindings(s.shared)
	if err != nil {
		return nil, err
	}
	config := middleware.Config{
		Realm:           o.realm,
		Metadata:        middleware.Metadata{Resource: o.resource},
		AdvertiseScopes: true,
		Revocations:     s.denied,
		Bindings:        bindings,
		OnDecision:      middleware.LogDecisions(log),
	}
	if s.guard, err = middleware.New(v.usual(o.introspectionMode), config); err != nil {
		return nil, err
	}
	if v.asked != nil {
		s.fresh, err = middleware.New(v.fresh(o.introspectionMode), config)
	}
	return s, err
}

// close ends the calls in progress.
func (s *service) close() {
	for _, source := range s.sources {
		_ = source.Close()
	}
}
