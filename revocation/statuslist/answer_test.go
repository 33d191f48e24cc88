package statuslist_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// outages are the ways in which no list comes.
var outages = map[string]page{
	"unavailable":       {status: http.StatusServiceUnavailable},
	"server error":      {status: http.StatusInternalServerError},
	"too many requests": {status: http.StatusTooManyRequests},
	"not found":         {status: http.StatusNotFound},
	"forbidden":         {status: http.StatusForbidden},
	"not modified":      {status: http.StatusNotModified},
	"no content":        {status: http.StatusNoContent},
	"silent":            {hang: true},
	"too late":          {latency: 6 * time.Second},
	"cut short":         {body: "{", cut: true},
	"web page":          {header: http.Header{"Content-Type": {"text/html"}}, body: "<html>"},
}

// TestT7: whatever goes wrong, the token does not pass (section 8.3). It gets 503 if no list came, and 401 if a bad one
// did; TestT4 and TestT5 have the bad ones.
func TestT7(t *testing.T) {
	for name, outage := range outages {
		t.Run("T-7 "+name, func(t *testing.T) {
			run(t, nil, func(f *fixture) {
				f.misbehave(outage)
				f.cannotJudge(token(listURI, 0))
				f.serve(nil)
				f.accepts(token(listURI, 0)) // the first failure is forgiven
				f.fetched(2)
			})
		})
	}
	t.Run("T-7 nobody there", func(t *testing.T) {
		run(t, nil, func(f *fixture) { f.cannotJudge(token(listURI, 0)) })
	})
	for name, tt := range map[string]struct {
		distrust error
		wants    func(*fixture, string)
	}{
		"not verified":        {middleware.Reject(middleware.ReasonBadSignature, nil), refusesList},
		"keys unavailable":    {middleware.Unavailable(middleware.ReasonKeysUnavailable, 0, nil), (*fixture).cannotJudge},
		"verification failed": {context.DeadlineExceeded, (*fixture).cannotJudge},
	} {
		t.Run("T-7 "+name, func(t *testing.T) {
			run(t, nil, func(f *fixture) {
				f.serve(nil)
				f.distrust = tt.distrust
				tt.wants(f, token(listURI, 0))
			})
		})
	}
}

func refusesList(f *fixture, accessToken string) {
	f.Helper()
	f.refuses(accessToken, statuslist.ReasonBadList)
}

// TestT10: a GET with Accept, whose answer has that type, and no redirect is followed (sections 8.1 and 11.4).
func TestT10(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.serve(nil)
		f.accepts(token(listURI, 0))
		r := f.host.requests()[0]
		if r.Method != http.MethodGet || r.URL.String() != listURI || r.Header.Get("Accept") != "application/statuslist+jwt" {
			f.Errorf("%s %s, Accept %q", r.Method, r.URL, r.Header.Get("Accept"))
		}
		if r.Header.Get("Authorization") != "" || r.Body != nil {
			f.Error("the request carries more than it should")
		}
	})
	for _, status := range []int{301, 302, 303, 307, 308} {
		run(t, nil, func(f *fixture) {
			f.host.put(prefix+"/2", page{body: f.claims(nil)})
			f.misbehave(page{status: status, header: http.Header{"Location": {prefix + "/2"}}})
			f.cannotJudge(token(listURI, 0))
			f.fetched(1)
		})
	}
	for contentType, good := range map[string]bool{
		"application/statuslist+jwt":               true,
		"Application/StatusList+JWT":               true,
		"application/statuslist+jwt;charset=utf-8": true,
		"application/statuslist+jwt;charset":       false,
		"application/statuslist+cwt":               false,
		"application/jwt":                          false,
		"application/json":                         false,
		"statuslist+jwt":                           false,
		"":                                         false,
		";":                                        false,
	} {
		run(t, nil, func(f *fixture) {
			f.misbehave(page{body: f.claims(nil), header: http.Header{"Content-Type": {contentType}}})
			if good {
				f.accepts(token(listURI, 0))
			} else {
				f.cannotJudge(token(listURI, 0))
			}
		})
	}
}
