package events

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"time"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/internal/upstream"
)

// ErrOwnCredentials says that the transmitter does not accept those of PollConfig.Authorization.
var ErrOwnCredentials = errors.New("events: the transmitter refuses our own credentials")

var (
	errCredentials = errors.New("events: there is no usable value for the Authorization field")
	errAnswer      = errors.New("events: the transmitter answers with something else than SETs")
)

// pollError is an answer of the transmitter that is no success.
type pollError struct {
	status     int
	retryAfter time.Duration
}

func (e *pollError) Error() string {
	return fmt.Sprintf("events: the transmitter answers with status %d", e.status)
}

func (e *pollError) Is(target error) bool {
	refused := e.status == http.StatusUnauthorized || e.status == http.StatusForbidden
	return refused && target == ErrOwnCredentials
}

// pollRequest is RFC 8936, section 2.2.
type pollRequest struct {
	MaxEvents         int                 `json:"maxEvents"`
	ReturnImmediately bool                `json:"returnImmediately"`
	Ack               []string            `json:"ack,omitempty"`
	SetErrs           map[string]setError `json:"setErrs,omitempty"`
}

// setError is RFC 8936, section 2.6.
type setError struct {
	Code        string `json:"err"`
	Description string `json:"description"`
}

// report is what the transmitter does not know yet, as far as is known.
type report struct {
	ack     []string
	setErrs map[string]setError
}

func (r *report) add(jti string, err error) {
	refused, ok := errors.AsType[*refusal](err)
	if !ok {
		r.ack = append(r.ack, jti)
		return
	}
	if r.setErrs == nil {
		r.setErrs = map[string]setError{}
	}
	r.setErrs[jti] = setError{refused.code, refused.description}
}

func (r *report) len() int { return len(r.ack) + len(r.setErrs) }

// batch is RFC 8936, section 2.3.
type batch struct {
	sets map[string]string
	more bool
}

// poll asks for SETs and waits until there are some, or the transmitter thinks that it was long enough. With it goes
// what is to be reported, again and again until a request is answered.
func (p *Poller) poll(ctx context.Context) (*batch, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	body, err := p.send(ctx, pollRequest{MaxEvents: p.ask})
	if errors.Is(err, upstream.ErrTooLarge) {
		p.ask = max(p.ask/2, 1)
	}
	if err != nil {
		return nil, err
	}
	p.ask = p.config.MaxEvents
	return parseBatch(body)
}

// acknowledge only reports (section 2.4.2). Without both members the transmitter would hold the answer back.
func (p *Poller) acknowledge(ctx context.Context) error {
	if p.report.len() == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	_, err := p.send(ctx, pollRequest{MaxEvents: 0, ReturnImmediately: true})
	return err
}

// send makes a request with the report, which is done with once there is an answer. A transmitter that finds fault with
// it is not told the same again: the SETs will come again, and so will what is to be said of them.
func (p *Poller) send(ctx context.Context, r pollRequest) (body []byte, err error) {
	err = guarded(func() (err error) {
		body, err = p.exchange(ctx, r)
		return err
	})
	return body, err
}

func (p *Poller) exchange(ctx context.Context, r pollRequest) ([]byte, error) {
	r.Ack, r.SetErrs = p.report.ack, p.report.setErrs
	req, err := p.newRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, upstream.Cause(err)
	}
	defer resp.Body.Close()
	ackOnly := r.MaxEvents == 0
	ok := resp.StatusCode == http.StatusOK || ackOnly && resp.StatusCode/100 == 2
	if ok || resp.StatusCode == http.StatusBadRequest {
		p.reported()
	}
	switch {
	case !ok:
		return nil, &pollError{resp.StatusCode, upstream.RetryAfter(resp.Header, time.Now())}
	case ackOnly:
		return nil, nil
	}
	if got, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || got != "application/json" {
		return nil, errAnswer
	}
	body, err := upstream.ReadBody(resp.Body, p.limit())
	if err != nil {
		return nil, upstream.Cause(err)
	}
	return body, nil
}

func (p *Poller) reported() {
	p.report = report{}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Unacknowledged = 0
}

// limit has room for as many SETs as were asked for, and their names.
func (p *Poller) limit() int64 {
	const name, rest = 1 << 10, 64 << 10
	return int64(p.config.MaxEvents)*int64(p.receiver.config.MaxBytes+name) + rest
}

func (p *Poller) newRequest(ctx context.Context, r pollRequest) (*http.Request, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.config.Endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if len(r.SetErrs) > 0 {
		req.Header.Set("Content-Language", language)
	}
	// Net/http may send a poll again whose connection turns out to be dead. The field itself is not sent.
	req.Header["Idempotency-Key"] = nil
	return req, p.authorize(req)
}

func (p *Poller) authorize(req *http.Request) error {
	if p.config.Authorization == nil {
		return nil
	}
	var value string
	err := guarded(func() (err error) {
		value, err = p.config.Authorization(req.Context())
		return err
	})
	if err == nil && (value == "" || !sendable(value)) {
		err = errCredentials
	}
	req.Header.Set("Authorization", value)
	return err
}

// parseBatch leaves what a SET is to the Receiver. One that is no string is left for it to refuse.
func parseBatch(body []byte) (*batch, error) {
	members, err := strictjson.Object(body)
	if err != nil {
		return nil, errAnswer
	}
	sets, err := strictjson.Object(members["sets"])
	if err != nil {
		return nil, errAnswer
	}
	b := &batch{sets: make(map[string]string, len(sets)), more: members["moreAvailable"].Kind() == 't'}
	for jti, v := range sets {
		b.sets[jti], _ = strictjson.String(v)
	}
	return b, nil
}
