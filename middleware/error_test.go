package middleware_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// What a Validator may say, and what becomes of it.
func TestValidatorErrors(t *testing.T) {
	reject := middleware.Reject(middleware.ReasonExpired, errInner)
	unavailable := middleware.Unavailable(middleware.ReasonKeysUnavailable, time.Minute, errInner)
	wrap := func(err error) error { return fmt.Errorf("issuer 7: %w", err) }
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"rejection", reject, "401 expired"},
		{"wrapped rejection", wrap(reject), "401 expired"},
		{"joined rejection", errors.Join(errInner, reject), "401 expired"},
		{"sentinel of a rejection", middleware.ErrInvalidToken, "401 validator_failed"},
		{"own reason", middleware.Reject("moon_phase", nil), "401 moon_phase"},
		{"outage", unavailable, "503 keys_unavailable"},
		{"wrapped outage", wrap(wrap(unavailable)), "503 keys_unavailable"},
		{"sentinel of an outage", wrap(middleware.ErrUnavailable), "503 validator_failed"},
		{"outage because of a rejection elsewhere", middleware.Unavailable(middleware.ReasonIssuerUnavailable, 0, reject), "503 issuer_unavailable"},
		{"rejection because of an outage elsewhere", middleware.Reject(middleware.ReasonUnknownKey, unavailable), "401 unknown_key"},
		{"sentinel of a misconfiguration", wrap(middleware.ErrMisconfigured), "500 misconfigured"},
		{"plain error", errInner, "503 validator_failed"},
		{"deadline", context.DeadlineExceeded, "503 validator_failed"},
		{"cancellation", wrap(context.Canceled), "503 validator_failed"},
		{"not for a validator to say: no token", middleware.ErrMissingToken, "503 validator_failed"},
		{"not for a validator to say: request", middleware.ErrInvalidRequest, "503 validator_failed"},
		{"not for a validator to say: authentication", middleware.ErrInsufficientAuthentication, "503 validator_failed"},
		{"not for a validator to say: scope", middleware.ErrInsufficientScope, "503 validator_failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// A token beside an error is no token.
			v := middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) {
				token := alice()
				return &token, tt.err
			})
			if got := authorize(t, newGuard(t, v, middleware.Config{}), bearer("a"), middleware.Policy{}); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestVerdicts(t *testing.T) {
	reject := middleware.Reject(middleware.ReasonExpired, errInner)
	unavailable := middleware.Unavailable(middleware.ReasonKeysUnavailable, time.Minute, errInner)
	for _, tt := range []struct {
		err      error
		sentinel error
		other    error
		text     string
	}{
		{reject, middleware.ErrInvalidToken, middleware.ErrUnavailable, "oauth: invalid access token: expired: " + errInner.Error()},
		{unavailable, middleware.ErrUnavailable, middleware.ErrInvalidToken, "oauth: access token could not be checked: keys_unavailable: " + errInner.Error()},
	} {
		if !errors.Is(tt.err, tt.sentinel) || errors.Is(tt.err, tt.other) || !errors.Is(tt.err, errInner) {
			t.Errorf("%v matches the wrong errors", tt.err)
		}
		if tt.err.Error() != tt.text {
			t.Errorf("got %q, want %q", tt.err, tt.text)
		}
		_, err := newGuard(t, fail(fmt.Errorf("wrapped: %w", tt.err)), middleware.Config{}).Authorize(http.Header{}, bearer("a"), middleware.Policy{})
		if !errors.Is(err, tt.sentinel) || errors.Is(err, tt.other) || !errors.Is(err, errInner) {
			t.Errorf("%v matches the wrong errors", err)
		}
	}
	if got := middleware.Reject(middleware.ReasonExpired, nil).Error(); got != "oauth: invalid access token: expired" {
		t.Errorf("without a cause: %q", got)
	}
}

func TestReasonOf(t *testing.T) {
	_, refused := newGuard(t, honour(alice()), middleware.Config{}).Authorize(http.Header{}, get(), middleware.Policy{})
	for _, tt := range []struct {
		name string
		err  error
		want middleware.Reason
	}{
		{"nil", nil, ""},
		{"somebody else's", errInner, ""},
		{"sentinel", middleware.ErrInvalidToken, ""},
		{"verdict", middleware.Reject(middleware.ReasonExpired, nil), middleware.ReasonExpired},
		{"wrapped verdict", fmt.Errorf("x: %w", middleware.Reject(middleware.ReasonExpired, nil)), middleware.ReasonExpired},
		{"verdict in a verdict", middleware.Unavailable(middleware.ReasonKeysUnavailable, 0, middleware.Reject(middleware.ReasonExpired, nil)),
			middleware.ReasonKeysUnavailable},
		{"refusal", refused, middleware.ReasonNoCredentials},
		{"refusal in a verdict", middleware.Reject(middleware.ReasonExpired, refused), middleware.ReasonExpired},
	} {
		if got := middleware.ReasonOf(tt.err); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestErrorAccessors(t *testing.T) {
	guard := newGuard(t, fail(middleware.Unavailable(middleware.ReasonKeysUnavailable, time.Minute, errInner)), middleware.Config{})
	for _, tt := range []struct {
		name        string
		request     *http.Request
		code        middleware.Code
		description string
		challenges  int
		retryAfter  time.Duration
	}{
		{"unavailable", bearer("a"), "", "The access token could not be checked, try again later", 0, time.Minute},
		{"malformed", get("Bearer"), middleware.CodeInvalidRequest, "The credentials are malformed or were sent more than once", 1, 0},
		{"nothing", get(), "", "", 1, 0},
	} {
		_, err := guard.Authorize(http.Header{}, tt.request, middleware.Policy{})
		e, _ := errors.AsType[*middleware.Error](err)
		if e.Code != tt.code || e.Description != tt.description || len(e.Challenges()) != tt.challenges || e.RetryAfter() != tt.retryAfter {
			t.Errorf("%s: got %q, %q, %d challenges, retry after %v", tt.name, e.Code, e.Description, len(e.Challenges()), e.RetryAfter())
		}
	}
}

func TestErrorIsImmutable(t *testing.T) {
	_, err := newGuard(t, honour(alice()), middleware.Config{}).Authorize(http.Header{}, get(), middleware.Policy{})
	before := answer(err)
	e, _ := errors.AsType[*middleware.Error](err)
	challenges := e.Challenges()
	challenges[0].Params["realm"] = "changed"
	challenges[0].Scheme = "Changed"
	if after := answer(err); after != before {
		t.Errorf("a caller's change reached the answer:\n%s", after)
	}
}

// Frameworks that format errors themselves get the same document as everybody else, also through a wrapping error.
func TestErrorJSON(t *testing.T) {
	_, err := newGuard(t, honour(alice()), middleware.Config{}).Authorize(http.Header{}, get("Bearer"), middleware.Policy{})
	encoded, _ := json.Marshal(err)
	if written := answer(fmt.Errorf("wrapped: %w", err)); !strings.HasSuffix(written, "\n\n"+string(encoded)+"\n") {
		t.Errorf("%s is not the body of\n%s", encoded, written)
	}
}

// The shortest time to come back in is a time too, and rounded up.
func TestShortestRetryAfter(t *testing.T) {
	guard := newGuard(t, fail(middleware.Unavailable(middleware.ReasonKeysUnavailable, 1, nil)), middleware.Config{})
	_, err := guard.Authorize(http.Header{}, bearer("a"), middleware.Policy{})
	w := httptest.NewRecorder()
	middleware.WriteError(w, err)
	if got := w.Header().Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After %q", got)
	}
}

// An Error that no Guard made says nothing: answering it must be possible and must let nobody think that all went well.
func TestZeroError(t *testing.T) {
	defer func() {
		if v := recover(); v != nil {
			t.Errorf("panic: %v", v)
		}
	}()
	for _, err := range []error{&middleware.Error{}, (*middleware.Error)(nil), nil} {
		if got, want := answer(err), answer(errInner); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}
