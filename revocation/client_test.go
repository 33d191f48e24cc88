package revocation_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

const (
	refreshToken = "cmVmcmVzaC10b2tlbg"
	secret       = "c2VjcmV0LW9mLXNob3A"
)

// newServer starts a revocation endpoint.
func newServer(t testing.TB, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server
}

func answer(status int, body string, fields ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(fields); i += 2 {
			w.Header().Set(fields[i], fields[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func newClient(t testing.TB, list *revocation.List, endpoint string, changes ...func(*revocation.ClientConfig)) *revocation.Client {
	t.Helper()
	cfg := revocation.ClientConfig{
		Endpoint:          endpoint,
		ClientAuth:        revocation.SecretBasic("shop", secret),
		List:              list,
		AllowLoopbackHTTP: true,
	}
	for _, change := range changes {
		change(&cfg)
	}
	client, err := revocation.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// wantDiscretion checks that an error repeats neither the token nor what the server said.
func wantDiscretion(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, forbidden := range []string{aliceToken, refreshToken, secret, base64.StdEncoding.EncodeToString([]byte("shop:" + secret)), "SAID"} {
		if strings.Contains(err.Error(), forbidden) {
			t.Errorf("the error repeats %q: %v", forbidden, err)
		}
	}
}

// What is sent is what RFC 7009, section 2.1 says: the token and the hint in a form, our credentials, nothing else.
func TestClientRequest(t *testing.T) {
	const odd = "a+b/c=d&e%f"
	for _, tt := range []struct {
		name string
		auth revocation.Credentials
		hint string
		want url.Values
		head string
	}{
		{
			"basic", revocation.SecretBasic("sh:op", secret), "",
			url.Values{"token": {odd}}, "Basic " + base64.StdEncoding.EncodeToString([]byte("sh%3Aop:"+secret)),
		},
		{
			"basic, access token", revocation.SecretBasic("shop", secret), revocation.HintAccessToken,
			url.Values{"token": {odd}, "token_type_hint": {"access_token"}},
			"Basic " + base64.StdEncoding.EncodeToString([]byte("shop:"+secret)),
		},
		{
			"post, refresh token", revocation.SecretPost("shop", secret), revocation.HintRefreshToken,
			url.Values{"token": {odd}, "token_type_hint": {"refresh_token"}, "client_id": {"shop"}, "client_secret": {secret}}, "",
		},
		{
			"mutual TLS", revocation.MutualTLS("shop"), "",
			url.Values{"token": {odd}, "client_id": {"shop"}}, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got *http.Request
			server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				got = r
			})
			client := newClient(t, newList(t, &clock{}, revocation.Config{}), server.URL+"/revoke?tenant=a",
				func(c *revocation.ClientConfig) { c.ClientAuth = tt.auth })
			if err := client.Revoke(t.Context(), revocation.Request{Token: odd, Hint: tt.hint}); err != nil {
				t.Fatal(err)
			}
			if got.Method != http.MethodPost || got.URL.RequestURI() != "/revoke?tenant=a" {
				t.Errorf("%s %s", got.Method, got.URL.RequestURI())
			}
			if media := got.Header.Get("Content-Type"); media != "application/x-www-form-urlencoded" {
				t.Errorf("Content-Type %q", media)
			}
			if got.PostForm.Encode() != tt.want.Encode() {
				t.Errorf("form %v, want %v", got.PostForm, tt.want)
			}
			if head := got.Header.Get("Authorization"); head != tt.head {
				t.Errorf("Authorization %q, want %q", head, tt.head)
			}
		})
	}
}

// private_key_jwt is told who the server is, or at least where.
func TestClientPrivateKeyAudience(t *testing.T) {
	key := []byte(`{"kty":"OKP","crv":"Ed25519","alg":"EdDSA",` +
		`"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`)
	var assertion string
	server := newServer(t, func(_ http.ResponseWriter, r *http.Request) { assertion = r.FormValue("client_assertion") })
	for issuer, want := range map[string]string{"https://as.example.com": "https://as.example.com", "": server.URL} {
		client := newClient(t, newList(t, &clock{}, revocation.Config{}), server.URL, func(c *revocation.ClientConfig) {
			c.Issuer = issuer
			c.ClientAuth = revocation.PrivateKeyJWT("shop", revocation.PrivateKey{Key: key})
		})
		if err := client.Revoke(t.Context(), revocation.Request{Token: aliceToken}); err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(assertion, ".")
		claims, err := base64.RawURLEncoding.DecodeString(parts[1%len(parts)])
		if err != nil || !strings.Contains(string(claims), fmt.Sprintf(`"aud":%q`, want)) {
			t.Errorf("claims %s, want aud %q", claims, want)
		}
		if !strings.Contains(string(claims), fmt.Sprint(noon.Unix())) {
			t.Errorf("claims %s are not of the time of the List's clock", claims)
		}
	}
}

// Credentials and tokens do not follow redirects.
func TestClientFollowsNoRedirect(t *testing.T) {
	elsewhere := newServer(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := newServer(t, answer(status, "", "Location", elsewhere.URL))
		client := newClient(t, newList(t, &clock{}, revocation.Config{}), server.URL)
		if client.Revoke(t.Context(), revocation.Request{Token: aliceToken}) == nil {
			t.Errorf("status %d counts as success", status)
		}
	}
}

// The token is refused here before the server is asked, and what came with a refresh token too.
func TestClientRevokesHereFirst(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{})
	seen := map[string]string{}
	ofSession := aliceBut(func(t *middleware.Token) { t.Fingerprint = middleware.FingerprintOf("another token of the session") })
	look := func(when string) {
		itself := holding(refreshToken)
		itself.SessionID = ""
		seen[when] = verdict(t, list, itself) + ", " + verdict(t, list, ofSession)
	}
	server := newServer(t, func(http.ResponseWriter, *http.Request) { look("server") })
	client := newClient(t, list, server.URL, func(c *revocation.ClientConfig) {
		c.Describe = func(context.Context, string) (*middleware.Token, error) {
			look("describe")
			token := alice()
			return &token, nil
		}
	})
	if err := client.Revoke(t.Context(), revocation.Request{Token: refreshToken, Hint: revocation.HintRefreshToken}); err != nil {
		t.Fatal(err)
	}
	if seen["describe"] != "revoked, good" || seen["server"] != "revoked, revoked" {
		t.Errorf("refresh token and session: %v", seen)
	}
}

func TestClientErrors(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{MaxEntries: 1})
	asked := 0
	server := newServer(t, func(http.ResponseWriter, *http.Request) { asked++ })
	client := newClient(t, list, server.URL)
	for _, tt := range []struct {
		r    revocation.Request
		want error
	}{
		{revocation.Request{}, revocation.ErrTarget},
		{revocation.Request{Token: aliceToken, Hint: "id_token"}, revocation.ErrHint},
	} {
		if err := client.Revoke(t.Context(), tt.r); !errors.Is(err, tt.want) {
			t.Errorf("got %v, want %v", err, tt.want)
		}
	}
	if asked != 0 || list.Len() != 0 {
		t.Errorf("the server was asked %d times, the list has %d entries", asked, list.Len())
	}

	// A list that is full is no reason to leave the token good at its server.
	revoke(t, list, revocation.Revocation{Token: "other"})
	if err := client.Revoke(t.Context(), revocation.Request{Token: aliceToken}); !errors.Is(err, revocation.ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
	if asked != 1 {
		t.Errorf("the server was asked %d times", asked)
	}
}

// TestNewListSays: what cannot be meant is named.
func TestNewListSays(t *testing.T) {
	for name, cfg := range map[string]revocation.Config{
		"one of the Caches":        {Caches: []middleware.Forgetter{nil}},
		"one of the Caches is nil": {Caches: []middleware.Forgetter{(*cache)(nil)}},
		"Replicator is a nil":      {Replicator: (*wire)(nil)},
		"MaxTokenLifetime is 24ns": {MaxTokenLifetime: 24},
	} {
		if _, err := revocation.NewList(cfg); err == nil || !strings.HasPrefix(err.Error(), "revocation: "+name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestNewClientErrors(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{})
	good := revocation.ClientConfig{
		Endpoint: "https://as.example.com/revoke", ClientAuth: revocation.SecretBasic("shop", secret), List: list,
	}
	if _, err := revocation.NewClient(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*revocation.ClientConfig){
		"Endpoint: not":      func(c *revocation.ClientConfig) { c.Endpoint = "" },
		"Endpoint: the URL":  func(c *revocation.ClientConfig) { c.Endpoint = "http://127.0.0.1/revoke" },
		"Endpoint: http is":  func(c *revocation.ClientConfig) { c.Endpoint, c.AllowLoopbackHTTP = "http://as.example.com", true },
		"Endpoint: the port": func(c *revocation.ClientConfig) { c.Endpoint = "https://as.example.com:99999/revoke" },
		"Issuer: it has":     func(c *revocation.ClientConfig) { c.Issuer = "https://as.example.com\n" },
		"List was not made":  func(c *revocation.ClientConfig) { c.List = &revocation.List{} },
		"Timeout is 3ns":     func(c *revocation.ClientConfig) { c.Timeout = 3 },
		"Timeout must be at": func(c *revocation.ClientConfig) { c.Timeout = math.MaxInt64 },
		"HTTPClient: its":    func(c *revocation.ClientConfig) { c.HTTPClient = &http.Client{Transport: (*http.Transport)(nil)} },
		"ClientAuth: there ": func(c *revocation.ClientConfig) { c.ClientAuth = revocation.Credentials{} },
		"ClientAuth: the cl": func(c *revocation.ClientConfig) { c.ClientAuth = revocation.SecretPost("shop", "") },
		"List":               func(c *revocation.ClientConfig) { c.List = nil },
		"Timeout":            func(c *revocation.ClientConfig) { c.Timeout = -1 },
	} {
		cfg := good
		change(&cfg)
		if _, err := revocation.NewClient(cfg); err == nil || !strings.HasPrefix(err.Error(), "revocation: "+name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
