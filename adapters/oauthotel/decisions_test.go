package oauthotel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/bearergate/bearergate/adapters/oauthotel"
	"github.com/bearergate/bearergate/middleware"
)

func TestNewRefuses(t *testing.T) {
	if _, err := oauthotel.New(oauthotel.Config{MeterProvider: (*metric.MeterProvider)(nil)}); err == nil {
		t.Error("a nil pointer was accepted")
	}
}

// The decisions of real Guards, by what was wrong with the request.
func TestDecisions(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	observe := m.OnDecision("orders")
	validator := middleware.ValidatorFunc(func(_ context.Context, token string) (*middleware.Token, error) {
		switch token {
		case "expired":
			return nil, middleware.Reject(middleware.ReasonExpired, nil)
		case "unknown":
			return nil, middleware.Unavailable(middleware.ReasonKeysUnavailable, 0, nil)
		case "odd":
			return nil, errors.New("of no kind")
		}
		return &middleware.Token{Issuer: "https://as.example.com", Subject: "alice", ClientID: "shop", ID: "1"}, nil
	})
	guard, err := middleware.New(validator, middleware.Config{OnDecision: observe})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(token string, p middleware.Policy) {
		r := httptest.NewRequest(http.MethodGet, "/orders/7?q=secret", nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		_, _ = guard.Authorize(http.Header{}, r, p)
	}
	for _, token := range []string{"good", "good", "expired", "unknown", "odd", ""} {
		ask(token, middleware.Policy{})
	}
	ask("good", middleware.Policy{Scopes: []string{"orders:write"}})
	ask("", middleware.Policy{AllowAnonymous: true})
	ask("good", middleware.Policy{Scopes: []string{""}}) // misconfigured
	down := func(context.Context, middleware.Token) error { return middleware.ErrUnavailable }
	ask("good", middleware.Policy{Check: down})

	want := idle("bearergate.guard=orders,")
	for kind, count := range map[string]float64{
		"allowed,bearergate.scheme=Bearer": 2,
		"allowed":                          1,
		"refused,bearergate.scheme=Bearer,error.type=expired,http.response.status_code=401":            1,
		"refused,error.type=no_credentials,http.response.status_code=401":                              1,
		"refused,bearergate.scheme=Bearer,error.type=insufficient_scope,http.response.status_code=403": 1,
		"failed,error.type=keys_unavailable,http.response.status_code=503":                             1,
		"failed,error.type=validator_failed,http.response.status_code=503":                             1,
		"failed,error.type=misconfigured,http.response.status_code=500":                                1,
		"failed,error.type=check_failed,http.response.status_code=503":                                 1,
	} {
		want["bearergate.decisions{bearergate.guard=orders,bearergate.outcome="+kind+"}"] = count
	}
	m.want("bearergate.decisions", want)
	m.want("bearergate.decision.duration", map[string]float64{
		"bearergate.decision.duration{bearergate.guard=orders,bearergate.outcome=allowed}": 3,
		"bearergate.decision.duration{bearergate.guard=orders,bearergate.outcome=refused}": 3,
		"bearergate.decision.duration{bearergate.guard=orders,bearergate.outcome=failed}":  4,
	})
}

// Without a name the Guards have no attribute for it, and are counted together.
func TestDecisionsOfNamelessGuards(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	for range 2 {
		m.OnDecision("")(t.Context(), middleware.Decision{Allowed: true, Status: 200})
	}
	want := idle("")
	want["bearergate.decisions{bearergate.outcome=allowed}"] = 2
	m.want("bearergate.decisions", want)
}

// Schemes are told apart where they matter, and there are few of them whatever others call theirs.
func TestDecisionsByScheme(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	observe := m.OnDecision("")
	for _, scheme := range []string{"", "Bearer", "DPoP", "DPoP", "secret-1", "secret-2"} {
		observe(t.Context(), middleware.Decision{Allowed: true, Status: 200, Scheme: scheme})
		observe(t.Context(), middleware.Decision{Status: 401, Reason: middleware.ReasonExpired, Scheme: scheme})
		observe(t.Context(), middleware.Decision{Status: 503, Reason: middleware.ReasonKeysUnavailable, Scheme: scheme})
	}
	want := idle("")
	for scheme, count := range map[string]float64{
		"": 1, ",bearergate.scheme=Bearer": 1, ",bearergate.scheme=DPoP": 2, ",bearergate.scheme=_OTHER": 2,
	} {
		want["bearergate.decisions{bearergate.outcome=allowed"+scheme+"}"] = count
		want["bearergate.decisions{bearergate.outcome=refused"+scheme+",error.type=expired,http.response.status_code=401}"] = count
	}
	want["bearergate.decisions{bearergate.outcome=failed,error.type=keys_unavailable,http.response.status_code=503}"] = 6
	m.want("bearergate.decisions", want)
}

// idle returns what is told of a Guard that has decided nothing: an increase is seen only where there was a figure before.
func idle(guard string) map[string]float64 {
	figures := map[string]float64{}
	for _, scheme := range []string{"", ",bearergate.scheme=Bearer", ",bearergate.scheme=DPoP"} {
		figures["bearergate.decisions{"+guard+"bearergate.outcome=allowed"+scheme+"}"] = 0
	}
	for reason, status := range map[string]int{
		"keys_unavailable": 503, "issuer_unavailable": 503, "introspection_unavailable": 503,
		"revocations_unavailable": 503, "validator_failed": 503, "check_failed": 503, "misconfigured": 500,
	} {
		figures[fmt.Sprintf("bearergate.decisions{%sbearergate.outcome=failed,error.type=%s,http.response.status_code=%d}", guard, reason, status)] = 0
	}
	return figures
}

func TestIdle(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	m.OnDecision("orders")
	m.want("", idle("bearergate.guard=orders,"))
}

// A decision counts where it belongs, in seconds.
func TestDuration(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	observe := m.OnDecision("")
	for _, took := range []time.Duration{800 * time.Nanosecond, 40 * time.Microsecond, 3 * time.Second, time.Minute} {
		observe(t.Context(), middleware.Decision{Allowed: true, Status: 200, Duration: took})
	}
	for _, one := range m.gather().ScopeMetrics[0].Metrics {
		histogram, ok := one.Data.(metricdata.Histogram[float64])
		if !ok {
			continue
		}
		point, filled := histogram.DataPoints[0], map[float64]uint64{}
		for i, n := range point.BucketCounts {
			if n > 0 {
				filled[append(point.Bounds, 0)[i]] = n // 0 for the one without a bound
			}
		}
		want := map[float64]uint64{0.000_001: 1, 0.000_05: 1, 5: 1, 0: 1}
		if fmt.Sprint(filled) != fmt.Sprint(want) || one.Unit != "s" {
			t.Errorf("unit %q, buckets %v, want %v", one.Unit, filled, want)
		}
		return
	}
	t.Error("there is no histogram")
}

// Whatever reasons a Validator makes up, they fill no memory, and nothing of a token becomes an attribute.
func TestBounded(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	observe := m.OnDecision("")
	const made = 10_000
	for i := range made {
		observe(t.Context(), middleware.Decision{
			Status: 401, Code: middleware.CodeInvalidToken, Err: errors.New("secret"),
			Reason: middleware.Reason(fmt.Sprintf("reason_%d", i)),
			Token:  middleware.Token{Subject: "secret-subject", ClientID: "secret-client", Issuer: "https://secret.example.com", ID: "secret"},
		})
	}
	observe(t.Context(), middleware.Decision{Status: 503})
	total, series := 0.0, 0
	for name, value := range m.collect() {
		if strings.Contains(name, "secret") {
			t.Errorf("%s tells a secret", name)
		}
		if strings.HasPrefix(name, "bearergate.decisions{") {
			total, series = total+value, series+1
		}
	}
	if total != made+1 || series > 207 {
		t.Errorf("%v decisions in %d series", total, series)
	}
	figures := m.collect()
	other := "bearergate.decisions{bearergate.outcome=refused,error.type=_OTHER,http.response.status_code=401}"
	nameless := "bearergate.decisions{bearergate.outcome=failed,error.type=_OTHER,http.response.status_code=503}"
	if figures[other] < made-200 || figures[nameless] != 1 {
		t.Errorf("%v and %v are told by nothing but their status", figures[other], figures[nameless])
	}
}

func TestConcurrentDecisions(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	observe := m.OnDecision("")
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 1000 {
				d := middleware.Decision{Status: 401, Reason: middleware.Reason(fmt.Sprint("reason_", (i+worker)%300))}
				d.Allowed = i%2 == 0
				observe(t.Context(), d)
				if i%100 == 0 {
					m.collect()
				}
			}
		})
	}
	all.Wait()
	total := 0.0
	for name, value := range m.collect() {
		if strings.HasPrefix(name, "bearergate.decisions{") {
			total += value
		}
	}
	if total != 8000 {
		t.Errorf("%v decisions, want 8000", total)
	}
}
