package oauthotel_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/adapters/oauthotel"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation"
)

// A protected API, and what is counted of it.
func Example() {
	as, err := oauthtest.Start(oauthtest.Config{})
	exitOn(err)
	defer as.Close()
	reader := metric.NewManualReader() // a service has an exporter here
	telemetry, err := oauthotel.New(oauthotel.Config{MeterProvider: metric.NewMeterProvider(metric.WithReader(reader))})
	exitOn(err)
	defer telemetry.Close()

	validator, err := jwks.New(jwks.Config{
		Issuer:     as.Issuer(),
		Audience:   "https://api.example.com",
		HTTPClient: as.HTTPClient(), // because of the test server's certificate
	})
	exitOn(err)
	exitOn(telemetry.WatchKeys("login", validator))
	guard, err := middleware.New(validator, middleware.Config{OnDecision: telemetry.OnDecision("")})
	exitOn(err)
	orders := oauthhttp.Require(guard, "orders:read")(http.NotFoundHandler())

	for _, token := range []string{as.Mint(oauthtest.Token{Scope: "orders:read"}), as.Mint(oauthtest.Token{}), "rubbish"} {
		r := httptest.NewRequest(http.MethodGet, "/orders", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		orders.ServeHTTP(httptest.NewRecorder(), r)
	}
	show(reader, "bearergate.decisions", "bearergate.key_set.size", "bearergate.key_set.state")
	// Output:
	// bearergate.decisions bearergate.outcome=allowed,bearergate.scheme=Bearer 1
	// bearergate.decisions bearergate.outcome=refused,bearergate.scheme=Bearer,error.type=insufficient_scope,http.response.status_code=403 1
	// bearergate.decisions bearergate.outcome=refused,bearergate.scheme=Bearer,error.type=malformed_token,http.response.status_code=401 1
	// bearergate.key_set.size bearergate.source=login 1
	// bearergate.key_set.state bearergate.source=login,bearergate.state=fresh 1
}

// One hook for a log and for metrics.
func ExampleTelemetry_OnDecision() {
	telemetry, err := oauthotel.New(oauthotel.Config{})
	exitOn(err)
	defer telemetry.Close()
	write, count := middleware.LogDecisions(nil), telemetry.OnDecision("")
	config := middleware.Config{OnDecision: func(ctx context.Context, d middleware.Decision) {
		write(ctx, d)
		count(ctx, d)
	}}
	fmt.Println(config.OnDecision != nil)
	// Output: true
}

// Everything else that requests rely on.
func ExampleTelemetry_WatchRevocations() {
	reader := metric.NewManualReader()
	telemetry, err := oauthotel.New(oauthotel.Config{MeterProvider: metric.NewMeterProvider(metric.WithReader(reader))})
	exitOn(err)
	defer telemetry.Close()

	validator, err := introspection.New(introspection.Config{
		Issuer:     "https://login.example.com",
		Audience:   "https://orders.example.com",
		ClientAuth: introspection.SecretBasic("orders", "secret"),
	})
	exitOn(err)
	defer validator.Close()
	exitOn(telemetry.WatchIntrospection("login", validator))

	list, err := revocation.NewList(revocation.Config{})
	exitOn(err)
	exitOn(telemetry.WatchRevocations("", list))

	show(reader, "bearergate.introspection.breaker.state", "bearergate.revocation.list.limit")
	// Output:
	// bearergate.introspection.breaker.state bearergate.source=login,bearergate.state=closed 1
	// bearergate.revocation.list.limit  1000000
}

// A stream of oauthredis converts its state, and any other Replicator can tell its own.
func ExampleTelemetry_WatchStream() {
	reader := metric.NewManualReader()
	telemetry, err := oauthotel.New(oauthotel.Config{MeterProvider: metric.NewMeterProvider(metric.WithReader(reader))})
	exitOn(err)
	defer telemetry.Close()

	// With oauthredis: return oauthotel.StreamState(stream.State())
	exitOn(telemetry.WatchStream("", func() oauthotel.StreamState {
		return oauthotel.StreamState{Contact: time.Now(), Applied: 3}
	}))
	show(reader, "bearergate.revocation.stream.state", "bearergate.revocation.stream.records")
	// Output:
	// bearergate.revocation.stream.records bearergate.outcome=applied 3
	// bearergate.revocation.stream.state bearergate.state=current 1
}

// Spans are below that of the request, which the instrumentation of the HTTP server makes.
func ExampleConfig_spans() {
	recorder := tracetest.NewSpanRecorder()
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(recorder))
	telemetry, err := oauthotel.New(oauthotel.Config{Spans: true})
	exitOn(err)
	defer telemetry.Close()

	ctx, request := provider.Tracer("server").Start(context.Background(), "GET /orders")
	telemetry.OnDecision("")(ctx, middleware.Decision{Status: 401, Reason: middleware.ReasonExpired})
	request.End()
	for _, span := range recorder.Ended() {
		fmt.Println(span.Name(), line(span.Attributes()))
	}
	// Output:
	// authorize bearergate.outcome=refused,error.type=expired,http.response.status_code=401
	// GET /orders
}

// show prints the figures of some metrics that are not 0.
func show(reader metric.Reader, names ...string) {
	var all metricdata.ResourceMetrics
	exitOn(reader.Collect(context.Background(), &all))
	var lines []string
	for _, m := range all.ScopeMetrics[0].Metrics {
		if sum, ok := m.Data.(metricdata.Sum[int64]); ok && slices.Contains(names, m.Name) {
			for _, point := range sum.DataPoints {
				if point.Value != 0 {
					lines = append(lines, fmt.Sprintln(m.Name, line(point.Attributes.ToSlice()), point.Value))
				}
			}
		}
	}
	slices.Sort(lines)
	for _, line := range lines {
		fmt.Print(line)
	}
}

func line(attributes []attribute.KeyValue) (text string) {
	for i, pair := range attributes {
		if i > 0 {
			text += ","
		}
		text += string(pair.Key) + "=" + pair.Value.String()
	}
	return text
}

func exitOn(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
