package revocation_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/revocation"
)

// Whatever the server answers, the token is refused here.
func TestClientAnswers(t *testing.T) {
	const body = `{"error":"SAID_SO","error_description":"SAID ` + aliceToken + `"}`
	date := noon.UTC().Format(http.TimeFormat)
	inTwoMinutes := noon.Add(2 * time.Minute).UTC().Format(http.TimeFormat)
	type want struct {
		status int
		retry  time.Duration
		is     error
	}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   *want
	}{
		{"revoked", answer(200, ""), nil},
		{"unknown", answer(200, `{"error":"SAID"}`), nil},
		{"success with nonsense", answer(200, "<html>SAID", "Content-Type", "text/html"), nil},
		{"no content", answer(204, ""), &want{status: 204}},
		{"busy", answer(503, body, "Retry-After", "17"), &want{status: 503, retry: 17 * time.Second}},
		{"busy until", answer(503, body, "Retry-After", inTwoMinutes, "Date", date), &want{status: 503, retry: 2 * time.Minute}},
		{"busy, nonsense", answer(503, body, "Retry-After", "soon SAID"), &want{status: 503}},
		{"busy, negative", answer(503, body, "Retry-After", "-5"), &want{status: 503}},
		{"busy, past", answer(503, body, "Retry-After", noon.Add(-hour).UTC().Format(http.TimeFormat), "Date", date), &want{status: 503, retry: time.Second}},
		{"busy, for ever", answer(503, body, "Retry-After", "4294967295"), &want{status: 503, retry: time.Hour}},
		{"busy, longer", answer(503, body, "Retry-After", "99999999999999999999"), &want{status: 503}},
		{"busy, says nothing", answer(503, body), &want{status: 503}},
		{"too many", answer(429, body, "Retry-After", "3"), &want{status: 429, retry: 3 * time.Second}},
		{"broken", answer(500, body, "Retry-After", "3"), &want{status: 500}},
		{"unsupported", answer(400, `{"error":"unsupported_token_type","x":"SAID"}`), &want{status: 400, is: revocation.ErrUnsupportedTokenType}},
		{"unsupported, wrong status", answer(500, `{"error":"unsupported_token_type"}`), &want{status: 500}},
		{"unsupported, other case", answer(400, `{"Error":"unsupported_token_type"}`), &want{status: 400}},
		{"unsupported, twice", answer(400, `{"error":"x","error":"unsupported_token_type"}`), &want{status: 400}},
		{"our credentials", answer(401, body, "WWW-Authenticate", "Basic SAID"), &want{status: 401, is: revocation.ErrOwnCredentials}},
		{"our credentials, 403", answer(403, body), &want{status: 403, is: revocation.ErrOwnCredentials}},
		{"our credentials, 400", answer(400, `{"error":"invalid_client"}`), &want{status: 400, is: revocation.ErrOwnCredentials}},
		{"bad request", answer(400, body), &want{status: 400}},
		{"bad request, nonsense", answer(400, "SAID"), &want{status: 400}},
		{"bad request, endless", answer(400, `{"error":"`+strings.Repeat("SAID", 1<<16)+`"}`), &want{status: 400}},
		{"redirect", answer(307, body, "Location", "https://attacker.example/SAID"), &want{status: 307}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := newList(t, &clock{}, revocation.Config{})
			err := newClient(t, list, newServer(t, tt.answer).URL).Revoke(t.Context(), revocation.Request{Token: aliceToken})
			wantDiscretion(t, err)
			token := alice()
			wantVerdict(t, list, &token, "revoked")
			if tt.want == nil {
				if err != nil {
					t.Errorf("got %v, want success", err)
				}
				return
			}
			failure, ok := errors.AsType[*revocation.ServerError](err)
			if !ok {
				t.Fatalf("got %v, want a *ServerError", err)
			}
			if failure.Status != tt.want.status || failure.RetryAfter != tt.want.retry {
				t.Errorf("status %d, retry after %v, want %d, %v", failure.Status, failure.RetryAfter, tt.want.status, tt.want.retry)
			}
			for _, sentinel := range []error{revocation.ErrUnsupportedTokenType, revocation.ErrOwnCredentials} {
				if got, want := errors.Is(err, sentinel), sentinel == tt.want.is; got != want {
					t.Errorf("matching %q is %t, want %t", sentinel, got, want)
				}
			}
		})
	}
}

// roundTrip lets a function be a transport.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Without an answer too the token is refused here, and the error says no more than that there was none.
func TestClientWithoutAnswer(t *testing.T) {
	closed := newServer(t, answer(200, ""))
	closed.Close()
	garbage := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, _ := http.NewResponseController(w).Hijack()
		_, _ = buffered.WriteString("SAID " + aliceToken + "\r\n\r\n")
		_ = buffered.Flush()
		_ = conn.Close()
	})
	hanging := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client has left
		<-r.Context().Done()
	})
	inner := errors.New("inner")
	for _, tt := range []struct {
		name     string
		endpoint string
		change   func(*revocation.ClientConfig)
		want     string
		is       error
	}{
		{"connection refused", closed.URL, nil, "connection refused", nil},
		{"not HTTP", garbage.URL, nil, "", nil},
		{"silence", hanging.URL, func(c *revocation.ClientConfig) { c.Timeout = time.Millisecond }, "timed out", context.DeadlineExceeded},
		{"transport", "https://as.example.com", func(c *revocation.ClientConfig) {
			c.HTTPClient = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				return nil, fmt.Errorf("SAID: %w", inner)
			})}
		}, "", inner},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := newList(t, &clock{}, revocation.Config{})
			client := newClient(t, list, tt.endpoint, func(c *revocation.ClientConfig) {
				if tt.change != nil {
					tt.change(c)
				}
			})
			err := client.Revoke(t.Context(), revocation.Request{Token: aliceToken})
			wantDiscretion(t, err)
			failure, ok := errors.AsType[*revocation.ServerError](err)
			if !ok || failure.Status != 0 || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want no answer: %s", err, tt.want)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%v does not wrap its cause", err)
			}
			token := alice()
			wantVerdict(t, list, &token, "revoked")
		})
	}
}
