package dpop_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/middleware"
)

const (
	baseURL     = "https://api.example.com"
	accessToken = "opaque-access-token-1"
)

// noon is when the tests begin.
var noon = time.Unix(1_800_000_000, 0)

// clock is a clock that tests move. It may be read while it is moved.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time          { return noon.Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

type object = map[string]any

// client is somebody with a key.
type client struct{ *jose.Signer }

// clients are made once for all tests, one for each algorithm.
var clients = func() map[jose.Algorithm]func() (*jose.Signer, error) {
	made := make(map[jose.Algorithm]func() (*jose.Signer, error))
	for _, alg := range append(jose.Asymmetric(), jose.HS256) {
		made[alg] = sync.OnceValues(func() (*jose.Signer, error) { return jose.GenerateSigner(alg, "") })
	}
	return made
}()

func clientOf(t testing.TB, alg jose.Algorithm) client {
	t.Helper()
	s, err := clients[alg]()
	if err != nil {
		t.Fatal(err)
	}
	return client{s}
}

// alice holds the key of the tokens of most tests, mallory another one.
func alice(t testing.TB) client { t.Helper(); return clientOf(t, jose.ES256) }

func mallory(t testing.TB) client { t.Helper(); return clientOf(t, jose.EdDSA) }

func newClient(t testing.TB) client {
	t.Helper()
	s, err := jose.GenerateSigner(jose.EdDSA, "")
	if err != nil {
		t.Fatal(err)
	}
	return client{s}
}

func (c client) thumbprint() string { return c.Key().Thumbprint() }

// jwk returns the members that make the public key, with changes.
func (c client) jwk(changes object) object {
	members := c.JWK()
	delete(members, "use")
	delete(members, "alg")
	return with(members, changes)
}

// proof signs claims under the header of a proof with changes; nil leaves a member out.
func (c client) proof(t testing.TB, header, claims object) string {
	t.Helper()
	members := object{"typ": "dpop+jwt", "jwk": c.jwk(nil)}
	maps.Copy(members, header)
	proof, err := c.Sign(members, encode(t, claims))
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

var ids atomic.Int64

// proofClaims are those of a proof for GET /orders at noon with the accessToken, with changes; nil leaves a member out.
// No two have one jti.
func proofClaims(changes object) object {
	return with(object{
		"jti": base64.RawURLEncoding.EncodeToString([]byte(time.Duration(ids.Add(1)).String())),
		"htm": "GET", "htu": baseURL + "/orders", "iat": noon.Unix(), "ath": hashOf(accessToken),
	}, changes)
}

// proofOf returns a proof of alice with those changes to its claims.
func proofOf(t testing.TB, changes object) string {
	t.Helper()
	return alice(t).proof(t, nil, proofClaims(changes))
}

func with(members, changes object) object {
	changed := maps.Clone(members)
	maps.Copy(changed, changes)
	maps.DeleteFunc(changed, func(_ string, v any) bool { return v == nil })
	return changed
}

// hashOf is computed apart from the code under test.
func hashOf(token string) string {
	digest := sha256.Sum256([]byte(token))
	return strings.TrimRight(base64.URLEncoding.EncodeToString(digest[:]), "=")
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func base64Of(t testing.TB, v any) string {
	t.Helper()
	return base64.RawURLEncoding.EncodeToString(encode(t, v))
}

// newVerifier returns a Verifier at noon, for baseURL unless cfg has a URL.
func newVerifier(t testing.TB, cfg dpop.Config) *dpop.Verifier {
	t.Helper()
	if cfg.BaseURL == "" && cfg.URL == nil {
		cfg.BaseURL = baseURL
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return noon }
	}
	v, err := dpop.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newNonces(t testing.TB, cfg dpop.NonceConfig) *dpop.Nonces {
	t.Helper()
	n, err := dpop.NewNonces(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func newReplays(t testing.TB, cfg dpop.MemoryConfig) *dpop.Replays {
	t.Helper()
	s, err := dpop.NewReplays(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// request is a request as net/http would hand it over, with DPoP fields.
func request(method, target string, proofs ...string) *http.Request {
	r := httptest.NewRequest(method, "/", nil)
	r.RequestURI = target
	r.Host = "127.0.0.1:8080"
	r.Header["Dpop"] = proofs
	return r
}

const pass = "pass"

// outcome sends a proof for GET /orders with the token of alice.
func outcome(t testing.TB, v *dpop.Verifier, proof string) string {
	t.Helper()
	return outcomeOf(t, v, request("GET", "/orders", proof), alice(t).thumbprint())
}

// outcomeOf says "pass" or the kind and reason of a refusal, and insists that a refusal repeats nothing and sets
// nothing.
func outcomeOf(t testing.TB, v *dpop.Verifier, r *http.Request, thumbprint string) string {
	t.Helper()
	h := http.Header{}
	err := v.Verify(h, r, accessToken, thumbprint)
	if err == nil {
		return pass
	}
	if len(h) > 0 {
		t.Errorf("a refusal sets %v", h)
	}
	for _, proof := range r.Header["Dpop"] {
		wantDiscretion(t, err, proof)
	}
	return kindOf(t, err) + " " + string(middleware.ReasonOf(err))
}

func kindOf(t testing.TB, err error) string {
	t.Helper()
	kinds := map[string]error{
		"proof": middleware.ErrInvalidProof, "token": middleware.ErrInvalidToken, "nonce": middleware.ErrNonceRequired,
		"unavailable": middleware.ErrUnavailable,
	}
	for name, kind := range kinds {
		if errors.Is(err, kind) {
			return name
		}
	}
	t.Errorf("the error is of no kind: %v", err)
	return ""
}

// wantDiscretion checks that an error repeats no part of a proof.
func wantDiscretion(t testing.TB, err error, proof string) {
	t.Helper()
	for part := range strings.SplitSeq(proof, ".") {
		decoded, _ := base64.RawURLEncoding.DecodeString(part)
		for _, text := range append(strings.Split(string(decoded), `"`), part) {
			if len(text) > 12 && strings.Contains(err.Error(), text) {
				t.Errorf("the error repeats %q: %v", text, err)
			}
		}
	}
}

func want(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

// refusal is what outcome says about a proof that is none.
func refusal(reason middleware.Reason) string { return "proof " + string(reason) }
