package oauthotel_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/bearergate/bearergate/adapters/oauthotel"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/mtls"
	"github.com/bearergate/bearergate/revocation/events"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// Sources whose state a test sets.
type (
	keySet       jwks.State
	keySets      map[string]jwks.State
	tenants      jwks.ResolverState
	introspector introspection.State
	denyList     struct{ len, cap, watching int }
	statusLists  map[string]statuslist.ListState
	receiver     events.State
	logouts      events.Counts
	poller       events.PollState
	certificates mtls.State
)

func (k keySet) State() jwks.State                { return jwks.State(k) }
func (k keySets) States() map[string]jwks.State   { return k }
func (s tenants) State() jwks.ResolverState       { return jwks.ResolverState(s) }
func (i introspector) State() introspection.State { return introspection.State(i) }
func (l denyList) Len() int                       { return l.len }
func (l denyList) Cap() int                       { return l.cap }
func (l denyList) Watching() int                  { return l.watching }
func (l statusLists) State() statuslist.State     { return statuslist.State{Lists: l} }
func (r receiver) State() events.State            { return events.State(r) }
func (l logouts) State() events.Counts            { return events.Counts(l) }
func (p poller) State() events.PollState          { return events.PollState(p) }
func (c certificates) State() mtls.State          { return mtls.State(c) }

func noStream() oauthotel.StreamState { return oauthotel.StreamState{} }

func noStore() oauthotel.StoreState { return oauthotel.StoreState{} }

// watches are all ways to watch something by a name.
func watches(m *meter) map[string]func(name string) error {
	return map[string]func(string) error{
		"keys":          func(name string) error { return m.WatchKeys(name, keySet{}) },
		"issuers":       func(name string) error { return m.WatchIssuers(keySets{"of issuers " + name: {}}) },
		"tenants":       func(name string) error { return m.WatchTenants(name, tenants{}) },
		"introspection": func(name string) error { return m.WatchIntrospection(name, introspector{}) },
		"revocations":   func(name string) error { return m.WatchRevocations(name, denyList{}) },
		"stream":        func(name string) error { return m.WatchStream(name, noStream) },
		"status lists":  func(name string) error { return m.WatchStatusLists(name, statusLists{}) },
		"events":        func(name string) error { return m.WatchEvents("events "+name, receiver{}) },
		"logouts":       func(name string) error { return m.WatchLogouts("logouts "+name, logouts{}) },
		"poller":        func(name string) error { return m.WatchPoller(name, poller{}) },
		"store":         func(name string) error { return m.WatchStore(name, noStore) },
		"proofs":        func(name string) error { return m.WatchProofs(name, denyList{}) },
		"certificates":  func(name string) error { return m.WatchCertificates(name, certificates{}) },
	}
}

// Two sources under one name would be one series with the figures of either.
func TestNamesAreUsedOnce(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	for kind, watch := range watches(m) {
		if err := errors.Join(watch("a"), watch("b"), watch("")); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if err := watch("a"); err == nil || !strings.Contains(err.Error(), "watched already") {
			t.Errorf("%s: %v, want an error", kind, err)
		}
	}
	if err := m.WatchKeys("of issuers a", keySet{}); err == nil {
		t.Error("a key set has the name of one of the issuers'")
	}
	if err := m.WatchIssuers(keySets{"c": {}, "b": {}}); err == nil {
		t.Error("one of the issuers has the name of a key set")
	}
	if err := m.WatchKeys("c", keySet{}); err != nil {
		t.Errorf("an error used up a name: %v", err)
	}
}

func TestNothingToWatch(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	for kind, err := range map[string]error{
		"keys":          m.WatchKeys("a", nil),
		"issuers":       m.WatchIssuers(nil),
		"tenants":       m.WatchTenants("a", nil),
		"introspection": m.WatchIntrospection("a", nil),
		"revocations":   m.WatchRevocations("a", nil),
		"stream":        m.WatchStream("a", nil),
		"status lists":  m.WatchStatusLists("a", nil),
		"events":        m.WatchEvents("a", nil),
		"logouts":       m.WatchLogouts("a", nil),
		"poller":        m.WatchPoller("a", nil),
		"store":         m.WatchStore("a", nil),
		"proofs":        m.WatchProofs("a", nil),
		"certificates":  m.WatchCertificates("a", nil),
	} {
		if err == nil || !strings.Contains(err.Error(), "nothing to watch") {
			t.Errorf("%s: %v, want an error", kind, err)
		}
	}
}

func TestClose(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	observe := m.OnDecision("")
	observe(t.Context(), middleware.Decision{Allowed: true, Status: 200})
	for _, watch := range watches(m) {
		if err := watch("a"); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.collect()) < 20 {
		t.Error("hardly anything is watched")
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	observe(t.Context(), middleware.Decision{Allowed: true, Status: 200})
	m.want("", map[string]float64{"bearergate.decision.duration{bearergate.outcome=allowed}": 2})
	for kind, watch := range watches(m) {
		if err := watch("b"); err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("%s: %v, want an error", kind, err)
		}
	}
}

// Nobody waits for another while things are watched, collected and closed at once.
func TestConcurrentWatches(t *testing.T) {
	for range 20 {
		m := newMeter(t, oauthotel.Config{})
		var all sync.WaitGroup
		for kind, watch := range watches(m) {
			all.Go(func() {
				for _, name := range []string{"a", "b", "c"} {
					_ = watch(name)
					m.OnDecision(kind)(t.Context(), middleware.Decision{Status: 503, Reason: middleware.ReasonKeysUnavailable})
				}
			})
			all.Go(func() { m.gather() })
		}
		all.Go(func() { _ = m.Close() })
		all.Wait()
	}
}

// A MeterProvider that has been shut down, or one that measures nothing, costs nobody anything.
func TestOtherProviders(t *testing.T) {
	ended := metric.NewMeterProvider()
	_ = ended.Shutdown(t.Context())
	for name, cfg := range map[string]oauthotel.Config{
		"global":    {},
		"noop":      {MeterProvider: noop.NewMeterProvider()},
		"shut down": {MeterProvider: ended},
	} {
		telemetry, err := oauthotel.New(cfg)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		telemetry.OnDecision("")(t.Context(), middleware.Decision{Status: 401, Reason: middleware.ReasonExpired, Duration: time.Second})
		if err := errors.Join(telemetry.WatchKeys("a", keySet{}), telemetry.Close()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
