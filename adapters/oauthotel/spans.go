package oauthotel

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/bearergate/bearergate/middleware"
)

// spanName is the same for all decisions: names of spans are few.
const spanName = "authorize"

// trace adds a span below that of the request, if there is one and it is recorded. Its tracer is of the provider that
// the request's span is of, whether or not that is the global one. A refusal is no error of this service, as it is none of
// an HTTP server's span.
func (t *Telemetry) trace(ctx context.Context, d *middleware.Decision, s *series) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return
	}
	end := t.config.Now()
	_, span := parent.TracerProvider().Tracer(scope).Start(ctx, spanName,
		trace.WithTimestamp(end.Add(-d.Duration)), trace.WithAttributes(s.attributes...))
	if d.Status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, string(d.Reason))
	}
	span.End(trace.WithTimestamp(end))
}
