package oauthotel

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// The attributes. Those of the semantic conventions keep their names. Each has a handful of values, or those that the
// configuration names: nothing that a request says becomes one.
const (
	guardKey   = attribute.Key("bearergate.guard")
	schemeKey  = attribute.Key("bearergate.scheme")
	outcomeKey = attribute.Key("bearergate.outcome")
	sourceKey  = attribute.Key("bearergate.source")
	stateKey   = attribute.Key("bearergate.state")
	kindKey    = attribute.Key("bearergate.cache.kind")

	errorTypeKey = attribute.Key("error.type")
	statusKey    = attribute.Key("http.response.status_code")
)

// otherError is what the semantic conventions call a type of error that is not told.
const otherError = "_OTHER"

// named returns the attribute for a name, nothing for one that was left empty.
func named(key attribute.Key, name string) []attribute.KeyValue {
	if name == "" {
		return nil
	}
	return []attribute.KeyValue{key.String(name)}
}

// with returns the option for the attributes of a source and one more.
func with(source []attribute.KeyValue, more ...attribute.KeyValue) metric.ObserveOption {
	return metric.WithAttributeSet(attribute.NewSet(append(source[:len(source):len(source)], more...)...))
}

// states is an attribute with a value for each state.
type states struct {
	names   []string
	options []metric.ObserveOption
}

func newStates(source []attribute.KeyValue, names ...string) states {
	s := states{names: names}
	for _, name := range names {
		s.options = append(s.options, with(source, stateKey.String(name)))
	}
	return s
}

// observe says 1 for the state that holds and 0 for the others, so that one which ended does not linger.
func (s states) observe(o metric.Observer, of metric.Int64Observable, now string) {
	for i, name := range s.names {
		o.ObserveInt64(of, boolean(name == now), s.options[i])
	}
}

func boolean(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
