package servers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

const (
	audience      = "https://orders.example.com"
	otherAudience = "https://billing.example.com"
	scope         = "orders:read"
	otherScope    = "reports:read"

	briefly = 3 * time.Second
	usually = 10 * time.Minute
)

// station is a resource server for the tokens of an offer.
type station struct {
	*offer
	mode    mode
	adapter string
	rs      *harness.ResourceServer

	keyless  *harness.ResourceServer // another one, which has not needed any keys yet
	observed map[string]string       // by behaviour
	tokens   map[string]string       // that were obtained while that was possible
}

func newStation(t *testing.T, o *offer, m mode, adapter string) *station {
	t.Helper()
	s := &station{offer: o, mode: m, adapter: adapter, observed: map[string]string{}, tokens: map[string]string{}}
	s.rs = s.startResourceServer(t, harness.Secret(o.ResourceServer))
	return s
}

func (s *station) String() string { return fmt.Sprintf("%s/%s", s.mode, s.adapter) }

func (s *station) startResourceServer(t *testing.T, secret string) *harness.ResourceServer {
	t.Helper()
	flags := []string{
		"-adapter", s.adapter, "-audience", audience, "-insecure-http", "-leeway", "0", "-revocation-url", s.RevocationURL,
		"-introspection-client-id", s.ResourceServer, "-introspection-client-secret-file", harness.SecretFile(t, secret),
	}
	if s.mode != asking {
		flags = append(flags, "-issuer", s.Issuer)
	}
	if s.mode != keys {
		flags = append(flags, "-introspection-url", s.IntrospectionURL)
	}
	if s.mode == both {
		flags = append(flags, "-introspection-mode", "all")
	}
	if s.profile != "" {
		flags = append(flags, "-profile", s.profile)
	}
	return harness.StartResourceServer(t, flags...)
}

// obtain obtains a token.
func (s *station) obtain(t *testing.T, audience, scope string) string {
	t.Helper()
	return s.Grant(t, indicator(audience, s.query), scope)
}

// indicator is the resource indicator (RFC 8707) for tokens of an audience.
func indicator(audience string, query ...string) string {
	wanted := strings.Trim(strings.Join(query, "&"), "&")
	if wanted == "" {
		return audience
	}
	return audience + "/?" + wanted
}

// good obtains a token that nothing is wrong with.
func (s *station) good(t *testing.T) string {
	t.Helper()
	return s.obtain(t, audience, scope)
}

// brief obtains one that will soon expire.
func (s *station) brief(t *testing.T) string {
	t.Helper()
	if s.setLifetime != nil {
		return s.good(t)
	}
	return s.Grant(t, indicator(audience, s.query, fmt.Sprintf("ttl=%d", briefly/time.Second)), scope)
}

// ask says what the resource server answers.
func (s *station) ask(t *testing.T, path, token string) string {
	t.Helper()
	return verdict(t, s.rs.Get(t, path, token))
}

// accepted requires that a token is good now, so that what is refused later is refused for what happened meanwhile.
func (s *station) accepted(t *testing.T, token string) string {
	t.Helper()
	if got := s.ask(t, "/me", token); got != "200" {
		t.Fatalf("answer %s for a good token, want 200", got)
	}
	return token
}

// revokeThrough revokes a token at the resource server, which tells the authorization server.
func (s *station) revokeThrough(t *testing.T, token string) {
	t.Helper()
	answer := s.rs.Post(t, "/revoke", token, url.Values{"token": {token}})
	if answer.Status != http.StatusOK {
		t.Fatalf("POST /revoke: status %d, want 200; body %s", answer.Status, answer.Body)
	}
	if s.mode != keys && s.Active(t, token) {
		t.Error("the authorization server was not told of the revocation")
	}
}

// verdict is the status of an answer, and the error that it names. A good one is that of a handler, an unavailable server
// leaves the token in peace and names a time to come back.
func verdict(t *testing.T, answer harness.Answer) string {
	t.Helper()
	switch answer.Status {
	case http.StatusOK:
		var call harness.Call
		if err := json.Unmarshal(answer.Body, &call); err != nil || call.Calls == 0 {
			t.Errorf("body %s, want that of a handler", answer.Body)
		}
	case http.StatusServiceUnavailable:
		if answer.Header.Get("Retry-After") == "" || answer.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("header %v, want Retry-After and no challenge", answer.Header)
		}
	default:
		return strings.TrimSpace(fmt.Sprintf("%d %s", answer.Status, answer.Challenge(t)["error"]))
	}
	return fmt.Sprint(answer.Status)
}
