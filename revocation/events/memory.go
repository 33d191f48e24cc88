package events

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
)

// memory knows what became of the SETs of late. It forgets the oldest when it is full: a repeat takes effect again
// then, which changes nothing but that OnEvent is called again.
type memory struct {
	mu      sync.Mutex
	limit   int
	fates   map[digest]*fate
	settled []digest // a ring once it is full
	oldest  int
}

type digest = [sha256.Size]byte

// fate is what became of one SET. It is written before done is closed.
type fate struct {
	done chan struct{}
	err  error // nil or a refusal
}

func newMemory(limit int) *memory {
	return &memory{limit: limit, fates: map[digest]*fate{}}
}

// once has a SET processed unless it was before, and waits for that if it is under way. Refusals are remembered as
// successes are, failures are not.
func (m *memory) once(ctx context.Context, key digest, process func() error) (repeat bool, err error) {
	for {
		f, mine := m.begin(key)
		if mine {
			f.err = guarded(process)
			m.end(key, f)
			return false, f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		if remembered(f.err) {
			return true, f.err
		}
	}
}

// begin returns the fate of a SET, and whether it is for the caller to decide.
func (m *memory) begin(key digest) (f *fate, mine bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.fates[key]; f != nil {
		return f, false
	}
	f = &fate{done: make(chan struct{})}
	m.fates[key] = f
	return f, true
}

// end makes a fate known, and forgets another one if there are too many.
func (m *memory) end(key digest, f *fate) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer close(f.done)
	switch {
	case !remembered(f.err):
		delete(m.fates, key)
	case len(m.settled) < m.limit:
		m.settled = append(m.settled, key)
	default:
		delete(m.fates, m.settled[m.oldest])
		m.settled[m.oldest] = key
		m.oldest = (m.oldest + 1) % m.limit
	}
}

func remembered(err error) bool {
	_, refused := errors.AsType[*refusal](err)
	return err == nil || refused
}
