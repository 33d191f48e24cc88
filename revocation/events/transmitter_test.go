package events_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/revocation/events"
)

// transmitter keeps SETs until they are acknowledged (RFC 8936). A poll is held back until there are some, or for hold.
type transmitter struct {
	hold time.Duration

	mu      sync.Mutex
	changed chan struct{} // closed when something new is there
	sets    map[string]any
	faults  []func(http.ResponseWriter) // one for each of the next requests
	asked   []pollAsked
}

// pollAsked is one request.
type pollAsked struct {
	at     time.Time
	header http.Header
	raw    object

	MaxEvents         *int                     `json:"maxEvents"`
	ReturnImmediately *bool                    `json:"returnImmediately"`
	Ack               []string                 `json:"ack"`
	SetErrs           map[string]pollAskedFail `json:"setErrs"`
}

type pollAskedFail struct {
	Code        string `json:"err"`
	Description string `json:"description"`
}

func newTransmitter(hold time.Duration) *transmitter {
	return &transmitter{hold: hold, sets: map[string]any{}, changed: make(chan struct{})}
}

// put offers a SET under a name.
func (tr *transmitter) put(jti string, set any) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.sets[jti] = set
	close(tr.changed)
	tr.changed = make(chan struct{})
}

// fail has the next requests answered in those ways.
func (tr *transmitter) fail(faults ...func(http.ResponseWriter)) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.faults = append(tr.faults, faults...)
}

func (tr *transmitter) requests() []pollAsked {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return slices.Clone(tr.asked)
}

func (tr *transmitter) outstanding() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return slices.Sorted(maps.Keys(tr.sets))
}

// settle deals with a request before it is answered, and returns the fault that it meets.
func (tr *transmitter) settle(r *http.Request) (asked pollAsked, fault func(http.ResponseWriter), err error) {
	if err := json.NewDecoder(r.Body).Decode(&asked.raw); err != nil {
		return asked, nil, err
	}
	data, _ := json.Marshal(asked.raw)
	if err := json.Unmarshal(data, &asked); err != nil {
		return asked, nil, err
	}
	asked.at, asked.header = time.Now(), r.Header
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.asked = append(tr.asked, asked)
	if len(tr.faults) > 0 {
		fault, tr.faults = tr.faults[0], tr.faults[1:]
		return asked, fault, nil
	}
	for _, jti := range asked.Ack {
		delete(tr.sets, jti)
	}
	for jti := range asked.SetErrs {
		delete(tr.sets, jti)
	}
	return asked, nil, nil
}

// ServeHTTP implements http.Handler.
func (tr *transmitter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked, fault, err := tr.settle(r)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	case fault != nil:
		fault(w)
		return
	}
	limit := 1000
	if asked.MaxEvents != nil {
		limit = *asked.MaxEvents
	}
	wait := time.After(tr.hold)
	if asked.ReturnImmediately != nil && *asked.ReturnImmediately {
		wait = time.After(0)
	}
	for {
		sets, more, changed := tr.batch(limit)
		if len(sets) == 0 {
			select {
			case <-changed:
				continue
			case <-r.Context().Done():
				return
			case <-wait:
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(object{"sets": sets, "moreAvailable": more})
		return
	}
}

func (tr *transmitter) batch(limit int) (sets map[string]any, more bool, changed <-chan struct{}) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	sets = map[string]any{}
	for _, jti := range slices.Sorted(maps.Keys(tr.sets)) {
		if len(sets) == limit {
			return sets, limit > 0, tr.changed
		}
		sets[jti] = tr.sets[jti]
	}
	return sets, false, tr.changed
}

// RoundTrip lets the transmitter be asked without a network, in a synctest bubble.
func (tr *transmitter) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder, done := httptest.NewRecorder(), make(chan struct{})
	go func() {
		defer close(done)
		tr.ServeHTTP(recorder, r)
	}()
	select {
	case <-done:
		return recorder.Result(), r.Context().Err()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func status(code int, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		fmt.Fprint(w, "SAID")
	}
}

// deliver answers a poll with all there is, without a look at what is acknowledged, and says that there is more.
func (tr *transmitter) deliver(w http.ResponseWriter) {
	sets, _, _ := tr.batch(1000)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(object{"sets": sets, "moreAvailable": true})
}

// drop closes the connection instead of answering.
func drop(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// run runs a Poller until the returned function is called, which returns what Run did.
func run(t testing.TB, p *events.Poller) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}

// poller is one that asks a transmitter over HTTP.
func (w *world) poller(tr *transmitter, r *events.Receiver, change func(*events.PollConfig)) *events.Poller {
	w.Helper()
	server := httptest.NewServer(tr)
	w.Cleanup(server.Close)
	cfg := events.PollConfig{
		Endpoint: server.URL, AllowLoopbackHTTP: true, HTTPClient: server.Client(),
		Backoff: time.Millisecond, MaxBackoff: 4 * time.Millisecond, Interval: time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	p, err := events.NewPoller(r, cfg)
	w.must(err)
	return p
}

// until waits for something that is about to become true.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}
