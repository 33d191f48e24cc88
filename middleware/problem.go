package middleware

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// ProblemType is the media type of a refusal's body (RFC 9457, section 3).
const ProblemType = "application/problem+json"

// problem repeats what the challenge says, and nothing else: the challenge stays authoritative.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Error  Code   `json:"error,omitempty"`
	Scope  string `json:"scope,omitempty"`
}

// MarshalJSON returns the RFC 9457 problem document of the refusal. It holds nothing that is not in the challenge.
func (e *Error) MarshalJSON() ([]byte, error) {
	document := problem{
		Title:  http.StatusText(e.StatusCode()),
		Status: e.StatusCode(),
		Detail: e.Description,
		Error:  e.Code,
	}
	for _, c := range e.challenges {
		if scope, ok := tokenList(c.Params["scope"]); ok {
			document.Scope = scope
		}
	}
	return json.Marshal(document)
}

// SetHeaders sets the header fields of the refusal: a WWW-Authenticate line for each challenge, DPoP-Nonce, Retry-After,
// the media type of the body, and Cache-Control: no-store, because an answer about credentials belongs to nobody else.
func (e *Error) SetHeaders(h http.Header) {
	for _, stale := range []string{"WWW-Authenticate", "Content-Length", "Content-Encoding", "Etag", "Last-Modified"} {
		h.Del(stale) // as http.Error does: they were meant for another body
	}
	for _, c := range e.challenges {
		h.Add("WWW-Authenticate", c.String())
	}
	if e.nonce != "" {
		h.Set("DPoP-Nonce", e.nonce)
	}
	if e.expose {
		exposeChallenges(h)
	}
	if e.retryAfter > 0 {
		h.Set("Retry-After", wholeSeconds(e.retryAfter))
	}
	h.Set("Content-Type", ProblemType)
	h.Set("Cache-Control", "no-store")
}

// wholeSeconds rounds up, so that nobody is invited to come back too early.
func wholeSeconds(d time.Duration) string {
	return strconv.FormatInt(int64(math.Ceil(d.Seconds())), 10)
}

// WriteError answers a request with a refusal: status, challenge and problem document. An error that is no [*Error], or
// nil, is answered as 500 without a word of it.
func WriteError(w http.ResponseWriter, err error) {
	e, ok := errors.AsType[*Error](err)
	if !ok || e == nil {
		e = newError(refuse(ErrMisconfigured, ReasonMisconfigured, err))
	}
	e.SetHeaders(w.Header())
	w.WriteHeader(e.StatusCode())
	_ = json.NewEncoder(w).Encode(e) // the client is gone: nobody is left to be told
}
