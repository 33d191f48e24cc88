package oauthotel

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// instruments are all that a Telemetry measures. Names and units follow the semantic conventions of OpenTelemetry; those
// that count what there is now are not plural.
type instruments struct {
	decisions metric.Int64ObservableCounter
	duration  metric.Float64Histogram

	keySet        keySetInstruments
	issuers       issuerInstruments
	introspection introspectionInstruments
	list          listInstruments
	stream        streamInstruments
	lists         statusListInstruments
	events        eventInstruments
	poll          pollInstruments
	store         storeInstruments
	proofs        proofInstruments
	ignored       metric.Int64ObservableCounter
}

type keySetInstruments struct {
	state, failing, size, skipped metric.Int64ObservableUpDownCounter
	age, remaining                metric.Float64ObservableGauge
	fetches, withheld, verified   metric.Int64ObservableCounter
	fetchTime                     metric.Float64ObservableCounter
}

type issuerInstruments struct {
	count, failing metric.Int64ObservableUpDownCounter
	lookups        metric.Int64ObservableCounter
}

type storeInstruments struct {
	calls   metric.Int64ObservableCounter
	failing metric.Int64ObservableUpDownCounter
}

type proofInstruments struct {
	usage, limit metric.Int64ObservableUpDownCounter
}

type introspectionInstruments struct {
	calls, hits                             metric.Int64ObservableCounter
	active, queued, usage, breaker, failing metric.Int64ObservableUpDownCounter
}

type listInstruments struct {
	usage, limit, watches metric.Int64ObservableUpDownCounter
}

type streamInstruments struct {
	state          metric.Int64ObservableUpDownCounter
	staleness, lag metric.Float64ObservableGauge
	records        metric.Int64ObservableCounter
}

type statusListInstruments struct {
	count, failing metric.Int64ObservableUpDownCounter
}

type eventInstruments struct {
	tokens          metric.Int64ObservableCounter
	failing, stream metric.Int64ObservableUpDownCounter
}

type pollInstruments struct {
	staleness               metric.Float64ObservableGauge
	failing, unacknowledged metric.Int64ObservableUpDownCounter
}

// buckets are in seconds. A token that was seen before takes less than a microsecond, a signature some tens of them, a
// question to the authorization server milliseconds, and one that is not answered some seconds.
var buckets = []float64{
	0.000_001, 0.000_002_5, 0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5,
	0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
}

func newInstruments(meter metric.Meter) (instruments, error) {
	m := maker{meter: meter}
	of := instruments{
		decisions: m.count("bearergate.decisions", "{decision}", "Decisions of the Guards about requests."),
		duration:  m.histogram("bearergate.decision.duration", "s", "How long decisions took."),
		keySet: keySetInstruments{
			state: m.now("bearergate.key_set.state", "{key_set}",
				"1 for the state a key set is in: fresh, stale (past its lifetime, still used), or unusable."),
			failing: m.now("bearergate.key_set.fetch.failing", "{key_set}", "1 while the last fetch of a key set failed."),
			size:    m.now("bearergate.key_set.size", "{key}", "Keys of a key set that can be used."),
			skipped: m.now("bearergate.key_set.skipped", "{key}", "Keys of a key set that are not used, because they are unfit."),
			fetches: m.count("bearergate.key_set.fetches", "{fetch}", "Fetches of key sets that have ended."),
			withheld: m.count("bearergate.key_set.fetch.withheld", "{token}",
				"Tokens with an unknown key that caused no fetch, because there was no ration left."),
			verified: m.count("bearergate.key_set.verified_tokens", "{token}",
				"Tokens whose signature was verified, rather than remembered."),
			fetchTime: m.sum("bearergate.key_set.fetch.time", "s", "Time that fetches of key sets took together."),
			age:       m.gauge("bearergate.key_set.age", "s", "Time since the issuer last confirmed a key set."),
			remaining: m.gauge("bearergate.key_set.remaining", "s",
				"Time until a key set becomes unusable if the issuer does not confirm it."),
		},
		issuers: issuerInstruments{
			count:   m.now("bearergate.issuer.count", "{issuer}", "Issuers whose keys are held, by their state: fresh, stale, or unusable."),
			failing: m.now("bearergate.issuer.fetch.failing", "{issuer}", "Issuers that did not answer when last asked for their keys."),
			lookups: m.count("bearergate.issuer.lookups", "{lookup}", "Questions about issuers that have ended."),
		},
		introspection: m.introspection(),
		list:          m.list(),
		stream:        m.stream(),
		lists: statusListInstruments{
			count:   m.now("bearergate.status_list.count", "{list}", "Status lists by their state: fresh, stale, or unusable."),
			failing: m.now("bearergate.status_list.fetch.failing", "{list}", "Status lists whose last fetch failed."),
		},
		events: eventInstruments{
			tokens:  m.count("bearergate.event.tokens", "{token}", "Security event and logout tokens that were received."),
			failing: m.now("bearergate.event.failing", "{receiver}", "1 while events cannot be processed here."),
			stream: m.now("bearergate.event.stream.state", "{stream}",
				"1 for the state the transmitter announced: enabled, paused, disabled, or unannounced."),
		},
		poll: pollInstruments{
			staleness:      m.gauge("bearergate.event.poll.staleness", "s", "Time since the transmitter last answered a poll."),
			failing:        m.now("bearergate.event.poll.failing", "{poller}", "1 while polls go wrong."),
			unacknowledged: m.now("bearergate.event.poll.unacknowledged", "{token}", "Tokens whose receipt the transmitter may not know of."),
		},
		store: storeInstruments{
			calls:   m.count("bearergate.store.calls", "{call}", "Questions put to a store that replicas share."),
			failing: m.now("bearergate.store.failing", "{store}", "1 while the last question was not answered."),
		},
		proofs: proofInstruments{
			usage: m.now("bearergate.dpop.replays.usage", "{proof}", "Used proofs that are remembered here."),
			limit: m.now("bearergate.dpop.replays.limit", "{proof}", "Used proofs that may be remembered here."),
		},
		ignored: m.count("bearergate.mtls.ignored_certificates", "{request}", "Requests whose Client-Cert field came from no trusted proxy."),
	}
	return of, m.err
}

func (m *maker) introspection() introspectionInstruments {
	return introspectionInstruments{
		calls:  m.count("bearergate.introspection.calls", "{call}", "Calls of the introspection endpoint that have ended."),
		hits:   m.count("bearergate.introspection.cache.hits", "{hit}", "Requests answered without a call."),
		active: m.now("bearergate.introspection.active_calls", "{call}", "Calls under way."),
		queued: m.now("bearergate.introspection.queued_calls", "{call}", "Calls that wait for their turn."),
		usage:  m.now("bearergate.introspection.cache.usage", "{entry}", "Entries of the caches."),
		breaker: m.now("bearergate.introspection.breaker.state", "{breaker}",
			"1 for the state the circuit breaker is in: closed, open, or half_open."),
		failing: m.now("bearergate.introspection.failing", "{endpoint}", "1 while the last call was not answered."),
	}
}

func (m *maker) list() listInstruments {
	return listInstruments{
		usage:   m.now("bearergate.revocation.list.usage", "{entry}", "Entries of the deny-list."),
		limit:   m.now("bearergate.revocation.list.limit", "{entry}", "Entries that the deny-list may hold."),
		watches: m.now("bearergate.revocation.watch.count", "{request}", "Requests in progress that end when their token is revoked."),
	}
}

func (m *maker) stream() streamInstruments {
	return streamInstruments{
		state: m.now("bearergate.revocation.stream.state", "{stream}",
			"1 for the state the stream of revocations is in: current, disconnected, incomplete, or replaying."),
		staleness: m.gauge("bearergate.revocation.stream.staleness", "s",
			"Time since everything in the stream of revocations was last known here."),
		lag:     m.gauge("bearergate.revocation.stream.lag", "s", "How old the last record read was while there were more."),
		records: m.count("bearergate.revocation.stream.records", "{record}", "Records of the stream of revocations."),
	}
}

// maker makes instruments and collects the errors.
type maker struct {
	meter metric.Meter
	err   error
}

func made[I any](m *maker, instrument I, err error) I {
	m.err = errors.Join(m.err, err)
	return instrument
}

func (m *maker) histogram(name, unit, description string) metric.Float64Histogram {
	i, err := m.meter.Float64Histogram(name, metric.WithUnit(unit), metric.WithDescription(description),
		metric.WithExplicitBucketBoundaries(buckets...))
	return made(m, i, err)
}

// count is for what only grows.
func (m *maker) count(name, unit, description string) metric.Int64ObservableCounter {
	i, err := m.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	return made(m, i, err)
}

// sum is for what only grows, in parts.
func (m *maker) sum(name, unit, description string) metric.Float64ObservableCounter {
	i, err := m.meter.Float64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	return made(m, i, err)
}

// now is for how many there are.
func (m *maker) now(name, unit, description string) metric.Int64ObservableUpDownCounter {
	i, err := m.meter.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	return made(m, i, err)
}

// gauge is for what must not be added up.
func (m *maker) gauge(name, unit, description string) metric.Float64ObservableGauge {
	i, err := m.meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	return made(m, i, err)
}
