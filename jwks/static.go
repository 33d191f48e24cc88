package jwks

import "github.com/bearergate/bearergate/internal/jose"

// static is a source of fixed keys.
type static struct {
	set      jose.KeySet
	skipped  []jose.Skipped
	nameless jose.KeySet // the keys without an ID, which any token may mean
}

func newStatic(set jose.KeySet, skipped []jose.Skipped) *static {
	var nameless []*jose.Key
	for key := range set.Keys() {
		if key.ID() == "" {
			nameless = append(nameless, key)
		}
	}
	// What a set remembers depends on the algorithms that are allowed, so that it cannot be shared.
	return &static{set.Forgetful(), skipped, jose.NewKeySet(nameless...)}
}

func (s *static) verify(t *candidate) (*jose.Key, error) {
	key, err := t.verify(s.set)
	if err != nil {
		if nameless := t.anySigner(s.nameless); nameless != nil {
			s.set.Remember(t.jws, t.allowed)
			return nameless, nil
		}
	}
	return key, err
}

func (s *static) state() State {
	return State{Usable: true, Keys: s.set.Len(), Skipped: skippedKeys(s.skipped)}
}
