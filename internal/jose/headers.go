package jose

import (
	"strings"
	"sync"
	"sync/atomic"
)

const (
	maxHeaders     = 64
	maxHeaderBytes = 1 << 10 // of a header that is remembered, in its encoded form
)

// Headers remembers headers of tokens that turned out to be good, so that the next token with the same header, as most
// tokens of an issuer have, need not have it decoded and judged again. It holds at most 64 headers, and starts over when
// there are more. The zero value is ready for use; a nil one remembers nothing. It is safe for concurrent use, and reading
// takes no lock.
type Headers struct {
	latest atomic.Pointer[remembered] // the newest, after a rotation the one that most tokens have
	known  atomic.Pointer[map[string]*remembered]
	mu     sync.Mutex
}

// remembered is what a header says, and which keys it names in the set that it was remembered by; none if it was no set.
type remembered struct {
	encoded string
	header  *Header
	set     *Headers
	keys    []*Key
}

// find returns what is remembered of the header with that encoded form, nil if it is not.
func (s *Headers) find(encoded string) *remembered {
	if s == nil {
		return nil
	}
	if latest := s.latest.Load(); latest != nil && latest.encoded == encoded {
		return latest
	}
	if known := s.known.Load(); known != nil {
		return (*known)[encoded]
	}
	return nil
}

// Remember keeps the header of a token whose signature was verified. It says nothing about the key.
func (s *Headers) Remember(t *JWS) {
	if s.mayLearnFrom(t) {
		s.remember(t, remembered{header: t.Header})
	}
}

// Remember keeps the header of a token that a key of the set verified, with the keys that it names under the allow-list,
// which has to be the same each time.
func (s KeySet) Remember(t *JWS, allowed []Algorithm) {
	if s.headers.mayLearnFrom(t) {
		keys := s.Candidates(t.KeyID, t.Algorithm, allowed)
		s.headers.remember(t, remembered{header: t.Header, set: s.headers, keys: keys})
	}
}

func (s *Headers) mayLearnFrom(t *JWS) bool { return s != nil && t.known == nil }

func (s *Headers) remember(t *JWS, r remembered) {
	encoded, _, _ := strings.Cut(t.signingInput, ".")
	if len(encoded) > maxHeaderBytes || s.find(encoded) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.encoded = strings.Clone(encoded)
	next := map[string]*remembered{r.encoded: &r}
	if known := s.known.Load(); known != nil && len(*known) < maxHeaders {
		for each, header := range *known {
			next[each] = header
		}
	}
	s.known.Store(&next)
	s.latest.Store(&r)
}

// CandidatesOf is Candidates for what a token names. They are not looked for again if the set remembers its header: this set,
// since the one that the token was read with may have been replaced.
func (s KeySet) CandidatesOf(t *JWS, allowed []Algorithm) []*Key {
	if t.known != nil && t.known.set == s.headers {
		return t.known.keys
	}
	return s.Candidates(t.KeyID, t.Algorithm, allowed)
}
