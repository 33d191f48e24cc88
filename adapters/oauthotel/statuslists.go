package oauthotel

import (
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/bearergate/bearergate/revocation/statuslist"
)

// StatusLists are token status lists, such as those of a *statuslist.Checker.
type StatusLists interface{ State() statuslist.State }

// WatchStatusLists reports how many status lists are in which state, not which: tokens name them. name is the attribute
// bearergate.source, which is left out if it is empty. The error says that lists is nil, that the name is in use, or that t
// is closed.
func (t *Telemetry) WatchStatusLists(name string, lists StatusLists) error {
	if lists == nil {
		return errNothing
	}
	of, source := &t.of.lists, named(sourceKey, name)
	alone := with(source)
	in := map[string]metric.ObserveOption{}
	for _, state := range []string{fresh, stale, unusable} {
		in[state] = with(source, stateKey.String(state))
	}
	return t.watch("status lists", []string{name}, func(o metric.Observer) {
		now, count, failing := t.config.Now(), map[string]int64{}, int64(0)
		for _, list := range lists.State().Lists {
			count[phase(now, list.Usable, list.StaleAt)]++
			failing += boolean(list.Err != nil)
		}
		for state, option := range in {
			o.ObserveInt64(of.count, count[state], option)
		}
		o.ObserveInt64(of.failing, failing, alone)
	}, of.count, of.failing)
}

// phase tells the state of what is fetched: it is stale once its lifetime is over, if it has one.
func phase(now time.Time, usable bool, staleAt time.Time) string {
	switch {
	case !usable:
		return unusable
	case !staleAt.IsZero() && !now.Before(staleAt):
		return stale
	}
	return fresh
}
