package dpop

import (
	"sync"

	"github.com/bearergate/bearergate/internal/jose"
)

// maxKeys is how many keys each half of a keyMemo holds.
const maxKeys = 2048

// keyMemo remembers what the jwk of good proofs was parsed to. A client sends the same one with every proof, and
// parsing it costs a fifth of verifying a signature. Only keys of tokens get here, so strangers cannot displace them.
type keyMemo struct {
	mu         sync.RWMutex
	young, old map[[32]byte]*jose.Key // by the digest of the jwk; the old half goes when the young one is full
}

func (m *keyMemo) get(digest [32]byte) *jose.Key {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if key := m.young[digest]; key != nil {
		return key
	}
	return m.old[digest]
}

func (m *keyMemo) put(digest [32]byte, key *jose.Key) {
	m.mu.RLock()
	known := m.young[digest] != nil
	m.mu.RUnlock()
	if known {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.young == nil || len(m.young) >= maxKeys {
		m.young, m.old = make(map[[32]byte]*jose.Key), m.young
	}
	m.young[digest] = key
}
