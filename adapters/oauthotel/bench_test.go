package oauthotel_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/bearergate/bearergate/adapters/oauthotel"
	"github.com/bearergate/bearergate/middleware"
)

// usual are the decisions whose cost matters.
var usual = map[string]middleware.Decision{
	"allowed": {Allowed: true, Status: 200, Scheme: "Bearer", Duration: time.Microsecond},
	"refused": {Status: 401, Reason: middleware.ReasonExpired, Duration: time.Microsecond},
}

// An observer allocates nothing for what it saw before.
func TestObserverAllocatesNothing(t *testing.T) {
	m := newMeter(t, oauthotel.Config{Spans: true}) // and there is no span to add to
	observe, ctx := m.OnDecision("orders"), t.Context()
	for name, d := range usual {
		if n := testing.AllocsPerRun(1000, func() { observe(ctx, d) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkOnDecision(b *testing.B) {
	for name, d := range usual {
		b.Run(name, func(b *testing.B) {
			observe, ctx := newMeter(b, oauthotel.Config{}).OnDecision("orders"), b.Context()
			b.ReportAllocs()
			for b.Loop() {
				observe(ctx, d)
			}
		})
	}
	b.Run("allowed, parallel", func(b *testing.B) {
		observe, ctx := newMeter(b, oauthotel.Config{}).OnDecision("orders"), b.Context()
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				observe(ctx, usual["allowed"])
			}
		})
	})
	b.Run("allowed, with a span", func(b *testing.B) {
		ctx, span := trace.NewTracerProvider().Tracer("server").Start(b.Context(), "GET /orders")
		defer span.End()
		observe := newMeter(b, oauthotel.Config{Spans: true}).OnDecision("orders")
		b.ReportAllocs()
		for b.Loop() {
			observe(ctx, usual["allowed"])
		}
	})
	b.Run("allowed, without an SDK", func(b *testing.B) {
		telemetry, err := oauthotel.New(oauthotel.Config{})
		if err != nil {
			b.Fatal(err)
		}
		observe, ctx := telemetry.OnDecision("orders"), b.Context()
		b.ReportAllocs()
		for b.Loop() {
			observe(ctx, usual["allowed"])
		}
	})
}

// BenchmarkGuard shows what a decision costs with and without an observer, the Validator apart.
func BenchmarkGuard(b *testing.B) {
	token := &middleware.Token{Issuer: "https://as.example.com", Subject: "alice"}
	validator := middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) { return token, nil })
	for name, observe := range map[string]func(context.Context, middleware.Decision){
		"unobserved":   nil,
		"no operation": func(context.Context, middleware.Decision) {},
		"observed":     newMeter(b, oauthotel.Config{}).OnDecision("orders"),
	} {
		b.Run(name, func(b *testing.B) {
			guard, err := middleware.New(validator, middleware.Config{OnDecision: observe})
			if err != nil {
				b.Fatal(err)
			}
			r := httptest.NewRequest(http.MethodGet, "/orders", nil)
			r.Header.Set("Authorization", "Bearer token")
			header := http.Header{}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := guard.Authorize(header, r, middleware.Policy{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
