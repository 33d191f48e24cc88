package revocation

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/internal/upstream"
)

var (
	// ErrUnsupportedTokenType says that the server does not revoke tokens of this type (RFC 7009, section 2.2.1). Trying
	// again is of no use.
	ErrUnsupportedTokenType = errors.New("it does not revoke tokens of this type")
	// ErrOwnCredentials says that the server does not accept [ClientConfig.ClientAuth].
	ErrOwnCredentials = errors.New("it refuses our own credentials")
)

// ServerError says that the authorization server did not confirm a revocation. It matches ErrUnsupportedTokenType or
// ErrOwnCredentials where one of these is the reason. Its text contains nothing of the token or of the answer.
type ServerError struct {
	// Status is the status of the answer, 0 if there was none.
	Status int
	// RetryAfter is when to try again, for the statuses 429 and 503 that name a time, at most an hour; otherwise zero.
	RetryAfter time.Duration

	cause error
}

// Error describes the failure for logs.
func (e *ServerError) Error() string {
	switch {
	case e.Status == 0:
		return fmt.Sprintf("revocation: no answer from the authorization server: %v", upstream.Cause(e.cause))
	case e.cause == nil:
		return fmt.Sprintf("revocation: the authorization server answers with status %d", e.Status)
	}
	return fmt.Sprintf("revocation: the authorization server answers with status %d: %v", e.Status, e.cause)
}

// Unwrap returns the cause, which may be nil.
func (e *ServerError) Unwrap() error { return e.cause }

// judge applies RFC 7009, sections 2.2 and 2.2.1. The body of a success is of no interest.
func judge(resp *http.Response, now time.Time) error {
	failure := &ServerError{Status: resp.StatusCode}
	switch resp.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized, http.StatusForbidden:
		failure.cause = ErrOwnCredentials
	case http.StatusBadRequest:
		failure.cause = codeErrors[errorCode(resp)]
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		failure.RetryAfter = upstream.RetryAfter(resp.Header, now)
	}
	return failure
}

var codeErrors = map[string]error{
	"unsupported_token_type": ErrUnsupportedTokenType,
	"invalid_client":         ErrOwnCredentials,
}

// maxErrorBytes bounds the body of an error answer.
const maxErrorBytes = 64 << 10

// errorCode returns the error member of RFC 6749, section 5.2, "" if there is none.
func errorCode(resp *http.Response) string {
	body, err := upstream.ReadBody(resp.Body, maxErrorBytes)
	if err != nil {
		return ""
	}
	members, err := strictjson.Object(body)
	if err != nil {
		return ""
	}
	code, _ := strictjson.String(members["error"])
	return code
}
