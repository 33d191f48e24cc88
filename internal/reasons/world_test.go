package reasons_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

const (
	audience = "https://api.example.com"
	path     = "/orders"
)

type object = map[string]any

// world is an authorization server and what a scenario needs to meet one reason: validators in front of a Guard.
type world struct {
	*testing.T
	as     *oauthtest.Server
	holder *jose.Signer // of DPoP keys
}

func newWorld(t *testing.T) *world {
	holder, err := jose.GenerateSigner(jose.ES256, "")
	if err != nil {
		t.Fatal(err)
	}
	as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}, Audience: audience})
	return &world{t, as, holder}
}

// keys returns a JWT validator for the server.
func (w *world) keys() *jwks.Validator {
	v, err := jwks.New(jwks.Config{Issuer: w.as.Issuer(), Audience: audience, HTTPClient: w.as.HTTPClient()})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = v.Close() })
	return v
}

// introspector returns a validator that asks the server.
func (w *world) introspector() *introspection.Validator {
	v, err := introspection.New(introspection.Config{
		Issuer: w.as.Issuer(), Audience: audience, HTTPClient: w.as.HTTPClient(),
		ClientAuth: introspection.SecretBasic("orders", "secret"),
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = v.Close() })
	return v
}

// meet returns the decision about a request under a policy.
func (w *world) meet(v middleware.Validator, cfg middleware.Config, p middleware.Policy, r *http.Request) error {
	w.Helper()
	guard, err := middleware.New(v, cfg)
	if err != nil {
		w.Fatal(err)
	}
	_, err = guard.Authorize(http.Header{}, r, p)
	return err
}

// judge returns what becomes of a token of the server.
func (w *world) judge(t oauthtest.Token) error {
	w.Helper()
	return w.judgeText(w.as.Mint(t))
}

func (w *world) judgeText(token string) error {
	w.Helper()
	return w.meet(w.keys(), middleware.Config{}, middleware.Policy{}, bearer(token))
}

// claiming returns what becomes of a token with those claims, nil leaving one out.
func (w *world) claiming(claims object) error {
	w.Helper()
	return w.judge(oauthtest.Token{Claims: claims})
}

// headed does the same with parameters of the header.
func (w *world) headed(header object) error {
	w.Helper()
	return w.judge(oauthtest.Token{Header: header})
}

// asked returns what becomes of a good token on a route.
func (w *world) asked(p middleware.Policy, claims object) error {
	w.Helper()
	return w.meet(w.keys(), middleware.Config{}, p, bearer(w.as.Mint(oauthtest.Token{Claims: claims})))
}

func request(fields ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, audience+path, nil)
	if len(fields) > 0 {
		r.Header["Authorization"] = fields
	}
	return r
}

func bearer(token string) *http.Request { return request("Bearer " + token) }

// bound is the cnf of a token that is bound to the holder's key.
func (w *world) bound() object {
	return object{"cnf": object{"jkt": w.holder.Key().Thumbprint()}}
}

// proving returns what becomes of a bound token with a proof that differs from a good one in its header and claims.
func (w *world) proving(cfg dpop.Config, header, claims object) error {
	w.Helper()
	token := w.as.Mint(oauthtest.Token{Claims: w.bound()})
	return w.proven(cfg, token, w.proof(w.holder, token, header, claims))
}

// proven returns what becomes of a token with those proofs.
func (w *world) proven(cfg dpop.Config, token string, proofs ...string) error {
	w.Helper()
	if cfg.URL == nil {
		cfg.BaseURL = audience
	}
	verifier, err := dpop.New(cfg)
	if err != nil {
		w.Fatal(err)
	}
	r := request("DPoP " + token)
	r.Header["Dpop"] = proofs
	return w.meet(w.keys(), middleware.Config{Bindings: []middleware.Binding{verifier}}, middleware.Policy{}, r)
}

func (w *world) proof(signer *jose.Signer, token string, header, claims object) string {
	w.Helper()
	digest := sha256.Sum256([]byte(token))
	payload := object{
		"jti": rand.Text(), "htm": http.MethodGet, "htu": audience + path, "iat": now().Unix(),
		"ath": base64.RawURLEncoding.EncodeToString(digest[:]),
	}
	jwk := w.holder.JWK()
	members := object{"typ": "dpop+jwt", "jwk": object{"kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"]}}
	maps.Copy(payload, claims)
	maps.Copy(members, header)
	text, err := json.Marshal(payload)
	if err != nil {
		w.Fatal(err)
	}
	proof, err := signer.Sign(members, text)
	if err != nil {
		w.Fatal(err)
	}
	return proof
}

func (w *world) signer(alg jose.Algorithm, keyID string) *jose.Signer {
	w.Helper()
	signer, err := jose.GenerateSigner(alg, keyID)
	if err != nil {
		w.Fatal(err)
	}
	return signer
}

// resolver returns a validator whose issuers are looked up with resolve.
func (w *world) resolver(resolve func(context.Context, string) (jwks.Config, error)) *jwks.Resolver {
	w.Helper()
	r, err := jwks.NewResolver(jwks.ResolverConfig{Resolve: resolve, HTTPClient: w.as.HTTPClient()})
	if err != nil {
		w.Fatal(err)
	}
	return r
}
