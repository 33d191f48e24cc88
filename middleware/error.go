package middleware

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// The outcomes of a refusal, for errors.Is. Every error of [Guard.Authorize] matches the one of its status; a cause
// inside it may match others.
var (
	// ErrMissingToken: the request carries no credentials this Guard understands. 401.
	ErrMissingToken = errors.New("oauth: no access token")
	// ErrInvalidRequest: credentials are malformed, repeated, or sent in two places at once. 400.
	ErrInvalidRequest = errors.New("oauth: malformed credentials")
	// ErrInvalidToken: the token may not be honoured. 401.
	ErrInvalidToken = errors.New("oauth: invalid access token")
	// ErrInvalidProof: what should prove possession of the token's key does not. 401 (RFC 9449, section 7.1).
	ErrInvalidProof = errors.New("oauth: invalid proof of possession")
	// ErrNonceRequired: the proof of possession lacks the nonce that this server asks for. 401 (RFC 9449, section 9).
	ErrNonceRequired = errors.New("oauth: proof of possession without a usable nonce")
	// ErrInsufficientAuthentication: the user has to authenticate again, or more strongly (RFC 9470). 401.
	ErrInsufficientAuthentication = errors.New("oauth: insufficient user authentication")
	// ErrInsufficientScope: the token is good, but not for this. 403.
	ErrInsufficientScope = errors.New("oauth: insufficient scope")
	// ErrUnavailable: whether the token may be honoured could not be found out. 503.
	ErrUnavailable = errors.New("oauth: access token could not be checked")
	// ErrMisconfigured: the route is wired wrongly and lets nobody pass. 500.
	ErrMisconfigured = errors.New("oauth: misconfigured")
)

// Code is an error code of a challenge (RFC 6750, section 3.1; RFC 9449, section 12.2; RFC 9470, section 3).
type Code string

// The codes this package sends. A challenge without credentials to speak of carries none.
const (
	// CodeInvalidRequest is that of ErrInvalidRequest, with 400: the request is malformed (RFC 6750, section 3.1).
	CodeInvalidRequest Code = "invalid_request"
	// CodeInvalidToken is that of ErrInvalidToken, with 401: get another token (RFC 6750, section 3.1).
	CodeInvalidToken Code = "invalid_token"
	// CodeInvalidProof is that of ErrInvalidProof, with 401: make another proof (RFC 9449, section 7.1).
	CodeInvalidProof Code = "invalid_dpop_proof"
	// CodeNonceRequired is that of ErrNonceRequired, with 401: repeat with the nonce of the answer (RFC 9449, section 9).
	CodeNonceRequired Code = "use_dpop_nonce"
	// CodeInsufficientScope is that of ErrInsufficientScope, with 403: ask for the scope that the challenge names
	// (RFC 6750, section 3.1).
	CodeInsufficientScope Code = "insufficient_scope"
	// CodeInsufficientAuthentication is that of ErrInsufficientAuthentication, with 401: have the user authenticate as the
	// challenge says (RFC 9470, section 3).
	CodeInsufficientAuthentication Code = "insufficient_user_authentication"
)

// Reject returns the error with which a [Validator] says that a token may not be honoured. It matches ErrInvalidToken
// and cause, which is for logs only and must not contain any part of the token; it may be nil.
func Reject(reason Reason, cause error) error {
	return refuse(ErrInvalidToken, reason, cause)
}

// Unavailable returns the error with which a [Validator] says that it could not find out. It matches ErrUnavailable and
// cause, which is for logs only; it may be nil. The client is told to come back after retryAfter; zero means the
// default of 5 seconds.
func Unavailable(reason Reason, retryAfter time.Duration, cause error) error {
	return &verdict{kind: ErrUnavailable, reason: reason, retryAfter: retryAfter, cause: cause}
}

// ReasonOf returns the reason of an error made by this package, of the outermost one if there are several, and "" for
// any other error.
func ReasonOf(err error) Reason {
	if r, ok := errors.AsType[reasoned](err); ok {
		return r.reasonCode()
	}
	return ""
}

// reasoned is an error of this package.
type reasoned interface {
	error
	reasonCode() Reason
}

func (v *verdict) reasonCode() Reason { return v.reason }
func (e *Error) reasonCode() Reason   { return e.Reason }

// defaultRetryAfter is long enough for a restart of the other side and short enough for a person to wait.
const defaultRetryAfter = 5 * time.Second

// refuse makes the verdict of this package's own checks.
func refuse(kind error, reason Reason, cause error) *verdict {
	return &verdict{kind: kind, reason: reason, cause: cause}
}

// verdict is an outcome before the Guard knows how to present it.
type verdict struct {
	kind       error
	reason     Reason
	retryAfter time.Duration
	nonce      string
	cause      error
}

func (v *verdict) Error() string {
	if v.cause == nil {
		return fmt.Sprintf("%v: %s", v.kind, v.reason)
	}
	return fmt.Sprintf("%v: %s: %v", v.kind, v.reason, v.cause)
}

func (v *verdict) Is(target error) bool { return target == v.kind }
func (v *verdict) Unwrap() error        { return v.cause }

// Error is a refusal: what to answer, and why. It is immutable.
//
// Everything but Reason and the wrapped cause is safe to send. [WriteError] sends it; frameworks with an error handler
// of their own can instead use [Error.SetHeaders], [Error.StatusCode] and the JSON form, which is the RFC 9457 problem
// document.
type Error struct {
	// Code is the error code of the challenge, "" when there is none.
	Code Code
	// Description is one of this package's fixed texts.
	Description string
	// Reason is the precise cause, for logs and metrics.
	Reason Reason

	outcome    outcome
	challenges []Challenge
	retryAfter time.Duration
	nonce      string
	expose     bool // its fields to scripts of other origins
	cause      error
}

// outcome is one row of the outcome matrix.
type outcome struct {
	kind        error
	status      int
	code        Code
	description string
}

var outcomes = []outcome{
	{ErrMissingToken, http.StatusUnauthorized, "", ""},
	{ErrInvalidRequest, http.StatusBadRequest, CodeInvalidRequest, "The credentials are malformed or were sent more than once"},
	{ErrInvalidToken, http.StatusUnauthorized, CodeInvalidToken, "The access token is not valid here"},
	{ErrInvalidProof, http.StatusUnauthorized, CodeInvalidProof, "The proof of possession is not valid here"},
	{ErrNonceRequired, http.StatusUnauthorized, CodeNonceRequired, "The proof of possession must contain the nonce of this server"},
	{ErrInsufficientAuthentication, http.StatusUnauthorized, CodeInsufficientAuthentication, "A stronger or more recent authentication is required"},
	{ErrInsufficientScope, http.StatusForbidden, CodeInsufficientScope, "The access token does not grant what this request needs"},
	{ErrUnavailable, http.StatusServiceUnavailable, "", "The access token could not be checked, try again later"},
	{ErrMisconfigured, http.StatusInternalServerError, "", ""},
}

// outcomeOf finds the row of an error; the outermost verdict decides. Whatever is none of ours means that nothing was
// found out: fail closed, as our fault rather than the token's.
func outcomeOf(err error) outcome {
	if v, ok := errors.AsType[*verdict](err); ok {
		err = v.kind
	}
	i := slices.IndexFunc(outcomes, func(o outcome) bool { return errors.Is(err, o.kind) })
	if i < 0 {
		return outcomeOf(ErrUnavailable)
	}
	return outcomes[i]
}

// newError presents an error as a refusal that is still without challenges.
func newError(err error) *Error {
	e := &Error{outcome: outcomeOf(err), Reason: ReasonOf(err), cause: err}
	e.Code, e.Description = e.outcome.code, e.outcome.description
	if v, ok := errors.AsType[*verdict](err); ok {
		e.retryAfter, e.nonce, e.cause = v.retryAfter, v.nonce, v.cause
	}
	if e.Reason == "" {
		e.Reason = ReasonValidatorFailed
		if e.outcome.kind == ErrMisconfigured {
			e.Reason = ReasonMisconfigured
		}
	}
	if e.outcome.kind == ErrUnavailable && e.retryAfter <= 0 {
		e.retryAfter = defaultRetryAfter
	}
	return e
}

// StatusCode returns the HTTP status of the refusal.
func (e *Error) StatusCode() int { return cmp.Or(e.outcome.status, http.StatusInternalServerError) }

// Challenges returns the challenges of the refusal, the Bearer scheme first. It is empty for 500 and 503.
func (e *Error) Challenges() []Challenge {
	challenges := slices.Clone(e.challenges)
	for i := range challenges {
		challenges[i].Params = maps.Clone(challenges[i].Params)
	}
	return challenges
}

// RetryAfter returns when the client may try again; zero unless the status is 503.
func (e *Error) RetryAfter() time.Duration { return e.retryAfter }

// Error describes the refusal for logs.
func (e *Error) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("%v: %s", e.outcome.kind, e.Reason)
	}
	return fmt.Sprintf("%v: %s: %v", e.outcome.kind, e.Reason, e.cause)
}

// Is reports whether target is the sentinel of this outcome.
func (e *Error) Is(target error) bool { return target == e.outcome.kind }

// Unwrap returns the cause, which may be nil.
func (e *Error) Unwrap() error { return e.cause }
