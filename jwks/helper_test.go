package jwks_test

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

const (
	issuer   = "https://as.example.com"
	audience = "https://api.example.com"
)

// noon is the time of tests that need no clock to move.
var noon = time.Unix(1_800_000_000, 0)

func atNoon() time.Time { return noon }

type object = map[string]any

// signers are made once for all tests; the key ID is the algorithm.
var signers = func() map[jose.Algorithm]func() (*jose.Signer, error) {
	made := make(map[jose.Algorithm]func() (*jose.Signer, error))
	for _, alg := range append(jose.Asymmetric(), jose.HS256) {
		made[alg] = sync.OnceValues(func() (*jose.Signer, error) { return jose.GenerateSigner(alg, string(alg)) })
	}
	return made
}()

func signerOf(t testing.TB, alg jose.Algorithm) *jose.Signer {
	t.Helper()
	s, err := signers[alg]()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newSigner(t testing.TB, alg jose.Algorithm, keyID string) *jose.Signer {
	t.Helper()
	s, err := jose.GenerateSigner(alg, keyID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// encode returns v as JSON.
func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// keySet returns the JWK Set of those keys.
func keySet(t testing.TB, signers ...*jose.Signer) string {
	t.Helper()
	keys := []object{}
	for _, s := range signers {
		keys = append(keys, s.JWK())
	}
	return string(encode(t, object{"keys": keys}))
}

func parseKeys(t testing.TB, document string) *jwks.Keys {
	t.Helper()
	keys, err := jwks.ParseKeys([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// sign returns a token with those claims. The header gets the alg and kid of the signer; nil leaves a member out.
func sign(t testing.TB, s *jose.Signer, header, claims object) string {
	t.Helper()
	token, err := s.Sign(header, encode(t, claims))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// signRaw returns a token with exactly that payload and typ at+jwt.
func signRaw(t testing.TB, s *jose.Signer, payload string) string {
	t.Helper()
	token, err := s.Sign(atJWT, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

var atJWT = object{"typ": "at+jwt"}

// accessClaims are those of an RFC 9068 token at noon, with changes; nil leaves a member out.
func accessClaims(changes object) object {
	return with(object{
		"iss": issuer, "aud": audience, "sub": "alice", "client_id": "shop", "jti": "t-1",
		"iat": noon.Unix() - 60, "exp": noon.Unix() + 600, "scope": "orders:read",
	}, changes)
}

// over returns a copy of members with changes.
func over(members, changes object) object {
	changed := maps.Clone(members)
	maps.Copy(changed, changes)
	return changed
}

// with is over where nil leaves a member out. In a header that is for the signer to do.
func with(members, changes object) object {
	changed := over(members, changes)
	maps.DeleteFunc(changed, func(_ string, v any) bool { return v == nil })
	return changed
}

func newValidator(t testing.TB, cfg jwks.Config) *jwks.Validator {
	t.Helper()
	v, err := jwks.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// atNoonWith returns a validator at noon with the keys of those signers, under a profile.
func atNoonWith(t testing.TB, profile jwks.Profile, signers ...*jose.Signer) *jwks.Validator {
	t.Helper()
	return newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, Profile: profile, Keys: parseKeys(t, keySet(t, signers...)), Now: atNoon,
	})
}

// accepted returns the token that v makes of a good access token.
func accepted(t testing.TB, v middleware.Validator, accessToken string) *middleware.Token {
	t.Helper()
	token, err := v.Validate(t.Context(), accessToken)
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	return token
}

// refused checks that v refuses a token for that reason.
func refused(t testing.TB, v middleware.Validator, accessToken string, reason middleware.Reason) {
	t.Helper()
	_, err := v.Validate(t.Context(), accessToken)
	wantOutcome(t, err, middleware.ErrInvalidToken, reason)
	wantDiscretion(t, err, accessToken)
}

// undecided checks that v cannot judge a token for lack of keys.
func undecided(t testing.TB, v middleware.Validator, accessToken string) {
	t.Helper()
	_, err := v.Validate(t.Context(), accessToken)
	wantOutcome(t, err, middleware.ErrUnavailable, middleware.ReasonKeysUnavailable)
}

func wantOutcome(t testing.TB, err, outcome error, reason middleware.Reason) {
	t.Helper()
	if !errors.Is(err, outcome) || middleware.ReasonOf(err) != reason {
		t.Errorf("got %v, want %v: %s", err, outcome, reason)
	}
}

// wantDiscretion checks that an error repeats no part of a token.
func wantDiscretion(t testing.TB, err error, accessToken string) {
	t.Helper()
	if err == nil {
		return
	}
	for part := range strings.SplitSeq(accessToken, ".") {
		if len(part) > 8 && strings.Contains(err.Error(), part) {
			t.Errorf("the error repeats the token: %v", err)
		}
	}
}
