package events

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// The error codes of RFC 8935, section 2.4, and of SSF, section 8.1.4.
const (
	codeInvalid         = "invalid_request"
	codeKey             = "invalid_key"
	codeIssuer          = "invalid_issuer"
	codeAudience        = "invalid_audience"
	codeUnauthenticated = "authentication_failed"
	codeDenied          = "access_denied"
	codeState           = "invalid_state"
)

// refusal says what is wrong with what was sent: sending it again is of no use. Its texts are constants. Whatever error
// is no refusal is our fault.
type refusal struct {
	status            int
	code, description string
}

func (r *refusal) Error() string { return r.description }

func refuse(code, description string) *refusal {
	return &refusal{http.StatusBadRequest, code, description}
}

var (
	errKey      = refuse(codeKey, "The signature was not made by a key of the issuer")
	errIssuer   = refuse(codeIssuer, "The issuer is not the one whose events are taken here")
	errAudience = refuse(codeAudience, "The event is meant for another audience")
	errForm     = refuse(codeInvalid, "The body is not a signed JWT of the type that is taken here")

	errPanicked = errors.New("events: a function of the configuration panicked")
)

// verified calls Verify and presents its error.
func verified(ctx context.Context, verify Verify, jwt string) (claims []byte, err error) {
	err = guarded(func() (err error) {
		claims, err = verify(ctx, jwt)
		return err
	})
	if !errors.Is(err, middleware.ErrInvalidToken) {
		return claims, err
	}
	switch middleware.ReasonOf(err) {
	case middleware.ReasonUnknownKey, middleware.ReasonBadSignature, middleware.ReasonAlgorithmNotAllowed:
		return nil, errKey
	case middleware.ReasonUntrustedIssuer:
		return nil, errIssuer
	case middleware.ReasonWrongAudience:
		return nil, errAudience
	}
	return nil, errForm
}

// guarded turns a panic of a function of the configuration into an error: it may happen on a goroutine of a Poller,
// above which there is no HTTP server.
func guarded(call func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanicked
		}
	}()
	return call()
}

const (
	// serverRetry is long enough for a restart of what could not be reached.
	serverRetry = 5 * time.Second
	// fullRetry gives entries of a full List the time to end.
	fullRetry = time.Minute
	// busyRetry is for a moment with too much to do.
	busyRetry = time.Second
)

var errBusy = errors.New("events: too much is being processed at once")

// retryAfter says when it makes sense to try again after a failure of ours.
func retryAfter(err error) time.Duration {
	switch {
	case errors.Is(err, revocation.ErrFull):
		return fullRetry
	case errors.Is(err, errBusy):
		return busyRetry
	}
	return serverRetry
}
