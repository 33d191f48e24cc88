package jwks_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// TestToken: every fact of a token is where handlers look for it.
func TestToken(t *testing.T) {
	v := atNoonWith(t, jwks.RFC9068, signerOf(t, jose.ES256))
	now := noon.Unix()
	got := accepted(t, v, sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(object{
		"aud": []string{"https://other.example.com", audience}, "sid": "s-1", "acr": "gold", "auth_time": now - 3600,
		"nbf": now - 60, "tenant": "acme",
	})))
	want := middleware.Token{
		Issuer: issuer, Subject: "alice", ClientID: "shop", ID: "t-1", SessionID: "s-1", Scopes: "orders:read", ACR: "gold",
		AuthTime: noon.Add(-time.Hour), IssuedAt: noon.Add(-time.Minute), NotBefore: noon.Add(-time.Minute),
		ExpiresAt: noon.Add(10 * time.Minute),
	}
	facts := func(t *middleware.Token) string {
		return fmt.Sprint(t.Issuer, t.Subject, t.ClientID, t.ID, t.SessionID, t.Scopes, t.ACR, t.AuthTime.Unix(),
			t.IssuedAt.Unix(), t.NotBefore.Unix(), t.ExpiresAt.Unix(), t.Actor, t.Confirmation)
	}
	if facts(got) != facts(&want) {
		t.Errorf("got %s\nwant %s", facts(got), facts(&want))
	}
	if aud := slices.Collect(got.Audience.All()); !slices.Equal(aud, []string{"https://other.example.com", audience}) {
		t.Errorf("audience %q", aud)
	}
	claims, err := middleware.Claims[struct {
		Tenant string `json:"tenant"`
	}](*got)
	if err != nil || claims.Tenant != "acme" {
		t.Errorf("claims %+v, %v", claims, err)
	}
}

// TestOptionalClaims only ever add to what a token may do, so that strange ones add nothing.
func TestOptionalClaims(t *testing.T) {
	v := atNoonWith(t, jwks.RFC9068, signerOf(t, jose.ES256))
	for _, strange := range []any{jsonNull{}, true, []string{"gold"}, object{}, -1, "x"} {
		changes := object{"auth_time": strange}
		if _, text := strange.(string); !text {
			changes["acr"] = strange
		}
		got := accepted(t, v, sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(changes)))
		if got.ACR != "" || !got.AuthTime.IsZero() {
			t.Errorf("%v: acr %q, auth_time %v", strange, got.ACR, got.AuthTime)
		}
	}
}

// TestTokenIsImmutable: what one handler does to the claims it decoded, the next one does not see.
func TestTokenIsImmutable(t *testing.T) {
	v := atNoonWith(t, jwks.RFC9068, signerOf(t, jose.ES256))
	token := accepted(t, v, sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(object{
		"raw": object{"a": "b"}, "list": []string{"x", "y"}, "cnf": object{"jkt": "k"},
	})))
	type private struct {
		Raw  rawValue `json:"raw"`
		List []string `json:"list"`
	}
	first, err := middleware.Claims[private](*token)
	if err != nil {
		t.Fatal(err)
	}
	for i := range first.Raw {
		first.Raw[i] = '!'
	}
	first.List[0] = "changed"
	second, err := middleware.Claims[private](*token)
	if err != nil || string(second.Raw) != `{"a":"b"}` || second.List[0] != "x" {
		t.Errorf("the second reader sees %q, %q, %v", second.Raw, second.List, err)
	}
}

// rawValue keeps the octets that a decoder hands out.
type rawValue []byte

func (r *rawValue) UnmarshalJSON(data []byte) error {
	*r = data
	return nil
}

func TestOtherAudiences(t *testing.T) {
	others := []string{"https://old.example.com", "urn:orders"}
	v := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, OtherAudiences: others, Now: atNoon,
		Keys: parseKeys(t, keySet(t, signerOf(t, jose.ES256))),
	})
	others[0] = "https://changed.example.com"
	token := func(aud any) string {
		return sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(object{"aud": aud}))
	}
	for _, aud := range []any{audience, "https://old.example.com", "urn:orders", []string{"x", "urn:orders"}} {
		accepted(t, v, token(aud))
	}
	for _, aud := range []any{audience + "/", "https://changed.example.com", "urn:Orders", []string{"x"}, ""} {
		refused(t, v, token(aud), middleware.ReasonWrongAudience)
	}
}

// TestMalformedTokens are refused before any key is asked for.
func TestMalformedTokens(t *testing.T) {
	v := newValidator(t, jwks.Config{Issuer: issuer, Audience: audience, HTTPClient: trap(t), Now: atNoon})
	good := sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(nil))
	header, rest, _ := strings.Cut(good, ".")
	for name, tt := range map[string]struct {
		token string
		want  middleware.Reason
	}{
		"empty":           {"", middleware.ReasonMalformedToken},
		"opaque":          {"2YotnFZFEjr1zCsicMWpAA", middleware.ReasonMalformedToken},
		"two parts":       {rest, middleware.ReasonMalformedToken},
		"four parts":      {good + ".x", middleware.ReasonMalformedToken},
		"dots":            {strings.Repeat(".", 5000), middleware.ReasonMalformedToken},
		"padding":         {header + "=." + rest, middleware.ReasonMalformedToken},
		"space":           {" " + good, middleware.ReasonMalformedToken},
		"line break":      {good + "\n", middleware.ReasonMalformedToken},
		"encrypted":       {"eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.Y3Q.dGFn", middleware.ReasonMalformedToken},
		"JSON form":       {`{"payload":"e30","signatures":[]}`, middleware.ReasonMalformedToken},
		"one octet extra": {strings.Repeat("a", 16<<10+1), middleware.ReasonTokenTooLarge},
		"a megabyte":      {strings.Repeat("a", 1<<20), middleware.ReasonTokenTooLarge},
	} {
		t.Run(name, func(t *testing.T) { refused(t, v, tt.token, tt.want) })
	}
	for name, tt := range map[string]struct {
		header object
		want   middleware.Reason
	}{
		"none":        {object{"alg": "none"}, middleware.ReasonAlgorithmNotAllowed},
		"NoNe":        {object{"alg": "NoNe"}, middleware.ReasonAlgorithmNotAllowed},
		"no alg":      {object{"alg": nil}, middleware.ReasonAlgorithmNotAllowed},
		"null alg":    {object{"alg": jsonNull{}}, middleware.ReasonAlgorithmNotAllowed},
		"HS256":       {object{"alg": "HS256"}, middleware.ReasonAlgorithmNotAllowed},
		"es256":       {object{"alg": "es256"}, middleware.ReasonAlgorithmNotAllowed},
		"ES256K":      {object{"alg": "ES256K"}, middleware.ReasonAlgorithmNotAllowed},
		"crit":        {object{"crit": []string{"exp"}, "exp": 1}, middleware.ReasonCriticalHeader},
		"empty crit":  {object{"crit": []string{}}, middleware.ReasonCriticalHeader},
		"b64":         {object{"b64": false}, middleware.ReasonCriticalHeader},
		"zip":         {object{"zip": "DEF"}, middleware.ReasonCriticalHeader},
		"nested":      {object{"cty": "JWT"}, middleware.ReasonCriticalHeader},
		"typ of kind": {object{"typ": 7}, middleware.ReasonMalformedToken},
	} {
		t.Run(name, func(t *testing.T) {
			token := sign(t, signerOf(t, jose.ES256), over(atJWT, tt.header), accessClaims(nil))
			refused(t, v, token, tt.want)
		})
	}
}

// TestWrongClaimsCauseNoRequest: a token that cannot be good never causes a fetch.
func TestWrongClaimsCauseNoRequest(t *testing.T) {
	v := newValidator(t, jwks.Config{Issuer: issuer, Audience: audience, HTTPClient: trap(t), Now: atNoon})
	for reason, claims := range map[middleware.Reason]object{
		middleware.ReasonUntrustedIssuer: {"iss": "https://evil.example"},
		middleware.ReasonWrongAudience:   {"aud": "https://other.example.com"},
		middleware.ReasonMissingClaim:    {"jti": nil},
		middleware.ReasonMalformedClaim:  {"sub": 7},
		middleware.ReasonExpired:         {"exp": noon.Unix() - 3600},
		middleware.ReasonNotYetValid:     {"nbf": noon.Unix() + 3600},
		middleware.ReasonNotAccessToken:  {"nonce": "n"},
	} {
		refused(t, v, sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(claims)), reason)
	}
	noKeyID := sign(t, signerOf(t, jose.ES256), over(atJWT, object{"kid": nil}), accessClaims(nil))
	refused(t, v, noKeyID, middleware.ReasonUnknownKey)
}

// TestChangedTokens: no octet of a token can be changed.
func TestChangedTokens(t *testing.T) {
	v := atNoonWith(t, jwks.RFC9068, signerOf(t, jose.EdDSA))
	good := sign(t, signerOf(t, jose.EdDSA), atJWT, accessClaims(nil))
	accepted(t, v, good)
	for i := range good {
		changed := []byte(good)
		changed[i] = 'A'
		if good[i] == 'A' {
			changed[i] = 'B'
		}
		_, err := v.Validate(t.Context(), string(changed))
		if !errors.Is(err, middleware.ErrInvalidToken) {
			t.Fatalf("octet %d: %v", i, err)
		}
		wantDiscretion(t, err, string(changed))
	}
}

// TestDiscretion: errors repeat neither claims nor header parameters.
func TestDiscretion(t *testing.T) {
	const secret = "s3cr3t-t3xt"
	v := atNoonWith(t, jwks.RFC9068, signerOf(t, jose.ES256))
	for _, token := range []string{
		sign(t, signerOf(t, jose.ES256), over(atJWT, object{"kid": secret}), accessClaims(nil)),
		sign(t, signerOf(t, jose.ES256), object{"typ": secret}, accessClaims(nil)),
		sign(t, signerOf(t, jose.ES256), over(atJWT, object{"alg": secret}), accessClaims(nil)),
		sign(t, signerOf(t, jose.ES256), over(atJWT, object{"crit": []string{secret}}), accessClaims(nil)),
		sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(object{"iss": secret})),
		sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(object{"aud": secret})),
		sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(object{"exp": secret})),
		sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(object{"cnf": secret})),
		signRaw(t, signerOf(t, jose.ES256), `{"`+secret+`":1,"`+secret+`":2}`),
		signRaw(t, signerOf(t, jose.ES256), secret),
	} {
		if _, err := v.Validate(t.Context(), token); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("error: %v", err)
		}
	}
}
