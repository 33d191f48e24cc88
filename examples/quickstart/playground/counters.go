package playground

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/bearergate/bearergate/middleware"
)

// outcome is what decisions are counted by.
type outcome struct {
	Status int               `json:"status"`
	Reason middleware.Reason `json:"reason"` // empty when the request may pass
}

// count is a row of the table of counters.
type count struct {
	outcome
	Requests map[string]int `json:"requests"` // by framework
}

// counters count decisions. They are safe for concurrent use.
type counters struct {
	mu       sync.Mutex
	requests map[outcome]map[string]int
	changed  chan struct{} // closed, and replaced, by each decision
}

func newCounters() *counters {
	return &counters{requests: map[outcome]map[string]int{}, changed: make(chan struct{})}
}

func (c *counters) add(framework string, d middleware.Decision) {
	c.mu.Lock()
	defer c.mu.Unlock()
	of := outcome{d.Status, d.Reason}
	if c.requests[of] == nil {
		c.requests[of] = map[string]int{}
	}
	c.requests[of][framework]++
	close(c.changed)
	c.changed = make(chan struct{})
}

// read returns the rows, ordered by status and reason, as JSON, and what is closed once they are out of date.
func (c *counters) read() (rows []byte, changed <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := []count{}
	for of, requests := range c.requests {
		counts = append(counts, count{of, requests})
	}
	slices.SortFunc(counts, func(a, b count) int {
		return cmp.Or(cmp.Compare(a.Status, b.Status), cmp.Compare(a.Reason, b.Reason))
	})
	rows, err = json.Marshal(counts)
	return rows, c.changed, err
}

// ServeHTTP streams the rows as server-sent events: at once, and after every change.
func (c *counters) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	stream := http.NewResponseController(w)
	for {
		rows, changed, err := c.read()
		if err != nil {
			return
		}
		fmt.Fprintf(w, "data: %s\n\n", rows)
		if err := stream.Flush(); err != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}
