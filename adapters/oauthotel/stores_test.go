package oauthotel_test

import (
	"errors"
	"testing"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthotel"
	"github.com/bearergate/bearergate/dpop"
)

func TestStore(t *testing.T) {
	var state oauthotel.StoreState
	m := newMeter(t, oauthotel.Config{})
	if err := m.WatchStore("proofs", func() oauthotel.StoreState { return state }); err != nil {
		t.Fatal(err)
	}
	figures := func(answered, failed, failing float64) map[string]float64 {
		return map[string]float64{
			"bearergate.store.calls{bearergate.outcome=answered,bearergate.source=proofs}": answered,
			"bearergate.store.calls{bearergate.outcome=failed,bearergate.source=proofs}":   failed,
			"bearergate.store.failing{bearergate.source=proofs}":                           failing,
		}
	}
	m.want("", figures(0, 0, 0))
	state = oauthotel.StoreState{Calls: 9, Failures: 2, Err: errors.New("secret")}
	m.want("", figures(7, 2, 1))
}

func TestProofs(t *testing.T) {
	replays, err := dpop.NewReplays(dpop.MemoryConfig{MaxEntries: 3})
	if err != nil {
		t.Fatal(err)
	}
	m := newMeter(t, oauthotel.Config{})
	if err := m.WatchProofs("", replays); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second is a replay
		if _, err := replays.Add(t.Context(), [32]byte{1}, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	m.want("", map[string]float64{"bearergate.dpop.replays.usage{}": 1, "bearergate.dpop.replays.limit{}": 3})
}
