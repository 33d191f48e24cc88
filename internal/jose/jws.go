package jose

import (
	"crypto/sha256"
	"strings"

	"github.com/bearergate/bearergate/internal/base64url"
	"github.com/bearergate/bearergate/internal/octets"
)

// MaxTokenBytes is the length of the longest token that is looked at, in octets.
const MaxTokenBytes = 16 << 10

// usualSignature is the length of an RSA signature by a key of 3072 bits, the longest that is common.
const usualSignature = 384

// JWS is one strictly parsed compact JWS. Nothing in it has been verified until Key.Verify says so. It must not be copied
// nor used by two goroutines at once, and nothing that it points to may be changed.
type JWS struct {
	*Header
	Payload []byte // decoded payload, never empty, not necessarily JSON

	signingInput string
	known        *remembered // nil if the header had to be judged
	digested     bool
	digest       [sha256.Size]byte // of signingInput, once digested
	// The signature is in short, unless it is too long for that. A slice of short would move every JWS to the heap.
	short       [usualSignature]byte
	shortLength int
	long        []byte
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
	parts, err := Split(compact, limit)
	if err != nil {
		return nil, err
	}
	t := new(JWS)
	if err := t.Read(parts, nil); err != nil {
		return nil, err
	}
	return t, nil
}

// Compact is a text that has the parts of a compact JWS, whatever is in them.
type Compact struct{ signingInput, header, payload, signature string }

// Split takes a text of at most limit octets apart. It is what tells rubbish from tokens at the least cost. The error is
// ErrTooLarge or ErrMalformed.
func Split(text string, limit int) (Compact, error) {
	if len(text) > limit {
		return Compact{}, ErrTooLarge
	}
	first := strings.IndexByte(text, '.')
	if first < 0 {
		return Compact{}, ErrMalformed
	}
	second := first + 1 + strings.IndexByte(text[first+1:], '.')
	if second == first || strings.IndexByte(text[second+1:], '.') >= 0 {
		return Compact{}, ErrMalformed
	}
	return Compact{text[:second], text[:first], text[first+1 : second], text[second+1:]}, nil
}

// Read is Parse into a zero JWS of the caller's, who need not have it on the heap. A header that is known is not judged
// again; known may be nil. After an error t means nothing.
func (t *JWS) Read(parts Compact, known *Headers) error {
	t.signingInput = parts.signingInput
	var header []byte
	var err error
	if t.known = known.find(parts.header); t.known != nil {
		t.Header = t.known.header
	} else if header, err = decode(parts.header); err != nil {
		return err
	}
	if t.Payload, err = decode(parts.payload); err != nil {
		return err
	}
	if err := t.readSignature(parts.signature); err != nil {
		return err
	}
	if t.known == nil {
		t.Header, err = readHeader(header)
	}
	return err
}

func (t *JWS) readSignature(encoded string) (err error) {
	if size := base64url.DecodedLen(len(encoded)); size <= len(t.short) {
		t.shortLength = size
		return decodeInto(t.short[:size], encoded)
	}
	t.long, err = decode(encoded)
	return err
}

// Signature returns the decoded signature, never empty.
func (t *JWS) Signature() []byte {
	if t.long != nil {
		return t.long
	}
	return t.short[:t.shortLength:t.shortLength]
}

// SigningInput returns the received octets that the signature covers, header and payload with the dot between them.
// Unlike the token itself it cannot be respelt by a holder, so it identifies the token.
func (t *JWS) SigningInput() string {
	return t.signingInput
}

// Digest returns the SHA-256 of the signing input. Most signatures are made over it, so that it need not be computed again
// after Key.Verify.
func (t *JWS) Digest() [sha256.Size]byte {
	if !t.digested {
		t.digest, t.digested = sha256.Sum256(octets.Of(t.signingInput)), true
	}
	return t.digest
}
