package oauthotel

import (
	"go.opentelemetry.io/otel/metric"

	"github.com/bearergate/bearergate/mtls"
)

// Certificates verify tokens that are bound to a certificate, as a *mtls.Verifier does.
type Certificates interface{ State() mtls.State }

// WatchCertificates reports how many certificates in header fields were ignored, because no trusted proxy sent them. name
// is the attribute bearergate.source, which is left out if it is empty. The error says that v is nil, that the name is in
// use, or that t is closed.
func (t *Telemetry) WatchCertificates(name string, v Certificates) error {
	if v == nil {
		return errNothing
	}
	source := with(named(sourceKey, name))
	return t.watch("certificates", []string{name}, func(o metric.Observer) {
		o.ObserveInt64(t.of.ignored, int64(v.State().Ignored), source)
	}, t.of.ignored)
}
