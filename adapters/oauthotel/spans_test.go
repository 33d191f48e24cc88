package oauthotel_test

import (
	"errors"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/bearergate/bearergate/adapters/oauthotel"
	"github.com/bearergate/bearergate/middleware"
)

// A decision is a span of the request's trace, made by the provider of the request's span.
func TestSpans(t *testing.T) {
	noon := time.Unix(1_800_000_000, 0)
	secret := middleware.Token{Subject: "secret", ClientID: "secret", ID: "secret", Issuer: "secret"}
	for name, test := range map[string]struct {
		decision   middleware.Decision
		attributes string
		status     trace.Status
	}{
		"allowed": {
			middleware.Decision{Allowed: true, Status: 200, Token: secret, Duration: 3 * time.Microsecond},
			"span{bearergate.guard=orders,bearergate.outcome=allowed}", trace.Status{},
		},
		"refused": {
			middleware.Decision{Status: 403, Reason: middleware.ReasonInsufficientScope, Token: secret, Err: errors.New("secret")},
			"span{bearergate.guard=orders,bearergate.outcome=refused,error.type=insufficient_scope,http.response.status_code=403}", trace.Status{},
		},
		"failed": {
			middleware.Decision{Status: 503, Reason: middleware.ReasonKeysUnavailable, Err: errors.New("secret"), Duration: time.Second},
			"span{bearergate.guard=orders,bearergate.outcome=failed,error.type=keys_unavailable,http.response.status_code=503}",
			trace.Status{Code: codes.Error, Description: "keys_unavailable"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := tracetest.NewSpanRecorder()
			provider := trace.NewTracerProvider(trace.WithSpanProcessor(recorder))
			m := newMeter(t, oauthotel.Config{Spans: true, Now: func() time.Time { return noon }})
			ctx, request := provider.Tracer("server").Start(t.Context(), "GET /orders")
			m.OnDecision("orders")(ctx, test.decision)
			request.End()
			spans := recorder.Ended()
			if len(spans) != 2 {
				t.Fatalf("%d spans", len(spans))
			}
			span := spans[0]
			if span.Name() != "authorize" || span.Parent().SpanID() != request.SpanContext().SpanID() ||
				!span.EndTime().Equal(noon) || span.EndTime().Sub(span.StartTime()) != test.decision.Duration {
				t.Errorf("%q of %v, from %v to %v", span.Name(), span.Parent().SpanID(), span.StartTime(), span.EndTime())
			}
			if got := attributesOf(span); got != test.attributes || span.Status() != test.status || len(span.Events()) > 0 {
				t.Errorf("%s, status %+v, events %v", got, span.Status(), span.Events())
			}
		})
	}
}

// No span is made unless it was asked for, and none where the request has none that is recorded.
func TestNoSpans(t *testing.T) {
	for name, test := range map[string]struct {
		spans   bool
		sampler trace.Sampler
		want    int
	}{
		"not wanted":  {false, trace.AlwaysSample(), 1},
		"not sampled": {true, trace.NeverSample(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := tracetest.NewSpanRecorder()
			provider := trace.NewTracerProvider(trace.WithSpanProcessor(recorder), trace.WithSampler(test.sampler))
			observe := newMeter(t, oauthotel.Config{Spans: test.spans}).OnDecision("")
			ctx, request := provider.Tracer("server").Start(t.Context(), "GET /orders")
			observe(ctx, middleware.Decision{Allowed: true, Status: 200})
			observe(t.Context(), middleware.Decision{Allowed: true, Status: 200})
			request.End()
			if n := len(recorder.Ended()); n != test.want {
				t.Errorf("%d spans, want %d", n, test.want)
			}
		})
	}
}
