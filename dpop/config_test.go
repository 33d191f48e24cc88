package dpop_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
)

var _ middleware.SchemeBinding = (*dpop.Verifier)(nil)

func TestConfigRefused(t *testing.T) {
	hook := func(*http.Request) (string, error) { return baseURL, nil }
	nonces := newNonces(t, dpop.NonceConfig{})
	for _, tt := range []struct {
		cfg  dpop.Config
		says string
	}{
		{dpop.Config{}, "BaseURL is required"},
		{dpop.Config{BaseURL: baseURL, URL: hook}, "exclude each other"},
		{dpop.Config{BaseURL: "api.example.com"}, "BaseURL: this is no URL"},
		{dpop.Config{BaseURL: "/orders"}, "this is no URL"},
		{dpop.Config{BaseURL: "https://"}, "this is no URL"},
		{dpop.Config{BaseURL: "ftp://api.example.com"}, "this is no URL"},
		{dpop.Config{BaseURL: "https://user:secret@api.example.com"}, "without credentials"},
		{dpop.Config{BaseURL: "https://b\u00fccher.example"}, "xn--"},
		{dpop.Config{BaseURL: "https://[fe80::1%25eth0]"}, "this is no URL"},
		{dpop.Config{BaseURL: "https://[192.0.2.1]"}, "this is no URL"},
		{dpop.Config{BaseURL: "https://api.example.com/%zz"}, "this is no URL"},
		{dpop.Config{BaseURL: "https://api.example.com?x"}, "no query and no fragment"},
		{dpop.Config{BaseURL: "https://api.example.com#x"}, "no query and no fragment"},
		{dpop.Config{BaseURL: "http://api.example.com"}, "must be an https URL"},
		{dpop.Config{BaseURL: "http://192.0.2.1:8080"}, "must be an https URL"},
		{dpop.Config{BaseURL: "http://localhost.example.com"}, "must be an https URL"},
		{dpop.Config{BaseURL: baseURL, Algorithms: []string{"ES256", "none"}}, `"none" is not a supported public key`},
		{dpop.Config{BaseURL: baseURL, Algorithms: []string{"HS256"}}, `"HS256" is not a supported public key`},
		{dpop.Config{BaseURL: baseURL, Algorithms: []string{""}}, "is not a supported public key"},
		{dpop.Config{BaseURL: baseURL, MaxAge: -1}, "MaxAge must be between"},
		{dpop.Config{BaseURL: baseURL, MaxAge: time.Second - 1}, "MaxAge must be between"},
		{dpop.Config{BaseURL: baseURL, MaxAge: 5*time.Minute + 1}, "MaxAge must be between"},
		{dpop.Config{BaseURL: baseURL, Skew: time.Minute + 1}, "Skew must be at most"},
		{dpop.Config{BaseURL: baseURL + ":65536"}, "port is not between 1 and 65535"},
		{dpop.Config{BaseURL: baseURL + ":0"}, "port is not between 1 and 65535"},
		{dpop.Config{BaseURL: baseURL, Skew: 10}, "Skew is 10ns"},
		{dpop.Config{BaseURL: baseURL, Nonces: &dpop.Nonces{}, RequireNonce: true}, "not made with NewNonces"},
		{dpop.Config{BaseURL: baseURL, Replays: &dpop.Replays{}}, "use NewReplays"},
		{dpop.Config{BaseURL: baseURL, Replays: (*dpop.Replays)(nil)}, "Replays is a nil pointer"},
		{dpop.Config{BaseURL: baseURL, MaxProofBytes: -1}, "MaxProofBytes must be between"},
		{dpop.Config{BaseURL: baseURL, MaxProofBytes: 1023}, "MaxProofBytes must be between"},
		{dpop.Config{BaseURL: baseURL, MaxProofBytes: 64<<10 + 1}, "MaxProofBytes must be between"},
		{dpop.Config{BaseURL: baseURL, Nonces: nonces}, "Nonces needs RequireNonce"},
	} {
		v, err := dpop.New(tt.cfg)
		if err == nil || v != nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%+v: %v, want %q", tt.cfg, err, tt.says)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error repeats credentials: %v", err)
		}
	}
}

func TestConfigAccepted(t *testing.T) {
	for _, cfg := range []dpop.Config{
		{BaseURL: "http://localhost:8080"}, {BaseURL: "http://127.0.0.1"}, {BaseURL: "http://[::1]:80/api"},
		{BaseURL: baseURL + ":1"}, {BaseURL: baseURL + ":65535"},
		{BaseURL: baseURL, MaxAge: time.Second, Skew: -1}, {BaseURL: baseURL, MaxAge: 5 * time.Minute, Skew: time.Minute},
		{BaseURL: baseURL, MaxProofBytes: 1 << 10}, {BaseURL: baseURL, MaxProofBytes: 64 << 10},
		{BaseURL: baseURL, RequireNonce: true},
	} {
		if _, err := dpop.New(cfg); err != nil {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

func TestSchemeBinding(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	if v.Method() != "jkt" || v.Scheme() != "DPoP" || v.Required() {
		t.Errorf("%s %s %t", v.Method(), v.Scheme(), v.Required())
	}
	every := []string{"RS256", "ES256", "EdDSA", "PS256", "RS384", "RS512", "PS384", "PS512", "ES384", "ES512"}
	if got := v.Algorithms(); !slices.Equal(got, every) {
		t.Errorf("algorithms %v", got)
	}
	v.Algorithms()[0] = "none"
	if v.Algorithms()[0] != "RS256" {
		t.Error("the caller can change the algorithms")
	}

	names := []string{"Ed25519", "ES256", "EdDSA"}
	v = newVerifier(t, dpop.Config{Required: true, Algorithms: names})
	names[0] = "RS256"
	if got := v.Algorithms(); !v.Required() || !slices.Equal(got, []string{"EdDSA", "ES256"}) {
		t.Errorf("required %t, algorithms %v", v.Required(), got)
	}
}

// The zero Verifier lets nobody pass.
func TestZeroVerifier(t *testing.T) {
	want(t, "zero", outcome(t, &dpop.Verifier{}, proofOf(t, nil)), refusal(dpop.ReasonProofTooLarge))
}
