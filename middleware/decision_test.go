package middleware_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

func TestDecisions(t *testing.T) {
	expired := fail(middleware.Reject(middleware.ReasonExpired, errInner))
	tests := []struct {
		name      string
		validator middleware.Validator
		request   *http.Request
		policy    middleware.Policy
		want      middleware.Decision
		known     bool // the token
	}{
		{"good token", honour(alice()), bearer("a"), middleware.Policy{}, middleware.Decision{Allowed: true, Status: 200}, true},
		{"anonymous", honour(alice()), get(), middleware.Policy{AllowAnonymous: true}, middleware.Decision{Allowed: true, Status: 200}, false},
		{"no credentials", honour(alice()), get(), middleware.Policy{}, middleware.Decision{Status: 401, Reason: middleware.ReasonNoCredentials}, false},
		{"malformed", honour(alice()), get("Bearer"), middleware.Policy{},
			middleware.Decision{Status: 400, Code: middleware.CodeInvalidRequest, Reason: middleware.ReasonMalformedCredentials}, false},
		{"invalid", expired, bearer("a"), middleware.Policy{},
			middleware.Decision{Status: 401, Code: middleware.CodeInvalidToken, Reason: middleware.ReasonExpired}, false},
		{"unverified binding", honour(bound("jkt")), bearer("a"), middleware.Policy{},
			middleware.Decision{Status: 401, Code: middleware.CodeInvalidToken, Reason: middleware.ReasonUnverifiedBinding}, false},
		{"too weak", honour(alice()), bearer("a"), middleware.Policy{ACRValues: []string{"gold"}},
			middleware.Decision{Status: 401, Code: middleware.CodeInsufficientAuthentication, Reason: middleware.ReasonAuthenticationTooWeak}, true},
		{"insufficient scope", honour(alice()), bearer("a"), middleware.Policy{Scopes: []string{"admin"}},
			middleware.Decision{Status: 403, Code: middleware.CodeInsufficientScope, Reason: middleware.ReasonInsufficientScope}, true},
		{"unavailable", fail(errInner), bearer("a"), middleware.Policy{}, middleware.Decision{Status: 503, Reason: middleware.ReasonValidatorFailed}, false},
		{"misconfigured", honour(alice()), bearer("a"), middleware.Policy{Scopes: []string{""}},
			middleware.Decision{Status: 500, Reason: middleware.ReasonMisconfigured}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			type key struct{}
			var got []middleware.Decision
			guard := newGuard(t, tt.validator, middleware.Config{OnDecision: func(ctx context.Context, d middleware.Decision) {
				if ctx.Value(key{}) != "here" {
					t.Error("the context is not the request's")
				}
				got = append(got, d)
			}})
			_, err := guard.Authorize(http.Header{}, tt.request.WithContext(context.WithValue(t.Context(), key{}, "here")), tt.policy)
			if len(got) != 1 {
				t.Fatalf("told of %d decisions", len(got))
			}
			d := got[0]
			if d.Allowed != tt.want.Allowed || d.Status != tt.want.Status || d.Code != tt.want.Code || d.Reason != tt.want.Reason {
				t.Errorf("got %+v, want %+v", d, tt.want)
			}
			if d.Err != err || d.Duration < 0 || (d.Token.Subject == "alice") != tt.known {
				t.Errorf("got %+v for %v", d, err)
			}
		})
	}
}

// Operators see how many clients have moved to DPoP, and those that tried and failed.
func TestDecisionScheme(t *testing.T) {
	withProofs := middleware.Config{Bindings: []middleware.Binding{proofs{keyring{"jkt", new([]string), nil}, false}}}
	inForm := func() *http.Request { return form(http.MethodPost, "access_token=a") }
	inQuery := func() *http.Request { return httptest.NewRequest(http.MethodGet, "/?access_token=a", nil) }
	fields := func(fields ...string) func() *http.Request {
		return func() *http.Request { return with(get(fields...), "Key", "k") }
	}
	tests := []struct {
		name    string
		request func() *http.Request
		config  middleware.Config
		want    string
	}{
		{"Bearer", fields("bearer a"), middleware.Config{}, "Bearer"},
		{"Bearer where DPoP is known", fields("Bearer a"), withProofs, "Bearer"},
		{"DPoP", fields("dpop a"), withProofs, "DPoP"},
		{"DPoP without a token", fields("DPoP"), withProofs, "DPoP"},
		{"DPoP that is not known", fields("DPoP a"), middleware.Config{}, ""},
		{"another scheme", fields("Basic a"), withProofs, ""},
		{"two fields", fields("Bearer a", "DPoP a"), withProofs, ""},
		{"form", inForm, middleware.Config{AllowFormToken: true}, "Bearer"},
		{"query", inQuery, middleware.Config{AllowQueryToken: true}, "Bearer"},
		{"no credentials", fields(), withProofs, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, token := range []middleware.Token{alice(), boundTo("jkt", "k")} {
				for _, policy := range []middleware.Policy{{}, {AllowAnonymous: true}, {Scopes: []string{"admin"}}} {
					var got []middleware.Decision
					tt.config.OnDecision = func(_ context.Context, d middleware.Decision) { got = append(got, d) }
					_, _ = newGuard(t, honour(token), tt.config).Authorize(http.Header{}, tt.request(), policy)
					if len(got) != 1 || got[0].Scheme != tt.want {
						t.Errorf("got %+v, want %q", got, tt.want)
					}
				}
			}
		})
	}
}

// logged returns the one record that LogDecisions writes about a request, without its time.
func logged(t *testing.T, v middleware.Validator, r *http.Request, p middleware.Policy) map[string]any {
	t.Helper()
	var b bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, _ = newGuard(t, v, middleware.Config{OnDecision: middleware.LogDecisions(logger)}).Authorize(http.Header{}, r, p)
	var record map[string]any
	if err := json.Unmarshal(b.Bytes(), &record); err != nil {
		t.Fatalf("%v in %s", err, b.Bytes())
	}
	delete(record, "time")
	return record
}

func TestLogDecisions(t *testing.T) {
	nameless := alice()
	nameless.Issuer = "" // introspected, and the server did not say
	identity := map[string]any{"iss": "https://login.example", "sub": "alice", "client_id": "shop", "jti": "token-1"}
	namelessIdentity := maps.Clone(identity)
	namelessIdentity["iss"] = ""
	tests := []struct {
		name      string
		validator middleware.Validator
		request   *http.Request
		policy    middleware.Policy
		level     string
		status    float64
		scheme    string
		token     map[string]any
		reason    middleware.Reason
		err       string
	}{
		{"good token", honour(alice()), bearer("a"), middleware.Policy{}, "DEBUG", 200, "Bearer", identity, "", ""},
		{"token without issuer", honour(nameless), bearer("a"), middleware.Policy{}, "DEBUG", 200, "Bearer", namelessIdentity, "", ""},
		{"anonymous", honour(alice()), get(), middleware.Policy{AllowAnonymous: true}, "DEBUG", 200, "", nil, "", ""},
		{"no credentials", honour(alice()), get(), middleware.Policy{}, "INFO", 401, "", nil, "no_credentials", "oauth: no access token: no_credentials"},
		{"malformed", honour(alice()), get("Bearer"), middleware.Policy{}, "INFO", 400, "Bearer", nil, "malformed_credentials",
			"oauth: malformed credentials: malformed_credentials: the Authorization field does not follow the grammar of RFC 6750"},
		{"invalid", fail(middleware.Reject(middleware.ReasonExpired, errInner)), bearer("a"), middleware.Policy{}, "INFO", 401, "Bearer", nil, "expired",
			"oauth: invalid access token: expired: " + errInner.Error()},
		{"insufficient scope", honour(alice()), bearer("a"), middleware.Policy{Scopes: []string{"admin"}}, "INFO", 403, "Bearer", identity, "insufficient_scope",
			"oauth: insufficient scope: insufficient_scope"},
		{"unavailable", fail(errInner), bearer("a"), middleware.Policy{}, "ERROR", 503, "Bearer", nil, "validator_failed",
			"oauth: access token could not be checked: validator_failed: " + errInner.Error()},
		{"misconfigured", hidden(middleware.All()), bearer("a"), middleware.Policy{}, "ERROR", 500, "Bearer", nil, "misconfigured",
			"oauth: misconfigured: misconfigured: no validator was given"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			record := logged(t, tt.validator, tt.request, tt.policy)
			if d, ok := record["duration"].(float64); !ok || time.Duration(d) < 0 {
				t.Errorf("duration %v", record["duration"])
			}
			want := map[string]any{"level": tt.level, "msg": "oauth decision", "status": tt.status, "duration": record["duration"]}
			if tt.scheme != "" {
				want["scheme"] = tt.scheme
			}
			if tt.token != nil {
				want["token"] = tt.token
			}
			if tt.err != "" {
				want["reason"], want["error"] = string(tt.reason), tt.err
			}
			got, _ := json.Marshal(record)
			if expected, _ := json.Marshal(want); !bytes.Equal(got, expected) {
				t.Errorf("got %s, want %s", got, expected)
			}
		})
	}
}

// Whatever a request carries and wherever it fails, none of it turns up in the log.
func TestLogDecisionsKeepsSecrets(t *testing.T) {
	const secret = "c2VjcmV0"
	secrets := secretive()
	secrets.Confirmation = middleware.Confirmation{}
	var b bytes.Buffer
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&b, options), slog.NewTextHandler(&b, options)} {
		for _, v := range []middleware.Validator{honour(secrets), fail(middleware.Reject(middleware.ReasonExpired, nil)), fail(errInner)} {
			guard := newGuard(t, v, middleware.Config{
				AllowFormToken: true, AllowQueryToken: true, OnDecision: middleware.LogDecisions(slog.New(handler)),
			})
			query := httptest.NewRequest(http.MethodGet, "/?access_token="+secret, nil)
			for _, r := range []*http.Request{
				bearer(secret), get("Bearer " + secret + " " + secret), get("Bearer "+secret, "Bearer "+secret), get("Basic " + secret),
				form(http.MethodPost, "access_token="+secret), query,
			} {
				_, _ = guard.Authorize(http.Header{}, r, middleware.Policy{Scopes: []string{"admin"}})
			}
		}
	}
	if log := b.String(); strings.Contains(log, secret) || strings.Contains(log, "secret-") {
		t.Errorf("the log tells a secret:\n%s", log)
	}
}

// Without a logger of its own, the observer writes to the default one and only what its level lets through.
func TestLogDecisionsDefault(t *testing.T) {
	var b bytes.Buffer
	previous := slog.Default()
	defer slog.SetDefault(previous)
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	guard := newGuard(t, honour(alice()), middleware.Config{OnDecision: middleware.LogDecisions(nil)})
	for _, r := range []*http.Request{bearer("a"), get()} {
		_, _ = guard.Authorize(http.Header{}, r, middleware.Policy{})
	}
	lines := slices.Collect(strings.Lines(b.String()))
	if len(lines) != 1 || !strings.Contains(lines[0], "status=401") {
		t.Errorf("logged %q", lines)
	}
}
