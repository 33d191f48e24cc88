package jose

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bearergate/bearergate/internal/strictjson"
)

// Header is the header of a JWS as Parse judged it. Tokens may share one, so nothing in it may be changed.
type Header struct {
	Algorithm Algorithm // never none
	KeyID     string    // kid, "" when absent; attacker's text
	HasKeyID  bool      // whether kid was sent, even if empty
	Type      string    // typ as sent, "" when absent; attacker's text
	JWK       []byte    // jwk as sent, nil when absent; attacker's text, for ParseKey
	Octets    []byte    // decoded header, a strict JSON object
}

// The parameters that Parse judges.
const (
	paramAlgorithm = iota
	paramKeyID
	paramType
	paramKey
	paramContentType
	paramCritical
	paramBase64
	paramCompression
	params
)

var headerLayout = strictjson.NewLayout("alg", "kid", "typ", "jwk", "cty", "crit", "b64", "zip")

// readHeader judges a decoded header. A parameter that is there is not nil; null is a value like any other.
func readHeader(data []byte) (*Header, error) {
	var values [params]strictjson.Value
	if headerLayout.Read(data, values[:]) != nil {
		return nil, ErrMalformed
	}
	h := &Header{Octets: data, JWK: values[paramKey], HasKeyID: values[paramKeyID] != nil}
	name, ok := strictjson.Text(values[paramAlgorithm])
	if !ok {
		return nil, ErrAlgorithm
	}
	if h.Algorithm, ok = ParseAlgorithm(name); !ok {
		return nil, ErrAlgorithm
	}
	if values[paramCritical] != nil || values[paramBase64] != nil || values[paramCompression] != nil {
		return nil, ErrCritical
	}
	contentType, ok := optionalString(values[paramContentType])
	if !ok {
		return nil, ErrMalformed
	}
	if nested(contentType) {
		return nil, ErrCritical
	}
	if h.Type, ok = optionalString(values[paramType]); !ok {
		return nil, ErrMalformed
	}
	if h.KeyID, ok = optionalString(values[paramKeyID]); !ok {
		return nil, ErrMalformed
	}
	return h, nil
}

// nested reports whether a cty announces a JWT inside the JWT (RFC 7519 section 5.2).
func nested(contentType string) bool {
	return strings.EqualFold(contentType, "JWT") || strings.EqualFold(contentType, "application/jwt")
}

// optionalString returns the text of a string, "" for an absent value, and false for anything else.
func optionalString(v strictjson.Value) (string, bool) {
	if v == nil {
		return "", true
	}
	return strictjson.Text(v)
}

const (
	maxHeaders     = 64
	maxHeaderBytes = 1 << 10 // of a header that is remembered, in its encoded form
)

// Headers remembers headers of tokens that turned out to be good, so that the next token with the same header, as most
// tokens of an issuer have, need not have it decoded and judged again. What is remembered says nothing about the key. It
// holds at most 64 headers, and starts over when there are more. The zero value is ready for use; a nil one remembers
// nothing. It is safe for concurrent use, and reading takes no lock.
type Headers struct {
	known atomic.Pointer[map[string]*Header]
	mu    sync.Mutex
}

// find returns the header with that encoded form, nil if it is not remembered.
func (s *Headers) find(encoded string) *Header {
	if s == nil {
		return nil
	}
	if known := s.known.Load(); known != nil {
		return (*known)[encoded]
	}
	return nil
}

// Remember keeps the header of a token whose signature was verified.
func (s *Headers) Remember(t *JWS) {
	encoded, _, _ := strings.Cut(t.signingInput, ".")
	if s == nil || t.headerKnown || len(encoded) > maxHeaderBytes || s.find(encoded) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next := map[string]*Header{strings.Clone(encoded): t.Header}
	if known := s.known.Load(); known != nil && len(*known) < maxHeaders {
		for each, header := range *known {
			next[each] = header
		}
	}
	s.known.Store(&next)
}
