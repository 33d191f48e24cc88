package statuslist_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

func trusting(_ context.Context, jwt string) ([]byte, error) { return []byte(jwt), nil }

func TestNewRefuses(t *testing.T) {
	good := statuslist.Config{Validator: honour, Verify: trusting, Prefixes: []string{prefix}}
	for _, tt := range []struct {
		name   string
		change func(*statuslist.Config)
		want   string // a part of the error
	}{
		{"no Validator", func(c *statuslist.Config) { c.Validator = nil }, "Validator"},
		{"nil pointer", func(c *statuslist.Config) { c.Validator = (*forgetful)(nil) }, "Validator is required"},
		{"nil function", func(c *statuslist.Config) { c.Validator = middleware.ValidatorFunc(nil) }, "Validator is required"},
		{"nil Transport", func(c *statuslist.Config) { c.HTTPClient = &http.Client{Transport: (*http.Transport)(nil)} }, "HTTPClient: its"},
		{"MinTTL without unit", func(c *statuslist.Config) { c.MinTTL = 10 }, "MinTTL is 10ns"},
		{"MaxStale without unit", func(c *statuslist.Config) { c.MaxStale = 10 }, "MaxStale is 10ns"},
		{"FetchTimeout without unit", func(c *statuslist.Config) { c.FetchTimeout = 5 }, "FetchTimeout is 5ns"},
		{"MaxTTL for ever", func(c *statuslist.Config) { c.MaxTTL = math.MaxInt64 }, "MaxTTL must be at most 24h0m0s"},
		{"MaxStale for ever", func(c *statuslist.Config) { c.MaxStale = math.MaxInt64 }, "MaxStale must be at most 24h0m0s"},
		{"FetchTimeout for ever", func(c *statuslist.Config) { c.FetchTimeout = math.MaxInt64 }, "FetchTimeout must be at most 1m0s"},
		{"endless lists", func(c *statuslist.Config) { c.MaxListBytes = 1<<30 + 1 }, "MaxListBytes must be at most 1 GiB"},
		{"no Verify", func(c *statuslist.Config) { c.Verify = nil }, "Verify"},
		{"no Prefixes", func(c *statuslist.Config) { c.Prefixes = nil }, "Prefixes"},
		{"MinTTL off", func(c *statuslist.Config) { c.MinTTL = -1 }, "MinTTL"},
		{"MaxTTL off", func(c *statuslist.Config) { c.MaxTTL = -1 }, "MaxTTL"},
		{"MaxTTL below the default MinTTL", func(c *statuslist.Config) { c.MaxTTL = time.Second }, "MaxTTL"},
		{"no FetchTimeout", func(c *statuslist.Config) { c.FetchTimeout = -1 }, "FetchTimeout"},
		{"negative MaxLists", func(c *statuslist.Config) { c.MaxLists = -1 }, "MaxLists"},
		{"negative MaxListBytes", func(c *statuslist.Config) { c.MaxListBytes = -1 }, "MaxListBytes"},
	} {
		cfg := good
		tt.change(&cfg)
		if _, err := statuslist.New(cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for _, wrong := range []string{
		"", "/lists", "as.example.com/lists", "http://as.example.com/lists", "http://127.0.0.1/lists", "ftp://as.example.com",
		"https://user@as.example.com", "https://as.example.com/#f", "https://as.example.com/lists?id=", "https://as.example.com?",
		"https://as.example.com//", "https://as.example.com/a/../b", "https://as.example.com/.", "https://as.example.com/%61",
		"https://as.example.com/;", "https://as.example.com/*", "HTTPS://as.example.com", "https://as.example.com/a b",
		"https://as.example.com:99999", "https://as.example.com/lists\n",
	} {
		cfg := good
		cfg.Prefixes = []string{prefix, wrong}
		if _, err := statuslist.New(cfg); err == nil || !strings.Contains(err.Error(), "Prefixes[1]") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	atBounds := good
	atBounds.MinTTL, atBounds.MaxTTL, atBounds.MaxListBytes = time.Minute, time.Minute, 1<<30
	for _, cfg := range []statuslist.Config{good, atBounds} {
		if _, err := statuslist.New(cfg); err != nil {
			t.Error(err)
		}
	}
}

// TestConfigIsCopied: changing it afterwards opens nothing.
func TestConfigIsCopied(t *testing.T) {
	prefixes := []string{prefix}
	run(t, func(c *statuslist.Config) { c.Prefixes = prefixes }, func(f *fixture) {
		prefixes[0] = "https://evil.example"
		f.refuses(token("https://evil.example/1", 0), statuslist.ReasonUntrustedList)
		f.serve(nil)
		f.accepts(token(listURI, 0))
	})
}

// forgetful is a Validator that notes what it is told to forget.
type forgetful struct {
	middleware.Validator
	forgot []string
}

func (v *forgetful) Forget(accessToken string) { v.forgot = append(v.forgot, accessToken) }

func TestForget(t *testing.T) {
	inner := &forgetful{Validator: honour}
	run(t, func(c *statuslist.Config) { c.Validator = inner }, func(f *fixture) {
		f.checker.Forget("a token")
		if len(inner.forgot) != 1 || inner.forgot[0] != "a token" {
			f.Errorf("forgot %q", inner.forgot)
		}
	})
	run(t, nil, func(f *fixture) { f.checker.Forget("a token") })
}

func TestState(t *testing.T) {
	run(t, nil, func(f *fixture) {
		if lists := f.checker.State().Lists; len(lists) != 0 {
			f.Errorf("lists before the first token: %v", lists)
		}
		began := time.Now()
		f.serve(object{"exp": began.Add(5 * time.Minute).Unix()})
		f.accepts(token(listURI, 0))
		want := statuslist.ListState{
			Usable: true, Entries: 16, FetchedAt: began, AttemptedAt: began,
			StaleAt: began.Add(time.Minute), UnusableAt: began.Add(5 * time.Minute),
		}
		wantState(f, listURI, want, false)

		f.misbehave(page{status: http.StatusBadGateway})
		elapse(time.Minute)
		f.accepts(token(listURI, 0))
		want.AttemptedAt = time.Now()
		wantState(f, listURI, want, true)

		elapse(time.Hour)
		want.Usable = false
		wantState(f, listURI, want, true)

		f.cannotJudge(token(prefix+"/2", 0))
		wantState(f, prefix+"/2", statuslist.ListState{AttemptedAt: time.Now()}, true)
	})
}

func wantState(f *fixture, uri string, want statuslist.ListState, failed bool) {
	f.Helper()
	got := f.checker.State().Lists[uri]
	if (got.Err != nil) != failed {
		f.Errorf("error %v, want one: %t", got.Err, failed)
	}
	got.Err = nil
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		f.Errorf("state:\n%+v, want\n%+v", got, want)
	}
}

// TestCloseEndsFetches: whoever waits for one is told, and no goroutine stays behind.
func TestCloseEndsFetches(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.misbehave(page{hang: true})
		began := time.Now()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { f.cannotJudge(token(listURI, 0)) })
		}
		synctest.Wait()
		if err := f.checker.Close(); err != nil {
			f.Error(err)
		}
		all.Wait()
		if waited := time.Since(began); waited != 0 {
			f.Errorf("closing took %v", waited)
		}
		f.cannotJudge(token(listURI, 0))
		f.cannotJudge(token(prefix+"/2", 0))
		if err := f.checker.Close(); err != nil {
			f.Errorf("closing twice: %v", err)
		}
		f.fetched(1)
	})
}

// TestCloseWaits: a verification that does not notice the end has ended when Close returns.
func TestCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		stubborn := func(_ context.Context, jwt string) ([]byte, error) {
			<-release
			return []byte(jwt), nil
		}
		h := &host{}
		h.put(listURI, page{})
		c := newChecker(t, statuslist.Config{
			Validator: honour, Verify: stubborn, Prefixes: []string{prefix}, HTTPClient: &http.Client{Transport: h},
		})
		asked, closed := make(chan struct{}), make(chan struct{})
		go func() {
			_, _ = c.Validate(t.Context(), token(listURI, 0))
			close(asked)
		}()
		synctest.Wait()
		go func() {
			_ = c.Close()
			close(closed)
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close did not wait")
		default:
		}
		close(release)
		<-closed
		<-asked
	})
}

// TestClosedChecker judges with the lists at hand until these are too old, and asks for no others.
func TestClosedChecker(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.serve(nil)
		f.accepts(token(listURI, 0))
		_ = f.checker.Close()
		elapse(59 * time.Second) // due
		f.accepts(token(listURI, 0))
		elapse(10 * time.Minute) // stale
		f.accepts(token(listURI, 0))
		elapse(time.Minute) // too old
		f.cannotJudge(token(listURI, 0))
		f.accepts(`{"sub":"alice"}`)
		f.fetched(1)
	})
}

// nth is the URI of a list of its own for every n.
func nth(n int) string { return fmt.Sprintf("%s/%d", prefix, n) }

// serveNth has the host answer at nth(n).
func (f *fixture) serveNth(n int) { f.host.put(nth(n), page{body: f.claims(object{"sub": nth(n)})}) }

// kept checks which lists are kept.
func (f *fixture) kept(want ...int) {
	f.Helper()
	lists := f.checker.State().Lists
	for _, n := range want {
		if _, found := lists[nth(n)]; !found {
			f.Errorf("list %d is not kept", n)
		}
	}
	if len(lists) != len(want) {
		f.Errorf("%d lists are kept, want %d", len(lists), len(want))
	}
}

// TestCapacity: the list that was not used for longest makes room, and before it those that never came.
func TestCapacity(t *testing.T) {
	run(t, func(c *statuslist.Config) { c.MaxLists = 3 }, func(f *fixture) {
		use := func(n int) {
			f.Helper()
			elapse(time.Millisecond)
			f.accepts(token(nth(n), 0))
		}
		for n := range 5 {
			f.serveNth(n)
		}
		use(0)
		use(1)
		use(2)
		use(0)
		f.kept(0, 1, 2)
		f.fetched(3)
		use(3)
		f.kept(0, 2, 3)
		for n := range 10 { // one good list goes, and then only what never came
			elapse(time.Millisecond)
			f.cannotJudge(token(nth(100+n), 0))
		}
		f.kept(0, 3, 109)
		use(0)
		use(4)
		f.kept(0, 3, 4)
		f.fetched(3 + 1 + 10 + 1)
	})
}

// TestCapacityOfKnownLists: a list that is fetched again makes no other go.
func TestCapacityOfKnownLists(t *testing.T) {
	run(t, func(c *statuslist.Config) { c.MaxLists = 2 }, func(f *fixture) {
		for n := range 2 {
			f.serveNth(n)
			f.accepts(token(nth(n), 0))
		}
		elapse(time.Hour) // both are too old
		f.accepts(token(nth(0), 0))
		f.kept(0, 1)
		f.fetched(3)
	})
}

// TestCrowded: a list that is being fetched makes no room, so there are never more fetches than lists.
func TestCrowded(t *testing.T) {
	run(t, func(c *statuslist.Config) { c.MaxLists = 2 }, func(f *fixture) {
		var all sync.WaitGroup
		for n := range 2 {
			f.host.put(nth(n), page{hang: true})
			all.Go(func() { f.cannotJudge(token(nth(n), 0)) })
		}
		synctest.Wait()
		f.serveNth(2)
		began := time.Now()
		f.cannotJudge(token(nth(2), 0))
		if waited := time.Since(began); waited != 0 {
			f.Errorf("waited %v", waited)
		}
		f.fetched(2)
		all.Wait()
		f.accepts(token(nth(2), 0))
	})
}

// TestManyLists uses more lists than are kept, from many goroutines.
func TestManyLists(t *testing.T) {
	run(t, func(c *statuslist.Config) { c.MaxLists = 8 }, func(f *fixture) {
		for n := range 12 {
			f.serveNth(n)
		}
		var all sync.WaitGroup
		for worker := range 4 {
			all.Go(func() {
				for i := range 300 {
					n := (i*7 + worker) % 12
					f.accepts(token(nth(n), 0))
					f.refuses(token(nth(n), 1), middleware.ReasonRevoked)
				}
			})
		}
		all.Wait()
		if kept := len(f.checker.State().Lists); kept != 8 {
			f.Errorf("%d lists are kept, want 8", kept)
		}
	})
}

// TestValidatorRefuses: its error counts, whatever token comes with it.
func TestValidatorRefuses(t *testing.T) {
	refusal := middleware.Reject(middleware.ReasonBadSignature, nil)
	both := func(context.Context, string) (*middleware.Token, error) {
		return &middleware.Token{Subject: "alice"}, refusal
	}
	run(t, func(c *statuslist.Config) { c.Validator = middleware.ValidatorFunc(both) }, func(f *fixture) {
		if got, err := f.checker.Validate(f.Context(), "opaque"); got != nil || !errors.Is(err, refusal) {
			f.Errorf("got %v, %v", got, err)
		}
	})
}

// describing is a Validator that says what it honours.
type describing struct {
	middleware.Validator
	acceptance middleware.Acceptance
}

func (d describing) Describe() middleware.Acceptance { return d.acceptance }

// TestDescribe: what the Validator says, and that revocations are noticed where every token has a status.
func TestDescribe(t *testing.T) {
	says := func(noticed bool) middleware.Validator {
		return describing{honour, middleware.Acceptance{Issuers: []string{"https://as.example.com"}, NoticesRevocation: noticed}}
	}
	for name, tt := range map[string]struct {
		validator middleware.Validator
		require   bool
		want      middleware.Acceptance
	}{
		"it does not say":      {honour, true, middleware.Acceptance{Unknown: true}},
		"some have a status":   {says(false), false, says(false).(describing).acceptance},
		"all have a status":    {says(false), true, says(true).(describing).acceptance},
		"noticed anyway":       {says(true), false, says(true).(describing).acceptance},
		"noticed in both ways": {says(true), true, says(true).(describing).acceptance},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(c *statuslist.Config) { c.Validator, c.Require = tt.validator, tt.require }, func(f *fixture) {
				if got := f.checker.Describe(); !reflect.DeepEqual(got, tt.want) {
					f.Errorf("got %+v, want %+v", got, tt.want)
				}
			})
		})
	}
}

func TestZeroChecker(t *testing.T) {
	var c statuslist.Checker
	if _, err := c.Validate(t.Context(), "a"); !errors.Is(err, middleware.ErrMisconfigured) {
		t.Errorf("%v", err)
	}
}
