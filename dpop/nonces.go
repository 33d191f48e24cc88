package dpop

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bearergate/bearergate/internal/sanity"
)

// NonceConfig configures [Nonces]. Its zero value works for a service with one replica.
type NonceConfig struct {
	// Keys are secrets of at least 32 bytes that the replicas of a service share. Nonces are made with the first and
	// accepted from each, at most 4. To replace a key, add the new one behind the old one everywhere, then put it first
	// everywhere, and take the old one away once Lifetime is over. Default: a random key of this process.
	Keys [][]byte
	// Label keeps services apart that share keys: nonces of one mean nothing to another. Default: none.
	Label string
	// Lifetime is how long a nonce is accepted at most, apart from what the clocks of replicas differ by. At least, it is
	// half of that. Default: 5 minutes; at least 10 seconds and at most 1 hour.
	Lifetime time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

const (
	minNonceKeyBytes = 32
	maxNonceKeys     = 4
	minNonceLifetime = 10 * time.Second
	maxNonceLifetime = time.Hour
)

// Nonces makes the nonces of a server, and knows them again without remembering them: a nonce is the HMAC-SHA-256 of a
// slot of time, which nobody without a key can tell in advance. All clients get the same one during a slot. It is safe
// for concurrent use.
type Nonces struct {
	keys    [][]byte
	label   string
	slot    time.Duration // half the lifetime
	now     func() time.Time
	current atomic.Pointer[nonceWindow]
}

// NewNonces returns Nonces, or an error for a configuration that would be unsafe.
func NewNonces(cfg NonceConfig) (*Nonces, error) {
	if cfg.Lifetime == 0 {
		cfg.Lifetime = 5 * time.Minute
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Lifetime < minNonceLifetime || cfg.Lifetime > maxNonceLifetime {
		return nil, errors.New("dpop: Lifetime must be between 10 seconds and 1 hour: a nonce that was seen is good for that long")
	}
	if len(cfg.Keys) > maxNonceKeys {
		return nil, errors.New("dpop: Keys has more than 4 keys, take the ones away that were replaced long ago")
	}
	n := &Nonces{label: cfg.Label, slot: cfg.Lifetime / 2, now: cfg.Now}
	for _, key := range cfg.Keys {
		if len(key) < minNonceKeyBytes {
			return nil, errors.New("dpop: each of the Keys needs at least 32 bytes, from crypto/rand")
		}
		if err := sanity.Key(key); err != nil {
			return nil, fmt.Errorf("dpop: one of the Keys: %w", err)
		}
		n.keys = append(n.keys, slices.Clone(key))
	}
	if len(n.keys) == 0 {
		n.keys = [][]byte{make([]byte, minNonceKeyBytes)}
		rand.Read(n.keys[0]) // never fails
	}
	return n, nil
}

// Nonce returns the nonce to hand out now, for answers that the Guard does not write.
func (n *Nonces) Nonce() string { return n.window(n.now()).mint }

// check reports whether a nonce is one of ours and in its time, and whether that is so nearly over that the client
// should get a new one.
func (n *Nonces) check(nonce string) (good, ending bool) {
	now := n.now()
	w := n.window(now)
	if contains(w.previous, nonce) {
		return true, n.sinceStart(now) >= n.slot/3
	}
	return contains(w.others, nonce), false
}

// sinceStart returns how much of its slot is over at a time.
func (n *Nonces) sinceStart(t time.Time) time.Duration {
	return time.Duration(t.UnixNano() % int64(n.slot))
}

// nonceWindow holds the nonces that are accepted during a slot.
type nonceWindow struct {
	slot     int64
	mint     string
	previous []string
	// others are those of this slot, and of the next: the clock of another replica may be ahead.
	others []string
}

// window returns that of a time. It is computed once in a slot.
func (n *Nonces) window(t time.Time) *nonceWindow {
	slot := t.UnixNano() / int64(n.slot)
	if w := n.current.Load(); w != nil && w.slot == slot {
		return w
	}
	w := &nonceWindow{slot: slot, mint: n.nonce(n.keys[0], slot)}
	for _, key := range n.keys {
		w.previous = append(w.previous, n.nonce(key, slot-1))
		w.others = append(w.others, n.nonce(key, slot), n.nonce(key, slot+1))
	}
	n.current.Store(w)
	return w
}

// nonce computes the nonce of a slot. What it covers says what the key is used for. The length of a slot is a part:
// slots of another length that have the same number lie years ahead, and their nonces would be known today.
func (n *Nonces) nonce(key []byte, slot int64) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("DPoP-Nonce\x00" + n.label + "\x00"))
	var numbers [16]byte
	binary.BigEndian.PutUint64(numbers[:8], uint64(n.slot))
	binary.BigEndian.PutUint64(numbers[8:], uint64(slot))
	mac.Write(numbers[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func contains(nonces []string, nonce string) bool {
	found := 0
	for _, each := range nonces {
		found |= subtle.ConstantTimeCompare([]byte(each), []byte(nonce))
	}
	return found == 1
}
