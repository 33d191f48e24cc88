package jwks_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// outages are the ways in which the key set endpoint is not there.
var outages = map[string]oauthtest.Fault{
	"refused":     {Drop: true},
	"unavailable": {Status: http.StatusServiceUnavailable},
	"silent":      {Hang: true},
}

// during runs a test for every outage; the token it gets is good for longer than any key.
func during(t *testing.T, test func(f *fixture, outage oauthtest.Fault, token string)) {
	t.Helper()
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			run(t, nil, func(f *fixture) { test(f, outage, f.mintLong()) })
		})
	}
}

func TestOutageWithoutKeys(t *testing.T) {
	during(t, func(f *fixture, outage oauthtest.Fault, token string) {
		f.breakKeys(outage)
		f.cannotJudge(token)
	})
}

// TestOutageWithFreshKeys asks nobody.
func TestOutageWithFreshKeys(t *testing.T) {
	during(t, func(f *fixture, outage oauthtest.Fault, token string) {
		f.accepts(token)
		f.breakKeys(outage)
		elapse(7*time.Minute + 29*time.Second)
		f.accepts(token)
		f.fetched(1)
	})
}

// TestOutageWithStaleKeys goes on with the last good keys for an hour, and nobody waits once an attempt has failed.
func TestOutageWithStaleKeys(t *testing.T) {
	during(t, func(f *fixture, outage oauthtest.Fault, token string) {
		f.accepts(token)
		f.breakKeys(outage)
		elapse(10 * time.Minute)
		f.accepts(token)
		for range 59 {
			elapse(time.Minute)
			began := time.Now()
			f.accepts(token)
			if waited := time.Since(began); waited != 0 {
				f.Fatalf("a request waited %v", waited)
			}
		}
		f.fetched(2 + 59)
	})
}

// TestOutageWithStaleKeysAndHangingIssuer: the first attempt may wait for an answer, those who come during and after it
// with a deadline of their own still get their decision.
func TestOutageWithStaleKeysAndHangingIssuer(t *testing.T) {
	run(t, nil, func(f *fixture) {
		token := f.mintLong()
		f.accepts(token)
		f.breakKeys(oauthtest.Fault{Hang: true})
		elapse(15 * time.Minute)
		began := time.Now()
		ctx, cancel := context.WithTimeout(f.Context(), time.Second)
		defer cancel()
		if _, err := f.v.Validate(ctx, token); err != nil || time.Since(began) != time.Second {
			f.Errorf("got %v after %v, want acceptance at the deadline", err, time.Since(began))
		}
	})
}

// TestOneWaitForStaleKeys: a request waits for an issuer that does not answer only while nothing is known yet of the first
// attempt since the keys went out of date, and then for a second at most.
func TestOneWaitForStaleKeys(t *testing.T) {
	waits := func(f *fixture, token string, want time.Duration) {
		f.Helper()
		began := time.Now()
		f.accepts(token)
		if waited := time.Since(began); waited != want {
			f.Errorf("waited %v, want %v", waited, want)
		}
	}
	t.Run("first attempt afterwards", func(t *testing.T) {
		run(t, nil, func(f *fixture) {
			token := f.mintLong()
			f.accepts(token)
			f.breakKeys(oauthtest.Fault{Hang: true})
			elapse(10 * time.Minute)
			waits(f, token, time.Second)
			waits(f, token, time.Second) // which is under way still
			elapse(time.Minute)
			waits(f, token, 0) // begins the second one
			waits(f, token, 0)
			f.fetched(3)
		})
	})
	t.Run("first attempt before", func(t *testing.T) {
		run(t, nil, func(f *fixture) {
			token := f.mintLong()
			f.accepts(token)
			f.breakKeys(oauthtest.Fault{Hang: true})
			elapse(10*time.Minute - time.Second)
			waits(f, token, 0)
			elapse(2 * time.Second)
			waits(f, token, 0)
			f.fetched(2)
		})
	})
}

// TestOutageAttempts: while keys are out of date the issuer is asked once for each cool-down, however many requests pass.
func TestOutageAttempts(t *testing.T) {
	run(t, nil, func(f *fixture) {
		token := f.mintLong()
		f.accepts(token)
		f.breakKeys(oauthtest.Fault{Status: http.StatusServiceUnavailable})
		elapse(10 * time.Minute)
		for range 600 {
			f.accepts(token)
			elapse(time.Second)
		}
		f.fetched(1 + 600/30)
	})
}

func TestOutageWithKeysTooOld(t *testing.T) {
	during(t, func(f *fixture, outage oauthtest.Fault, token string) {
		f.accepts(token)
		f.breakKeys(outage)
		elapse(70 * time.Minute)
		f.cannotJudge(token)
		f.as.Heal()
		f.accepts(token)
	})
}

func TestConfiguredMaxStale(t *testing.T) {
	for name, tt := range map[string]struct {
		maxStale time.Duration
		usable   time.Duration
	}{
		"longer": {24 * time.Hour, 24*time.Hour + 10*time.Minute},
		"off":    {-1, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(c *jwks.Config) { c.MaxStale = tt.maxStale }, func(f *fixture) {
				token := f.mintLong()
				f.accepts(token)
				f.breakKeys(oauthtest.Fault{Drop: true})
				elapse(tt.usable - time.Second)
				f.accepts(token)
				elapse(time.Second)
				f.cannotJudge(token)
			})
		})
	}
}

// TestIdleNight: keys that went out of date while nobody asked are fetched before they are used.
func TestIdleNight(t *testing.T) {
	for name, idle := range map[string]time.Duration{"within bounds": time.Hour, "too old": 12 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			run(t, nil, func(f *fixture) {
				withdrawn := f.mintLong()
				f.accepts(withdrawn)
				f.as.Rotate()
				f.as.Retire()
				f.breakKeys(oauthtest.Fault{Latency: 100 * time.Millisecond}) // so that all of them wait
				elapse(idle)
				for _, err := range f.errs(times(100, func() string { return withdrawn })) {
					wantOutcome(f, err, middleware.ErrInvalidToken, middleware.ReasonUnknownKey)
				}
				f.accepts(f.mint())
				f.fetched(2)
			})
		})
	}
}

// badDocuments are answers that are no key set.
var badDocuments = map[string]oauthtest.Fault{
	"HTML":           {Body: "<html><body>maintenance</body></html>", Header: http.Header{"Content-Type": {"text/html"}}},
	"empty body":     {Status: http.StatusOK},
	"empty set":      {Body: `{"keys":[]}`},
	"truncated":      {Body: `{"keys":[{"kty":"EC","crv":"P-256"`},
	"two documents":  {Body: `{"keys":[]}{"keys":[]}`},
	"server error":   {Status: http.StatusInternalServerError, Body: `{"keys":[]}`},
	"not found":      {Status: http.StatusNotFound},
	"no content":     {Status: http.StatusNoContent},
	"moved":          {Status: http.StatusMovedPermanently, Header: http.Header{"Location": {"https://as.example.com/jwks"}}},
	"found":          {Status: http.StatusFound, Header: http.Header{"Location": {"https://evil.example/jwks"}}},
	"too large":      {Body: `{"keys":[]}` + strings.Repeat(" ", 512<<10-11+1)},
	"slow drip":      {Drip: time.Second, Body: `{"keys":[]}`},
	"hang":           {Hang: true},
	"drop":           {Drop: true},
	"too late":       {Latency: 6 * time.Second},
	"private key":    {Body: `{"keys":[{"kty":"oct","k":"MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA"}]}`},
	"too many keys":  {Body: `{"keys":[` + strings.Repeat("{},", 100) + `{}]}`},
	"unasked 304":    {Status: http.StatusNotModified, Header: http.Header{"Etag": {`"x"`}}},
	"other encoding": {Body: "{\"keys\":[]}\xff"},
}

func TestBadDocumentWithoutKeys(t *testing.T) {
	for name, bad := range badDocuments {
		t.Run(name, func(t *testing.T) {
			run(t, nil, func(f *fixture) {
				f.breakKeys(bad)
				f.cannotJudge(f.mint())
				if got := f.as.Requests(oauthtest.EndpointAny); got != 2 {
					f.Errorf("%d requests, want one for metadata and one for keys", got)
				}
				f.as.Heal()
				f.accepts(f.mint())
			})
		})
	}
}

func TestBadDocumentWithKeys(t *testing.T) {
	for name, bad := range badDocuments {
		if name == "unasked 304" { // it was asked for
			continue
		}
		t.Run(name, func(t *testing.T) { run(t, nil, keepsGoodKeys(bad)) })
	}
}

// TestLargestDocument: the limit itself is not too large.
func TestLargestDocument(t *testing.T) {
	document := keySet(t, signerOf(t, jose.ES256))
	document += strings.Repeat(" ", 512<<10-len(document))
	s := &stub{}
	s.put(keysURL, page{body: document})
	if err := fromURL(t, s).Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestCompressedBomb sends little that unpacks to much, over a real connection, where the transport unpacks it.
func TestCompressedBomb(t *testing.T) {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	as := oauthtest.NewServer(t, oauthtest.Config{Algorithms: []string{"ES256"}})
	as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{
		Body: bomb.String(), Header: http.Header{"Content-Encoding": {"gzip"}},
	})
	v := newValidator(t, jwks.Config{Issuer: as.Issuer(), Audience: audience, HTTPClient: as.HTTPClient()})
	undecided(t, v, as.Mint(oauthtest.Token{}))
	as.Heal()
	accepted(t, v, as.Mint(oauthtest.Token{}))
}

// panicking is a transport with a bug.
type panicking struct{}

func (panicking) RoundTrip(*http.Request) (*http.Response, error) { panic("a bug of the program") }

// TestPanickingTransport: a panic of the caller's transport is an outage, not the end of the process.
func TestPanickingTransport(t *testing.T) {
	v := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, JWKSURL: keysURL, HTTPClient: &http.Client{Transport: panicking{}}, Now: atNoon,
	})
	undecided(t, v, sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(nil)))
}
