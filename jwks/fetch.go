package jwks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bearergate/bearergate/internal/discovery"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/upstream"
)

// maxDocumentBytes bounds key sets and metadata; the largest public ones are a tenth of it.
const maxDocumentBytes = 512 << 10

// statusError is an answer that is no key set.
type statusError struct {
	status     int
	retryAfter time.Duration
}

func (e *statusError) Error() string { return fmt.Sprintf("unexpected status %d", e.status) }

// retryAfter returns when the issuer wants to be asked again, zero if it did not say.
func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.retryAfter
	}
	return 0
}

var errPanicked = errors.New("the HTTP client panicked")

// fetcher gets key sets of one issuer. Its methods are called by one flight at a time.
type fetcher struct {
	client        *http.Client
	issuer        string
	keysURL       string // configured, or found by discovery
	discovered    bool
	allowLoopback bool
	ownClient     bool // nobody else uses its connections
	now           func() time.Time
}

// release closes the connections that were kept for the next fetch.
func (f *fetcher) release() {
	if f.ownClient {
		f.client.CloseIdleConnections()
	}
}

// validators are what makes a request conditional (RFC 9110, section 13.1).
type validators struct{ etag, lastModified string }

type answer struct {
	unchanged bool
	body      []byte
	header    http.Header
}

// fetch gets the current key set. It hands back the keys of last if the issuer says that they are still right.
// A panic of the caller's transport must not end the process: no HTTP server stands above this goroutine.
func (f *fetcher) fetch(ctx context.Context, last *snapshot) (next *snapshot, err error) {
	defer func() {
		if recover() != nil {
			next, err = nil, errPanicked
		}
	}()
	if f.keysURL == "" {
		metadata := discovery.Client{HTTP: f.client, AllowLoopback: f.allowLoopback}
		found, err := metadata.Endpoint(ctx, f.issuer, "jwks_uri")
		if err != nil {
			return nil, err
		}
		f.keysURL, f.discovered = found, true
	}
	next, err = f.fetchKeys(ctx, last)
	if err != nil && f.discovered {
		f.keysURL = "" // it may have moved
	}
	return next, err
}

func (f *fetcher) fetchKeys(ctx context.Context, last *snapshot) (*snapshot, error) {
	var conditions validators
	if last != nil && last.url == f.keysURL {
		conditions = last.validators
	}
	answer, err := f.get(ctx, f.keysURL, conditions)
	if err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	next := &snapshot{url: f.keysURL}
	if answer.unchanged {
		next.keys, next.skipped, next.validators = last.keys, last.skipped, last.validators
	} else {
		next.validators = validators{answer.header.Get("ETag"), answer.header.Get("Last-Modified")}
		if next.keys, next.skipped, err = jose.ParseKeySet(answer.body); err != nil {
			return nil, fmt.Errorf("key set: %w", err)
		}
	}
	if _, stated := statedLifetime(answer.header, f.now()); answer.unchanged && !stated {
		next.age(f.now(), last.lifetime()) // RFC 9111, section 3.2: what a 304 does not say stays as it was
	} else {
		next.age(f.now(), lifetime(answer.header, f.now()))
	}
	return next, nil
}

// get reads one JSON document. Media types are not checked, since servers mislabel key sets; the body has to parse.
func (f *fetcher) get(ctx context.Context, url string, conditions validators) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, application/jwk-set+json")
	if conditions.etag != "" {
		req.Header.Set("If-None-Match", conditions.etag)
	}
	if conditions.lastModified != "" {
		req.Header.Set("If-Modified-Since", conditions.lastModified)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, upstream.Cause(err)
	}
	defer resp.Body.Close()
	conditional := conditions != validators{}
	switch {
	case resp.StatusCode == http.StatusOK:
	case resp.StatusCode == http.StatusNotModified && conditional:
		return &answer{unchanged: true, header: resp.Header}, nil
	default:
		return nil, &statusError{resp.StatusCode, upstream.RetryAfter(resp.Header, f.now())}
	}
	body, err := upstream.ReadBody(resp.Body, maxDocumentBytes)
	if err != nil {
		return nil, upstream.Cause(err)
	}
	return &answer{body: body, header: resp.Header}, nil
}
