package jwks_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

const (
	tenantA = "https://a.example.com"
	tenantB = "https://b.example.com"
)

// tenants are two issuers whose different keys share an ID, behind one validator.
type tenants struct {
	router     *jwks.Router
	web        *stub
	urlA, urlB string
	keyA, keyB *jose.Signer
	onlyA      *jwks.Validator
	claimsOfA  object
	claimsOfB  object
}

func newTenants(t *testing.T) *tenants {
	t.Helper()
	x := &tenants{
		keyA: newSigner(t, jose.ES256, "k1"), keyB: newSigner(t, jose.ES256, "k1"), web: &stub{},
		urlA: tenantA + "/keys", urlB: tenantB + "/keys",
		claimsOfA: accessClaims(object{"iss": tenantA}), claimsOfB: accessClaims(object{"iss": tenantB}),
	}
	x.web.put(x.urlA, page{body: keySet(t, x.keyA)})
	x.web.put(x.urlB, page{body: keySet(t, x.keyB)})
	x.onlyA = newValidator(t, jwks.Config{
		Issuer: tenantA, Audience: audience, JWKSURL: x.urlA, HTTPClient: x.web.client(), Now: atNoon,
	})
	router, err := jwks.Issuers(x.onlyA, newValidator(t, jwks.Config{
		Issuer: tenantB, Audience: audience, JWKSURL: x.urlB, HTTPClient: x.web.client(), Now: atNoon,
	}))
	if err != nil {
		t.Fatal(err)
	}
	x.router = router
	return x
}

// TestCrossedKeys: a token is judged with the keys of the issuer it names, and no others.
func TestCrossedKeys(t *testing.T) {
	x := newTenants(t)
	accepted(t, x.router, sign(t, x.keyA, atJWT, x.claimsOfA))
	accepted(t, x.router, sign(t, x.keyB, atJWT, x.claimsOfB))
	refused(t, x.router, sign(t, x.keyB, atJWT, x.claimsOfA), middleware.ReasonBadSignature)
	refused(t, x.router, sign(t, x.keyA, atJWT, x.claimsOfB), middleware.ReasonBadSignature)
	wantRequests(t, x.web, x.urlA, x.urlB)
}

// TestOtherTenant: a validator refuses the perfect token of another issuer without asking anybody.
func TestOtherTenant(t *testing.T) {
	x := newTenants(t)
	refused(t, x.onlyA, sign(t, x.keyB, atJWT, x.claimsOfB), middleware.ReasonUntrustedIssuer)
	wantRequests(t, x.web)
}

// TestUnknownIssuer: a stranger's iss causes no request.
func TestUnknownIssuer(t *testing.T) {
	x := newTenants(t)
	for _, iss := range []any{
		"https://evil.example", tenantA + "/", strings.ToUpper(tenantA), "", nil, jsonNull{}, 7, []string{tenantA},
	} {
		refused(t, x.router, sign(t, x.keyA, atJWT, with(x.claimsOfA, object{"iss": iss})), middleware.ReasonUntrustedIssuer)
	}
	refused(t, x.router, "no token", middleware.ReasonMalformedToken)
	refused(t, x.router, signRaw(t, x.keyA, `[]`), middleware.ReasonMalformedToken)
	wantRequests(t, x.web)
}

// TestProfilesDoNotMix: each issuer keeps its own profile and audience.
func TestProfilesDoNotMix(t *testing.T) {
	okta, auth0 := specimens["Okta"], specimens["Auth0 user"]
	router, err := jwks.Issuers(okta.validator(t), auth0.validator(t))
	if err != nil {
		t.Fatal(err)
	}
	accepted(t, router, okta.token(t, nil, nil))
	accepted(t, router, auth0.token(t, nil, nil))
	refused(t, router, auth0.token(t, object{"typ": nil}, nil), middleware.ReasonWrongType)
	refused(t, router, okta.token(t, nil, object{"aud": auth0API}), middleware.ReasonWrongAudience)
}

func TestIssuersRefuses(t *testing.T) {
	a := atNoonWith(t, jwks.RFC9068, signerOf(t, jose.ES256))
	for name, tt := range map[string]struct {
		validators []*jwks.Validator
		want       string
	}{
		"none":  {nil, "at least one"},
		"nil":   {[]*jwks.Validator{a, nil}, "nil"},
		"twice": {[]*jwks.Validator{a, atNoonWith(t, jwks.Generic, signerOf(t, jose.ES256))}, "two Validators for issuer"},
	} {
		router, err := jwks.Issuers(tt.validators...)
		if err == nil || router != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, %v", name, router, err)
		}
	}
}

// TestRouterReady names the issuers that are not, and those only.
func TestRouterReady(t *testing.T) {
	x := newTenants(t)
	x.web.put(x.urlB, page{status: http.StatusServiceUnavailable})
	err := x.router.Ready(t.Context())
	if !errors.Is(err, middleware.ErrUnavailable) || !strings.Contains(err.Error(), tenantB) || strings.Contains(err.Error(), tenantA) {
		t.Errorf("ready: %v", err)
	}
	states := x.router.States()
	if len(states) != 2 || !states[tenantA].Usable || states[tenantA].Err != nil || states[tenantB].Usable || states[tenantB].Err == nil {
		t.Errorf("states: %+v", states)
	}
	accepted(t, x.router, sign(t, x.keyA, atJWT, x.claimsOfA))

	x.web.put(x.urlB, page{body: keySet(t, x.keyB)})
	if err := x.router.Ready(t.Context()); err != nil {
		t.Errorf("ready after recovery: %v", err)
	}
	accepted(t, x.router, sign(t, x.keyB, atJWT, x.claimsOfB))
}

func TestRouterClose(t *testing.T) {
	x := newTenants(t)
	if err := x.router.Close(); err != nil {
		t.Error(err)
	}
	undecided(t, x.router, sign(t, x.keyA, atJWT, x.claimsOfA))
	undecided(t, x.router, sign(t, x.keyB, atJWT, x.claimsOfB))
	wantRequests(t, x.web)
}
