package playground

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"sync"

	"github.com/bearergate/bearergate/middleware"
)

// requestID names a request on its way to the API, so that the decision about it finds back to who sent it.
const requestID = "X-Request-Id"

// observer is told of all decisions. It counts them, and hands each to the sender of the request that it is about.
type observer struct {
	counters *counters
	mu       sync.Mutex
	awaited  map[string]chan middleware.Decision // by request ID
}

func newObserver() *observer {
	return &observer{counters: newCounters(), awaited: map[string]chan middleware.Decision{}}
}

// expect returns a fresh request ID and the channel that the decision will be in, once. Whoever expects it forgets it.
func (o *observer) expect() (id string, decision <-chan middleware.Decision) {
	id = rand.Text()
	c := make(chan middleware.Decision, 1)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.awaited[id] = c
	return id, c
}

func (o *observer) forget(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.awaited, id)
}

// origin is what the context of a request to the API says about it.
type origin struct{ framework, id string }

type originKey struct{}

// watch has the decisions about the requests to next observed.
func (o *observer) watch(framework string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := origin{framework, r.Header.Get(requestID)}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), originKey{}, from)))
	})
}

// onDecision is the hook of the Guard. It runs on the goroutine of the request, whose context it gets.
func (o *observer) onDecision(ctx context.Context, d middleware.Decision) {
	from, _ := ctx.Value(originKey{}).(origin)
	o.counters.add(from.framework, d)
	o.mu.Lock()
	awaited := o.awaited[from.id]
	delete(o.awaited, from.id)
	o.mu.Unlock()
	if awaited != nil {
		awaited <- d // there is room: an ID is awaited once
	}
}

var errUndecided = errors.New("the API answered without a decision")

// received takes the decision about a request that was answered: it was made before the answer.
func received(decision <-chan middleware.Decision) (middleware.Decision, error) {
	select {
	case d := <-decision:
		return d, nil
	default:
		return middleware.Decision{}, errUndecided
	}
}
