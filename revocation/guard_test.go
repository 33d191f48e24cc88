package revocation_test

import (
	"context"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

const audience = "https://api.example.com"

func newSigner(t testing.TB) *jose.Signer {
	t.Helper()
	signer, err := jose.GenerateSigner(jose.ES256, "k1")
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// sign returns an RFC 9068 token at noon, with changes to its claims.
func sign(t testing.TB, signer *jose.Signer, changes map[string]any) string {
	t.Helper()
	claims := map[string]any{
		"iss": issuer, "aud": audience, "sub": "alice", "client_id": "shop", "jti": "token-1", "sid": "session-1",
		"iat": noon.Unix() - 60, "exp": noon.Unix() + 3600,
	}
	maps.Copy(claims, changes)
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Sign(map[string]any{"typ": "at+jwt"}, payload)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func newValidator(t testing.TB, signer *jose.Signer) *jwks.Validator {
	t.Helper()
	set, err := json.Marshal(map[string]any{"keys": []any{signer.JWK()}})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := jwks.ParseKeys(set)
	if err != nil {
		t.Fatal(err)
	}
	validator, err := jwks.New(jwks.Config{Issuer: issuer, Audience: audience, Keys: keys, Now: new(clock).now})
	if err != nil {
		t.Fatal(err)
	}
	return validator
}

// highS is the other signature that ECDSA has for the same message: s replaced by n - s (CVE-2024-48949 and its kin).
func highS(t testing.TB, token string) string {
	t.Helper()
	dot := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil || len(signature) != 64 {
		t.Fatalf("signature of %d octets: %v", len(signature), err)
	}
	s := new(big.Int).SetBytes(signature[32:])
	s.Sub(elliptic.P256().Params().N, s).FillBytes(signature[32:])
	return token[:dot+1] + base64.RawURLEncoding.EncodeToString(signature)
}

// trailingBits respells the last character of a token in a way that decodes to the same octets.
func trailingBits(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(token) - 1
	return token[:last] + string(alphabet[strings.IndexByte(alphabet, token[last])+1])
}

// Every way refuses a JWT on the next request; other JWTs pass.
func TestGuardRefusesRevokedJWT(t *testing.T) {
	signer := newSigner(t)
	token := sign(t, signer, nil)
	other := sign(t, signer, map[string]any{
		"sub": "bob", "client_id": "kiosk", "jti": "token-2", "sid": "session-2", "iat": noon.Unix() + 1,
	})
	for _, way := range ways {
		list := newList(t, &clock{}, revocation.Config{})
		guard := newGuard(t, newValidator(t, signer), list)
		if got := authorize(t, guard, token); got != "200" {
			t.Fatalf("%s: %s before it was revoked", way.name, got)
		}
		if way.revoke.Token != "" {
			way.revoke.Token = token
		}
		revoke(t, list, way.revoke)
		if got := authorize(t, guard, token); got != "401 revoked" {
			t.Errorf("%s: %s after it was revoked", way.name, got)
		}
		if got := authorize(t, guard, other); got != "200" {
			t.Errorf("%s: another token gets %s", way.name, got)
		}
	}
}

// A holder who respells the signature of a token does not get a new one.
func TestRespelledSignature(t *testing.T) {
	signer := newSigner(t)
	token := sign(t, signer, nil)
	twin := highS(t, token)
	spellings := map[string]string{
		"itself": token, "high s": twin, "trailing bits": trailingBits(token), "both": trailingBits(twin),
	}
	guard := newGuard(t, newValidator(t, signer), newList(t, &clock{}, revocation.Config{}))
	if got := authorize(t, guard, twin); got != "200" {
		t.Fatalf("before anything was revoked the twin gets %s: it has to be good for this test to mean anything", got)
	}
	for revoked, spelling := range spellings {
		list := newList(t, &clock{}, revocation.Config{})
		guard := newGuard(t, newValidator(t, signer), list)
		revoke(t, list, revocation.Revocation{Token: spelling})
		for sent, want := range map[string]string{
			"itself": "401 revoked", "high s": "401 revoked",
			"trailing bits": "401 malformed_token", "both": "401 malformed_token",
		} {
			if got := authorize(t, guard, spellings[sent]); got != want {
				t.Errorf("revoked %s, sent %s: %s, want %s", revoked, sent, got, want)
			}
		}
	}
}

// Whoever revokes a token by presenting it harms nobody else, whatever the token says.
func TestCraftedTokenHarmsNobody(t *testing.T) {
	signer, attacker := newSigner(t), newSigner(t)
	victim := sign(t, signer, nil)
	list := newList(t, &clock{}, revocation.Config{})
	guard := newGuard(t, newValidator(t, signer), list)
	parts := strings.Split(victim, ".")
	for _, crafted := range []string{
		sign(t, attacker, map[string]any{"exp": noon.Unix() + 7200}), // the claims of the victim
		parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+issuer+`","jti":"token-1"}`)) + "." + parts[2],
		"." + parts[1] + "." + parts[2],
		parts[1] + "." + parts[2],
		parts[0], parts[1], parts[2],
		"token-1",
	} {
		revoke(t, list, revocation.Revocation{Token: crafted})
		if got := authorize(t, guard, victim); got != "200" {
			t.Errorf("the victim gets %s", got)
		}
	}
}

// inFlight is a Validator that says yes once it is let go.
type inFlight struct {
	middleware.Validator
	asked, answer chan struct{}
}

func (v inFlight) Validate(ctx context.Context, accessToken string) (*middleware.Token, error) {
	token, err := v.Validator.Validate(ctx, accessToken)
	v.asked <- struct{}{}
	<-v.answer
	return token, err
}

// A revocation that arrives while the Validator is on its way with a positive answer wins.
func TestRevokedWhileValidating(t *testing.T) {
	for _, way := range ways {
		list := newList(t, &clock{}, revocation.Config{})
		validator := inFlight{honour(alice()), make(chan struct{}), make(chan struct{})}
		guard := newGuard(t, validator, list)
		got := make(chan string)
		go func() { got <- authorize(t, guard, aliceToken) }()
		<-validator.asked
		revoke(t, list, way.revoke)
		close(validator.answer)
		if outcome := <-got; outcome != "401 revoked" {
			t.Errorf("%s: %s", way.name, outcome)
		}
	}
}

// cache is a Validator that asks another one once for each token it is not told to forget.
type cache struct {
	middleware.Validator
	known map[string]*middleware.Token
	asked atomic.Int64
}

func (c *cache) Validate(ctx context.Context, accessToken string) (*middleware.Token, error) {
	if token := c.known[accessToken]; token != nil {
		return token, nil
	}
	c.asked.Add(1)
	token, err := c.Validator.Validate(ctx, accessToken)
	c.known[accessToken] = token
	return token, err
}

func (c *cache) Forget(accessToken string) { delete(c.known, accessToken) }

// A cached answer is refused like any other. It is dropped when the token is revoked, and the list does not need that.
func TestRevokedTokenIsForgotten(t *testing.T) {
	c := &clock{}
	validator := &cache{Validator: honour(alice()), known: map[string]*middleware.Token{}}
	list := newList(t, c, revocation.Config{Caches: []middleware.Forgetter{validator}})
	guard := newGuard(t, validator, list)
	for range 3 {
		if got := authorize(t, guard, aliceToken); got != "200" {
			t.Fatal(got)
		}
	}
	if validator.asked.Load() != 1 {
		t.Fatalf("asked %d times for a cached token", validator.asked.Load())
	}
	revoke(t, list, revocation.Revocation{Token: aliceToken})
	if len(validator.known) != 0 {
		t.Error("the cache was not told to forget the token")
	}
	for range 100 {
		if got := authorize(t, guard, aliceToken); got != "401 revoked" {
			t.Fatal(got)
		}
	}
	if validator.asked.Load() != 2 {
		t.Errorf("asked %d times: refusing a revoked token must not ask for it each time", validator.asked.Load())
	}
}
