package oauthtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// exchange answers one request. The error says why there is no answer; it means that the connection ends.
func (s *Server) exchange(r *http.Request) (*answer, error) {
	select {
	case <-s.closing:
		return nil, errClosed
	default:
	}
	e := s.endpoint(r.URL)
	f := s.arrive(e)
	// The body is read before anything waits: only then does net/http notice that a client has left.
	parsed := r.ParseForm()
	_, _ = io.Copy(io.Discard, r.Body)
	if s.cfg.OnRequest != nil {
		s.cfg.OnRequest(e, r)
	}
	a := refused(http.StatusBadRequest, "invalid_request")
	if parsed == nil {
		a = s.answer(e, r)
	}
	a, err := f.apply(r.Context(), a)
	if err != nil {
		return nil, err
	}
	s.complete(a, r.Method)
	a.fault = f
	return a, nil
}

// complete adds what net/http would add by itself, so that both ways of serving say the same.
func (s *Server) complete(a *answer, method string) {
	setDefault(a.header, "Date", s.cfg.Now().UTC().Format(http.TimeFormat))
	if a.status == http.StatusNoContent || a.status == http.StatusNotModified {
		a.header.Del("Content-Type")
		a.body = nil
		return
	}
	setDefault(a.header, "Content-Length", strconv.Itoa(len(a.body)))
	if method == http.MethodHead {
		a.body = nil
	}
}

// setDefault leaves a field alone that is there, even without values: that is how a Fault suppresses one.
func setDefault(h http.Header, name, value string) {
	if _, present := h[name]; !present {
		h.Set(name, value)
	}
}

// serve answers over a socket.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	a, err := s.exchange(r)
	if err != nil {
		if conn, _, err := out.Hijack(); err == nil {
			_ = conn.Close()
		}
		return
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	from, chunk := a.reader(r.Context()), make([]byte, 32<<10)
	for {
		n, err := from.Read(chunk)
		_, _ = w.Write(chunk[:n])
		if err != nil {
			return // a body cut short makes net/http close the connection
		}
		_ = out.Flush()
	}
}

// memory answers without a socket, in the goroutine of the caller.
type memory struct{ *Server }

// RoundTrip implements [http.RoundTripper].
func (m memory) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if origin := r.URL.Scheme + "://" + r.URL.Host; origin != m.base {
		return nil, fmt.Errorf("oauthtest: only %s can be reached in memory", m.base)
	}
	received := r.Clone(r.Context())
	if received.Body == nil {
		received.Body = http.NoBody
	}
	a, err := m.exchange(received)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          a.reader(r.Context()),
		ContentLength: int64(len(a.body)),
		Request:       r,
	}, nil
}

// body is the body of an answer on its way.
type body struct {
	ctx   context.Context
	fault *fault
	rest  []byte
}

// Read implements [io.Reader], octet by octet if the fault says so.
func (b *body) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	if b.fault.Drip > 0 && len(p) > 1 {
		p = p[:1]
	}
	if err := b.fault.pause(b.ctx, b.fault.Drip); err != nil {
		return 0, err
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close implements [io.Closer].
func (b *body) Close() error { return nil }
