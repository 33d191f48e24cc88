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
	headerKnown  bool
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
	t := new(JWS)
	if err := t.Read(compact, limit, nil); err != nil {
		return nil, err
	}
	return t, nil
}

// Read is ParseUpTo into a zero JWS of the caller's, who need not have it on the heap. A header that is known is not judged
// again; known may be nil. After an error t means nothing.
func (t *JWS) Read(compact string, limit int, known *Headers) error {
	if len(compact) > limit {
		return ErrTooLarge
	}
	header, rest, ok := strings.Cut(compact, ".")
	if !ok {
		return ErrMalformed
	}
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || strings.IndexByte(signature, '.') >= 0 {
		return ErrMalformed
	}
	t.signingInput = compact[:len(header)+1+len(payload)]
	t.Header = known.find(header)
	t.headerKnown = t.Header != nil

	var decoded []byte
	var err error
	if !t.headerKnown {
		if decoded, err = decode(header); err != nil {
			return err
		}
	}
	if t.Payload, err = decode(payload); err != nil {
		return err
	}
	if err := t.readSignature(signature); err != nil {
		return err
	}
	if !t.headerKnown {
		t.Header, err = readHeader(decoded)
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

// HasCompactForm reports whether a text has the three parts of a compact JWS, or is longer than MaxTokenBytes and not to be
// looked at. It is what tells rubbish from tokens at the least cost.
func HasCompactForm(text string) bool {
	return len(text) > MaxTokenBytes || strings.Count(text, ".") == 2
}
