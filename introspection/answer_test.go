package introspection_test

import (
	"crypto/sha256"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
)

// members puts more members into an answer about an active token.
func members(more string) string {
	if more == "" {
		return `{"active":true}`
	}
	return `{"active":true,` + more + `}`
}

func TestToken(t *testing.T) {
	v := asking(t, say(members(`"iss":"https://as.example.com","sub":"alice","client_id":"shop","jti":"t-1","sid":"s-1",
		"aud":["https://api.example.com","https://other.example"],"scope":"orders:read  orders:write","acr":"gold",
		"auth_time":1799999000,"iat":1799999940,"nbf":1799999940,"exp":1800000300.5,"act":{"sub":"proxy"},
		"cnf":{"jkt":"thumb"},"token_type":"DPoP","username":"jdoe","Tenant":"folded","tenant":"acme"`)),
		introspection.Config{Issuer: issuer, Audience: audience})
	token := honoured(t, v, "opaque")
	got := *token
	got.Claims, got.Audience, got.Confirmation = nil, middleware.Audience{}, middleware.Confirmation{}
	expected := middleware.Token{
		Issuer: issuer, Subject: "alice", ClientID: "shop", ID: "t-1", SessionID: "s-1",
		Scopes: "orders:read  orders:write", Actor: middleware.Actor{Subject: "proxy"}, ACR: "gold",
		AuthTime: time.Unix(1799999000, 0), IssuedAt: time.Unix(1799999940, 0), NotBefore: time.Unix(1799999940, 0),
		ExpiresAt: time.Unix(1800000300, 5e8), Fingerprint: sha256.Sum256([]byte("opaque")),
	}
	if !sameToken(got, expected) {
		t.Errorf("got  %#v\nwant %#v", got, expected)
	}
	if !slices.Equal(slices.Collect(token.Audience.All()), []string{audience, "https://other.example"}) {
		t.Errorf("audience %v", slices.Collect(token.Audience.All()))
	}
	if cnf := maps.Collect(token.Confirmation.All()); !maps.Equal(cnf, map[string]string{"jkt": "thumb"}) {
		t.Errorf("confirmation %v", cnf)
	}
	private, err := middleware.Claims[struct {
		Username string `json:"username"`
		Tenant   string `json:"tenant"`
	}](*token)
	if err != nil || private.Username != "jdoe" || private.Tenant != "acme" {
		t.Errorf("claims %+v, %v", private, err)
	}
}

// sameToken compares everything that can be compared; Format would print next to nothing.
func sameToken(a, b middleware.Token) bool {
	return a.Issuer == b.Issuer && a.Subject == b.Subject && a.ClientID == b.ClientID && a.ID == b.ID &&
		a.SessionID == b.SessionID && a.Scopes == b.Scopes && a.Actor == b.Actor && a.ACR == b.ACR &&
		a.AuthTime.Equal(b.AuthTime) && a.IssuedAt.Equal(b.IssuedAt) && a.NotBefore.Equal(b.NotBefore) &&
		a.ExpiresAt.Equal(b.ExpiresAt) && a.Fingerprint == b.Fingerprint
}

// The shortest answer there is leaves everything open but the issuer that was configured.
func TestMinimalAnswer(t *testing.T) {
	token := honoured(t, asking(t, say(`{"active":true}`), introspection.Config{Issuer: issuer, Audience: audience}), "opaque")
	if token.Issuer != issuer || token.Subject != "" || token.Scopes != "" || !token.ExpiresAt.IsZero() || token.Audience.Len() != 0 {
		t.Errorf("got %#v", *token)
	}
	if token := honoured(t, asking(t, say(`{"active":true}`), introspection.Config{}), "opaque"); token.Issuer != "" {
		t.Errorf("issuer %s out of nowhere", token.Issuer)
	}
}

func TestFingerprint(t *testing.T) {
	v := asking(t, say(`{"active":true}`), introspection.Config{})
	for _, accessToken := range []string{"opaque", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"} {
		if honoured(t, v, accessToken).Fingerprint != middleware.FingerprintOf(accessToken) {
			t.Errorf("%s: wrong fingerprint", accessToken)
		}
	}
}

func TestChecks(t *testing.T) {
	tests := []struct {
		name, members string
		cfg           introspection.Config
		want          string
	}{
		{"issuer that is not compared", `"iss":"https://evil.example"`, introspection.Config{}, "active"},
		{"other issuer", `"iss":"https://as.example.com/"`, introspection.Config{Issuer: issuer}, "refused untrusted_issuer"},
		{"issuer that is no text", `"iss":7`, introspection.Config{}, "unavailable"},
		{"issuer null", `"iss":null`, introspection.Config{}, "unavailable"},

		{"audience that is not compared", `"aud":"https://other.example"`, introspection.Config{}, "active"},
		{"other audience", `"aud":"https://other.example"`, introspection.Config{Audience: audience}, "refused wrong_audience"},
		{"one of several", `"aud":["https://other.example","https://api.example.com"]`, introspection.Config{Audience: audience}, "active"},
		{"old audience", `"aud":"old"`, introspection.Config{Audience: audience, OtherAudiences: []string{"old"}}, "active"},
		{"prefix of the audience", `"aud":"https://api.example.co"`, introspection.Config{Audience: audience}, "refused wrong_audience"},
		{"audience with slash", `"aud":"https://api.example.com/"`, introspection.Config{Audience: audience}, "refused wrong_audience"},
		{"no audience in the list", `"aud":[]`, introspection.Config{Audience: audience}, "refused wrong_audience"},
		{"audience null", `"aud":null`, introspection.Config{Audience: audience}, "refused wrong_audience"},
		{"odd audience in the list", `"aud":[7]`, introspection.Config{Audience: audience}, "refused wrong_audience"},

		{"exp a moment ahead", `"exp":1800000000.5`, introspection.Config{}, "active"},
		{"exp has no leeway", `"exp":1799999999`, introspection.Config{Leeway: time.Minute}, "refused expired"},
		{"exp zero", `"exp":0`, introspection.Config{}, "unavailable"},
		{"exp negative", `"exp":-1`, introspection.Config{}, "unavailable"},
		{"exp null", `"exp":null`, introspection.Config{}, "unavailable"},
		{"exp in the year 9999", `"exp":253402300799`, introspection.Config{}, "active"},
		{"nbf within the leeway", `"nbf":1800000010`, introspection.Config{}, "active"},
		{"nbf beyond the leeway", `"nbf":1800000011`, introspection.Config{}, "refused not_yet_valid"},
		{"nbf without leeway", `"nbf":1800000001`, introspection.Config{Leeway: -1}, "refused not_yet_valid"},
		{"nbf text", `"nbf":"1"`, introspection.Config{}, "unavailable"},
		{"iat is not ours to judge", `"iat":1800009999`, introspection.Config{}, "active"},

		{"token type text missing", `"token_type":7`, introspection.Config{}, "unavailable"},
		{"token type null", `"token_type":null`, introspection.Config{}, "unavailable"},
		{"token type empty", `"token_type":""`, introspection.Config{}, "refused not_an_access_token"},
		{"token type N_A", `"token_type":"N_A"`, introspection.Config{}, "refused not_an_access_token"},
		{"DPoP without key", `"token_type":"DPoP"`, introspection.Config{}, "refused missing_claim"},
		{"DPoP with another key", `"token_type":"dpop","cnf":{"x5t#S256":"x"}`, introspection.Config{}, "refused missing_claim"},
		{"DPoP with key", `"token_type":"dpop","cnf":{"jkt":"x"}`, introspection.Config{}, "active"},
		{"empty cnf", `"cnf":{}`, introspection.Config{}, "unavailable"},
		{"act of nobody", `"act":{}`, introspection.Config{}, "unavailable"},

		{"Hydra access token", `"token_type":"Bearer","token_use":"access_token"`, introspection.Config{}, "active"},
		{"Hydra refresh token", `"token_type":"Bearer","token_use":"refresh_token"`, introspection.Config{}, "refused not_an_access_token"},
		{"Keycloak access token", `"typ":"Bearer"`, introspection.Config{}, "active"},
		{"Keycloak refresh token", `"typ":"Refresh"`, introspection.Config{}, "refused not_an_access_token"},
		{"Keycloak offline token", `"typ":"Offline"`, introspection.Config{}, "refused not_an_access_token"},
		{"Keycloak ID token", `"typ":"ID"`, introspection.Config{}, "refused not_an_access_token"},
		{"Glewlwyd access token", `"type":"access_token"`, introspection.Config{}, "active"},
		{"Glewlwyd refresh token", `"type":"refresh_token"`, introspection.Config{}, "refused not_an_access_token"},

		{"nothing of a refresh token shows", `"client_id":"a"`, introspection.Config{}, "active"},
		{"so require what it lacks", `"client_id":"a"`, introspection.Config{Require: []string{"token_type"}}, "refused missing_claim"},
		{"required and there", `"sub":"a","exp":1800000300`, introspection.Config{Require: []string{"sub", "exp"}}, "active"},
		{"required and not all there", `"sub":"a"`, introspection.Config{Require: []string{"sub", "exp"}}, "refused missing_claim"},
		{"required and null", `"tenant":null`, introspection.Config{Require: []string{"tenant"}}, "refused missing_claim"},
		{"required in another case", `"Tenant":"a"`, introspection.Config{Require: []string{"tenant"}}, "refused missing_claim"},
		{"required audience", ``, introspection.Config{Audience: audience, Require: []string{"aud"}}, "refused missing_claim"},

		{"scopes under another name", `"scp":["orders:read"]`, introspection.Config{}, "active"},
		{"acr that is no text grants nothing", `"acr":7,"auth_time":"now"`, introspection.Config{}, "active"},
		{"duplicate member", `"sub":"a","sub":"a"`, introspection.Config{}, "unavailable"},
		{"duplicate member inside", `"x":{"a":1,"a":1}`, introspection.Config{}, "unavailable"},
		{"deep", `"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40), introspection.Config{}, "unavailable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want(t, asking(t, say(members(tt.members)), tt.cfg), "opaque", tt.want)
		})
	}
}

// Answers about inactive tokens have nothing to say but that (RFC 7662, section 2.2).
func TestInactiveIgnoresTheRest(t *testing.T) {
	for _, body := range []string{
		`{"active":false}`, `{"active":false,"exp":"soon","cnf":7,"scope":[]}`, ` {"active" : false , "sub":7} `,
	} {
		want(t, asking(t, say(body), introspection.Config{Require: []string{"sub"}}), "opaque", "refused inactive")
	}
}

func TestTokenItself(t *testing.T) {
	asked := 0
	v := asking(t, func(r *http.Request) *http.Response {
		asked++
		return reply(http.StatusOK, "application/json", `{"active":true}`)
	}, introspection.Config{})
	want(t, v, "", "refused malformed_token")
	want(t, v, strings.Repeat("a", 16<<10+1), "refused token_too_large")
	want(t, v.Uncached(), "", "refused malformed_token")
	if asked != 0 {
		t.Errorf("%d calls", asked)
	}
	want(t, v, strings.Repeat("a", 16<<10), "active")
}
