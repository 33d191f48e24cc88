package dpop

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/middleware"
)

// Verifier verifies the proofs of requests. It implements middleware.SchemeBinding and is safe for concurrent use. It
// starts no goroutine.
type Verifier struct {
	config  Config
	base    string // "" with Config.URL
	allowed []jose.Algorithm
	keys    keyMemo
}

// New returns a Verifier. It does no I/O. It returns an error for a configuration that would be unsafe or could not
// work.
func New(cfg Config) (*Verifier, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	v := &Verifier{config: cfg}
	if v.allowed, err = cfg.algorithms(); err != nil {
		return nil, err
	}
	if cfg.URL == nil {
		if v.base, err = parseBase(cfg.BaseURL); err != nil {
			return nil, fmt.Errorf("dpop: BaseURL: %w", err)
		}
	}
	v.config.Algorithms = nil
	for _, alg := range v.allowed {
		v.config.Algorithms = append(v.config.Algorithms, string(alg))
	}
	return v, nil
}

// Method implements middleware.Binding: "jkt" (RFC 9449, section 6.1).
func (v *Verifier) Method() string { return "jkt" }

// Scheme implements middleware.SchemeBinding: "DPoP" (RFC 9449, section 7.1).
func (v *Verifier) Scheme() string { return "DPoP" }

// Algorithms implements middleware.SchemeBinding. The caller owns the slice.
func (v *Verifier) Algorithms() []string { return slices.Clone(v.config.Algorithms) }

// Required implements middleware.SchemeBinding.
func (v *Verifier) Required() bool { return v.config.Required }

var (
	errUnusableKey = middleware.RejectProof(ReasonUnusableKey, errors.New("the algorithm is not one of the key"))
	errSignature   = middleware.RejectProof(ReasonBadSignature, nil)
	errWrongKey    = middleware.Reject(ReasonWrongKey, nil)
	errReplayed    = middleware.RejectProof(ReasonReplayed, nil)

	errHookURL = errors.New("dpop: Config.URL returned no http or https URL")
)

// Verify implements middleware.Binding with the checks of RFC 9449, section 4.3, the cheap ones first. The proof counts
// as used only once all of them succeeded, so that nobody can use up the proof of another with a badly signed copy. If
// the nonce of the proof is about to end, a success sets DPoP-Nonce and Cache-Control: no-store in h; handlers that set
// Cache-Control have to leave it uncacheable.
func (v *Verifier) Verify(h http.Header, r *http.Request, accessToken, thumbprint string) error {
	p, err := v.parse(r.Header)
	if err != nil {
		return err
	}
	if err := v.checkRequest(p, r, accessToken); err != nil {
		return err
	}
	ending, err := v.checkNonce(p)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(p.jws.JWK)
	key, err := v.key(digest, p.jws.JWK)
	if err != nil {
		return err
	}
	if err := checkKey(p, key, thumbprint); err != nil {
		return err
	}
	if err := v.use(r.Context(), p, thumbprint); err != nil {
		return err
	}
	v.keys.put(digest, key)
	if ending {
		h.Set("DPoP-Nonce", v.config.Nonces.Nonce())
		h.Set("Cache-Control", "no-store")
	}
	return nil
}

// target returns the canonical URL of a request.
func (v *Verifier) target(r *http.Request) (string, error) {
	if v.config.URL == nil {
		path, ok := requestPath(r)
		if !ok {
			return "", errRequestTarget
		}
		return v.base + path, nil
	}
	raw, err := v.config.URL(r)
	if errors.Is(err, middleware.ErrInvalidProof) {
		return "", err
	}
	sent, ok := canonicalURL(raw)
	if err == nil && !ok {
		err = errHookURL
	}
	if err != nil {
		return "", middleware.Unavailable(ReasonURLUnavailable, 0, err)
	}
	return sent, nil
}

// checkNonce applies RFC 9449, section 9 (check 10). Without RequireNonce no client was given a nonce, so none means
// anything.
func (v *Verifier) checkNonce(p *proof) (ending bool, err error) {
	if !v.config.RequireNonce {
		return false, nil
	}
	good, ending := v.config.Nonces.check(p.nonce)
	if !good {
		return false, middleware.DemandNonce(v.config.Nonces.Nonce())
	}
	return ending, nil
}

// key returns the key that a proof brings with it (check 7).
func (v *Verifier) key(digest [32]byte, jwk []byte) (*jose.Key, error) {
	if key := v.keys.get(digest); key != nil {
		return key, nil
	}
	key, err := jose.ParseKey(jwk)
	if err != nil {
		return nil, middleware.RejectProof(ReasonUnusableKey, err)
	}
	return key, nil
}

// checkKey verifies that the proof was signed with its key, and that this is the key of the token (checks 6 and 12).
// The signature comes first: what no key signed is no proof, whatever key it names.
func checkKey(p *proof, key *jose.Key, thumbprint string) error {
	// Key and algorithm are both the client's choice. That they fit each other is checked with the signature.
	switch err := key.Verify(p.jws.Algorithm, p.jws); {
	case errors.Is(err, jose.ErrAlgorithm):
		return errUnusableKey
	case err != nil:
		return errSignature
	case !equal(key.Thumbprint(), thumbprint):
		return errWrongKey
	}
	return nil
}

// use records that the proof was used.
func (v *Verifier) use(ctx context.Context, p *proof, thumbprint string) error {
	added, err := v.config.Replays.Add(ctx, replayKey(thumbprint, p.id), v.config.retention())
	switch {
	case err != nil:
		return middleware.Unavailable(ReasonReplaysUnavailable, 0, err)
	case !added:
		return errReplayed
	}
	return nil
}
