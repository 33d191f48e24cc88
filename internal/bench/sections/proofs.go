package sections

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/internal/bench/measure"
	"github.com/bearergate/bearergate/internal/bench/peers"
	"github.com/bearergate/bearergate/internal/bench/report"
	"github.com/bearergate/bearergate/internal/bench/tokens"
	"github.com/bearergate/bearergate/middleware"
)

// client proves possession of an ES256 key.
type client struct {
	key    *ecdsa.PrivateKey
	header string
	// Thumbprint is that of RFC 7638.
	thumbprint string
}

func newClient() (*client, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	jwk := fmt.Sprintf(`{"crv":"P-256","kty":"EC","x":%q,"y":%q}`, base64url(point[1:33]), base64url(point[33:]))
	digest := sha256.Sum256([]byte(jwk))
	return &client{
		key: key, thumbprint: base64url(digest[:]),
		header: base64url([]byte(`{"typ":"dpop+jwt","alg":"ES256","jwk":` + jwk + `}`)),
	}, nil
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// proof returns a proof for GET /orders (RFC 9449, section 4.2).
func (c *client) proof(token string) (string, error) {
	digest := sha256.Sum256([]byte(token))
	input := c.header + "." + base64url(fmt.Appendf(nil,
		`{"jti":%q,"htm":"GET","htu":"https://orders.example.com/orders","iat":%d,"ath":%q}`,
		rand.Text(), time.Now().Unix(), base64url(digest[:])))
	signature, err := tokens.Sign(c.key, nil, input)
	return input + "." + base64url(signature), err
}

// maxProofs bounds a measurement, because each proof is made before.
const maxProofs = 2_000

// proofs measures requests with a DPoP proof of their own.
func proofs(b *bench) error {
	c, err := newClient()
	if err != nil {
		return err
	}
	bound, err := b.issuer.Mint(tokens.RS256, min(b.Tokens, 256), seed, tokens.Variant{Thumbprint: c.thumbprint})
	if err != nil {
		return err
	}
	known, err := b.proving("known token and a new proof", c, bound[:1], 0)
	if err != nil {
		return err
	}
	fresh, err := b.proving("new token and a new proof", c, bound, peers.NoCache)
	if err != nil {
		return err
	}
	yardsticks, err := b.rawProofs(c, bound)
	if err != nil {
		return err
	}
	return b.compare("DPoP", "The tokens are signed with RS256, the proofs with ES256; used proofs are remembered.",
		append(yardsticks, known, fresh))
}

func (b *bench) proving(name string, c *client, list []string, cacheBytes int) (measure.Case, error) {
	replays, err := dpop.NewReplays(dpop.MemoryConfig{MaxEntries: 1 << 20})
	if err != nil {
		return measure.Case{}, err
	}
	verifier, err := dpop.New(dpop.Config{BaseURL: tokens.Audience, Replays: replays})
	if err != nil {
		return measure.Case{}, err
	}
	g, err := b.guard(cacheBytes, middleware.Config{Bindings: []middleware.Binding{verifier}})
	if err != nil {
		return measure.Case{}, err
	}
	handler := oauthhttp.Require(g, tokens.Scope)(http.HandlerFunc(peers.Nothing))
	made := make([]http.Header, 0, maxProofs)
	prepare := func(n int) error {
		made = made[:0]
		for i := range n {
			token := list[i%len(list)]
			proof, err := c.proof(token)
			if err != nil {
				return err
			}
			made = append(made, http.Header{"Authorization": {"DPoP " + token}, "Dpop": {proof}})
		}
		return nil
	}
	return measure.Case{Name: name, Prepare: prepare, MaxOps: maxProofs, Worker: func() func(int) error {
		w, r := &discard{header: make(http.Header)}, newRequest()
		return func(n int) error {
			for i := range n {
				r.Header = made[i]
				handler.ServeHTTP(w, r)
				if w.status > http.StatusOK {
					return errStatus
				}
			}
			return nil
		}
	}}, nil
}

// rawProofs are the bare signature checks of a proof, and of a token and a proof.
func (b *bench) rawProofs(c *client, bound []string) ([]measure.Case, error) {
	proof, err := c.proof(bound[0])
	if err != nil {
		return nil, err
	}
	ofTokens, err := split(bound)
	if err != nil {
		return nil, err
	}
	ofProofs, err := split([]string{proof})
	if err != nil {
		return nil, err
	}
	key, ok := b.issuer.Public(tokens.RS256).(*rsa.PublicKey)
	if !ok {
		return nil, errBadSignature
	}
	return []measure.Case{
		{Name: report.Raw + " of a token and a proof", Worker: measure.Each(len(ofTokens), func(i int) error {
			return must(checkRSA(key, &ofTokens[i]) && checkECDSA(&c.key.PublicKey, &ofProofs[0]))
		})},
		{Name: report.Raw + " of a proof", Worker: measure.Each(1, func(int) error {
			return must(checkECDSA(&c.key.PublicKey, &ofProofs[0]))
		})},
	}, nil
}
