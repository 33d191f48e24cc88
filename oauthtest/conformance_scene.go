package oauthtest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/conformance"
)

// scene is one case on its stage.
type scene struct {
	conformance.Case
	stage    *stage
	route    Route
	mustOnly bool
	token    string // once it is made
	late     bool   // an answer did not come in time
}

// texts are the placeholders that mean something everywhere.
func (s *scene) texts() texts {
	known := texts{
		"issuer": s.stage.as.Issuer(), "audience": s.stage.as.cfg.Audience, "elsewhere": s.stage.elsewhere.URL,
		"scope": strings.Join(s.route.Scopes, " "), "acr": s.route.ACR,
	}
	if n := len(s.route.Scopes); n > 0 {
		known["first_scope"], known["last_scope"] = s.route.Scopes[0], s.route.Scopes[n-1]
	}
	return known
}

// play returns the status of the last answer, and the problems.
func (s *scene) play(ctx context.Context) (int, []string) {
	if s.Token.First {
		if err := s.makeToken(); err != nil {
			return 0, []string{err.Error()}
		}
	}
	for i, step := range s.Before {
		if err := s.step(ctx, step); err != nil {
			return 0, []string{fmt.Sprintf("%s: step %d (%s) before the request: %v", s.Title, i+1, step.Do, err)}
		}
	}
	fetches := s.stage.as.Requests(EndpointJWKS)
	var got exchanged
	for range max(s.Send.Times, 1) {
		if !s.Token.First {
			if err := s.makeToken(); err != nil {
				return 0, []string{err.Error()}
			}
		}
		r, err := s.request(ctx)
		if err != nil {
			return 0, []string{err.Error()}
		}
		got = s.exchange(r)
		got.fetches = s.stage.as.Requests(EndpointJWKS) - fetches
		if problems := s.judge(got); len(problems) > 0 {
			return got.status, problems
		}
	}
	return got.status, nil
}

func (s *scene) makeToken() (err error) {
	if s.token, err = s.mint(s.Token); err != nil {
		return fmt.Errorf("the token cannot be made: %w", err)
	}
	return nil
}

// step lets something happen before the request.
func (s *scene) step(ctx context.Context, step conformance.Step) error {
	as := s.stage.as
	switch step.Do {
	case "warm":
		return s.warm(ctx)
	case "ask":
		_, err := s.ask(ctx)
		return err
	case "rotate":
		as.Rotate()
	case "retire":
		as.Retire()
	case "revoke":
		as.Revoke(s.token)
	case "heal":
		as.Heal()
	case "break":
		as.Break(Endpoint(step.Endpoint), faultOf(step))
	default:
		return fmt.Errorf("there is no such step")
	}
	return nil
}

// faultOf returns the fault that a step describes.
func faultOf(step conformance.Step) Fault {
	f := Fault{Status: step.Status, Drop: step.Drop, Latency: time.Duration(step.Latency) * time.Millisecond}
	if step.Body != nil {
		f.Body, f.Status = *step.Body, http.StatusOK
	}
	if step.ContentType != "" {
		f.Header = http.Header{"Content-Type": {step.ContentType}}
	}
	return f
}

// warm sends a good token, which has to pass.
func (s *scene) warm(ctx context.Context) error {
	status, err := s.ask(ctx)
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("a good token gets %d", status)
	}
	return err
}

// ask sends a good token and returns the status.
func (s *scene) ask(ctx context.Context) (int, error) {
	token, err := s.mint(conformance.Recipe{})
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, s.route.method(), s.stage.base+s.route.Path, nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	got := s.exchange(r)
	return got.status, got.err
}
