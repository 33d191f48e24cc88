package statuslist_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// fixture is a Checker, and the host of its lists, on the clock of a synctest bubble. A status list token is its claims
// here, and so is an access token.
type fixture struct {
	*testing.T
	host    *host
	checker *statuslist.Checker
	// distrust is what the verification of a status list token ends with.
	distrust error
}

// honour is the Validator of the tests. It refuses what is no JSON.
var honour = middleware.ValidatorFunc(func(_ context.Context, accessToken string) (*middleware.Token, error) {
	if accessToken[0] != '{' {
		return nil, middleware.Reject(middleware.ReasonBadSignature, nil)
	}
	return &middleware.Token{Subject: "alice", Claims: strictjson.Document(accessToken)}, nil
})

func newChecker(t testing.TB, cfg statuslist.Config) *statuslist.Checker {
	t.Helper()
	c, err := statuslist.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// run runs a test with a fixture inside a bubble. At its end the bubble finds goroutines that were left behind.
func run(t *testing.T, change func(*statuslist.Config), test func(f *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fixture{T: t, host: &host{}}
		cfg := statuslist.Config{
			Validator:  honour,
			Verify:     func(_ context.Context, jwt string) ([]byte, error) { return []byte(jwt), f.distrust },
			Prefixes:   []string{prefix},
			HTTPClient: &http.Client{Transport: f.host},
		}
		if change != nil {
			change(&cfg)
		}
		f.checker = newChecker(t, cfg)
		test(f)
		_ = f.checker.Close()
		if left := f.host.leftOpen(); left != 0 {
			t.Errorf("%d answers were left open", left)
		}
	})
}

// claims returns those of a status list token at listURI in which entry 1 is revoked, good for a thousand hours and to be
// asked for again after a minute, with changes.
func (f *fixture) claims(changes object) string {
	f.Helper()
	now := time.Now()
	return encode(f, with(object{
		"sub": listURI, "iat": now.Unix(), "exp": now.Add(1000 * time.Hour).Unix(), "ttl": 60,
		"status_list": oneBit(f, 1),
	}, changes))
}

// serve has the host answer at listURI with those claims.
func (f *fixture) serve(changes object) {
	f.Helper()
	f.host.put(listURI, page{body: f.claims(changes)})
}

// misbehave has the host answer at listURI with something else.
func (f *fixture) misbehave(p page) { f.host.put(listURI, p) }

func (f *fixture) validate(accessToken string) error {
	_, err := f.checker.Validate(f.Context(), accessToken)
	return err
}

func (f *fixture) accepts(accessToken string) {
	f.Helper()
	got, err := f.checker.Validate(f.Context(), accessToken)
	if err != nil || got.Subject != "alice" {
		f.Errorf("refused: %v", err)
	}
}

func (f *fixture) refuses(accessToken string, reason middleware.Reason) {
	f.Helper()
	err := f.validate(accessToken)
	wantOutcome(f, err, middleware.ErrInvalidToken, reason)
	if errors.Is(err, middleware.ErrUnavailable) {
		f.Errorf("both outcomes at once: %v", err)
	}
}

func (f *fixture) cannotJudge(accessToken string) {
	f.Helper()
	err := f.validate(accessToken)
	wantOutcome(f, err, middleware.ErrUnavailable, middleware.ReasonRevocationsUnavailable)
	if errors.Is(err, middleware.ErrInvalidToken) {
		f.Errorf("both outcomes at once: %v", err)
	}
}

// fetched checks how many requests were made since the test began, once what has begun came to rest.
func (f *fixture) fetched(want int) {
	f.Helper()
	synctest.Wait()
	if got := len(f.host.requests()); got != want {
		f.Errorf("%d requests were made, want %d", got, want)
	}
}

// errs validates a token many times at once and returns the outcomes.
func (f *fixture) errs(n int, accessToken string) []error {
	outcomes := make([]error, n)
	var all sync.WaitGroup
	for i := range outcomes {
		all.Go(func() { outcomes[i] = f.validate(accessToken) })
	}
	all.Wait()
	return outcomes
}

// elapse lets time pass for everybody, and what begins meanwhile come to rest.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
