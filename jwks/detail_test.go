package jwks_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// Keys without an ID are all tried on every token, so that there may be four.
func TestNamelessKeys(t *testing.T) {
	var pems []byte
	for n := 1; n <= 5; n++ {
		pems = append(pems, pkix(t, newSigner(t, jose.EdDSA, "").Key().Public())...)
		keys, err := jwks.ParsePEM(pems)
		if err != nil {
			t.Fatal(err)
		}
		_, err = jwks.New(jwks.Config{Issuer: issuer, Audience: audience, Keys: keys})
		if good := n <= 4; good != (err == nil) || !good && !strings.Contains(err.Error(), "more than 4 keys without an ID") {
			t.Errorf("%d keys: %v", n, err)
		}
	}
	var named []*jose.Signer
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		named = append(named, newSigner(t, jose.EdDSA, id))
	}
	atNoonWith(t, jwks.RFC9068, named...)
}

// Metadata of a service says which tokens its validators honour.
func TestDescribe(t *testing.T) {
	one := newValidator(t, jwks.Config{
		Issuer: tenantA, Audience: audience, JWKSURL: keysURL, HTTPClient: trap(t), Algorithms: []string{"ES256", "PS256"},
	})
	other := newValidator(t, jwks.Config{
		Issuer: tenantB, Audience: audience, JWKSURL: keysURL, HTTPClient: trap(t), Algorithms: []string{"ES256", "EdDSA"},
	})
	router, err := jwks.Issuers(other, one)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		got                 middleware.Acceptance
		issuers, algorithms []string
	}{
		"validator": {one.Describe(), []string{tenantA}, []string{"ES256", "PS256"}},
		"router":    {router.Describe(), []string{tenantA, tenantB}, []string{"ES256", "PS256", "EdDSA"}},
	} {
		if !slices.Equal(tt.got.Issuers, tt.issuers) || !slices.Equal(tt.got.Algorithms, tt.algorithms) || tt.got.NoticesRevocation ||
			!tt.got.Token68 || tt.got.Unknown {
			t.Errorf("%s: %+v", name, tt.got)
		}
	}
}

// exchange is a transport that lets a test look at requests.
type exchange func(*http.Request) *http.Response

func (f exchange) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

func found(status int, header http.Header, body io.Reader) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(body)}
}

// A refresh asks whether anything has changed, by both of what the last answer said of itself, and only if it did.
func TestConditionalRequests(t *testing.T) {
	es := signerOf(t, jose.ES256)
	const date = "Thu, 01 Jan 2026 00:00:00 GMT"
	for _, tt := range []struct{ etag, modified string }{{`"1"`, date}, {`"1"`, ""}, {"", date}, {"", ""}} {
		now := noon
		var asked []http.Header
		v := newValidator(t, jwks.Config{
			Issuer: issuer, Audience: audience, JWKSURL: keysURL, Now: func() time.Time { return now },
			HTTPClient: &http.Client{Transport: exchange(func(r *http.Request) *http.Response {
				asked = append(asked, r.Header)
				if len(asked) > 1 {
					return found(http.StatusNotModified, http.Header{}, strings.NewReader(""))
				}
				return found(http.StatusOK, http.Header{"Etag": {tt.etag}, "Last-Modified": {tt.modified}}, strings.NewReader(keySet(t, es)))
			})},
		})
		token := sign(t, es, atJWT, accessClaims(object{"exp": noon.Add(24 * time.Hour).Unix()}))
		accepted(t, v, token)
		now = now.Add(15 * time.Minute) // the keys are stale, and asked for anew
		accepted(t, v, token)
		if len(asked) != 2 {
			t.Fatalf("%d requests", len(asked))
		}
		for i, h := range asked {
			if got := h.Get("Accept"); got != "application/json, application/jwk-set+json" {
				t.Errorf("Accept %q", got)
			}
			etag, modified := h.Get("If-None-Match"), h.Get("If-Modified-Since")
			if i == 0 && etag+modified != "" || i == 1 && (etag != tt.etag || modified != tt.modified) {
				t.Errorf("request %d: If-None-Match %q and If-Modified-Since %q after %+v", i, etag, modified, tt)
			}
		}
		if unasked, err := tt.etag+tt.modified == "", v.State().Err; unasked != (err != nil) {
			t.Errorf("304 after %+v: %v", tt, err)
		}
	}
}

// shut notes that it was closed.
type shut struct {
	io.Reader
	times int
}

func (s *shut) Close() error {
	s.times++
	return nil
}

// Whoever has to find out why there are no keys is told, and no connection is lost.
func TestFetchCauses(t *testing.T) {
	set := keySet(t, signerOf(t, jose.ES256))
	for name, tt := range map[string]struct {
		status int
		body   string
		says   string
	}{
		"too large":     {200, set + strings.Repeat(" ", 512<<10+1-len(set)), "larger than the limit"},
		"status":        {404, "", "404"},
		"no key set":    {200, "{}", "malformed"},
		"no usable key": {200, `{"keys":[]}`, "no usable key"},
		"good":          {200, set, ""},
	} {
		body := &shut{Reader: strings.NewReader(tt.body)}
		v := newValidator(t, jwks.Config{
			Issuer: issuer, Audience: audience, JWKSURL: keysURL, HTTPClient: &http.Client{Transport: exchange(func(*http.Request) *http.Response {
				return &http.Response{StatusCode: tt.status, Header: http.Header{}, Body: body}
			})},
		})
		err := v.Ready(t.Context())
		if (tt.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
		if body.times == 0 {
			t.Errorf("%s: the body was not closed", name)
		}
	}
	refusing := fromURL(t, &stub{})
	if err := refusing.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "no usable HTTP answer") {
		t.Errorf("no connection: %v", err)
	}
	if err := refusing.Close(); err != nil {
		t.Error(err)
	}
	if err := refusing.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("after Close: %v", err)
	}
}

// A JWT that does not say who issued it is nobody's, and one of an algorithm that is not allowed is not looked at.
func TestVerifierRefusals(t *testing.T) {
	v := newVerifier(t)
	typ := object{"typ": setTyp}
	for _, tt := range []struct {
		signer *jose.Signer
		claims object
		want   middleware.Reason
	}{
		{signerOf(t, jose.ES256), object{"aud": audience}, middleware.ReasonUntrustedIssuer},
		{signerOf(t, jose.HS256), object{"iss": issuer, "aud": audience}, middleware.ReasonAlgorithmNotAllowed},
	} {
		claims, err := v.Verify(t.Context(), sign(t, tt.signer, typ, tt.claims))
		if middleware.ReasonOf(err) != tt.want || claims != nil {
			t.Errorf("%s and %v, want %s", claims, err, tt.want)
		}
	}
}

// A Verifier is ready when its keys are there, and asks for none once it is closed.
func TestVerifierLifecycle(t *testing.T) {
	web := &stub{}
	v, err := jwks.NewVerifier(setTyp, jwks.Config{Issuer: issuer, Audience: audience, JWKSURL: keysURL, HTTPClient: web.client()})
	if err != nil {
		t.Fatal(err)
	}
	if v.Ready(t.Context()) == nil {
		t.Error("ready without keys")
	}
	web.put(keysURL, page{body: keySet(t, signerOf(t, jose.ES256))})
	if err := v.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
}

// An issuer has at most 2,048 octets. Nobody is asked about a longer one, nor about none.
func TestResolverIssuerLength(t *testing.T) {
	var asked []string
	r, err := jwks.NewResolver(jwks.ResolverConfig{Now: atNoon, Resolve: func(_ context.Context, issuer string) (jwks.Config, error) {
		asked = append(asked, issuer)
		return jwks.Config{}, jwks.ErrUnknownIssuer
	}})
	if err != nil {
		t.Fatal(err)
	}
	longest := issuer + "/" + strings.Repeat("x", 2048-len(issuer)-1)
	for _, named := range []any{longest, longest + "x", "", nil, 7} {
		refused(t, r, sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(object{"iss": named})), middleware.ReasonUntrustedIssuer)
	}
	if !slices.Equal(asked, []string{longest}) {
		t.Errorf("asked about %d issuers", len(asked))
	}
}

// A missing Issuer is one mistake, not two.
func TestOneSentenceForOneMistake(t *testing.T) {
	_, err := jwks.New(jwks.Config{Audience: audience})
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

// A token that was remembered by a router is forgotten by it, too.
func TestRouterForgets(t *testing.T) {
	x := newTenants(t)
	token := sign(t, x.keyA, atJWT, x.claimsOfA)
	first := accepted(t, x.router, token)
	if accepted(t, x.router, token) != first {
		t.Error("not remembered")
	}
	x.router.Forget(token)
	if accepted(t, x.router, token) == first {
		t.Error("not forgotten")
	}
}

// What a claim says of the kind of a token counts where the profile knows of it, and nowhere else.
func TestKindClaims(t *testing.T) {
	es := signerOf(t, jose.ES256)
	for name, tt := range map[string]struct {
		claims object
		want   middleware.Reason // "" for acceptance
	}{
		"none":          {object{}, ""},
		"access token":  {object{"typ": "Bearer", "token_use": "access"}, ""},
		"refresh token": {object{"typ": "Refresh"}, middleware.ReasonNotAccessToken},
		"ID token":      {object{"token_use": "id"}, middleware.ReasonNotAccessToken},
		"no text":       {object{"typ": 1}, middleware.ReasonNotAccessToken},
	} {
		_, err := atNoonWith(t, jwks.RFC9068, es).Validate(t.Context(), sign(t, es, atJWT, accessClaims(tt.claims)))
		if got := middleware.ReasonOf(err); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// Whoever is told to wait is told why, and for as long as it takes until the issuer is asked again.
func TestWhyToWait(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.breakKeys(oauthtest.Fault{Status: http.StatusServiceUnavailable})
		for range 3 {
			_, err := f.v.Validate(f.Context(), f.mint())
			if err == nil || !strings.Contains(err.Error(), "503") {
				f.Errorf("%v", err)
			}
		}
	})
	run(t, nil, func(f *fixture) {
		f.accepts(f.mint())
		f.breakKeys(oauthtest.Fault{Status: http.StatusServiceUnavailable})
		guard, err := middleware.New(f.v, middleware.Config{})
		if err != nil {
			f.Fatal(err)
		}
		wait := func() time.Duration {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Authorization", "Bearer "+f.forge("unknown"))
			_, err := guard.Authorize(http.Header{}, r, middleware.Policy{})
			refusal, ok := errors.AsType[*middleware.Error](err)
			if !ok || refusal.StatusCode() != http.StatusServiceUnavailable {
				f.Fatalf("%v", err)
			}
			return refusal.RetryAfter()
		}
		wait() // takes the ration
		for _, tt := range []struct{ later, want time.Duration }{
			{0, 30 * time.Second}, {10 * time.Second, 20 * time.Second}, {19500 * time.Millisecond, time.Second},
		} {
			elapse(tt.later)
			if got := wait(); got != tt.want {
				f.Errorf("told to wait for %v, want %v", got, tt.want)
			}
		}
	})
}

// Keycloak says nothing in token_use, so that whatever is there says nothing.
func TestUnknownKindClaims(t *testing.T) {
	es := signerOf(t, jose.ES256)
	claims := accessClaims(object{"typ": "Bearer", "azp": "shop", "token_use": "refresh"})
	accepted(t, atNoonWith(t, jwks.Keycloak, es), sign(t, es, object{"typ": "JWT"}, claims))
}

// A token that nobody has validated can be forgotten, and so can what is no token.
func TestForgetUnknownTokens(t *testing.T) {
	es := signerOf(t, jose.ES256)
	token := sign(t, es, atJWT, accessClaims(nil))
	v := atNoonWith(t, jwks.RFC9068, es)
	for _, unknown := range []string{token, "", "opaque"} {
		v.Forget(unknown)
	}
	accepted(t, v, token)
	off := newValidator(t, jwks.Config{Issuer: issuer, Audience: audience, Keys: parseKeys(t, keySet(t, es)), Now: atNoon, CacheBytes: -1})
	off.Forget(token)
	accepted(t, off, token)
}

// Close waits for the fetch that it ends.
func TestCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := false
		v := newValidator(t, jwks.Config{
			Issuer: issuer, Audience: audience, JWKSURL: keysURL, HTTPClient: &http.Client{Transport: exchange(func(r *http.Request) *http.Response {
				<-r.Context().Done()
				<-time.After(time.Second) // of the bubble: cleaning up takes a while
				ended = true
				return found(http.StatusOK, http.Header{}, strings.NewReader(""))
			})},
		})
		ctx, leave := context.WithCancel(t.Context())
		leave()
		_ = v.Ready(ctx)
		if err := v.Close(); err != nil || !ended {
			t.Errorf("%v, and the fetch has ended: %t", err, ended)
		}
	})
}

// An issuer whose name is no URL needs to be told where its keys are, and only that one is told so.
func TestIssuerThatIsNoURL(t *testing.T) {
	for name, want := range map[string]bool{"joe": true, "http://as.example.com": false} {
		_, err := jwks.New(jwks.Config{Issuer: name, Audience: audience})
		if err == nil || strings.Contains(err.Error(), "with JWKSURL it may be any text") != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
