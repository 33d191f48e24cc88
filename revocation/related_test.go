package revocation_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// described is a Describe that always answers the same.
func described(token *middleware.Token, err error) func(*revocation.ClientConfig) {
	return func(c *revocation.ClientConfig) {
		c.Describe = func(context.Context, string) (*middleware.Token, error) { return token, err }
	}
}

// A refresh token takes along what was issued with it, as far as that is known, and nothing else.
func TestRefreshTokenTakesAlong(t *testing.T) {
	known := alice() // what the server knows of the refresh token
	but := func(change func(*middleware.Token)) *middleware.Token { return aliceBut(change) }
	grantOnly := but(func(t *middleware.Token) { t.SessionID = "" })
	unknown := middleware.Reject(middleware.ReasonInactive, nil)
	for _, tt := range []struct {
		name  string
		hint  string
		known *middleware.Token
		err   error
		// The verdicts on another access token of the session, on one of the same grant in another session, on one of the
		// same subject at another client.
		session, grant, subject string
	}{
		{"session", "refresh_token", &known, nil, "revoked", "good", "good"},
		{"grant", "refresh_token", grantOnly, nil, "revoked", "revoked", "good"},
		{"no client", "refresh_token", but(func(t *middleware.Token) { t.SessionID, t.ClientID = "", "" }), nil, "good", "good", "good"},
		{"no subject", "refresh_token", but(func(t *middleware.Token) { t.SessionID, t.Subject = "", "" }), nil, "good", "good", "good"},
		{"no issuer", "refresh_token", but(func(t *middleware.Token) { t.Issuer = "" }), nil, "good", "good", "good"},
		{"other issuer", "refresh_token", but(func(t *middleware.Token) { t.Issuer = otherIssuer }), nil, "good", "good", "good"},
		{"unknown", "refresh_token", nil, unknown, "good", "good", "good"},
		{"access token", "access_token", &known, nil, "good", "good", "good"},
		{"no hint", "", &known, nil, "good", "good", "good"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := newList(t, &clock{}, revocation.Config{})
			client := newClient(t, list, newServer(t, answer(200, "")).URL, described(tt.known, tt.err))
			if err := client.Revoke(t.Context(), revocation.Request{Token: refreshToken, Hint: tt.hint}); err != nil {
				t.Fatal(err)
			}
			for _, other := range []struct {
				name   string
				change func(*middleware.Token)
				want   string
			}{
				{"session", func(*middleware.Token) {}, tt.session},
				{"grant", func(t *middleware.Token) { t.SessionID = "session-2" }, tt.grant},
				{"subject", func(t *middleware.Token) { t.SessionID, t.ClientID = "session-2", "kiosk" }, tt.subject},
				{"later login", func(t *middleware.Token) { t.SessionID, t.IssuedAt = "session-2", noon.Add(time.Second) }, "good"},
			} {
				if got := verdict(t, list, aliceBut(other.change)); got != other.want {
					t.Errorf("%s: %s, want %s", other.name, got, other.want)
				}
			}
			itself := aliceBut(func(t *middleware.Token) { *t = middleware.Token{Fingerprint: middleware.FingerprintOf(refreshToken)} })
			wantVerdict(t, list, itself, "revoked")
		})
	}
}

// If nobody can say what belongs to a refresh token it is revoked all the same, and the caller is told.
func TestRefreshTokenUndescribed(t *testing.T) {
	down := middleware.Unavailable(middleware.ReasonIntrospectionUnavailable, 0, nil)
	for name, describe := range map[string]func(*revocation.ClientConfig){
		"error":   described(nil, down),
		"nothing": described(nil, nil),
		"silence": func(c *revocation.ClientConfig) {
			c.Describe = func(ctx context.Context, _ string) (*middleware.Token, error) {
				if _, bounded := ctx.Deadline(); !bounded {
					t.Error("Describe may take for ever")
				}
				return nil, context.DeadlineExceeded
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			server := newServer(t, func(http.ResponseWriter, *http.Request) { asked++ })
			list := newList(t, &clock{}, revocation.Config{})
			err := newClient(t, list, server.URL, describe).
				Revoke(t.Context(), revocation.Request{Token: refreshToken, Hint: revocation.HintRefreshToken})
			if err == nil || !strings.Contains(err.Error(), "could not be found out") {
				t.Errorf("got %v", err)
			}
			if name == "error" && !errors.Is(err, middleware.ErrUnavailable) {
				t.Errorf("%v does not wrap the error of Describe", err)
			}
			if asked != 1 || list.Len() != 1 {
				t.Errorf("the server was asked %d times, the list has %d entries, want 1 and 1", asked, list.Len())
			}
		})
	}
}

// A refresh token that is used while its revocation is on the way to the server gains nothing.
func TestRefreshTokenUsedMeanwhile(t *testing.T) {
	for _, status := range []int{200, 500} {
		c := &clock{}
		var records recorder
		list := newList(t, c, revocation.Config{Logger: records.logger()})
		server := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
			c.advance(2 * time.Second)
			w.WriteHeader(status)
		})
		known := aliceBut(func(t *middleware.Token) { t.SessionID = "" })
		client := newClient(t, list, server.URL, described(known, nil))
		_ = client.Revoke(t.Context(), revocation.Request{Token: refreshToken, Hint: revocation.HintRefreshToken})
		for after, want := range map[time.Duration]string{time.Second: "revoked", 2 * time.Second: "revoked", 3 * time.Second: "good"} {
			wantVerdict(t, list, aliceBut(func(t *middleware.Token) { t.IssuedAt = noon.Add(after) }), want)
		}
		if got := records.values("target"); strings.Join(got, " ") != "token grant grant" {
			t.Errorf("audit records of %v", got)
		}
	}
}
