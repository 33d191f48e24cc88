package oauthtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/bearergate/bearergate/internal/conformance"
)

// request returns the request of the case, with the token in it.
func (s *scene) request(ctx context.Context) (*http.Request, error) {
	good, err := s.mint(conformance.Recipe{})
	if err != nil {
		return nil, err
	}
	known := s.texts().with(texts{"token": s.token, "good": good})
	form, err := known.expand(s.Send.Form)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, s.route.method(), s.stage.base+s.route.Path, strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if r.URL.RawQuery, err = known.expand(s.Send.Query); err != nil {
		return nil, err
	}
	for name, value := range s.Send.Header {
		if value, err = known.expand(value); err != nil {
			return nil, err
		}
		r.Header.Set(name, value)
	}
	lines := []string{"Bearer ${token}"}
	if s.Send.Authorization != nil {
		lines = *s.Send.Authorization
	}
	for _, line := range lines {
		if line, err = known.expand(line); err != nil {
			return nil, err
		}
		r.Header.Add("Authorization", line)
	}
	return r, nil
}

// exchanged is a request and what became of it.
type exchanged struct {
	request *http.Request
	status  int
	header  http.Header
	body    string
	err     error // instead of an answer

	calls   int // of the service's handlers
	counted bool
	visits  int // at a place that a token named
	fetches int // of keys
}

const bodyLimit = 1 << 20

func (s *scene) exchange(r *http.Request) exchanged {
	calls, counted := s.stage.calls()
	visits := s.stage.visits.Load()
	got := exchanged{request: r, counted: counted}
	if got.err = got.send(s.stage.client); got.err != nil {
		var failure net.Error
		s.late = s.late || errors.As(got.err, &failure) && failure.Timeout()
		return got
	}
	after, _ := s.stage.calls()
	got.calls, got.visits = after-calls, int(s.stage.visits.Load()-visits)
	return got
}

func (e *exchanged) send(client *http.Client) error {
	response, err := client.Do(e.request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	e.status, e.header, e.body = response.StatusCode, response.Header, string(body)
	return err
}

// admitted reports a success.
func (e *exchanged) admitted() bool { return e.status/100 == 2 }

const shown = 3000

// String shows both sides.
func (e *exchanged) String() string {
	var b strings.Builder
	line := func(side, text string) {
		if len(text) > shown {
			text = fmt.Sprintf("%s... (%d octets)", text[:shown], len(text))
		}
		fmt.Fprintf(&b, "\n  %s %s", side, text)
	}
	line(">", e.request.Method+" "+e.request.URL.RequestURI())
	for _, name := range slices.Sorted(maps.Keys(e.request.Header)) {
		for _, value := range e.request.Header[name] {
			line(">", name+": "+value)
		}
	}
	if e.err != nil {
		line("<", "no answer: "+e.err.Error())
		return b.String()
	}
	line("<", fmt.Sprint(e.status, " ", cmp.Or(http.StatusText(e.status), "(unknown)")))
	for _, name := range []string{"Www-Authenticate", "Cache-Control", "Retry-After"} {
		for _, value := range e.header[name] {
			line("<", name+": "+value)
		}
	}
	return b.String()
}
