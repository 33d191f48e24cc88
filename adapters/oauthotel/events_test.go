package oauthotel_test

import (
	"errors"
	"testing"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthotel"
	"github.com/bearergate/bearergate/revocation/events"
)

// The kit's own are what can be watched.
var (
	_ oauthotel.EventReceiver  = (*events.Receiver)(nil)
	_ oauthotel.LogoutReceiver = (*events.Logout)(nil)
	_ oauthotel.EventPoller    = (*events.Poller)(nil)
)

// received returns what is told of tokens that were received.
func received(source string, c events.Counts) map[string]float64 {
	of := ",bearergate.source=" + source + "}"
	failing := 0.0
	if c.Err != nil {
		failing = 1
	}
	return map[string]float64{
		"bearergate.event.tokens{bearergate.outcome=accepted" + of:   float64(c.Accepted),
		"bearergate.event.tokens{bearergate.outcome=repeated" + of:   float64(c.Repeated),
		"bearergate.event.tokens{bearergate.outcome=refused" + of:    float64(c.Refused),
		"bearergate.event.tokens{bearergate.outcome=failed" + of:     float64(c.Failed),
		"bearergate.event.failing{bearergate.source=" + source + "}": failing,
	}
}

func TestEvents(t *testing.T) {
	counts := events.Counts{Accepted: 5, Repeated: 4, Refused: 3, Failed: 2, Err: errors.New("secret")}
	for announced, want := range map[string]string{
		"": "unannounced", "enabled": "enabled", "paused": "paused", "disabled": "disabled",
	} {
		m := newMeter(t, oauthotel.Config{})
		if err := m.WatchEvents("events", receiver{Counts: counts, Stream: announced}); err != nil {
			t.Fatal(err)
		}
		figures := received("events", counts)
		for _, state := range []string{"unannounced", "enabled", "paused", "disabled"} {
			figures["bearergate.event.stream.state{bearergate.source=events,bearergate.state="+state+"}"] = 0
		}
		figures["bearergate.event.stream.state{bearergate.source=events,bearergate.state="+want+"}"] = 1
		m.want("", figures)
	}
}

func TestLogouts(t *testing.T) {
	m := newMeter(t, oauthotel.Config{})
	counts := events.Counts{Accepted: 1, Refused: 2}
	if err := m.WatchLogouts("logouts", logouts(counts)); err != nil {
		t.Fatal(err)
	}
	m.want("", received("logouts", counts))
	if err := m.WatchEvents("logouts", receiver{}); err == nil {
		t.Error("events and logouts are counted under one name")
	}
}

func TestPoller(t *testing.T) {
	noon := time.Unix(1_800_000_000, 0)
	now := noon
	m := newMeter(t, oauthotel.Config{Now: func() time.Time { return now }})
	never, well := poller{Failures: 3, Err: errors.New("down")}, poller{ContactAt: noon.Add(59 * time.Second), Unacknowledged: 2}
	if err := errors.Join(m.WatchPoller("never", never), m.WatchPoller("well", well)); err != nil {
		t.Fatal(err)
	}
	now = noon.Add(time.Minute)
	m.want("", map[string]float64{
		"bearergate.event.poll.staleness{bearergate.source=never}":      60,
		"bearergate.event.poll.failing{bearergate.source=never}":        1,
		"bearergate.event.poll.unacknowledged{bearergate.source=never}": 0,
		"bearergate.event.poll.staleness{bearergate.source=well}":       1,
		"bearergate.event.poll.failing{bearergate.source=well}":         0,
		"bearergate.event.poll.unacknowledged{bearergate.source=well}":  2,
	})
}
