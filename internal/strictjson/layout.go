package strictjson

import "github.com/bearergate/bearergate/internal/octets"

// Layout reads some members of a JSON object, in one pass that allocates nothing, and holds the whole object to the rules
// of this package. It is immutable and safe for concurrent use.
//
// The pass accepts only what it is sure about; the library judges all else. So the library decides what is refused, and
// with which error, and the pass has to be right only in what it accepts.
type Layout struct {
	names     []string
	spellings []spelling // of the names
	// slots finds a name by its hash: one more than its index, zero for none.
	slots [slotCount]uint8
	seed  uint64
}

const (
	slotCount = 256
	maxNames  = 64
)

// NewLayout returns a Layout for the members with those names, at most 64, none of them empty, nor two of them alike in their
// length and their first and last eight octets. It is meant for package variables: what it cannot lay out is a mistake of the
// program, and every Read of the result is ErrType.
func NewLayout(names ...string) *Layout {
	spellings := make([]spelling, len(names))
	for i, name := range names {
		spellings[i] = spellingOf(name, 0, len(name))
	}
	for seed := range uint64(1 << 16) {
		l := &Layout{names: names, spellings: spellings, seed: 2*seed + 1}
		if l.fill() {
			return l
		}
	}
	return &Layout{}
}

// fill reports whether no two names have the same slot.
func (l *Layout) fill() bool {
	if len(l.names) > maxNames {
		return false
	}
	for i, name := range l.names {
		slot := &l.slots[l.slot(l.spellings[i].hash())]
		if name == "" || *slot != 0 {
			return false
		}
		*slot = uint8(i + 1)
	}
	return true
}

// slot scatters a hash differently for each seed.
func (l *Layout) slot(hash uint32) uint8 {
	return uint8(uint64(hash) * l.seed * 0x9e3779b97f4a7c15 >> 56)
}

// find returns where the value of a name belongs, nil if that is nowhere.
func (l *Layout) find(name string, s *spelling, hash uint32, values []Value) *Value {
	if l == nil {
		return nil
	}
	i := int(l.slots[l.slot(hash)]) - 1
	if i >= 0 && l.spellings[i] == *s && (s.isAll() || l.names[i] == name) {
		return &values[i]
	}
	return nil
}

// Read stores the value of the i-th name in values[i], nil if the object has no such member. values has as many elements
// as there are names. What is stored may share the memory of object, which must not change any more.
// The error is ErrSyntax, ErrDepth or ErrType, the last for everything that is not an object; values then mean nothing.
func (l *Layout) Read(object []byte, values []Value) error {
	clear(values)
	if len(l.names) == 0 || len(values) != len(l.names) {
		return ErrType
	}
	s := scanner{text: octets.Text(object)}
	if s.isAll(s.object(s.after(0), l, values)) {
		return nil
	}
	return l.readSlowly(object, values)
}

// readSlowly leaves the judgement to the library.
func (l *Layout) readSlowly(object []byte, values []Value) error {
	members, err := Object(object)
	if err != nil {
		return err
	}
	for i, name := range l.names {
		values[i] = members[name]
	}
	return nil
}
