package oauthtest

import (
	"fmt"

	"github.com/bearergate/bearergate/internal/jose"
)

// keyring holds the signing keys. It is guarded by its Server.
type keyring struct {
	algorithms []string
	current    []*jose.Signer // one per algorithm, in that order
	old        []*jose.Signer // still published, no longer signing
	secret     *jose.Signer   // nil without Config.Secret
	made       int
}

func newKeyring(algorithms []string, secret []byte) (keyring, error) {
	k := keyring{algorithms: algorithms}
	if secret != nil {
		signer, err := jose.NewSecretSigner(secret, "")
		if err != nil {
			return k, fmt.Errorf("oauthtest: Config.Secret: %w", err)
		}
		k.secret = signer
	}
	fresh, err := k.generate()
	k.current = fresh
	return k, err
}

// generate makes a key for every algorithm under a key ID that was not used before.
func (k *keyring) generate() ([]*jose.Signer, error) {
	var fresh []*jose.Signer
	for _, name := range k.algorithms {
		alg, ok := jose.ParseAlgorithm(name)
		if !ok || alg == jose.HS256 {
			return nil, fmt.Errorf("oauthtest: Config.Algorithms: %q has no key pair", name)
		}
		k.made++
		signer, err := jose.GenerateSigner(alg, fmt.Sprintf("key-%d", k.made))
		if err != nil {
			return nil, fmt.Errorf("oauthtest: generating a key for %s: %w", name, err)
		}
		fresh = append(fresh, signer)
	}
	return fresh, nil
}

// signer returns the current key for the algorithm of that name, the first one if it is empty, or nil.
func (k *keyring) signer(algorithm string) *jose.Signer {
	if algorithm == "" {
		return k.current[0]
	}
	alg, _ := jose.ParseAlgorithm(algorithm)
	for _, signer := range k.current {
		if signer.Algorithm() == alg {
			return signer
		}
	}
	if alg == jose.HS256 {
		return k.secret
	}
	return nil
}

// published returns the public keys, current ones first.
func (k *keyring) published() []map[string]any {
	var keys []map[string]any
	for _, signers := range [][]*jose.Signer{k.current, k.old} {
		for _, signer := range signers {
			keys = append(keys, signer.JWK())
		}
	}
	return keys
}

// Rotate makes new keys, under key IDs never used before, and signs with them from now on. The keys before them stay
// published until [Server.Retire]. Key IDs are "key-1", "key-2" and so on.
func (s *Server) Rotate() {
	s.tb.Helper()
	s.mu.Lock()
	fresh, err := s.keys.generate()
	if err == nil {
		s.keys.old = append(s.keys.old, s.keys.current...)
		s.keys.current = fresh
	}
	s.mu.Unlock()
	if err != nil {
		s.tb.Fatal(err)
	}
}

// Retire withdraws all keys but those signing now from the key set. Right after [Server.Rotate] it is what an
// authorization server does whose key was stolen.
func (s *Server) Retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys.old = nil
}
