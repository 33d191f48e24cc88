package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/bearergate/bearergate/internal/upstream"
)

// maxAnswerBytes bounds an answer. Larger ones are handed on as too large to be anything.
const maxAnswerBytes = 1 << 20

// recorder fetches every URL once and plays the answer back, so that any number of validators cause one fetch and judge by
// the same octets. It keeps what it saw.
type recorder struct {
	base http.RoundTripper
	now  func() time.Time

	mu   sync.Mutex
	seen map[string]*record
}

// record is one answer, or why there is none.
type record struct {
	status   int
	header   http.Header
	body     []byte
	err      error
	received time.Time
}

func newRecorder(client *http.Client, now func() time.Time) *recorder {
	base := client.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	return &recorder{base: base, now: now, seen: map[string]*record{}}
}

// client returns a client that goes through the recorder.
func (r *recorder) client(timeout time.Duration) *http.Client {
	return upstream.Client(&http.Client{Transport: r, Timeout: timeout})
}

// RoundTrip implements http.RoundTripper for GET requests, which are all that validators make.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	url := req.URL.String()
	known := r.seen[url]
	if known == nil {
		known = r.fetch(req)
		r.seen[url] = known
	}
	if known.err != nil {
		return nil, known.err
	}
	return &http.Response{
		StatusCode: known.status,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     known.header.Clone(),
		Body:       io.NopCloser(bytes.NewReader(known.body)),
		Request:    req,
	}, nil
}

func (r *recorder) fetch(req *http.Request) *record {
	req = req.Clone(req.Context())
	req.Header.Del("If-None-Match")
	req.Header.Del("If-Modified-Since")
	resp, err := r.base.RoundTrip(req)
	if err != nil {
		return &record{err: err}
	}
	defer resp.Body.Close()
	body, err := upstream.ReadBody(resp.Body, maxAnswerBytes)
	return &record{resp.StatusCode, resp.Header, body, err, r.now()}
}

// get returns the answer of a URL.
func (r *recorder) get(ctx context.Context, client *http.Client, url string) *record {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return &record{err: err}
	}
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return &record{err: upstream.Cause(err)}
	}
	resp.Body.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[url]
}

// skew returns how far the clock of the server is ahead of ours by the Date of its answer, and whether it says.
func (a *record) skew() (time.Duration, bool) {
	date, err := http.ParseTime(a.header.Get("Date"))
	if a.err != nil || err != nil {
		return 0, false
	}
	age, _ := strconv.ParseUint(a.header.Get("Age"), 10, 31) // of an answer from a cache
	ahead := date.Add(time.Duration(age) * time.Second).Sub(a.received)
	if ahead.Abs() < 2*time.Second {
		return 0, true // Date has whole seconds, and travels
	}
	return ahead.Round(time.Second), true
}
