package oauthredis

import (
	"context"
	"errors"
	"sync"
)

// StoreState describes [Replays] or [Answers], for metrics and status pages. Counters only grow.
type StoreState struct {
	// Calls is how many questions were put to Redis, and Failures how many of them brought nothing that can be used. Those
	// that the caller gave up are in neither.
	Calls, Failures uint64
	// Err is what was wrong with the last one, nil if nothing was. It names no address and no credentials.
	Err error
}

// tally counts questions.
type tally struct {
	mu    sync.Mutex
	state StoreState
}

// note counts a question by its outcome, which it returns.
func (t *tally) note(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.Calls++
	if err != nil {
		t.state.Failures++
	}
	t.state.Err = err
	return err
}

func (t *tally) read() StoreState {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state
}
