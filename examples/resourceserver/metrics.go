package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/bearergate/bearergate/adapters/oauthotel"
	"github.com/bearergate/bearergate/mtls"
)

// metrics are what the kit tells of itself, in the format of Prometheus.
type metrics struct {
	*oauthotel.Telemetry
	provider *metric.MeterProvider
	handler  http.Handler
}

// newMetrics keeps the figures in a registry of their own, which has nothing that other packages register.
func newMetrics(log *slog.Logger) (*metrics, error) {
	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo())
	if err != nil {
		return nil, err
	}
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	telemetry, err := oauthotel.New(oauthotel.Config{MeterProvider: provider})
	if err != nil {
		return nil, err
	}
	handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError), MaxRequestsInFlight: 4,
	})
	return &metrics{telemetry, provider, handler}, nil
}

// watch looks after everything that decisions rely on. asked is where tokens are introspected, if anywhere.
func (m *metrics) watch(v *validators, asked string, s *service) error {
	all := m.WatchRevocations("", s.denied)
	if v.router != nil {
		all = errors.Join(all, m.WatchIssuers(v.router))
	}
	for name, keys := range v.verifiers {
		all = errors.Join(all, m.WatchKeys(name, keys))
	}
	if v.asked != nil {
		all = errors.Join(all, m.WatchIntrospection(asked, v.asked))
	}
	if v.lists != nil {
		all = errors.Join(all, m.WatchStatusLists("", v.lists))
	}
	if s.shared != nil {
		all = errors.Join(all, m.watchShared(s.shared))
	}
	if s.proofs != nil {
		all = errors.Join(all, m.WatchProofs("", s.proofs))
	}
	return errors.Join(all, m.watchOthers(s))
}

// watchShared looks after what the replicas share.
func (m *metrics) watchShared(with *shared) error {
	all := m.WatchStream("", func() oauthotel.StreamState { return oauthotel.StreamState(with.stream.State()) })
	all = errors.Join(all, m.WatchStore("proofs", func() oauthotel.StoreState {
		return oauthotel.StoreState(with.replays.State())
	}))
	if with.kept == nil {
		return all
	}
	return errors.Join(all, m.WatchStore("introspection answers", func() oauthotel.StoreState {
		return oauthotel.StoreState(with.kept.State())
	}))
}

// watchOthers looks after what others send: events, logouts, and certificates.
func (m *metrics) watchOthers(s *service) error {
	var all error
	if s.receiver != nil {
		all = m.WatchEvents("security events", s.receiver)
	}
	if s.logout != nil {
		all = errors.Join(all, m.WatchLogouts("logouts", s.logout))
	}
	for _, binding := range s.bindings {
		if certificates, ok := binding.(*mtls.Verifier); ok {
			all = errors.Join(all, m.WatchCertificates("", certificates))
		}
	}
	return all
}

func (m *metrics) close() { _ = errors.Join(m.Close(), m.provider.Shutdown(context.Background())) }
