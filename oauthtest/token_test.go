package oauthtest_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/oauthtest"
)

var noon = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// memoryServer starts a server in memory with one fast key and the clock standing at noon.
func memoryServer(t *testing.T, algorithms ...string) *oauthtest.Server {
	t.Helper()
	if len(algorithms) == 0 {
		algorithms = []string{"ES256"}
	}
	return oauthtest.NewServer(t, oauthtest.Config{
		InMemory:   true,
		Algorithms: algorithms,
		Secret:     bytes.Repeat([]byte("k"), 32),
		Now:        func() time.Time { return noon },
	})
}

func TestMint(t *testing.T) {
	as := memoryServer(t, "ES256", "EdDSA")
	tests := []struct {
		name   string
		token  oauthtest.Token
		header map[string]any // what differs from the default
		claims map[string]any
	}{
		{name: "default"},
		{
			name: "fields",
			token: oauthtest.Token{
				Subject: "bob", ClientID: "app", Scope: "a b", Audience: []string{"https://a.example"},
				ExpiresIn: time.Hour, Algorithm: "EdDSA",
			},
			header: map[string]any{"alg": "EdDSA", "kid": "key-2"},
			claims: map[string]any{
				"sub": "bob", "client_id": "app", "scope": "a b", "aud": "https://a.example", "exp": unix(time.Hour),
			},
		},
		{
			name:   "two audiences",
			token:  oauthtest.Token{Audience: []string{"https://a.example", "https://b.example"}},
			claims: map[string]any{"aud": []any{"https://a.example", "https://b.example"}},
		},
		{
			name:   "expired",
			token:  oauthtest.Token{ExpiresIn: -time.Minute},
			claims: map[string]any{"iat": unix(-11 * time.Minute), "exp": unix(-time.Minute)},
		},
		{
			name:   "claims",
			token:  oauthtest.Token{Scope: "a", Claims: map[string]any{"scope": []string{"b"}, "sub": nil, "tenant": "acme"}},
			claims: map[string]any{"scope": []any{"b"}, "sub": nil, "tenant": "acme"},
		},
		{
			name:   "header",
			token:  oauthtest.Token{Header: map[string]any{"typ": "JWT", "x": true}},
			header: map[string]any{"typ": "JWT", "x": true},
		},
		{
			name:   "header without type",
			token:  oauthtest.Token{Header: map[string]any{"typ": nil}},
			header: map[string]any{"typ": nil},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header, claims, ok := verify(t, as, as.Mint(test.token))
			if !ok {
				t.Fatal("no published key verifies the token")
			}
			if id, _ := claims["jti"].(string); len(id) < 16 {
				t.Errorf("jti is %q", id)
			}
			delete(claims, "jti")
			same(t, header, test.header, map[string]any{"alg": "ES256", "kid": "key-1", "typ": "at+jwt"})
			same(t, claims, test.claims, map[string]any{
				"iss": as.Issuer(), "sub": "alice", "client_id": "test-client", "aud": "https://api.example.com",
				"iat": unix(0), "exp": unix(10 * time.Minute),
			})
		})
	}
}

// unix is the NumericDate that long after noon, as a decoder of JSON returns it.
func unix(after time.Duration) float64 { return float64(noon.Add(after).Unix()) }

// same compares got with the default and the differences from it, in which nil means absent.
func same(t *testing.T, got, differences, otherwise map[string]any) {
	t.Helper()
	for name, value := range differences {
		otherwise[name] = value
		if value == nil {
			delete(otherwise, name)
		}
	}
	if !reflect.DeepEqual(got, otherwise) {
		t.Errorf("got  %v\nwant %v", got, otherwise)
	}
}

func TestMintWithEveryAlgorithm(t *testing.T) {
	for _, alg := range jose.Asymmetric() {
		t.Run(string(alg), func(t *testing.T) {
			as := memoryServer(t, string(alg))
			header, _, ok := verify(t, as, as.Mint(oauthtest.Token{}))
			if !ok || header["alg"] != string(alg) {
				t.Errorf("header %v, verified %v", header, ok)
			}
		})
	}
}

func TestMintWithSecret(t *testing.T) {
	as := memoryServer(t)
	key, err := jose.NewSecret(bytes.Repeat([]byte("k"), 32), "")
	if err != nil {
		t.Fatal(err)
	}
	jws, err := jose.Parse(as.Mint(oauthtest.Token{Algorithm: "HS256"}))
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Verify(jose.HS256, jws); err != nil {
		t.Error(err)
	}
	if set := get(t, as, oauthtest.EndpointJWKS).body; strings.Contains(set, "oct") || strings.Contains(set, "HS256") {
		t.Error("the secret is part of the key set")
	}
}

func TestTokensAreUnique(t *testing.T) {
	as := memoryServer(t)
	for _, token := range []oauthtest.Token{{}, {Opaque: true}} {
		if first, second := as.Mint(token), as.Mint(token); first == second {
			t.Errorf("%+v was minted twice", token)
		}
	}
}

func TestMintMistakes(t *testing.T) {
	unencodable := map[string]any{"x": make(chan int)}
	tests := map[string]struct {
		token oauthtest.Token
		want  string
	}{
		"key not configured": {oauthtest.Token{Algorithm: "RS256"}, `Token.Algorithm: the server has no key for "RS256"`},
		"no secret":          {oauthtest.Token{Algorithm: "HS256"}, `Token.Algorithm: the server has no key for "HS256"`},
		"none":               {oauthtest.Token{Algorithm: "none"}, `Token.Algorithm: the server has no key for "none"`},
		"claims":             {oauthtest.Token{Claims: unencodable}, "Token.Claims"},
		"header":             {oauthtest.Token{Header: unencodable}, "header of the token"},
		"introspection":      {oauthtest.Token{Introspection: unencodable}, "Token.Introspection"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			message := fatal(t, func(tb testing.TB) {
				oauthtest.NewServer(tb, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}}).Mint(test.token)
			})
			if !strings.Contains(message, test.want) {
				t.Errorf("got %q, want %q", message, test.want)
			}
		})
	}
}

func TestSign(t *testing.T) {
	as := memoryServer(t, "ES256", "EdDSA")
	tests := []struct {
		name   string
		header map[string]any
		want   string // the header, or "" if the token is none that verifies
	}{
		{"default key", nil, `{"alg":"ES256","kid":"key-1"}`},
		{"named key", map[string]any{"alg": "EdDSA", "typ": "x"}, `{"alg":"EdDSA","kid":"key-2","typ":"x"}`},
		{"wrong key", map[string]any{"kid": "key-2"}, ""},
		{"wrong algorithm", map[string]any{"alg": "RS256"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			token := as.Sign(test.header, []byte(`["not","an","object"]`))
			jws, err := jose.Parse(token)
			if err != nil || string(jws.Payload) != `["not","an","object"]` {
				t.Fatal("the payload was changed", err)
			}
			if test.want != "" && string(jws.Octets) != test.want {
				t.Errorf("header %s", jws.Octets)
			}
			if active := introspect(t, as, token)["active"]; active != false {
				t.Errorf("active is %v", active)
			}
		})
	}
	message := fatal(t, func(tb testing.TB) {
		oauthtest.NewServer(tb, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}}).
			Sign(map[string]any{"x": make(chan int)}, nil)
	})
	if !strings.Contains(message, "header of the token") {
		t.Errorf("got %q", message)
	}
}

func TestRotation(t *testing.T) {
	as := memoryServer(t, "ES256", "EdDSA")
	old := as.Mint(oauthtest.Token{})
	steps := []struct {
		name          string
		step          func()
		oldToken      bool
		newKeyID      string
		publishedKeys int
	}{
		{"start", func() {}, true, "key-1", 2},
		{"rotate", as.Rotate, true, "key-3", 4},
		{"rotate again", as.Rotate, true, "key-5", 6},
		{"retire", as.Retire, false, "key-5", 2},
		{"retire again", as.Retire, false, "key-5", 2},
	}
	for _, step := range steps {
		step.step()
		if _, _, ok := verify(t, as, old); ok != step.oldToken {
			t.Errorf("%s: the old token verifies: %v", step.name, ok)
		}
		header, _, ok := verify(t, as, as.Mint(oauthtest.Token{}))
		if !ok || header["kid"] != step.newKeyID {
			t.Errorf("%s: new token verifies: %v, header %v", step.name, ok, header)
		}
		if n := publishedKeys(t, as); n != step.publishedKeys {
			t.Errorf("%s: %d keys, want %d", step.name, n, step.publishedKeys)
		}
	}
}

func publishedKeys(t *testing.T, as *oauthtest.Server) int {
	t.Helper()
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal([]byte(get(t, as, oauthtest.EndpointJWKS).body), &set); err != nil {
		t.Fatal(err)
	}
	return len(set.Keys)
}

// Two servers publish the same key IDs: whoever trusts both must keep their keys apart.
func TestServersShareKeyIDsButNoKeys(t *testing.T) {
	as, stranger := memoryServer(t), memoryServer(t)
	forged := stranger.Mint(oauthtest.Token{Claims: map[string]any{"iss": as.Issuer()}})
	if _, _, ok := verify(t, stranger, forged); !ok {
		t.Error("the stranger cannot verify its own token")
	}
	if _, _, ok := verify(t, as, forged); ok {
		t.Error("a stranger's token verifies")
	}
}
