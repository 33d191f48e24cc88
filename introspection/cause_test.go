package introspection_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
)

// always is an endpoint that always answers so.
func always(status int, contentType, body string) endpointFunc {
	return func(*http.Request) *http.Response { return reply(status, contentType, body) }
}

// Whoever has to find out why tokens are not judged is told what was wrong with the call. To clients all of it is one 503.
func TestFailureCauses(t *testing.T) {
	const signedType = "application/token-introspection+jwt"
	errSource, errVerifier := errors.New("no token for us"), errors.New("no such key")
	signed := func(payload string, err error) func(*introspection.Config) {
		return func(c *introspection.Config) {
			c.VerifyResponse = func(context.Context, string) ([]byte, error) { return []byte(payload), err }
		}
	}
	plain := func(*introspection.Config) {}
	for name, tt := range map[string]struct {
		answer endpointFunc
		change func(*introspection.Config)
		says   string
	}{
		"media type":           {always(200, "text/html", active), plain, "another media type than was asked for"},
		"media type and rest":  {always(200, "application/json; charset", active), plain, "another media type than was asked for"},
		"status":               {always(400, "application/json", "{}"), plain, "answered with status 400"},
		"too large":            {always(200, "application/json", strings.Repeat(" ", 64<<10+1)), plain, "larger than the limit"},
		"no object":            {always(200, "application/json", "[]"), plain, "not one strict JSON object"},
		"neither yes nor no":   {always(200, "application/json", `{"active":1}`), plain, "does not say true or false"},
		"wrong kind":           {always(200, "application/json", `{"active":true,"sub":1}`), plain, "a value of the wrong kind"},
		"no connection":        {func(*http.Request) *http.Response { return nil }, plain, "no usable HTTP answer"},
		"unverified":           {always(200, signedType, "a.b.c"), signed("", errVerifier), "could not be verified: no such key"},
		"no content":           {always(200, signedType, "a.b.c"), signed(`{"iat":1800000000}`, nil), "no token_introspection object"},
		"content that is text": {always(200, signedType, "a.b.c"), signed(`{"iat":1800000000,"token_introspection":"{}"}`, nil), "no token_introspection object"},
		"old":                  {always(200, signedType, "a.b.c"), signed(`{"iat":1,"token_introspection":{}}`, nil), "iat of the signed answer"},
		"our own token": {always(200, "application/json", active), func(c *introspection.Config) {
			c.ClientAuth = introspection.BearerToken(func(context.Context) (string, error) { return "", errSource })
		}, "authenticating ourselves"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := introspection.Config{}
			tt.change(&cfg)
			v := asking(t, tt.answer, cfg)
			_, err := v.Validate(t.Context(), "opaque")
			if !errors.Is(err, middleware.ErrUnavailable) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}

// Metadata that cannot be had is a failure of the server, and named.
func TestDiscoveryCause(t *testing.T) {
	v := newValidator(t, introspection.Config{
		Issuer: issuer, BreakAfter: 1, HTTPClient: endpointFunc(func(*http.Request) *http.Response { return reply(500, "text/plain", "") }).client(),
	})
	_, err := v.Validate(t.Context(), "opaque")
	if !errors.Is(err, middleware.ErrUnavailable) || !strings.Contains(err.Error(), "status 500") {
		t.Errorf("%v", err)
	}
	if got := v.State().Breaker; got == "closed" {
		t.Errorf("the breaker is %s", got)
	}
}

// Whoever looks into an error finds which address could not be reached.
func TestUnreachableAddress(t *testing.T) {
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	v := newValidator(t, introspection.Config{Endpoint: nobody.URL, AllowLoopbackHTTP: true})
	_, err := v.Validate(t.Context(), "opaque")
	if dial, ok := errors.AsType[*net.OpError](err); !ok || dial.Addr.String() != nobody.Listener.Addr().String() {
		t.Errorf("%v", err)
	}
}

// A question that waits for somebody else's discovery ends with its own time, and says so.
func TestSlowDiscovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newValidator(t, introspection.Config{Issuer: issuer, HTTPClient: endpointFunc(func(*http.Request) *http.Response {
			<-time.After(10 * time.Second) // of the bubble; a transport that does not look at its context
			return nil
		}).client()})
		var c crowd
		c.add(1, func() string { return validate(t, v, "first") })
		synctest.Wait()
		c.add(1, func() string { return validate(t, v, "second") })
		c.want(t, "unavailable", 2)
		synctest.Wait()
		if err := v.State().Err; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

// Which failures say that the server is down, so that one call at a time has to do.
func TestWhatBreaks(t *testing.T) {
	broken := func(*http.Request) *http.Response {
		resp := reply(200, "application/json", "")
		resp.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF))
		return resp
	}
	for name, tt := range map[string]struct {
		answer endpointFunc
		down   bool
	}{
		"429": {always(429, "", ""), true}, "499": {always(499, "", ""), false}, "500": {always(500, "", ""), true},
		"a body that ends early": {broken, true}, "rubbish": {always(200, "application/json", "x"), false},
		"a body that is too long": {always(200, "application/json", strings.Repeat(" ", 64<<10+1)), false},
	} {
		v := asking(t, tt.answer, introspection.Config{BreakAfter: 1})
		want(t, v, "opaque", "unavailable")
		if got := v.State().Breaker != "closed"; got != tt.down {
			t.Errorf("%s: the breaker is %s", name, v.State().Breaker)
		}
	}
}

// Answers may have 64 KiB.
func TestAnswerLimit(t *testing.T) {
	for size, expected := range map[int]string{64 << 10: "active", 64<<10 + 1: "unavailable"} {
		v := asking(t, say(active+strings.Repeat(" ", size-len(active))), introspection.Config{})
		want(t, v, "opaque", expected)
	}
}

// closed notes that it was.
type closed struct {
	io.Reader
	times int
}

func (c *closed) Close() error {
	c.times++
	return nil
}

// The body of every answer is closed, or its connection would be lost.
func TestBodiesAreClosed(t *testing.T) {
	for _, status := range []int{200, 400, 500} {
		body := &closed{Reader: strings.NewReader(active)}
		validate(t, asking(t, func(*http.Request) *http.Response {
			resp := reply(status, "application/json", "")
			resp.Body = body
			return resp
		}, introspection.Config{}), "opaque")
		if body.times == 0 {
			t.Errorf("status %d: not closed", status)
		}
	}
}

// The transport of the caller stays as it is.
func TestTransportOfTheCaller(t *testing.T) {
	transport := &http.Transport{}
	newValidator(t, introspection.Config{Endpoint: endpoint, HTTPClient: &http.Client{Transport: transport}})
	if transport.DialContext != nil || transport.TLSHandshakeTimeout != 0 || transport.MaxConnsPerHost != 0 || transport.MaxIdleConnsPerHost != 0 {
		t.Errorf("%+v", transport)
	}
}

// Without a default, whoever sets up metadata for many servers learns who they are.
func TestDescribe(t *testing.T) {
	for _, tt := range []struct {
		issuer string
		want   int
	}{{issuer, 1}, {"", 0}} {
		v := asking(t, say(active), introspection.Config{Issuer: tt.issuer})
		got := v.Describe()
		if len(got.Issuers) != tt.want || tt.want == 1 && got.Issuers[0] != issuer || !got.NoticesRevocation {
			t.Errorf("%q: %+v", tt.issuer, got)
		}
	}
}

// Signed answers may come a minute early, by our clock, and two late.
func TestSignedTimes(t *testing.T) {
	for iat, expected := range map[string]string{
		"1800000060": "active", "1800000061": "unavailable", "1799999880": "active", "1799999879": "unavailable",
	} {
		v := asking(t, func(*http.Request) *http.Response {
			return reply(200, "application/token-introspection+jwt", "a.b.c")
		}, introspection.Config{VerifyResponse: func(context.Context, string) ([]byte, error) {
			return []byte(`{"iat":` + iat + `,"token_introspection":` + active + `}`), nil
		}})
		if got := validate(t, v, "opaque"); got != expected {
			t.Errorf("iat %s: %s, want %s", iat, got, expected)
		}
	}
}

// A cached verdict counts until its time is over and not in that instant; a clock may be set back by a minute.
func TestCacheInstants(t *testing.T) {
	for _, tt := range []struct {
		moved time.Duration
		calls uint64
	}{
		{10*time.Second - 1, 1}, {10 * time.Second, 2}, {-time.Minute, 1}, {-time.Minute - 1, 2},
	} {
		c := newClock()
		v := asking(t, say(`{"active":false}`), introspection.Config{Now: c.Now})
		want(t, v, "opaque", "refused inactive")
		c.advance(tt.moved)
		want(t, v, "opaque", "refused inactive")
		if got := v.State().Calls; got != tt.calls {
			t.Errorf("%v later: %d calls, want %d", tt.moved, got, tt.calls)
		}
	}
}

// A negative StaleIfError is none, and takes nothing away from CacheTTL.
func TestNegativeStaleIfError(t *testing.T) {
	c := newClock()
	v := asking(t, say(`{"active":true}`), introspection.Config{Now: c.Now, StaleIfError: -30 * time.Second})
	want(t, v, "opaque", "active")
	c.advance(45 * time.Second)
	want(t, v, "opaque", "active")
	if got := v.State().Calls; got != 1 {
		t.Errorf("%d calls", got)
	}
}
