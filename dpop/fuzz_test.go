package dpop_test

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
)

// FuzzProof checks that nothing is accepted but what a client signed, octet for octet, and that refusals are refusals.
func FuzzProof(f *testing.F) {
	const method, uri = "POST", "https://api.example.com/v1/pay%20ments/x"
	signed := map[string]bool{}
	var thumbprint, token string
	for _, tt := range proofCases(f).Cases {
		f.Add(tt.Proof)
		if tt.ID == "own-ok" {
			thumbprint, token = tt.Context.Thumbprint, tt.Context.AccessToken
		}
		if tt.Expect.Accept && tt.Context.Method == method && tt.Context.URI == uri {
			signed[signingInput(tt.Proof)] = true
		}
	}
	v := newVerifier(f, dpop.Config{Replays: forgetful{}})
	f.Fuzz(func(t *testing.T, proof string) {
		h := http.Header{}
		err := v.Verify(h, request(method, "/v1/pay%20ments/x", proof), token, thumbprint)
		if err == nil {
			if !signed[signingInput(proof)] {
				t.Errorf("accepted %q", proof)
			}
			return
		}
		if !errors.Is(err, middleware.ErrInvalidProof) && middleware.ReasonOf(err) != dpop.ReasonWrongKey ||
			middleware.ReasonOf(err) == "" || len(h) > 0 {
			t.Errorf("refused with %v and %v", err, h)
		}
		if len(proof) > 64 {
			wantDiscretion(t, err, proof)
		}
	})
}

// signingInput returns what the signature of a proof covers.
func signingInput(proof string) string {
	return proof[:max(strings.LastIndexByte(proof, '.'), 0)]
}

// FuzzHTU checks that two URLs which count as one are, by a reading of them that is none of ours, and that a URL is
// always the same as itself.
func FuzzHTU(f *testing.F) {
	v := newVerifier(f, dpop.Config{Replays: forgetful{}})
	f.Fuzz(func(t *testing.T, htu, target string) {
		if !utf8.ValidString(htu) || !utf8.ValidString(target) || len(htu)+len(target) > 2000 {
			return // no JSON text, or too long for a proof
		}
		if matches(t, v, htu, target) && !sameURL(htu, target) {
			t.Errorf("%q is not the URL of a request for %q", htu, target)
		}
		if !strings.HasPrefix(target, "/") || strings.Contains(target, "#") {
			return
		}
		for _, base := range []string{baseURL, "HTTPS://API.EXAMPLE.COM:443"} {
			if whole := base + target; matches(t, v, whole, target) != isPath(target) {
				t.Errorf("%q is the URL of itself: %t", whole, !isPath(target))
			}
		}
	})
}

// matches reports whether htu is the URL of a request for target. It needs no signature: the URL is looked at first.
func matches(t *testing.T, v *dpop.Verifier, htu, target string) bool {
	t.Helper()
	if htu == "" {
		return false
	}
	claims := proofClaims(object{"htu": htu, "jti": "1"})
	proof := strings.Join([]string{base64Of(t, object{"typ": "dpop+jwt", "alg": "ES256"}), base64Of(t, claims), "AAAA"}, ".")
	err := v.Verify(http.Header{}, request("GET", target, proof), accessToken, "")
	switch reason := middleware.ReasonOf(err); reason {
	case dpop.ReasonUnusableKey:
		return true
	case dpop.ReasonWrongURL:
		return false
	default:
		t.Fatalf("refused with %v", err)
		return false
	}
}

// sameURL is weaker than what is tested: URLs that are the same have these in common, others may have too.
func sameURL(htu, target string) bool {
	htu, _, _ = strings.Cut(htu, "#")
	htu, _, _ = strings.Cut(htu, "?")
	u, err := url.Parse(htu)
	if err != nil || u.User != nil || !strings.EqualFold(u.Scheme+"://"+u.Hostname(), baseURL) || u.Port() != "" && u.Port() != "443" {
		return false
	}
	target, _, _ = strings.Cut(target, "?")
	wire, err := url.ParseRequestURI(target)
	if err != nil {
		return true // no server hands such a request on
	}
	return path.Clean("/"+wire.Path) == path.Clean("/"+u.Path)
}

// isPath reports whether a target that begins with a slash is one that a request can have.
func isPath(target string) bool {
	target, _, _ = strings.Cut(target, "?")
	_, err := url.ParseRequestURI(target)
	return err == nil && !strings.ContainsFunc(target, func(c rune) bool { return c <= ' ' || c == 0x7f })
}

// FuzzForwarded checks that no field of a trusted proxy leads to a URL that is not on the list.
func FuzzForwarded(f *testing.F) {
	cfg := dpop.ProxyConfig{
		TrustedProxies: prefixes("192.0.2.0/24"), BaseURLs: []string{"https://api.example.org:8443", "https://example.com/api"},
		Prefix: true,
	}
	f.Fuzz(func(t *testing.T, forwarded, host, proto, prefix string) {
		for _, cfg.Forwarded = range []bool{true, false} {
			find, err := dpop.BehindProxies(cfg)
			if err != nil {
				t.Fatal(err)
			}
			r := request("GET", "/orders")
			r.RemoteAddr = proxyAddr
			r.Header = http.Header{
				"Forwarded": {forwarded}, "X-Forwarded-Host": {host}, "X-Forwarded-Proto": {proto}, "X-Forwarded-Prefix": {prefix},
			}
			found, err := find(r)
			if err != nil {
				if !errors.Is(err, middleware.ErrInvalidProof) || found != "" {
					t.Errorf("found %q, %v", found, err)
				}
				continue
			}
			if found != cfg.BaseURLs[0]+"/orders" && found != cfg.BaseURLs[1]+"/orders" {
				t.Errorf("found %q", found)
			}
		}
	})
}
