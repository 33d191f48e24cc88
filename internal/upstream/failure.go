package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"
)

// What went wrong with a call, in words of our own: errors of net/http quote what the other side sent.
var (
	ErrTimeout   = errors.New("timed out")
	ErrCanceled  = errors.New("canceled")
	ErrUntrusted = errors.New("the server's certificate is not trusted")
	ErrAnswer    = errors.New("no usable HTTP answer")
)

// Cause returns what may be logged about an error of an HTTP client: one of the errors above, or the *net.OpError or
// *net.DNSError that says which address could not be reached.
func Cause(err error) error {
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return e
	}
	timeout, _ := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded), timeout != nil && timeout.Timeout():
		return ErrTimeout
	case errors.Is(err, context.Canceled):
		return ErrCanceled
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
		return e
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return ErrUntrusted
	}
	if errors.Is(err, ErrTooLarge) {
		return ErrTooLarge
	}
	return ErrAnswer
}

// The bounds of what is passed on of a Retry-After: a server that asks for less than nothing or for a year does not mean
// our clients.
const (
	minRetryAfter = time.Second
	maxRetryAfter = time.Hour
)

// RetryAfter reads the field in either form (RFC 9110, section 10.2.3); zero if it is missing or makes no sense. A date
// is measured by the sender's clock if that is known.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	field := h.Get("Retry-After")
	if n, err := strconv.ParseUint(field, 10, 32); err == nil {
		return clampRetryAfter(time.Duration(n) * time.Second)
	}
	at, err := http.ParseTime(field)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return clampRetryAfter(at.Sub(now))
}

func clampRetryAfter(d time.Duration) time.Duration {
	return min(max(d, minRetryAfter), maxRetryAfter)
}
