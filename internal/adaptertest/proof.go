package adaptertest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"maps"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/oauthtest"
)

// proof is a DPoP proof (RFC 9449, section 4.2), by what distinguishes it from a good one. A nil member is left out.
type proof struct {
	// signer has the key. Default: the one that tokens are bound to.
	signer         *jose.Signer
	header, claims map[string]any
}

// acceptProofs has tokens with both schemes accepted, by a server that was just started. A config that names no URL gets
// the audience.
func (s *scene) acceptProofs(config dpop.Config) {
	s.proofs = &config
	s.restart()
}

// requireProofs has tokens with the scheme DPoP alone accepted.
func (s *scene) requireProofs(config dpop.Config) {
	config.Required = true
	s.acceptProofs(config)
}

func (s *scene) newProofVerifier() *dpop.Verifier {
	s.Helper()
	config := *s.proofs
	if config.URL == nil && config.BaseURL == "" {
		config.BaseURL = audience
	}
	config.Now = s.clock.Now
	verifier, err := dpop.New(config)
	if err != nil {
		s.Fatal(err)
	}
	return verifier
}

// eitherWay plays with tokens that are verified, and again with tokens that are introspected.
func (s *scene) eitherWay(play func()) {
	s.Helper()
	play()
	s.introspect(introspection.Config{})
	play()
}

// boundTo returns a token that is good for the scope read, with that cnf; without one if it is nil.
func (s *scene) boundTo(cnf any) string {
	s.Helper()
	return s.issuer.Mint(oauthtest.Token{
		Opaque: s.asking != nil,
		Scope:  "read",
		Claims: map[string]any{"cnf": cnf},
	})
}

// bound returns a token that is bound to the key of the holder.
func (s *scene) bound() string {
	s.Helper()
	return s.boundTo(s.jkt())
}

func (s *scene) jkt() map[string]any { return map[string]any{"jkt": s.holder.Key().Thumbprint()} }

// proving adds a bound token to a request, and a proof for both.
func (s *scene) proving(r request, p proof) request {
	s.Helper()
	return s.provingWith(s.bound(), r, p)
}

// provingWith does so with a token of any kind.
func (s *scene) provingWith(token string, r request, p proof) request {
	s.Helper()
	return r.with("Authorization", "DPoP "+token).with("Dpop", s.proof(token, r, p))
}

func (s *scene) proof(token string, r request, p proof) string {
	s.Helper()
	if p.signer == nil {
		p.signer = s.holder
	}
	header := map[string]any{"typ": "dpop+jwt", "jwk": p.signer.JWK()}
	claims := map[string]any{
		"jti": rand.Text(),
		"htm": r.method,
		"htu": audience + r.path,
		"iat": s.clock.Now().Unix(),
		"ath": digest([]byte(token)),
	}
	maps.Copy(header, p.header)
	maps.Copy(claims, p.claims)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	signed, err := p.signer.Sign(header, s.json(claims))
	if err != nil {
		s.Fatal(err)
	}
	return signed
}

// claimed is a proof with another value of one claim.
func claimed(name string, value any) proof { return proof{claims: map[string]any{name: value}} }

// titled is a proof with another value of one parameter of its header.
func titled(name string, value any) proof { return proof{header: map[string]any{name: value}} }

// digest is the form of both ath and x5t#S256, computed apart from the code under test.
func digest(octets []byte) string {
	sum := sha256.Sum256(octets)
	return encode(sum[:])
}

// nonceKey returns a key made of one octet and its opposite.
func nonceKey(secret byte) []byte { return bytes.Repeat([]byte{secret, ^secret}, 16) }

// nonces returns those of a server whose only secret is that octet, so that they are the same in every run.
func (s *scene) nonces(secret byte) *dpop.Nonces {
	s.Helper()
	nonces, err := dpop.NewNonces(dpop.NonceConfig{Keys: [][]byte{nonceKey(secret)}, Now: s.clock.Now})
	if err != nil {
		s.Fatal(err)
	}
	return nonces
}

// replays returns a store with room for some proofs.
func (s *scene) replays(room int) *dpop.Replays {
	s.Helper()
	replays, err := dpop.NewReplays(dpop.MemoryConfig{MaxEntries: room, Now: s.clock.Now})
	if err != nil {
		s.Fatal(err)
	}
	return replays
}

// storeFunc is a replay store that a scenario makes up.
type storeFunc func(key [32]byte, ttl time.Duration) (bool, error)

// Add implements [dpop.ReplayStore].
func (f storeFunc) Add(_ context.Context, key [32]byte, ttl time.Duration) (bool, error) {
	return f(key, ttl)
}
