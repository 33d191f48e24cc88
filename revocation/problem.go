package revocation

import (
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// problem is an answer of the handlers that is no success (RFC 9457). Its texts are constants.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Code is the error of RFC 6749, section 5.2.
	Code string `json:"error,omitempty"`

	retryAfter time.Duration
}

func newProblem(status int, code, detail string) *problem {
	return &problem{Title: http.StatusText(status), Status: status, Detail: detail, Code: code}
}

func (p *problem) Error() string { return p.Detail }

func (p *problem) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", middleware.ProblemType)
	h.Set("Cache-Control", "no-store")
	if p.Status == http.StatusMethodNotAllowed {
		h.Set("Allow", http.MethodPost)
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64(math.Ceil(p.retryAfter.Seconds())), 10))
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone: nobody is left to be told
}

const (
	// serverRetry is long enough for a restart of the authorization server.
	serverRetry = 5 * time.Second
	// fullRetry gives entries the time to end.
	fullRetry = time.Minute
)

// problemOf presents what became of a revocation. Whatever is not known to be the client's fault is ours.
func problemOf(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	switch {
	case errors.Is(err, ErrFull):
		p := newProblem(http.StatusServiceUnavailable, "", "The revocation could not be kept, try again later")
		p.retryAfter = fullRetry
		return p
	case errors.Is(err, ErrUnsupportedTokenType):
		return newProblem(http.StatusBadRequest, "unsupported_token_type",
			"The token is refused here, but its authorization server does not revoke tokens of this type")
	case errors.Is(err, ErrTarget), errors.Is(err, ErrFuture):
		return newProblem(http.StatusBadRequest, codeInvalid, "The body does not name what can be revoked")
	}
	p := newProblem(http.StatusServiceUnavailable, "",
		"The token is refused here, but could not be revoked everywhere, try again later")
	p.retryAfter = serverRetry
	if e, ok := errors.AsType[*ServerError](err); ok {
		p.retryAfter = cmp.Or(e.RetryAfter, serverRetry)
	}
	return p
}
