package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/upstream"
)

// Nothing the other side sent is in what may be logged.
func TestCause(t *testing.T) {
	const sent = "sent by the server"
	for _, tt := range []struct {
		err  error
		want error
	}{
		{&url.Error{Op: "Get", URL: "https://a/" + sent, Err: errors.New("malformed HTTP response " + sent)}, upstream.ErrAnswer},
		{fmt.Errorf("%s: %w", sent, context.DeadlineExceeded), upstream.ErrTimeout},
		{fmt.Errorf("%s: %w", sent, context.Canceled), upstream.ErrCanceled},
		{fmt.Errorf("%s: %w", sent, upstream.ErrTooLarge), upstream.ErrTooLarge},
		{&net.OpError{Op: "read", Net: "tcp", Err: errors.New(sent)}, upstream.ErrAnswer},
	} {
		if got := upstream.Cause(tt.err); !errors.Is(got, tt.want) || strings.Contains(got.Error(), sent) {
			t.Errorf("%v: got %v, want %v", tt.err, got, tt.want)
		}
	}
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	if got := upstream.Cause(&url.Error{Err: dial}); got != error(dial) {
		t.Errorf("got %v, want the address that could not be reached", got)
	}
}

// A program may have put a transport of its own in the place of Go's.
func TestClientWithReplacedDefault(t *testing.T) {
	standard := http.DefaultTransport
	defer func() { http.DefaultTransport = standard }()
	http.DefaultTransport = http.NewFileTransport(http.Dir("."))
	if upstream.Client(nil).Transport == nil {
		t.Error("no transport")
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for field, want := range map[string]time.Duration{
		"":                              0,
		"soon":                          0,
		"-1":                            0,
		"0":                             time.Second,
		"17":                            17 * time.Second,
		"99999999":                      time.Hour,
		"Thu, 01 Jan 2026 00:00:30 GMT": 30 * time.Second,
		"Thu, 01 Jan 2020 00:00:00 GMT": time.Second,
	} {
		if got := upstream.RetryAfter(http.Header{"Retry-After": {field}}, now); got != want {
			t.Errorf("%q: got %v, want %v", field, got, want)
		}
	}
}
