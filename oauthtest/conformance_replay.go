package oauthtest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/internal/jose"
)

// replay is one run over the cases.
type replay struct {
	cfg      ConformanceConfig
	start    func(*Server) (Subject, error)
	cases    []conformance.Case
	attacker *jose.Signer
	routes   []Route
	keys     jose.Algorithm // of the authorization server
	stage    *stage         // nil while nothing runs
	used     bool           // the stage is not as it was when it started
	silent   int            // cases so far without an answer in time
}

// patience is how many cases may go without an answer in time. The others are then not sent, lest a service that hangs
// takes the test binary with it.
const patience = 3

var capabilities = []Capability{
	VerifiesJWT, RequiresRFC9068, Introspects, TakesFormToken, TakesQueryToken, TakesDPoP,
}

// newReplay starts the service.
func newReplay(cfg ConformanceConfig, start func(*Server) (Subject, error)) (*replay, error) {
	cases, err := conformance.Cases()
	if err != nil {
		return nil, fmt.Errorf("oauthtest: %w", err)
	}
	if start == nil {
		return nil, errors.New("oauthtest: start is nil")
	}
	if cfg.Capabilities == nil {
		cfg.Capabilities = []Capability{VerifiesJWT, RequiresRFC9068}
	}
	if err := cfg.check(cases); err != nil {
		return nil, err
	}
	r := &replay{cfg: cfg, start: start, cases: cases}
	if err := r.restart(); err != nil {
		return nil, err
	}
	return r, nil
}

func (c ConformanceConfig) check(cases []conformance.Case) error {
	for _, capability := range c.Capabilities {
		if !slices.Contains(capabilities, capability) {
			return fmt.Errorf("oauthtest: ConformanceConfig.Capabilities: there is no %q", capability)
		}
	}
	verifies := slices.Contains(c.Capabilities, VerifiesJWT)
	if !verifies && slices.Contains(c.Capabilities, RequiresRFC9068) {
		return fmt.Errorf("oauthtest: ConformanceConfig.Capabilities: %s wants %s", RequiresRFC9068, VerifiesJWT)
	}
	if !verifies && !slices.Contains(c.Capabilities, Introspects) {
		return fmt.Errorf("oauthtest: ConformanceConfig.Capabilities: want %s, %s or both", VerifiesJWT, Introspects)
	}
	for id, why := range c.Skip {
		if !slices.ContainsFunc(cases, func(c conformance.Case) bool { return c.ID == id }) {
			return fmt.Errorf("oauthtest: ConformanceConfig.Skip: there is no case %q", id)
		}
		if why == "" {
			return fmt.Errorf("oauthtest: ConformanceConfig.Skip: %s has no reason", id)
		}
	}
	return nil
}

// restart replaces the authorization server and the service by new ones.
func (r *replay) restart() error {
	r.close()
	as, err := Start(r.cfg.Server)
	if err != nil {
		return err
	}
	r.keys = as.signer("").Algorithm()
	if r.attacker == nil {
		if r.attacker, err = jose.GenerateSigner(r.keys, as.signer("").KeyID()); err != nil {
			_ = as.Close()
			return err
		}
	}
	subject, err := r.start(as)
	if err == nil {
		if err = subject.check(); err != nil && subject.Close != nil {
			subject.Close()
		}
	}
	if err != nil {
		_ = as.Close()
		return err
	}
	r.routes = subject.Routes
	r.stage, r.used = newStage(as, subject, r.attacker, r.cfg.opaque()), false
	return nil
}

func (r *replay) close() {
	if r.stage != nil {
		r.stage.close()
	}
	r.stage = nil
}

// opaque reports whether good tokens are no JWTs.
func (c ConformanceConfig) opaque() bool { return !slices.Contains(c.Capabilities, VerifiesJWT) }

// omits returns why a case is not run, "" if it is.
func (r *replay) omits(c conformance.Case) string {
	if why := r.cfg.Skip[c.ID]; why != "" {
		return why
	}
	if r.cfg.MustOnly && c.Severity != conformance.Must {
		return "it is a recommendation"
	}
	if i := slices.IndexFunc(c.Needs, func(word string) bool { return !r.has(word) }); i >= 0 {
		return "it needs " + having(c.Needs[i])
	}
	if i := slices.IndexFunc(c.Unless, r.has); i >= 0 {
		return "it is not for " + having(c.Unless[i])
	}
	if r.cfg.StartOnce && len(c.Before) > 0 {
		return "it needs a new service"
	}
	if _, found := findRoute(r.routes, c.Route); !found {
		return "the service has no route of the kind " + c.Route
	}
	return ""
}

// has reports a capability of the service, or that the authorization server signs with an algorithm.
func (r *replay) has(need string) bool {
	return slices.Contains(r.cfg.Capabilities, Capability(need)) || need == string(r.keys)
}

// having says who has what a case needs.
func having(word string) string {
	if slices.Contains(capabilities, Capability(word)) {
		return "a service with the capability " + word
	}
	return "an authorization server that signs with " + word
}

// play returns the status of the last answer to a case, and what is wrong.
func (r *replay) play(ctx context.Context, c conformance.Case) (int, []string) {
	if r.silent >= patience {
		return 0, []string{fmt.Sprintf("%s: not sent, since %d cases got no answer in time", c.Title, patience)}
	}
	fresh := len(c.Before) > 0
	if fresh || r.used || r.stage == nil {
		if err := r.restart(); err != nil {
			return 0, []string{"the service could not be started anew: " + err.Error()}
		}
	}
	r.used = fresh
	route, found := findRoute(r.routes, c.Route)
	if !found {
		return 0, []string{"the service that was started anew has no route of the kind " + c.Route}
	}
	s := scene{stage: r.stage, Case: c, route: route, mustOnly: r.cfg.MustOnly}
	status, problems := s.play(ctx)
	if s.late {
		r.silent++
	}
	return status, problems
}
