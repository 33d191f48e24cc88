package jwks_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

const (
	oauthMetadata  = issuer + "/.well-known/oauth-authorization-server"
	openIDMetadata = issuer + "/.well-known/openid-configuration"
)

// discovering returns a validator that finds its keys by discovery.
func discovering(t testing.TB, issuer string, s *stub) *jwks.Validator {
	t.Helper()
	return newValidator(t, jwks.Config{Issuer: issuer, Audience: audience, HTTPClient: s.client(), Now: atNoon})
}

func metadataOf(t testing.TB, issuer, keysURL string) page {
	t.Helper()
	return page{body: string(encode(t, object{"issuer": issuer, "jwks_uri": keysURL}))}
}

func wantRequests(t testing.TB, s *stub, want ...string) {
	t.Helper()
	if got := s.requests(); !slices.Equal(got, want) {
		t.Errorf("requests: %q, want %q", got, want)
	}
}

func TestWellKnownVectors(t *testing.T) {
	var file struct {
		Cases []struct {
			ID         string `json:"id"`
			Kind       string `json:"kind"`
			Input      string `json:"input"`
			Configured string `json:"configured"`
			Document   string `json:"document_issuer"`
			Expect     struct {
				Error    bool   `json:"error"`
				OAuth    string `json:"rfc8414"`
				Appended string `json:"oidc_appended"`
				Accept   bool   `json:"accept"`
			} `json:"expect"`
		} `json:"cases"`
	}
	vectors(t, "wellknown.json", &file)
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			s := &stub{}
			switch {
			case tt.Kind == "issuer" && tt.Expect.Error:
				if _, err := jwks.New(jwks.Config{Issuer: tt.Input, Audience: audience}); err == nil {
					t.Error("the issuer was accepted")
				}
			case tt.Kind == "issuer":
				_ = discovering(t, tt.Input, s).Ready(t.Context())
				wantRequests(t, s, tt.Expect.OAuth, tt.Expect.Appended)
			case tt.Kind == "issuer-match":
				s.put(tt.Configured+"/.well-known/openid-configuration", metadataOf(t, tt.Document, keysURL))
				s.put(keysURL, page{body: keySet(t, signerOf(t, jose.EdDSA))})
				err := discovering(t, tt.Configured, s).Ready(t.Context())
				if tt.Expect.Accept != (err == nil) {
					t.Errorf("got %v, want acceptance: %t", err, tt.Expect.Accept)
				}
			}
		})
	}
}

func TestDiscoveryAsksOnceIfAnswered(t *testing.T) {
	s := &stub{}
	s.put(oauthMetadata, metadataOf(t, issuer, keysURL))
	s.put(keysURL, page{body: keySet(t, signerOf(t, jose.EdDSA))})
	accepted(t, discovering(t, issuer, s), sign(t, signerOf(t, jose.EdDSA), atJWT, accessClaims(nil)))
	wantRequests(t, s, oauthMetadata, keysURL)
}

// TestDiscoveryFallsBack spoils the first document in every way: the second one is asked for and believed.
func TestDiscoveryFallsBack(t *testing.T) {
	for name, spoiled := range map[string]page{
		"missing":       {status: http.StatusNotFound},
		"server error":  {status: http.StatusInternalServerError, body: "sorry"},
		"not JSON":      {body: "<html>"},
		"wrong kind":    {body: `{"issuer":7}`},
		"twice":         {body: `{"issuer":"` + issuer + `","issuer":"` + issuer + `","jwks_uri":"` + keysURL + `"}`},
		"other case":    {body: `{"Issuer":"` + issuer + `","JWKS_URI":"` + keysURL + `"}`},
		"other issuer":  metadataOf(t, "https://evil.example", keysURL),
		"no jwks_uri":   {body: `{"issuer":"` + issuer + `"}`},
		"null jwks_uri": {body: `{"issuer":"` + issuer + `","jwks_uri":null}`},
		"redirect":      {status: http.StatusFound, header: http.Header{"Location": {"https://evil.example/"}}},
		"not modified":  {status: http.StatusNotModified},
	} {
		t.Run(name, func(t *testing.T) {
			s := &stub{}
			s.put(oauthMetadata, spoiled)
			s.put(openIDMetadata, metadataOf(t, issuer, keysURL))
			s.put(keysURL, page{body: keySet(t, signerOf(t, jose.EdDSA))})
			accepted(t, discovering(t, issuer, s), sign(t, signerOf(t, jose.EdDSA), atJWT, accessClaims(nil)))
			wantRequests(t, s, oauthMetadata, openIDMetadata, keysURL)
		})
	}
}

func TestDiscoveredKeysURL(t *testing.T) {
	for _, tt := range []struct {
		url  string
		want bool
	}{
		{"https://cdn.example.net/keys?tenant=1", true},
		{"https://192.0.2.7/keys", true},
		{"http://as.example.com/keys", false},
		{"http://127.0.0.1:8080/keys", false},
		{"https://169.254.169.254/latest/meta-data", false},
		{"https://[::ffff:169.254.169.254]/keys", false},
		{"https://127.0.0.1/keys", false},
		{"https://localhost/keys", false},
		{"https://[::1]/keys", false},
		{"https://10.0.0.1/keys", false},
		{"https://user:pw@as.example.com/keys", false},
		{"https://as.example.com/keys#x", false},
		{"file:///etc/passwd", false},
		{"/keys", false},
		{"", false},
	} {
		t.Run(tt.url, func(t *testing.T) {
			s := &stub{}
			s.put(oauthMetadata, metadataOf(t, issuer, tt.url))
			s.put(tt.url, page{body: keySet(t, signerOf(t, jose.EdDSA))})
			v := discovering(t, issuer, s)
			err := v.Ready(t.Context())
			if (err == nil) != tt.want {
				t.Errorf("got %v, want acceptance: %t", err, tt.want)
			}
			if !tt.want {
				undecided(t, v, sign(t, signerOf(t, jose.EdDSA), atJWT, accessClaims(nil)))
				if slices.Contains(s.requests(), tt.url) {
					t.Error("the URL was asked")
				}
			}
		})
	}
}

// TestIssuerInTheInternalNetwork: an issuer that lives there may say so.
func TestIssuerInTheInternalNetwork(t *testing.T) {
	const inside = "https://10.1.2.3:8443"
	s := &stub{}
	s.put(inside+"/.well-known/oauth-authorization-server", metadataOf(t, inside, inside+"/keys"))
	s.put(inside+"/keys", page{body: keySet(t, signerOf(t, jose.EdDSA))})
	if err := discovering(t, inside, s).Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestMetadataDecidesNothing advertises no and symmetric algorithms: what is accepted does not change.
func TestMetadataDecidesNothing(t *testing.T) {
	s := &stub{}
	s.put(oauthMetadata, page{body: string(encode(t, object{
		"issuer": issuer, "jwks_uri": keysURL, "id_token_signing_alg_values_supported": []string{"none", "HS256"},
	}))})
	s.put(keysURL, page{body: keySet(t, signerOf(t, jose.EdDSA))})
	v := discovering(t, issuer, s)
	accepted(t, v, sign(t, signerOf(t, jose.EdDSA), atJWT, accessClaims(nil)))
	refused(t, v, sign(t, signerOf(t, jose.HS256), atJWT, accessClaims(nil)), middleware.ReasonAlgorithmNotAllowed)
}

// TestKeysMove: once the known URL fails, discovery finds the new one, with the next attempt and not before.
func TestKeysMove(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.accepts(f.mint())
		f.breakKeys(oauthtest.Fault{Status: http.StatusNotFound})
		elapse(9*time.Minute + 30*time.Second)
		f.accepts(f.mint())
		elapse(time.Second)
		if got := f.as.Requests(oauthtest.EndpointMetadata); got != 1 {
			f.Errorf("metadata was asked for %d times, want once", got)
		}
		f.as.Heal()
		elapse(30 * time.Second)
		f.accepts(f.mint())
		elapse(time.Second)
		if got := f.as.Requests(oauthtest.EndpointMetadata); got != 2 {
			f.Errorf("metadata was asked for %d times, want twice", got)
		}
		f.fetched(3)
	})
}

// TestKeysMoveFromTheirValidators: what one URL said of its answer means nothing at another.
func TestKeysMoveFromTheirValidators(t *testing.T) {
	const moved = issuer + "/moved"
	old, next := newSigner(t, jose.ES256, "old"), newSigner(t, jose.ES256, "next")
	now, at := noon, keysURL
	v := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, Now: func() time.Time { return now },
		HTTPClient: &http.Client{Transport: exchange(func(r *http.Request) *http.Response {
			first := http.Header{"Etag": {`"1"`}}
			switch url := r.URL.String(); {
			case url == oauthMetadata:
				return found(http.StatusOK, nil, strings.NewReader(metadataOf(t, issuer, at).body))
			case url != at:
				return found(http.StatusNotFound, nil, strings.NewReader(""))
			case r.Header.Get("If-None-Match") == `"1"`:
				return found(http.StatusNotModified, nil, strings.NewReader(""))
			case url == moved:
				return found(http.StatusOK, first, strings.NewReader(keySet(t, next)))
			}
			return found(http.StatusOK, first, strings.NewReader(keySet(t, old)))
		})},
	})
	day := object{"exp": noon.Add(24 * time.Hour).Unix()}
	accepted(t, v, sign(t, old, atJWT, accessClaims(day)))
	at = moved
	now = now.Add(15 * time.Minute)
	accepted(t, v, sign(t, old, atJWT, accessClaims(day))) // the old URL is of no use any more
	now = now.Add(time.Minute)
	accepted(t, v, sign(t, next, atJWT, accessClaims(day)))
}
