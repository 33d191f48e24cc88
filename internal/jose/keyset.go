package jose

import (
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/bearergate/bearergate/internal/strictjson"
)

const (
	maxKeys       = 100 // in a key set document
	maxCandidates = 4   // keys tried for one token
	maxLoggedID   = 64  // octets of Skipped.KeyID
)

// KeySet is an immutable list of keys, safe for concurrent use. The zero value is empty, and remembers no headers.
type KeySet struct {
	keys    []*Key
	byID    map[string][]*Key
	headers *Headers
}

// Skipped says which key of a document is not used, and why.
type Skipped struct {
	Index  int    // position in the keys array, from 0
	KeyID  string // kid made safe to log: printable ASCII, at most 64 octets; "" if absent or not a string
	Reason string // fixed words, never text of the document
}

// NewKeySet returns the set of those keys, in that order.
func NewKeySet(keys ...*Key) KeySet {
	s := KeySet{keys: slices.Clone(keys), byID: make(map[string][]*Key), headers: new(Headers)}
	for _, key := range keys {
		s.byID[key.id] = append(s.byID[key.id], key)
	}
	return s
}

// Forgetful returns a set of the same keys that remembers no headers yet.
func (s KeySet) Forgetful() KeySet {
	s.headers = new(Headers)
	return s
}

// ParseKeySet reads a JWK Set (RFC 7517 section 5) of at most 100 keys. A key that must not be used is skipped and
// never fails the set; only the document itself has to be sound: a JSON object, no member twice, keys an array.
//
// The error matches ErrMalformed for an unsound document, and ErrNoKeys if no key is left. Skipped keys are returned
// in either case.
func ParseKeySet(data []byte) (KeySet, []Skipped, error) {
	document, err := strictjson.Members(data)
	if err != nil {
		return KeySet{}, nil, ErrMalformed
	}
	elements, err := strictjson.Elements(document["keys"])
	if err != nil || len(elements) > maxKeys {
		return KeySet{}, nil, ErrMalformed
	}
	var keys []*Key
	var skipped []Skipped
	for i, element := range elements {
		key, err := ParseKey(element)
		if err != nil {
			skipped = append(skipped, skip(i, element, err))
			continue
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return KeySet{}, skipped, ErrNoKeys
	}
	return NewKeySet(keys...), skipped, nil
}

func skip(index int, element strictjson.Value, err error) Skipped {
	why, _ := errors.AsType[reason](err)
	members, _ := strictjson.Members(element)
	id, _ := strictjson.String(members["kid"])
	return Skipped{Index: index, KeyID: printable(id), Reason: string(why)}
}

// printable makes a key ID fit for a log line.
func printable(id string) string {
	safe := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, id)
	return safe[:min(len(safe), maxLoggedID)]
}

// Len returns the number of keys.
func (s KeySet) Len() int {
	return len(s.keys)
}

// Headers returns the headers that are remembered of tokens that keys of this set verified. They go with the set.
func (s KeySet) Headers() *Headers {
	return s.headers
}

// Keys iterates over the keys in order.
func (s KeySet) Keys() iter.Seq[*Key] {
	return slices.Values(s.keys)
}

// Candidates returns up to four keys with exactly that key ID whose algorithm under the allow-list is alg. A key ID
// should be unique, but may be used once per key type (RFC 7517 section 4.5). The empty key ID has no candidates.
// The slice must not be changed.
func (s KeySet) Candidates(keyID string, alg Algorithm, allowed []Algorithm) []*Key {
	if keyID == "" {
		return nil
	}
	return bound(s.byID[keyID], alg, allowed)
}

// CandidatesWithoutID returns up to four keys, with or without a key ID, whose algorithm under the allow-list is alg,
// for a token that has no kid. The slice must not be changed.
func (s KeySet) CandidatesWithoutID(alg Algorithm, allowed []Algorithm) []*Key {
	return bound(s.keys, alg, allowed)
}

// Holds reports whether the set has a public key like that one, under its key ID and used with the same algorithm under the
// allow-list.
func (s KeySet) Holds(key *Key, allowed []Algorithm) bool {
	alg, ok := key.Algorithm(allowed)
	return ok && key.thumbprint != "" && slices.ContainsFunc(s.byID[key.id], func(k *Key) bool {
		only, ok := k.Algorithm(allowed)
		return ok && only == alg && k.thumbprint == key.thumbprint
	})
}

// bound returns the first keys that are used with alg.
func bound(keys []*Key, alg Algorithm, allowed []Algorithm) []*Key {
	matches := func(k *Key) bool {
		only, ok := k.Algorithm(allowed)
		return ok && only == alg
	}
	first := slices.IndexFunc(keys, matches)
	if first < 0 {
		return nil
	}
	found := keys[first : first+1 : first+1] // shared memory in the common case of one match
	for _, key := range keys[first+1:] {
		if len(found) < maxCandidates && matches(key) {
			found = append(found, key)
		}
	}
	return found
}
