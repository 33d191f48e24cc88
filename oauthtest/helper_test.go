package oauthtest_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/oauthtest"
)

// everyWay runs a test against a server on TLS, on plain HTTP and in memory.
func everyWay(t *testing.T, cfg oauthtest.Config, test func(*testing.T, *oauthtest.Server)) {
	t.Helper()
	ways := map[string]func(*oauthtest.Config){
		"TLS":       func(*oauthtest.Config) {},
		"plain":     func(c *oauthtest.Config) { c.PlainHTTP = true },
		"in memory": func(c *oauthtest.Config) { c.InMemory = true },
	}
	for name, change := range ways {
		t.Run(name, func(t *testing.T) {
			cfg := cfg
			cfg.Algorithms = []string{"ES256"}
			change(&cfg)
			test(t, oauthtest.NewServer(t, cfg))
		})
	}
}

type response struct {
	status int
	header http.Header
	body   string
}

// do sends a request, from any goroutine, and fails the test if there is no whole answer.
func do(t *testing.T, as *oauthtest.Server, r *http.Request) response {
	t.Helper()
	answer, err := as.HTTPClient().Do(r)
	if err != nil {
		t.Error(err)
		return response{}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	if int64(len(body)) != answer.ContentLength && r.Method != http.MethodHead {
		t.Errorf("ContentLength is %d, the body has %d octets", answer.ContentLength, len(body))
	}
	return response{answer.StatusCode, answer.Header, string(body)}
}

func request(t *testing.T, method, target, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func get(t *testing.T, as *oauthtest.Server, e oauthtest.Endpoint) response {
	t.Helper()
	return do(t, as, request(t, http.MethodGet, as.URL(e), ""))
}

// post sends a form as client "api" with secret "s".
func post(t *testing.T, as *oauthtest.Server, e oauthtest.Endpoint, form url.Values) response {
	t.Helper()
	form = maps.Clone(form)
	form.Set("client_id", "api")
	form.Set("client_secret", "s")
	return do(t, as, formRequest(t, as, e, form))
}

func formRequest(t *testing.T, as *oauthtest.Server, e oauthtest.Endpoint, form url.Values) *http.Request {
	t.Helper()
	r := request(t, http.MethodPost, as.URL(e), form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// introspect returns what the server says about a token.
func introspect(t *testing.T, as *oauthtest.Server, token string) map[string]any {
	t.Helper()
	return object(t, post(t, as, oauthtest.EndpointIntrospection, url.Values{"token": {token}}).body)
}

func object(t *testing.T, data string) map[string]any {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(data), &members); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return members
}

// verify checks a token against the published keys and returns its header and claims, or false if no key fits.
func verify(t *testing.T, as *oauthtest.Server, token string) (header, claims map[string]any, ok bool) {
	t.Helper()
	keys, skipped, err := jose.ParseKeySet([]byte(get(t, as, oauthtest.EndpointJWKS).body))
	if err != nil || len(skipped) != 0 {
		t.Fatalf("unusable key set: %v %v", err, skipped)
	}
	jws, err := jose.Parse(token)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys.Candidates(jws.KeyID, jws.Algorithm, jose.Asymmetric()) {
		if key.Verify(jws.Algorithm, jws) == nil {
			return object(t, string(jws.Octets)), object(t, string(jws.Payload)), true
		}
	}
	return nil, nil, false
}

// fatal returns the message a use of a server fails its test with, "" if it does not.
func fatal(t *testing.T, use func(testing.TB)) string {
	t.Helper()
	spy := &spy{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		use(spy)
	}()
	<-done
	return spy.message
}

// spy is a test that records how it failed.
type spy struct {
	testing.TB
	message string
}

func (s *spy) Fatal(args ...any) {
	s.message = args[0].(error).Error()
	runtime.Goexit()
}
