package clientauth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/clientauth"
	"github.com/bearergate/bearergate/internal/jose"
)

const (
	endpoint = "https://as.example.com/introspect"
	issuer   = "https://as.example.com"
)

var noon = time.Unix(1_800_000_000, 0)

func to(issuer string) clientauth.Endpoint {
	return clientauth.Endpoint{URL: endpoint, Issuer: issuer, Now: func() time.Time { return noon }}
}

// send returns the request that c makes of a question about a token, and its form.
func send(t *testing.T, c clientauth.Credentials, to clientauth.Endpoint) (*http.Request, url.Values) {
	t.Helper()
	req, err := c.NewRequest(t.Context(), to, url.Values{"token": {"a+b=="}})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		t.Fatal(err)
	}
	return req, form
}

func TestNewRequest(t *testing.T) {
	own := func(context.Context) (string, error) { return "own-token", nil }
	tests := []struct {
		name          string
		credentials   clientauth.Credentials
		authorization string
		form          url.Values
	}{
		{"basic", clientauth.SecretBasic("api", "s"), "Basic YXBpOnM=", nil},
		{"basic, form-encoded", clientauth.SecretBasic("a:b c", "ü+%&"), "Basic YSUzQWIrYzolQzMlQkMlMkIlMjUlMjY=", nil},
		{"post", clientauth.SecretPost("a:b c", "ü+%&"), "", url.Values{"client_id": {"a:b c"}, "client_secret": {"ü+%&"}}},
		{"certificate", clientauth.MutualTLS("api"), "", url.Values{"client_id": {"api"}}},
		{"token", clientauth.BearerToken(own), "Bearer own-token", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, form := send(t, tt.credentials, to(issuer))
			if req.Method != http.MethodPost || req.URL.String() != endpoint {
				t.Errorf("%s %s", req.Method, req.URL)
			}
			if req.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || req.GetBody == nil {
				t.Error("no form, or one that can be sent only once")
			}
			if got := req.Header.Get("Authorization"); got != tt.authorization {
				t.Errorf("Authorization: %s, want %s", got, tt.authorization)
			}
			expected := url.Values{"token": {"a+b=="}}
			maps.Copy(expected, tt.form)
			if !maps.EqualFunc(form, expected, slices.Equal) {
				t.Errorf("form %v, want %v", form, expected)
			}
		})
	}
}

func privateKey(t *testing.T) []byte {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestPrivateKeyJWT(t *testing.T) {
	data := privateKey(t)
	signer, err := jose.ParseSigner(data, "", "")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		key      clientauth.PrivateKey
		to       clientauth.Endpoint
		audience string
	}{
		{"issuer", clientauth.PrivateKey{Key: data, KeyID: "k"}, to(issuer), issuer},
		{"endpoint", clientauth.PrivateKey{Key: data, KeyID: "k"}, to(""), endpoint},
		{"configured", clientauth.PrivateKey{Key: data, KeyID: "k", Audience: issuer + "/token", Algorithm: "ES256"}, to(issuer), issuer + "/token"},
	}
	ids := map[string]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, form := send(t, clientauth.PrivateKeyJWT("api", tt.key), tt.to)
			if req.Header.Get("Authorization") != "" || form.Get("client_id") != "api" ||
				form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
				t.Errorf("form %v", form)
			}
			assertion, err := jose.Parse(form.Get("client_assertion"))
			if err != nil {
				t.Fatal(err)
			}
			if err := signer.Key().Verify(jose.ES256, assertion); err != nil || assertion.KeyID != "k" {
				t.Errorf("%v, key %q", err, assertion.KeyID)
			}
			var claims struct {
				Issuer   string `json:"iss"`
				Subject  string `json:"sub"`
				Audience string `json:"aud"`
				ID       string `json:"jti"`
				IssuedAt int64  `json:"iat"`
				Expiry   int64  `json:"exp"`
			}
			if err := json.Unmarshal(assertion.Payload, &claims); err != nil {
				t.Fatal(err)
			}
			if ids[claims.ID] || claims.ID == "" {
				t.Error("the assertion has no ID of its own")
			}
			ids[claims.ID] = true
			claims.ID = ""
			if got, want := fmt.Sprint(claims), fmt.Sprintf("{api api %s  1800000000 1800000060}", tt.audience); got != want {
				t.Errorf("claims %s, want %s", got, want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	const secret = "hunter2"
	for name, c := range map[string]clientauth.Credentials{
		"none":                       {},
		"no ID":                      clientauth.SecretBasic("", secret),
		"no secret":                  clientauth.SecretBasic("api", ""),
		"blank secret":               clientauth.SecretBasic("api", " "),
		"line of a secret":           clientauth.SecretBasic("api", secret+"\n"),
		"line of a secret to post":   clientauth.SecretPost("api", secret+"\r\n"),
		"line of an ID":              clientauth.SecretBasic("api\n", secret),
		"blank owner":                clientauth.MutualTLS(" "),
		"no ID to post":              clientauth.SecretPost("", secret),
		"no secret to post":          clientauth.SecretPost("api", ""),
		"no owner of a certificate":  clientauth.MutualTLS(""),
		"no source":                  clientauth.BearerToken(nil),
		"no key":                     clientauth.PrivateKeyJWT("api", clientauth.PrivateKey{}),
		"no owner of a key":          clientauth.PrivateKeyJWT("", clientauth.PrivateKey{Key: privateKey(t)}),
		"algorithm of another key":   clientauth.PrivateKeyJWT("api", clientauth.PrivateKey{Key: privateKey(t), Algorithm: "RS256"}),
		"something that is no key":   clientauth.PrivateKeyJWT("api", clientauth.PrivateKey{Key: []byte(secret)}),
		"algorithm that is not safe": clientauth.PrivateKeyJWT("api", clientauth.PrivateKey{Key: privateKey(t), Algorithm: "none"}),
	} {
		err := c.Check()
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := c.NewRequest(t.Context(), to(issuer), url.Values{}); err == nil {
			t.Errorf("%s: makes requests", name)
		}
	}
}

func TestBearerTokenRefuses(t *testing.T) {
	failure := errors.New("no token today")
	for name, source := range map[string]func(context.Context) (string, error){
		"none":            func(context.Context) (string, error) { return "", nil },
		"the one in form": func(context.Context) (string, error) { return "a+b==", nil },
		"line break":      func(context.Context) (string, error) { return "hunter2\r\nX: y", nil },
		"space":           func(context.Context) (string, error) { return "hunter2 ", nil },
		"failure":         func(context.Context) (string, error) { return "hunter2", failure },
	} {
		_, err := clientauth.BearerToken(source).NewRequest(t.Context(), to(issuer), url.Values{"token": {"a+b=="}})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
		if name == "failure" && !errors.Is(err, failure) {
			t.Errorf("the source's error is lost: %v", err)
		}
	}
}

func TestNewRequestRefusesURL(t *testing.T) {
	if _, err := clientauth.SecretBasic("a", "s").NewRequest(t.Context(), clientauth.Endpoint{URL: "://"}, url.Values{}); err == nil {
		t.Error("a request to nowhere")
	}
}
