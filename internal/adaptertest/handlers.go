package adaptertest

import (
	"fmt"
	"io"
	"net/http"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// handlers are about what reaches a handler, and what does not.
var handlers = []scenario{
	{"handler: intact body", ok, func(s *scene) {
		const sent = "{\"item\":\"\u00fc\"}\n"
		s.inner = func(w http.ResponseWriter, r *http.Request) {
			s.wantToken(w, r)
			if body, err := io.ReadAll(r.Body); string(body) != sent || err != nil {
				s.Errorf("the body arrived as %q, %v", body, err)
			}
		}
		s.expect(s.valid().as(http.MethodPost).with("Content-Type", "application/json").sending(sent))
	}},
	{"handler: answers for itself", ok, func(s *scene) {
		s.inner = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, "hello")
		}
		s.expect(s.valid())
		want := answer{http.StatusOK, []string{"Content-Type: text/plain"}, "hello"}
		if got := s.valid().over(s.T, s.server); !got.equal(want) {
			s.Errorf("got %+v, want %+v", got, want)
		}
	}},
	{"handler: HEAD", noToken, func(s *scene) {
		s.expect(get())
		want := get().over(s.T, s.server)
		want.Body = ""
		if got := get().as(http.MethodHead).over(s.T, s.server); !got.equal(want) {
			s.Errorf("HEAD got %+v, want %+v", got, want)
		}
	}},
	{"handler: many at once", ok, func(s *scene) {
		s.inner = func(_ http.ResponseWriter, r *http.Request) {
			token, _ := middleware.FromContext(r.Context())
			if want := r.Header.Get("X-Subject"); token.Subject != want {
				s.Errorf("the request of %q has the token of %q", want, token.Subject)
			}
		}
		requests := make([]request, 200)
		for i := range requests {
			subject := fmt.Sprintf("user-%d", i)
			requests[i] = s.mint(oauthtest.Token{Subject: subject}).with("X-Subject", subject)
		}
		s.rush(requests)
	}},
	{"handler: many refused at once", noToken, func(s *scene) {
		requests := make([]request, 200)
		for i := range requests {
			requests[i] = get()
		}
		s.rush(requests)
	}},
}
