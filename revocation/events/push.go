package events

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/bearergate/bearergate/internal/upstream"
)

var (
	errMethod       = &refusal{http.StatusMethodNotAllowed, codeInvalid, "Use POST"}
	errMediaType    = &refusal{http.StatusUnsupportedMediaType, codeInvalid, "Send the body as application/secevent+jwt"}
	errLarge        = &refusal{http.StatusRequestEntityTooLarge, codeInvalid, "The event is too large"}
	errBroken       = refuse(codeInvalid, "The body could not be read")
	errUnauthorized = refuse(codeUnauthenticated, "The Authorization field is not the one that was agreed on")
)

// ServeHTTP implements http.Handler for delivery by push (RFC 8935): POST with one SET as the body.
//
//	202    it took effect, is not about tokens, or is a repeat of such an event
//	400    it was not taken, with err and description as JSON; sending it again is of no use
//	405, 413, 415    not POST, too large, not application/secevent+jwt; the same JSON
//	503    it did not take effect everywhere, send it again: keys, the List, Resolve or OnEvent failed, or there is too
//	       much to do; with Retry-After
//
// What the transmitter does not wait for is done all the same.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	err := r.push(req)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	refused, ok := errors.AsType[*refusal](err)
	switch {
	case err == nil:
		w.WriteHeader(http.StatusAccepted)
	case ok:
		refused.write(w, map[string]string{"err": refused.code, "description": refused.description})
	default:
		unavailable(w, err)
	}
}

func (r *Receiver) push(req *http.Request) error {
	ctx := context.WithoutCancel(req.Context())
	body, err := r.admit(req)
	if err == nil && !r.places.enter() {
		err = errBusy
	}
	if err != nil {
		r.ledger.note(ctx, outcome{err: err})
		return err
	}
	defer r.places.leave()
	_, err = r.receive(ctx, delivery{jwt: string(body)})
	return err
}

// admit checks everything that is not about the SET itself, and reads it. A place is taken only then: slow bodies of
// strangers must not keep the transmitter out.
func (r *Receiver) admit(req *http.Request) ([]byte, error) {
	switch {
	case req.Method != http.MethodPost:
		return nil, errMethod
	case !r.authorized(req.Header):
		return nil, errUnauthorized
	case !hasType(req, "application/secevent+jwt"):
		return nil, errMediaType
	}
	return readBody(req.Body, r.config.MaxBytes)
}

// authorized compares digests, which takes as long for every value of every length.
func (r *Receiver) authorized(h http.Header) bool {
	if r.config.Authorization == "" {
		return true
	}
	fields := h.Values("Authorization")
	if len(fields) != 1 {
		return false
	}
	got, want := sha256.Sum256([]byte(fields[0])), sha256.Sum256([]byte(r.config.Authorization))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// places bound what is processed at once.
type places chan struct{}

// enter takes a place if one is free. Waiting for one would only move the crowd.
func (p places) enter() bool {
	select {
	case p <- struct{}{}:
		return true
	default:
		return false
	}
}

func (p places) leave() { <-p }

func hasType(r *http.Request, mediaType string) bool {
	sent, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && sent == mediaType
}

func readBody(body io.Reader, limit int) ([]byte, error) {
	data, err := upstream.ReadBody(body, int64(limit))
	switch {
	case errors.Is(err, upstream.ErrTooLarge):
		return nil, errLarge
	case err != nil:
		return nil, errBroken
	}
	return data, nil
}

// write answers with a JSON body in English (RFC 8935, section 2.3).
func (r *refusal) write(w http.ResponseWriter, body map[string]string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Language", language)
	if r.status == http.StatusMethodNotAllowed {
		h.Set("Allow", http.MethodPost)
	}
	w.WriteHeader(r.status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone: nobody is left to be told
}

// language is that of all descriptions.
const language = "en"

// unavailable asks to try again.
func unavailable(w http.ResponseWriter, err error) {
	w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter(err)/time.Second)))
	w.WriteHeader(http.StatusServiceUnavailable)
}
