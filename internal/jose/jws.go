package jose

import (
	"strings"

	"github.com/bearergate/bearergate/internal/strictjson"
)

// MaxTokenBytes is the length of the longest token that is looked at, in octets.
const MaxTokenBytes = 16 << 10

// JWS is one strictly parsed compact JWS. Nothing in it has been verified until Key.Verify says so.
type JWS struct {
	Algorithm Algorithm // never none
	KeyID     string    // kid, "" when absent; attacker's text
	HasKeyID  bool      // whether kid was sent, even if empty
	Type      string    // typ as sent, "" when absent; attacker's text
	JWK       []byte    // jwk as sent, nil when absent; attacker's text, for ParseKey
	Header    []byte    // decoded header, a strict JSON object
	Payload   []byte    // decoded payload, never empty, not necessarily JSON
	Signature []byte    // decoded signature, never empty

	signingInput string
}

// Parse reads a compact JWS (RFC 7515 section 3.1) of at most MaxTokenBytes and judges its header.
//
// The parts must be canonical base64url, so that one token has one spelling. The header must be a strict JSON object
// with a supported alg. Header parameters that change the processing (crit, b64, zip, a cty that means a nested JWT)
// are refused whatever they say; parameters that offer a key (jwk, jku, x5c, x5u, x5t) have no effect. The key in jwk
// is kept for the one kind of token that is signed with a key of its own, a DPoP proof (RFC 9449 section 4.2).
//
// The error matches ErrTooLarge, ErrMalformed, ErrAlgorithm or ErrCritical.
func Parse(compact string) (*JWS, error) { return ParseUpTo(compact, MaxTokenBytes) }

// ParseUpTo is Parse for a compact JWS of at most limit octets.
func ParseUpTo(compact string, limit int) (*JWS, error) {
	if len(compact) > limit {
		return nil, ErrTooLarge
	}
	signingInput, signature, ok := cutLast(compact)
	if !ok {
		return nil, ErrMalformed
	}
	header, payload, _ := strings.Cut(signingInput, ".")

	t := &JWS{signingInput: signingInput}
	var err error
	if t.Header, err = decode(header); err != nil {
		return nil, err
	}
	if t.Payload, err = decode(payload); err != nil {
		return nil, err
	}
	if t.Signature, err = decode(signature); err != nil {
		return nil, err
	}
	if err := t.readHeader(); err != nil {
		return nil, err
	}
	return t, nil
}

// SigningInput returns the received octets that the signature covers, header and payload with the dot between them.
// Unlike the token itself it cannot be respelt by a holder, so it identifies the token.
func (t *JWS) SigningInput() string {
	return t.signingInput
}

// cutLast splits a text with exactly two dots at the second one. It allocates nothing, however many dots there are.
func cutLast(compact string) (signingInput, signature string, ok bool) {
	if strings.Count(compact, ".") != 2 {
		return "", "", false
	}
	second := strings.LastIndexByte(compact, '.')
	return compact[:second], compact[second+1:], true
}

// header holds the parameters that Parse judges. An absent one is nil; null is a value like any other.
type header struct {
	Algorithm   strictjson.Value `json:"alg"`
	KeyID       strictjson.Value `json:"kid"`
	Type        strictjson.Value `json:"typ"`
	Key         strictjson.Value `json:"jwk"`
	ContentType strictjson.Value `json:"cty"`
	Critical    strictjson.Value `json:"crit"`
	Base64      strictjson.Value `json:"b64"`
	Compression strictjson.Value `json:"zip"`
}

func (t *JWS) readHeader() error {
	var h header
	if strictjson.Unmarshal(t.Header, &h) != nil {
		return ErrMalformed
	}
	name, ok := strictjson.String(h.Algorithm)
	if !ok {
		return ErrAlgorithm
	}
	if t.Algorithm, ok = ParseAlgorithm(name); !ok {
		return ErrAlgorithm
	}
	if h.Critical != nil || h.Base64 != nil || h.Compression != nil {
		return ErrCritical
	}
	contentType, ok := optionalString(h.ContentType)
	if !ok {
		return ErrMalformed
	}
	if nested(contentType) {
		return ErrCritical
	}
	if t.Type, ok = optionalString(h.Type); !ok {
		return ErrMalformed
	}
	t.JWK = h.Key
	t.HasKeyID = h.KeyID != nil
	if t.KeyID, ok = optionalString(h.KeyID); !ok {
		return ErrMalformed
	}
	return nil
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
	return strictjson.String(v)
}
