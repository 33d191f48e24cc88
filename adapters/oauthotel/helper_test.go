package oauthotel_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/bearergate/bearergate/adapters/oauthotel"
)

// meter is a Telemetry and what it measured.
type meter struct {
	*oauthotel.Telemetry
	t      testing.TB
	reader metric.Reader
}

func newMeter(t testing.TB, cfg oauthotel.Config) *meter {
	t.Helper()
	reader := metric.NewManualReader()
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	cfg.MeterProvider = provider
	telemetry, err := oauthotel.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := telemetry.Close(); err != nil {
			t.Error(err)
		}
		_ = provider.Shutdown(context.Background())
	})
	return &meter{telemetry, t, reader}
}

// collect returns every figure by its name and attributes, written name{key=value,...}. A histogram counts.
func (m *meter) collect() map[string]float64 {
	m.t.Helper()
	figures := map[string]float64{}
	for _, metrics := range m.gather().ScopeMetrics {
		if metrics.Scope.Name != "github.com/bearergate/bearergate/adapters/oauthotel" {
			m.t.Errorf("scope %q", metrics.Scope.Name)
		}
		for _, one := range metrics.Metrics {
			read(figures, one)
		}
	}
	return figures
}

func (m *meter) gather() metricdata.ResourceMetrics {
	m.t.Helper()
	var all metricdata.ResourceMetrics
	if err := m.reader.Collect(context.Background(), &all); err != nil {
		m.t.Fatal(err)
	}
	return all
}

func read(into map[string]float64, m metricdata.Metrics) {
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, point := range data.DataPoints {
			into[name(m.Name, point.Attributes)] = float64(point.Value)
		}
	case metricdata.Sum[float64]:
		for _, point := range data.DataPoints {
			into[name(m.Name, point.Attributes)] = point.Value
		}
	case metricdata.Gauge[float64]:
		for _, point := range data.DataPoints {
			into[name(m.Name, point.Attributes)] = point.Value
		}
	case metricdata.Histogram[float64]:
		for _, point := range data.DataPoints {
			into[name(m.Name, point.Attributes)] = float64(point.Count)
		}
	default:
		into[m.Name+" of an unexpected kind"] = -1
	}
}

func name(metric string, attributes attribute.Set) string {
	return metric + "{" + line(attributes.ToSlice()) + "}"
}

// want compares the figures whose names begin with a prefix, all of them.
func (m *meter) want(prefix string, want map[string]float64) {
	m.t.Helper()
	got := m.collect()
	maps.DeleteFunc(got, func(name string, _ float64) bool { return !strings.HasPrefix(name, prefix) })
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if expected, ok := want[name]; !ok || expected != got[name] {
			m.t.Errorf("%s is %v, want %v (known: %v)", name, got[name], expected, ok)
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			m.t.Errorf("%s is missing", name)
		}
	}
}

func attributesOf(span trace.ReadOnlySpan) string {
	return name("span", attribute.NewSet(span.Attributes()...))
}
