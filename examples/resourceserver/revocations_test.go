package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

const formType = "application/x-www-form-urlencoded"

// revoke asks the program to revoke a token.
func (s *server) revoke(caller, token string, hint ...string) answer {
	s.t.Helper()
	form := url.Values{"token": {token}, "token_type_hint": hint}
	return s.post("/revoke", caller, formType, form.Encode())
}

func TestRevoke(t *testing.T) {
	as := newAuthorizationServer(t)
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := trusting(t, as, asking(t, as, "-adapter", adapter)...)
		for _, kind := range []oauthtest.Token{{}, {Opaque: true}} {
			caller, token := as.Mint(oauthtest.Token{}), as.Mint(kind)
			s.wantStatus(token, 200)
			wantStatus(t, s.revoke(caller, token), 200)
			wantRefusal(t, s.get("/me", token), 401, wantInvalid)
			wantRefusal(t, s.get("/fresh", token), 401, wantInvalid)
			s.wantStatus(caller, 200)
		}
		if n := as.Requests(oauthtest.EndpointRevocation); n != 0 {
			t.Errorf("the server was told %d times, want never", n)
		}
	})
}

const wantInvalid = `error="invalid_token", error_description="The access token is not valid here"`

// A token may revoke itself. The answer is that of every handler.
func TestRevokeAtServer(t *testing.T) {
	eachAdapter(t, func(t *testing.T, adapter string) {
		as := newAuthorizationServer(t)
		s := trusting(t, as, asking(t, as, "-adapter", adapter, "-revocation-url", as.URL(oauthtest.EndpointRevocation))...)
		for i, kind := range []oauthtest.Token{{}, {Opaque: true}} {
			token := as.Mint(kind)
			s.wantStatus(token, 200)
			wantCall(t, s.revoke(token, token, "access_token"), "revoke", i+1)
			wantRefusal(t, s.get("/me", token), 401, wantInvalid)
			// Nobody but the server can have told this one.
			wantStatus(t, introspecting(t, as).get("/me", token), 401)
		}
		if n := as.Requests(oauthtest.EndpointRevocation); n != 2 {
			t.Errorf("the server was told %d times, want 2", n)
		}
	})
}

// What the server cannot be told is refused here all the same.
func TestRevokeDuringOutage(t *testing.T) {
	as := newAuthorizationServer(t)
	as.Break(oauthtest.EndpointRevocation, oauthtest.Fault{Status: 503, Header: map[string][]string{"Retry-After": {"17"}}})
	endpoint := []string{"-revocation-url", as.URL(oauthtest.EndpointRevocation)}
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := trusting(t, as, append(append(endpoint, credentials(t, clientSecret)...), "-adapter", adapter)...)
		token := as.Mint(oauthtest.Token{})
		s.wantStatus(token, 200)
		wantUnavailable(t, s.revoke(token, token), "17")
		wantRefusal(t, s.get("/me", token), 401, wantInvalid)
	})
}

// A refresh token takes along what was issued with it, if the server can be asked what that is.
func TestRevokeRefreshToken(t *testing.T) {
	as := newAuthorizationServer(t)
	s := trusting(t, as, asking(t, as, "-revocation-url", as.URL(oauthtest.EndpointRevocation))...)
	refresh := as.Mint(oauthtest.Token{Opaque: true, Subject: "bob", Introspection: map[string]any{"token_type": nil}})
	bob, alice := as.Mint(oauthtest.Token{Subject: "bob"}), as.Mint(oauthtest.Token{})
	s.wantStatus(bob, 200)
	wantStatus(t, s.revoke(alice, refresh, "refresh_token"), 200)
	s.wantStatus(bob, 401)
	s.wantStatus(alice, 200)
}

func TestRevokeMistakes(t *testing.T) {
	as := newAuthorizationServer(t)
	token := as.Mint(oauthtest.Token{})
	eachAdapter(t, func(t *testing.T, adapter string) {
		for _, args := range [][]string{nil, append(credentials(t, clientSecret), "-revocation-url", as.URL(oauthtest.EndpointRevocation))} {
			s := trusting(t, as, append(args, "-adapter", adapter)...)
			wantRefusal(t, s.revoke("", token), 401, "")
			for name, form := range map[string]string{
				"no token": "", "empty token": "token=", "two tokens": "token=a&token=b", "no form": "token=%",
				"token in the URL": "",
			} {
				path := "/revoke"
				if name == "token in the URL" {
					path += "?token=a"
				}
				if got := s.post(path, token, formType, form); got.status != 400 || !strings.Contains(got.body, `"error":"invalid_request"`) {
					t.Errorf("%s: %d %s", name, got.status, got.body)
				}
			}
			s.wantStatus(token, 200)
		}
	})
}

// One revocation for each way to name what is revoked.
func TestAdminRevocations(t *testing.T) {
	as := newAuthorizationServer(t)
	alice := oauthtest.Token{Subject: "alice", ClientID: "app", Claims: map[string]any{"jti": "7", "sid": "s"}}
	bob := as.Mint(oauthtest.Token{Subject: "bob", ClientID: "web", Claims: map[string]any{"jti": "8", "sid": "t"}})
	opaque := alice
	opaque.Opaque = true
	tokens := []string{as.Mint(alice), as.Mint(opaque)}
	admin := as.Mint(oauthtest.Token{Subject: "root", ClientID: "console", Scope: "revocations:write"})
	weak := as.Mint(oauthtest.Token{Scope: "revocations:read"})
	eachAdapter(t, func(t *testing.T, adapter string) {
		for name, value := range map[string]any{
			"jti": "7", "sid": "s", "sub": "alice", "client_id": "app", "before": time.Now().Unix(),
		} {
			s := trusting(t, as, asking(t, as, "-adapter", adapter)...)
			body, err := json.Marshal(map[string]any{"iss": as.Issuer(), name: value})
			if err != nil {
				t.Fatal(err)
			}
			for _, token := range tokens {
				s.wantStatus(token, 200)
			}
			const scope = `scope="revocations:write"`
			wantRefusal(t, s.post("/admin/revocations", "", "application/json", string(body)), 401, scope)
			wantRefusal(t, s.post("/admin/revocations", weak, "application/json", string(body)), 403, wantScope+scope)
			wantStatus(t, s.post("/admin/revocations", admin, "application/json", "{}"), 400)
			s.wantStatus(tokens[0], 200)

			if got := s.post("/admin/revocations", admin, "application/json", string(body)); got.status != 204 || got.body != "" {
				t.Errorf("%s: %d %s", body, got.status, got.body)
			}
			for _, token := range tokens {
				wantRefusal(t, s.get("/me", token), 401, wantInvalid)
			}
			if name != "before" { // which hits everybody
				s.wantStatus(bob, 200)
			}
		}
	})
}

func TestStreamEndsWithRevocation(t *testing.T) {
	as := newAuthorizationServer(t)
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := trusting(t, as, asking(t, as, "-adapter", adapter)...)
		for _, kind := range []oauthtest.Token{{}, {Opaque: true}} {
			token, other := as.Mint(kind), as.Mint(kind)
			events, others := stream(t, s, token), stream(t, s, other)
			wantStatus(t, s.revoke(other, token), 200)
			if _, err := io.ReadAll(events); err != nil {
				t.Error(err)
			}
			if _, err := others.ReadString('}'); err != nil {
				t.Error("the stream of another token ended too:", err)
			}
		}
	})
}

func TestAuditRecord(t *testing.T) {
	as := newAuthorizationServer(t)
	token := as.Mint(oauthtest.Token{Opaque: true})
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := introspecting(t, as, "-adapter", adapter)
		wantStatus(t, s.revoke(token, token), 200)
		s.stop(syscall.SIGTERM)
		var start, record struct{ Msg, Target, By, Reason string }
		lines := json.NewDecoder(bytes.NewReader(s.stderr.Bytes()))
		if err := errors.Join(lines.Decode(&start), lines.Decode(&record)); err != nil || lines.More() {
			t.Fatalf("%s: %v", s.stderr.String(), err)
		}
		by := fmt.Sprintf(`client "test-client", subject "alice", issuer %q`, as.Issuer())
		if record.Msg != "oauth revocation" || record.Target != "token" || record.By != by || record.Reason == "" {
			t.Errorf("logged %+v", record)
		}
		if strings.Contains(s.stderr.String(), token) {
			t.Error("the log contains the token")
		}
	})
}

// A test server's token may live long, and revoking it must hold all the same.
func TestRevokeLastingToken(t *testing.T) {
	as := newAuthorizationServer(t)
	s := trusting(t, as)
	token := as.Mint(oauthtest.Token{ExpiresIn: 100 * 365 * 24 * time.Hour})
	s.wantStatus(token, 200)
	wantStatus(t, s.revoke(token, token), 200)
	s.wantStatus(token, 401)
}
