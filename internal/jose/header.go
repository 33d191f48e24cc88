package jose

import (
	"strings"

	"github.com/bearergate/bearergate/internal/strictjson"
)

// Header is the header of a JWS as Parse judged it. Tokens may share one, so nothing in it may be changed.
type Header struct {
	Algorithm Algorithm // never none
	KeyID     string    // kid, "" when absent; attacker's text
	HasKeyID  bool      // whether kid was sent, even if empty
	Type      string    // typ as sent, "" when absent; attacker's text
	MediaType string    // MediaTypeOf(Type)
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
	h.MediaType = MediaTypeOf(h.Type)
	return h, nil
}

// MediaTypeOf normalises a typ (RFC 7515 section 4.1.9): case does not matter, and a value without a slash stands for one
// with application/ in front.
func MediaTypeOf(typ string) string {
	return strings.TrimPrefix(strings.ToLower(typ), "application/")
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
