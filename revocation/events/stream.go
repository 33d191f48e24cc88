package events

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/bearergate/bearergate/internal/strictjson"
)

// State describes a [Receiver], for readiness, metrics and status pages.
type State struct {
	Counts
	// Stream is the status that the transmitter last announced: "enabled", "paused" or "disabled"; empty if it announced
	// none. While it is not enabled, no revocation arrives.
	Stream string
	// VerifiedAt is when a verification event last arrived; zero if none did.
	VerifiedAt time.Time
}

// State describes where r stands. It does no I/O.
func (r *Receiver) State() State {
	r.stream.mu.Lock()
	defer r.stream.mu.Unlock()
	return State{r.ledger.read(), r.stream.status, r.stream.verified}
}

// stream is what is known of the stream itself.
type stream struct {
	mu       sync.Mutex
	status   string
	verified time.Time
	// announced is when the SET with the status was issued: an older one may arrive later.
	announced time.Time
	// awaited are the states that somebody waits for, each with a channel that has room for the news of its arrival.
	awaited map[string]chan struct{}
}

var (
	// ErrState says that a state cannot be waited for: it is empty, or somebody waits for it already.
	ErrState = errors.New("events: the state of a verification must be a text of its own, such as that of rand.Text")

	errState  = refuse(codeState, "The state is not one that was asked for here")
	errStatus = refuse(codeInvalid, "The status of a stream is enabled, paused or disabled")
)

// AwaitVerification has the transmitter send a verification event with that state, and waits for it (SSF, section
// 8.1.4). ask makes the request, a POST to the verification endpoint with the state and the stream_id. The error is
// ErrState, that of ask, or that of ctx when it ends first; the event is refused then if it comes after all.
func (r *Receiver) AwaitVerification(ctx context.Context, state string, ask func(ctx context.Context) error) error {
	arrived, ok := r.stream.await(state)
	if !ok {
		return ErrState
	}
	defer r.stream.forget(state)
	if err := ask(ctx); err != nil {
		return err
	}
	select {
	case <-arrived:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (st *stream) await(state string) (arrived <-chan struct{}, ok bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if state == "" || st.awaited[state] != nil {
		return nil, false
	}
	if st.awaited == nil {
		st.awaited = map[string]chan struct{}{}
	}
	news := make(chan struct{}, 1)
	st.awaited[state] = news
	return news, true
}

func (st *stream) forget(state string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	delete(st.awaited, state)
}

// check refuses events about the stream that cannot be believed. A verification without a state is one that nobody
// asked for, which transmitters may send.
func (st *stream) check(s *set, accept func(state string) bool) error {
	for _, eventType := range s.types {
		switch actions[eventType] {
		case verify:
			state := s.payload(eventType)["state"]
			if text, ok := strictjson.String(state); state != nil && (!ok || !st.expects(text, accept)) {
				return errState
			}
		case update:
			if !slices.Contains([]string{"enabled", "paused", "disabled"}, s.text(eventType, "status")) {
				return errStatus
			}
		}
	}
	return nil
}

func (st *stream) expects(state string, accept func(state string) bool) bool {
	st.mu.Lock()
	awaited := st.awaited[state] != nil
	st.mu.Unlock()
	return awaited || accept != nil && accept(state)
}

// note remembers events that check has let pass, and tells who waits for them.
func (st *stream) note(s *set, now time.Time) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, eventType := range s.types {
		switch actions[eventType] {
		case verify:
			st.verified = now
			select {
			case st.awaited[s.text(eventType, "state")] <- struct{}{}:
			default: // nobody waits, or not any more
			}
		case update:
			if !s.issued.Before(st.announced) {
				st.status, st.announced = s.text(eventType, "status"), s.issued
			}
		}
	}
}

// text returns a member of a payload that is a string, "" if there is none.
func (s *set) text(eventType, member string) string {
	text, _ := strictjson.String(s.payload(eventType)[member])
	return text
}
