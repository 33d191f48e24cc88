package oauthotel

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"

	"github.com/bearergate/bearergate/internal/sanity"
)

// scope is the name of the instrumentation scope, of metrics and of spans.
const scope = "github.com/bearergate/bearergate/adapters/oauthotel"

// Config configures a [Telemetry]. Its zero value works.
type Config struct {
	// MeterProvider is whose metrics they are. Default: the global one, otel.GetMeterProvider.
	MeterProvider metric.MeterProvider
	// Spans adds a span to the trace of each request for each decision about it. Default: none.
	Spans bool
	// Now is the clock that ages are measured by; that of what is watched. Default: time.Now.
	Now func() time.Time
}

// Telemetry turns the decisions of Guards, and the state of what they rely on, into metrics and spans. It is safe for
// concurrent use.
type Telemetry struct {
	config Config
	meter  metric.Meter
	of     instruments

	observers observers

	mu       sync.Mutex // never taken by what the MeterProvider calls, which may hold locks of its own
	watched  map[string]bool
	watching []metric.Registration
	closed   bool
}

// New returns a Telemetry that watches nothing yet. The error is one of the MeterProvider's, which refuses an instrument.
func New(cfg Config) (*Telemetry, error) {
	if cfg.MeterProvider == nil {
		cfg.MeterProvider = otel.GetMeterProvider()
	}
	if sanity.IsNil(cfg.MeterProvider) {
		return nil, errors.New("oauthotel: MeterProvider is a nil pointer, as after an error that nobody looked at: set one, or leave it out")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	t := &Telemetry{
		config:    cfg,
		meter:     cfg.MeterProvider.Meter(scope),
		observers: observers{byGuard: map[string]*observer{}},
		watched:   map[string]bool{},
	}
	var err error
	if t.of, err = newInstruments(t.meter); err != nil {
		return nil, fmt.Errorf("oauthotel: %w", err)
	}
	if err := t.watch("decisions", nil, t.observers.report, t.of.decisions); err != nil {
		return nil, err
	}
	return t, nil
}

var (
	errNothing = errors.New("oauthotel: there is nothing to watch: nil was given")
	errClosed  = errors.New("oauthotel: the Telemetry is closed")
)

// watch has observe called for every collection. Nothing is watched twice under one name: its figures would be mixed up.
func (t *Telemetry) watch(kind string, names []string, observe func(metric.Observer), of ...metric.Observable) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return errClosed
	}
	for _, name := range names {
		if t.watched[kind+name] {
			return fmt.Errorf("oauthotel: %s %q is watched already, give each a name of its own", kind, name)
		}
	}
	registration, err := t.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		observe(o)
		return nil
	}, of...)
	if err != nil {
		return fmt.Errorf("oauthotel: %w", err)
	}
	t.watching = append(t.watching, registration)
	for _, name := range names {
		t.watched[kind+name] = true
	}
	return nil
}

// Close ends the report of decisions and all watches, so that nothing of t is collected any more. Observers may still be
// called. Close it before what it watches. The error is one of the MeterProvider's.
func (t *Telemetry) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	var all error
	for _, registration := range t.watching {
		all = errors.Join(all, registration.Unregister())
	}
	t.watching = nil
	return all
}
