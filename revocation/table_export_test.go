package revocation

// Table is the table of a list, for keys that a test chooses: hashing would never make them alike.
type Table struct{ table *table }

func NewTable(limit int) Table { return Table{newTable(limit)} }

// Key is a key in two halves, of which the first loses its highest bit.
type Key struct{ A, B uint64 }

func (t Table) Add(k Key, before, until, now int64) bool {
	return t.table.add(key{inUse | k.A, k.B}, before, until, now)
}

func (t Table) Find(k Key, now int64) (before int64, ok bool) {
	return t.table.find(key{inUse | k.A, k.B}, now)
}

func (t Table) Len() int { return int(t.table.length.Load()) }

// KeysOf returns what a new list would call a token of that fingerprint, and a subject.
func KeysOf(fingerprint [32]byte, issuer, subject string) [2]Key {
	h := newHasher()
	f, s := h.fingerprint(fingerprint), h.pair(bySubject, issuer, subject, "")
	return [2]Key{{f.a &^ inUse, f.b &^ inUse}, {s.a &^ inUse, s.b &^ inUse}}
}
