package revocation

import (
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"

	"github.com/bearergate/bearergate/internal/upstream"
	"github.com/bearergate/bearergate/middleware"
)

// maxBodyBytes has room for the largest token in a form that escapes every octet of it.
const maxBodyBytes = 64 << 10

// codeInvalid is the error of RFC 6749, section 5.2 for a malformed request.
const codeInvalid = "invalid_request"

var (
	errMethod  = newProblem(http.StatusMethodNotAllowed, "", "Use POST")
	errForm    = newProblem(http.StatusUnsupportedMediaType, "", "Send the body as application/x-www-form-urlencoded")
	errNotJSON = newProblem(http.StatusUnsupportedMediaType, "", "Send the body as application/json")
	errLarge   = newProblem(http.StatusRequestEntityTooLarge, "", "The body is too large")
	errBroken  = newProblem(http.StatusBadRequest, codeInvalid, "The body could not be read")

	errUnprotected = errors.New("the handler is not behind a Guard")
)

// endpoint is what both handlers have in common.
type endpoint struct {
	logger  *slog.Logger
	success int
	revoke  func(r *http.Request, by string) error
}

// ServeHTTP refuses whoever comes without a token: this is not for strangers, and a route that was left open shows so.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, ok := middleware.FromContext(r.Context())
	if !ok {
		middleware.WriteError(w, errUnprotected)
		return
	}
	if r.Method != http.MethodPost {
		errMethod.write(w)
		return
	}
	if err := e.revoke(r, caller(&token)); err != nil {
		e.refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(e.success)
}

// refuse answers with a problem. The operator is told of those that are not the client's fault.
func (e *endpoint) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		e.logger.LogAttrs(r.Context(), slog.LevelError, "oauth revocation incomplete", slog.Any("error", err))
	}
	p.write(w)
}

// caller names the client and the user that a request comes from.
func caller(t *middleware.Token) string {
	return fmt.Sprintf("client %q, subject %q, issuer %q", t.ClientID, t.Subject, t.Issuer)
}

func hasType(r *http.Request, mediaType string) bool {
	sent, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && sent == mediaType
}

func readBody(r *http.Request) ([]byte, error) {
	body, err := upstream.ReadBody(r.Body, maxBodyBytes)
	switch {
	case errors.Is(err, upstream.ErrTooLarge):
		return nil, errLarge
	case err != nil:
		return nil, errBroken
	}
	return body, nil
}
