package jwks_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// The kinds of issuers, by how their names begin.
const (
	sound    = "https://sound"
	slow     = "https://slow"
	troubled = "https://troubled"
)

// numbered returns n issuers of a kind.
func numbered(n int, kind string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%s-%d.example.com", kind, i)
	}
	return list
}

// outage is what happens to requests to the servers of troubled issuers, or to the look-ups of their configurations,
// until it is over.
type outage struct {
	server func(*http.Request) error
	lookup func(context.Context) error
	over   bool
}

func (o *outage) strikes(issuer string) bool { return !o.over && strings.HasPrefix(issuer, troubled) }

func (o *outage) meet(r *http.Request) error {
	if o.server == nil || !o.strikes("https://"+r.URL.Host) {
		return nil
	}
	return o.server(r)
}

func (o *outage) resolve(ctx context.Context, issuer string) (jwks.Config, error) {
	if o.lookup != nil && o.strikes(issuer) {
		if err := o.lookup(ctx); err != nil {
			return jwks.Config{}, err
		}
	}
	return trustAll(ctx, issuer)
}

// hang waits until nobody wants to know any more.
func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// validateAll validates a token of each issuer, all at the same time. wait returns the outcomes.
func validateAll(t *testing.T, r *jwks.Resolver, issuers []string) (wait func() []error) {
	t.Helper()
	outcomes := make([]error, len(issuers))
	var all sync.WaitGroup
	for i, issuer := range issuers {
		token := tokenOf(t, issuer)
		all.Go(func() { _, outcomes[i] = r.Validate(t.Context(), token) })
	}
	return func() []error {
		all.Wait()
		return outcomes
	}
}

func allAccepted(t *testing.T, outcomes []error) {
	t.Helper()
	for _, err := range outcomes {
		if err != nil {
			t.Errorf("refused: %v", err)
			return
		}
	}
}

// TestTroubledIssuers: however many issuers hang or fail at once, the tokens of the others are judged without delay,
// whether their keys are at hand, being fetched, or not even asked for. When the trouble is over, so are its effects.
func TestTroubledIssuers(t *testing.T) {
	hanging := func(r *http.Request) error { return hang(r.Context()) }
	hangingKeys := func(r *http.Request) error {
		if r.URL.Path != "/keys" {
			return nil
		}
		return hanging(r)
	}
	const noKeys, noIssuer = middleware.ReasonKeysUnavailable, middleware.ReasonIssuerUnavailable
	for name, tt := range map[string]struct {
		outage outage
		reason middleware.Reason
		after  time.Duration // how long the troubled wait for their answer
	}{
		"servers hang":     {outage{server: hanging}, noKeys, 5 * time.Second},
		"key sets hang":    {outage{server: hangingKeys}, noKeys, 5 * time.Second},
		"servers fail":     {outage{server: func(*http.Request) error { return errNobodyThere }}, noKeys, 0},
		"transports panic": {outage{server: func(*http.Request) error { panic("no route") }}, noKeys, 0},
		"look-ups hang":    {outage{lookup: hang}, noIssuer, 5 * time.Second},
		"look-ups fail":    {outage{lookup: func(context.Context) error { return errNobodyThere }}, noIssuer, 0},
		"look-ups panic":   {outage{lookup: func(context.Context) error { panic("no row") }}, noIssuer, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { withstand(t, &tt.outage, tt.reason, tt.after) })
		})
	}
}

// withstand runs an outage of many issuers in a bubble, whose clock stands still while nobody has to wait.
func withstand(t *testing.T, o *outage, reason middleware.Reason, after time.Duration) {
	const many = 300
	arrived := make(chan struct{})
	web := &internet{keys: keySet(t, signerOf(t, jose.ES256)), trouble: func(r *http.Request) error {
		if strings.HasPrefix("https://"+r.URL.Host, slow) {
			<-arrived
		}
		return o.meet(r)
	}}
	r := newResolver(t, jwks.ResolverConfig{Resolve: o.resolve, HTTPClient: &http.Client{Transport: web}})
	allAccepted(t, validateAll(t, r, numbered(10, sound))())
	arriving := validateAll(t, r, numbered(many, slow))
	synctest.Wait()

	began := time.Now()
	failing := validateAll(t, r, numbered(many, troubled))
	synctest.Wait()
	allAccepted(t, validateAll(t, r, numbered(many, sound))()) // most of them for the first time
	close(arrived)
	allAccepted(t, arriving())
	if waited := time.Since(began); waited != 0 {
		t.Errorf("the others waited %v", waited)
	}
	for _, err := range failing() {
		wantOutcome(t, err, middleware.ErrUnavailable, reason)
	}
	if waited := time.Since(began); waited != after {
		t.Errorf("the troubled waited %v, want %v", waited, after)
	}
	o.over = true
	elapse(time.Second)
	allAccepted(t, validateAll(t, r, numbered(many, troubled))())
}

// TestTooManyLookups: while as many look-ups hang as may be under way, further new issuers are told to come back, and
// nobody else.
func TestTooManyLookups(t *testing.T) {
	const most = 4096
	synctest.Test(t, func(t *testing.T) {
		o := &outage{lookup: hang}
		web := &internet{keys: keySet(t, signerOf(t, jose.ES256))}
		r := newResolver(t, jwks.ResolverConfig{Resolve: o.resolve, HTTPClient: &http.Client{Transport: web}})
		issuers := numbered(3, sound)
		accepted(t, r, tokenOf(t, issuers[0]))
		gone, leave := context.WithCancel(t.Context())
		leave()
		for i, issuer := range numbered(most, troubled) {
			if i == most-1 {
				accepted(t, r, tokenOf(t, issuers[1]))
			}
			_, err := r.Validate(gone, tokenOf(t, issuer))
			wantOutcome(t, err, middleware.ErrUnavailable, middleware.ReasonIssuerUnavailable)
		}
		accepted(t, r, tokenOf(t, issuers[0]))
		began := time.Now()
		fullUp(t, r, tokenOf(t, issuers[2]))
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v to be told to come back", waited)
		}
		elapse(5 * time.Second)
		accepted(t, r, tokenOf(t, issuers[2]))
	})
}
