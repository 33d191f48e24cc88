package jwks

import (
	"hash/maphash"
	"math/bits"
	"sync/atomic"
	"time"
)

// budget rations the fetches that tokens with an unknown key cause. A ration rests for one cool-down after it was spent,
// whether or not the fetch succeeded. Strangers share one. Clients and subjects that were seen with a valid token before
// share three, of which each gets at most one in a cool-down. So a flood of invented tokens spends the strangers' ration,
// and one that copies a party it knows spends that party's; the first token after a rotation that comes from somebody
// else still has its own.
type budget struct {
	cooldown time.Duration
	stranger ration // guarded by remote.mu, like the next
	regular  [3]ration
	known    atomic.Pointer[acquaintances]
}

// ration is one fetch for each cool-down.
type ration struct {
	spender uint64
	spent   time.Time
}

// party is who a token says it was issued to.
type party struct {
	mark  uint64
	known bool
}

// open returns a ration for the party to spend, nil if there is none.
func (b *budget) open(now time.Time, p party) *ration {
	if !p.known {
		if b.stranger.rested(now, b.cooldown) {
			return &b.stranger
		}
		return nil
	}
	var free *ration
	for i := range b.regular {
		switch r := &b.regular[i]; {
		case r.rested(now, b.cooldown):
			free = r
		case r.spender == p.mark:
			return nil
		}
	}
	return free
}

// spend takes a ration if there is one.
func (b *budget) spend(now time.Time, p party) bool {
	r := b.open(now, p)
	if r == nil {
		return false
	}
	*r = ration{p.mark, now}
	return true
}

// rested reports whether the ration may be spent. A clock that was set back makes it so.
func (r *ration) rested(now time.Time, cooldown time.Duration) bool {
	return r.spent.IsZero() || now.Sub(r.spent) >= cooldown || now.Before(r.spent)
}

// acquaintances is a small, lossy set of the parties that valid tokens were issued to. It needs neither lock nor
// growth: a newcomer displaces whoever hashes alike.
type acquaintances [1024]atomic.Uint64

var acquaintanceSeed = maphash.MakeSeed()

// markOf stands for a party.
func markOf(clientID, subject string) uint64 {
	client := maphash.String(acquaintanceSeed, clientID)
	return bits.RotateLeft64(client, 32) ^ maphash.String(acquaintanceSeed, subject)
}

// remember notes the party of a token that was verified. Most sources never need the table, so it is made late.
func (b *budget) remember(mark uint64) {
	table := b.known.Load()
	if table == nil {
		b.known.CompareAndSwap(nil, new(acquaintances))
		table = b.known.Load()
	}
	if slot := &table[mark%uint64(len(table))]; slot.Load() != mark {
		slot.Store(mark)
	}
}

// party tells whether a token's client and subject had a valid token before.
func (b *budget) party(mark uint64) party {
	p := party{mark: mark}
	if table := b.known.Load(); table != nil {
		p.known = table[p.mark%uint64(len(table))].Load() == p.mark
	}
	return p
}
