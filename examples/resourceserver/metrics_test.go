package main

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/oauthtest"
)

// figures are what /metrics says, by series.
type figures map[string]float64

func (s *server) metrics() (figures, string) {
	s.t.Helper()
	got := s.get("/metrics", "")
	if mediaType := got.header.Get("Content-Type"); got.status != 200 || !strings.HasPrefix(mediaType, "text/plain; version=0.0.4") {
		s.t.Fatalf("%d %s", got.status, mediaType)
	}
	all := figures{}
	for lines := bufio.NewScanner(strings.NewReader(got.body)); lines.Scan(); {
		series, value, _ := cutLast(lines.Text(), " ")
		if strings.HasPrefix(series, "#") {
			continue
		}
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			s.t.Errorf("%q: %v", lines.Text(), err)
		}
		all[series] = number
	}
	return all, got.body
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// want compares some figures. A series that is missing is 0.
func (f figures) want(t *testing.T, want figures) {
	t.Helper()
	for series, value := range want {
		if f[series] != value {
			t.Errorf("%s is %v, want %v", series, f[series], value)
		}
	}
}

// decisions names the series of decisions about Bearer tokens that did not pass. What failed here is told without a scheme.
func decisions(guard, outcome, reason string, status int) string {
	scheme := `bearergate_scheme="Bearer",`
	if outcome == "failed" || reason == "no_credentials" {
		scheme = ""
	}
	return fmt.Sprintf(`bearergate_decisions_total{bearergate_guard=%q,bearergate_outcome=%q,%serror_type=%q,http_response_status_code="%d"}`,
		guard, outcome, scheme, reason, status)
}

func allowedBy(guard string) string {
	return fmt.Sprintf(`bearergate_decisions_total{bearergate_guard=%q,bearergate_outcome="allowed",bearergate_scheme="Bearer"}`, guard)
}

// Every answer is counted by what it was, and nothing of who asked is told.
func TestMetrics(t *testing.T) {
	eachAdapter(t, func(t *testing.T, adapter string) {
		as := newAuthorizationServer(t)
		s := trusting(t, as, asking(t, as, "-adapter", adapter)...)
		whose := oauthtest.Token{Subject: "subject-of-a-test", ClientID: "client-of-a-test", Claims: map[string]any{"jti": "id-of-a-test"}}
		good := as.Mint(whose)
		opaque := whose
		opaque.Opaque = true
		asked := as.Mint(opaque)
		endpoint := as.URL(oauthtest.EndpointIntrospection)

		wantStatus(t, s.get("/me", good), 200)
		wantStatus(t, s.get("/me?access_token=in-a-query", good), 200)
		wantStatus(t, s.get("/orders", good), 403)
		wantStatus(t, s.get("/orders/path-of-a-test", "rubbish-of-a-test"), 401)
		wantStatus(t, s.get("/me", ""), 401)
		wantStatus(t, s.get("/fresh", asked), 200)
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Status: http.StatusBadGateway})
		wantStatus(t, s.get("/me", as.Mint(oauthtest.Token{Opaque: true, Subject: whose.Subject})), 503)

		all, text := s.metrics()
		all.want(t, figures{
			allowedBy("usual"): 2,
			allowedBy("fresh"): 1,
			decisions("usual", "refused", "insufficient_scope", 403):       1,
			decisions("usual", "refused", "inactive", 401):                 1,
			decisions("usual", "refused", "no_credentials", 401):           1,
			decisions("usual", "failed", "introspection_unavailable", 503): 1,

			`bearergate_decision_duration_seconds_count{bearergate_guard="usual",bearergate_outcome="refused"}`:               3,
			fmt.Sprintf(`bearergate_introspection_calls_total{bearergate_outcome="answered",bearergate_source=%q}`, endpoint): 2,
			fmt.Sprintf(`bearergate_introspection_calls_total{bearergate_outcome="failed",bearergate_source=%q}`, endpoint):   1,
			fmt.Sprintf(`bearergate_introspection_failing{bearergate_source=%q}`, endpoint):                                   1,
			fmt.Sprintf(`bearergate_key_set_state{bearergate_source=%q,bearergate_state="fresh"}`, as.Issuer()):               1,
		})
		wantNothingOf(t, text, good, asked, "of-a-test", "in-a-query", "/me", "/orders", clientSecret)
	})
}

func wantNothingOf(t *testing.T, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for _, part := range append(strings.Split(secret, "."), secret) {
			if strings.Contains(text, part) {
				t.Errorf("/metrics tells %q", part)
			}
		}
	}
}

// What is revoked shows, and so do requests that wait for it. What keys are down, too.
func TestMetricsOfWhatDecisionsRelyOn(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Status: http.StatusInternalServerError})
	transmitter := newIssuer(t, oauthtest.Config{})
	s := trusting(t, as, "-set-issuer", transmitter.Issuer(), "-set-audience", "us", "-logout-client-id", "us",
		"-trusted-proxy", "10.0.0.0/24", "-status-list-prefix", as.Issuer()+"/lists/")
	wantStatus(t, s.post("/events", "", "application/secevent+jwt", "rubbish"), 400)
	wantStatus(t, s.post("/backchannel-logout", "", "application/x-www-form-urlencoded", "logout_token=rubbish"), 400)
	token := as.Mint(oauthtest.Token{})
	s.wantStatus(token, 503)
	state := func(source, state string) string {
		return fmt.Sprintf(`bearergate_key_set_state{bearergate_source=%q,bearergate_state=%q}`, source, state)
	}
	failing := fmt.Sprintf(`bearergate_key_set_fetch_failing{bearergate_source=%q}`, as.Issuer())
	all, _ := s.metrics()
	all.want(t, figures{
		failing:                              1,
		state(as.Issuer(), "unusable"):       1,
		state("security events", "unusable"): 1,
		decisions("usual", "failed", "keys_unavailable", 503):                                             1,
		"bearergate_revocation_list_limit":                                                                1e6,
		`bearergate_event_tokens_total{bearergate_outcome="refused",bearergate_source="security events"}`: 1,
		`bearergate_event_tokens_total{bearergate_outcome="refused",bearergate_source="logouts"}`:         1,
	})

	as.Heal()
	s.wantStatus(token, 200)
	form := url.Values{"token": {"whatever"}}.Encode()
	wantStatus(t, s.post("/revoke", token, "application/x-www-form-urlencoded", form), 200)
	all, _ = s.metrics()
	for _, series := range []string{
		"bearergate_mtls_ignored_certificates_total", `bearergate_status_list_count{bearergate_state="fresh"}`,
		`bearergate_event_stream_state{bearergate_source="security events",bearergate_state="unannounced"}`,
	} {
		if _, ok := all[series]; !ok {
			t.Errorf("%s is missing", series)
		}
	}
	all.want(t, figures{failing: 0, state(as.Issuer(), "fresh"): 1, state(as.Issuer(), "unusable"): 0, "bearergate_revocation_list_usage": 1})
}

// Whoever collects may ask for the head alone, as of every route.
func TestMetricsHead(t *testing.T) {
	s := trusting(t, newIssuer(t, oauthtest.Config{}))
	if got := s.do(http.MethodHead, "/metrics", ""); got.status != 200 || got.body != "" {
		t.Errorf("%d with %d octets", got.status, len(got.body))
	}
}

// How full the memory of used proofs is shows where there is one.
func TestMetricsOfProofs(t *testing.T) {
	as := newAuthorizationServer(t)
	with, _ := trusting(t, as, "-dpop", "allowed", "-resource", "https://api.example.com").metrics()
	without, _ := trusting(t, as).metrics()
	const limit = "bearergate_dpop_replays_limit"
	if _, watched := without[limit]; with[limit] != 1_000_000 || watched {
		t.Errorf("limit %v with proofs, %v without", with[limit], without[limit])
	}
}
