package oauthotel_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/bearergate/bearergate/adapters/oauthotel"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/oauthtest"
)

// A real Validator, its cache and its circuit breaker, while its server is well and while it is not.
func TestIntrospection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Clients: map[string]string{"api": "secret"}})
		validator, err := introspection.New(introspection.Config{
			Issuer: as.Issuer(), ClientAuth: introspection.SecretBasic("api", "secret"), HTTPClient: as.HTTPClient(), BreakAfter: 2,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer validator.Close()
		m := newMeter(t, oauthotel.Config{})
		if err := m.WatchIntrospection(as.Issuer(), validator); err != nil {
			t.Fatal(err)
		}
		want := asking{source: as.Issuer(), breaker: "closed"}
		m.want("bearergate.introspection.", want.figures())

		good := as.Mint(oauthtest.Token{Opaque: true})
		for _, token := range []string{good, good, good, "invented", "invented"} {
			_, _ = validator.Validate(t.Context(), token)
		}
		synctest.Wait()
		want.answered, want.active, want.refused, want.entries, want.refusals = 2, 2, 1, 1, 1
		m.want("bearergate.introspection.", want.figures())

		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Status: http.StatusInternalServerError})
		for i := range 2 {
			_, _ = validator.Validate(t.Context(), fmt.Sprint("other ", i))
		}
		want.failed, want.failing, want.breaker = 2, 1, "open"
		m.want("bearergate.introspection.", want.figures())
	})
}

// asking is what is told of an introspection endpoint.
type asking struct {
	source, breaker                    string
	answered, failed, failing          float64
	active, refused, stale, shared     float64
	entries, refusals, inFlight, queue float64
}

func (a asking) figures() map[string]float64 {
	name := func(metric, more string) string {
		return "bearergate.introspection." + metric + "{" + more + "}"
	}
	source := "bearergate.source=" + a.source
	figures := map[string]float64{
		name("calls", "bearergate.outcome=answered,"+source):         a.answered,
		name("calls", "bearergate.outcome=failed,"+source):           a.failed,
		name("active_calls", source):                                 a.inFlight,
		name("queued_calls", source):                                 a.queue,
		name("failing", source):                                      a.failing,
		name("cache.hits", "bearergate.cache.kind=active,"+source):   a.active,
		name("cache.hits", "bearergate.cache.kind=refused,"+source):  a.refused,
		name("cache.hits", "bearergate.cache.kind=stale,"+source):    a.stale,
		name("cache.hits", "bearergate.cache.kind=shared,"+source):   a.shared,
		name("cache.usage", "bearergate.cache.kind=active,"+source):  a.entries,
		name("cache.usage", "bearergate.cache.kind=refused,"+source): a.refusals,
		name("breaker.state", source+",bearergate.state=closed"):     0,
		name("breaker.state", source+",bearergate.state=open"):       0,
		name("breaker.state", source+",bearergate.state=half_open"):  0,
	}
	figures[name("breaker.state", source+",bearergate.state="+a.breaker)] = 1
	return figures
}

// Calls under way are not counted among those that have ended, and every figure has its place.
func TestIntrospectionFigures(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	state := introspector{
		Calls: 20, Failures: 4, InFlight: 3, Waiting: 7, Hits: 100, NegativeHits: 50, StaleHits: 2, SharedHits: 9,
		Entries: 30, NegativeEntries: 12, Breaker: "half-open",
	}
	if err := m.WatchIntrospection("as", state); err != nil {
		t.Fatal(err)
	}
	m.want("", asking{
		source: "as", breaker: "half_open", answered: 13, failed: 4, active: 100, refused: 50, stale: 2, shared: 9,
		entries: 30, refusals: 12, inFlight: 3, queue: 7,
	}.figures())
}
