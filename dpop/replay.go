package dpop

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// ReplayStore remembers which proofs were used. [Replays] is one for a single process; replicas need a shared one, such
// as that of adapters/oauthredis.
type ReplayStore interface {
	// Add remembers key for ttl, and reports whether it was not remembered already. It does so atomically: of any number
	// of concurrent calls with one key exactly one reports true. It must not forget a key before its time; a store without
	// room returns an error. Errors are for stores that failed and cause a 503; their texts are for logs. It must be safe
	// for concurrent use.
	Add(ctx context.Context, key [32]byte, ttl time.Duration) (added bool, err error)
}

// replayKey identifies a proof by the key that signed it and its jti. The thumbprint keeps clients out of each other's
// way. The URL is left out: a client that uses a jti twice breaks RFC 9449, section 4.2, wherever it does, and a proof
// that can be used again has the same URL, though not always the same spelling of it.
func replayKey(thumbprint, id string) [32]byte {
	framed := make([]byte, 0, 4+len(thumbprint)+len(id))
	framed = binary.BigEndian.AppendUint32(framed, uint32(len(thumbprint)))
	framed = append(framed, thumbprint...)
	return sha256.Sum256(append(framed, id...))
}

// retention is how long a proof has to be remembered: for as long as it is good, which is longest for one from the
// future, and for as long as it might be to a replica whose clock is behind. Both ends of the window count, hence the
// second.
func (c *Config) retention() time.Duration { return c.MaxAge + 2*c.Skew + time.Second }
