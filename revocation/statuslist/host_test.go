package statuslist_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// host is the web as far as status lists are concerned: it maps URLs to answers and records who was asked for what.
type host struct {
	mu      sync.Mutex
	answers map[string]page
	asked   []*http.Request
	open    int // bodies that nobody has closed
}

// page is one answer.
type page struct {
	status  int // default: 200
	header  http.Header
	body    string
	latency time.Duration
	hang    bool // there is no answer
	cut     bool // the connection ends behind the body
}

var errNobodyThere = errors.New("connection refused")

// RoundTrip implements http.RoundTripper.
func (h *host) RoundTrip(r *http.Request) (*http.Response, error) {
	p, found := h.ask(r)
	if p.hang {
		p.latency = time.Hour
	}
	select {
	case <-time.After(p.latency):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if !found {
		return nil, errNobodyThere
	}
	if p.status == 0 {
		p.status = http.StatusOK
	}
	header := http.Header{"Content-Type": {"application/statuslist+jwt"}}
	for name, values := range p.header {
		header[name] = values
	}
	var body io.Reader = strings.NewReader(p.body)
	if p.cut {
		body = io.MultiReader(body, broken{})
	}
	h.opened(1)
	return &http.Response{StatusCode: p.status, Header: header, Body: &answerBody{body, h}, Request: r}, nil
}

// answerBody is one that the host waits to be closed.
type answerBody struct {
	io.Reader
	host *host
}

func (b *answerBody) Close() error {
	b.host.opened(-1)
	return nil
}

func (h *host) opened(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open += n
}

// leftOpen returns how many bodies were not closed.
func (h *host) leftOpen() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (h *host) ask(r *http.Request) (page, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, r)
	p, found := h.answers[r.URL.String()]
	return p, found
}

// put sets the answer of a URL.
func (h *host) put(url string, p page) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.answers == nil {
		h.answers = map[string]page{}
	}
	h.answers[url] = p
}

// requests returns the requests that were made, in order.
func (h *host) requests() []*http.Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]*http.Request(nil), h.asked...)
}
