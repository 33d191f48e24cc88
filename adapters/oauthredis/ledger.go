package oauthredis

// ledger finds out whether entries were removed before they were read here. Redis numbers the entries of a stream, so what
// was added between two moments when everything was known must have been read between them.
type ledger struct {
	known       bool   // whether there was such a moment
	first, last id     // the oldest entry then, and the newest that was read
	added       uint64 // how many were ever added until then

	fresh   uint64 // entries read since then that are newer
	rewound bool   // whether the last entry was found missing since then
}

func (g *ledger) count(i id) {
	if i.after(g.last) {
		g.fresh++
	}
}

// settle is called when the stream was read to its end, with what it looked like and the last entry read. It returns how
// many entries were removed unread, and whether there is another stream now than there was, so that nobody can know.
func (g *ledger) settle(v *view, last id) (lost uint64, replaced bool) {
	lost, replaced = g.compare(v)
	*g = ledger{known: true, first: v.first, last: last, added: v.added}
	return lost, replaced
}

func (g *ledger) compare(v *view) (lost uint64, replaced bool) {
	switch {
	case !g.known:
		return 0, false
	case g.rewound && g.lostByRedis(v):
		return 0, false
	case g.rewound && !g.continues(v):
		return 0, true
	case v.added < g.added+g.fresh: // brought back by something that does not keep the number
		return 0, false
	}
	return v.added - g.added - g.fresh, false
}

// lostByRedis reports that our last entry is missing though nobody removed it, nor those before it: what took over from a
// master had not got it. Whether more was lost with it is what WaitReplicas is for.
func (g *ledger) lostByRedis(v *view) bool {
	keptOlder := v.first != id{} && !g.first.after(v.first) && !v.first.after(g.last)
	return keptOlder && g.last.after(v.deleted)
}

// continues reports that the stream can be what has become of the one we knew.
func (g *ledger) continues(v *view) bool {
	return !g.last.after(v.last) && v.added >= g.added+g.fresh
}
