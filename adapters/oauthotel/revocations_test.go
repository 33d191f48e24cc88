package oauthotel_test

import (
	"errors"
	"testing"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthotel"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

func TestRevocations(t *testing.T) {
	list, err := revocation.NewList(revocation.Config{MaxEntries: 1000})
	if err != nil {
		t.Fatal(err)
	}
	m := newMeter(t, oauthotel.Config{})
	if err := m.WatchRevocations("", list); err != nil {
		t.Fatal(err)
	}
	figures := func(usage, watching float64) map[string]float64 {
		return map[string]float64{
			"bearergate.revocation.list.usage{}":  usage,
			"bearergate.revocation.list.limit{}":  1000,
			"bearergate.revocation.watch.count{}": watching,
		}
	}
	m.want("", figures(0, 0))
	stop := list.Watch(&middleware.Token{Subject: "alice"}, func(error) {})
	if err := list.Revoke(t.Context(), revocation.Revocation{Issuer: "https://as.example.com", ID: "1"}); err != nil {
		t.Fatal(err)
	}
	m.want("", figures(1, 1))
	stop()
	m.want("", figures(1, 0))
}

func TestStream(t *testing.T) {
	noon := time.Unix(1_800_000_000, 0)
	now := noon
	var state oauthotel.StreamState
	m := newMeter(t, oauthotel.Config{Now: func() time.Time { return now }})
	if err := m.WatchStream("", func() oauthotel.StreamState { return state }); err != nil {
		t.Fatal(err)
	}
	down := errors.New("down")
	now = noon.Add(time.Minute)
	for name, test := range map[string]struct {
		state     oauthotel.StreamState
		phase     string
		staleness time.Duration
	}{
		"not read yet":       {oauthotel.StreamState{Replaying: true, Lag: time.Hour}, "replaying", time.Minute},
		"never reached":      {oauthotel.StreamState{Replaying: true, Err: down}, "replaying", time.Minute},
		"well":               {oauthotel.StreamState{Contact: noon.Add(58 * time.Second)}, "current", 2 * time.Second},
		"out of touch":       {oauthotel.StreamState{Contact: noon.Add(-time.Hour), Err: down}, "disconnected", 61 * time.Minute},
		"missed some":        {oauthotel.StreamState{Contact: now, MissedUntil: now.Add(time.Hour)}, "incomplete", 0},
		"missed some, once":  {oauthotel.StreamState{Contact: now, MissedUntil: now.Add(-time.Second)}, "current", 0},
		"contact to come":    {oauthotel.StreamState{Contact: now.Add(time.Hour)}, "current", 0},
		"counted everything": {oauthotel.StreamState{Contact: now, LastID: "1-0", Applied: 7, Unreadable: 2, Lost: 3}, "current", 0},
	} {
		t.Run(name, func(t *testing.T) {
			state = test.state
			want := map[string]float64{
				"bearergate.revocation.stream.staleness{}":                                test.staleness.Seconds(),
				"bearergate.revocation.stream.lag{}":                                      test.state.Lag.Seconds(),
				"bearergate.revocation.stream.records{bearergate.outcome=applied}":        float64(test.state.Applied),
				"bearergate.revocation.stream.records{bearergate.outcome=unreadable}":     float64(test.state.Unreadable),
				"bearergate.revocation.stream.records{bearergate.outcome=lost}":           float64(test.state.Lost),
				"bearergate.revocation.stream.state{bearergate.state=current}":            0,
				"bearergate.revocation.stream.state{bearergate.state=disconnected}":       0,
				"bearergate.revocation.stream.state{bearergate.state=incomplete}":         0,
				"bearergate.revocation.stream.state{bearergate.state=replaying}":          0,
				"bearergate.revocation.stream.state{bearergate.state=" + test.phase + "}": 1,
			}
			m.want("", want)
		})
	}
}
