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
//
// A ration that was well spent, because the fetch brought the key of a good token, is given back, so that the next
// rotation finds one however soon it comes. Nobody can bring that about but the issuer. One whose servers disagree about
// its keys does so with every other token, so there are only a few refunds in a cool-down.
type budget struct {
	cooldown time.Duration
	stranger ration // guarded by remote.mu, like the next ones
	regular  [3]ration
	refunds  [3]time.Time // when the last ones were made
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

// spend takes a ration and returns it, nil if there is none.
func (b *budget) spend(now time.Time, p party) *ration {
	r := b.open(now, p)
	if r != nil {
		*r = ration{p.mark, now}
	}
	return r
}

// refund gives a ration back, unless that was done too often of late.
func (b *budget) refund(now time.Time, r *ration) {
	for i := range b.refunds {
		if rested(b.refunds[i], now, b.cooldown) {
			b.refunds[i] = now
			*r = ration{}
			return
		}
	}
}

func (r *ration) rested(now time.Time, cooldown time.Duration) bool {
	return rested(r.spent, now, cooldown)
}

// rested reports whether what was done at a certain time may be done again. A clock that was set back makes it so.
func rested(at, now time.Time, cooldown time.Duration) bool {
	return at.IsZero() || now.Sub(at) >= cooldown || now.Before(at)
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
