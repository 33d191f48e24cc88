// Package jose is the strict JOSE layer: compact JWS (RFC 7515), JWK and JWK Set (RFC 7517), the signature algorithms
// of RFC 7518 and RFC 8037, and JWK thumbprints (RFC 7638), held to RFC 8725.
//
// Octets from outside are judged here before a third-party library sees them. It is the only package that imports
// github.com/lestrrat-go/jwx, and no type of that library appears in its API.
//
// Everything here is safe for concurrent use but a JWS, which belongs to one goroutine. Errors match one of the package's
// sentinels under errors.Is and carry no octet of a token, a key or a key set.
package jose

import (
	"errors"

	"github.com/bearergate/bearergate/internal/base64url"
)

var (
	// ErrTooLarge says that a token is longer than MaxTokenBytes.
	ErrTooLarge = errors.New("jose: token too large")
	// ErrMalformed says that the input is not a compact JWS, or not a JWK Set.
	ErrMalformed = errors.New("jose: malformed input")
	// ErrAlgorithm says that an algorithm is missing, unknown, none, or not the one of the key.
	ErrAlgorithm = errors.New("jose: algorithm refused")
	// ErrCritical says that the header asks for processing that is not supported: crit, b64, zip or a nested JWT.
	ErrCritical = errors.New("jose: header extension refused")
	// ErrSignature says that the signature is not one of the key over the received octets.
	ErrSignature = errors.New("jose: signature mismatch")
	// ErrKey says that a key must not be used.
	ErrKey = errors.New("jose: unusable key")
	// ErrNoKeys says that a key set has no usable key.
	ErrNoKeys = errors.New("jose: no usable key")
)

// decode reads canonical base64url (RFC 7515 section 2): one octet string has exactly one accepted spelling.
// Nothing in a JWS or a JWK may be empty.
func decode(s string) ([]byte, error) {
	if len(s)%4 == 1 { // before room is made for what cannot be
		return nil, ErrMalformed
	}
	decoded := make([]byte, base64url.DecodedLen(len(s)))
	if err := decodeInto(decoded, s); err != nil {
		return nil, err
	}
	return decoded, nil
}

// decodeInto is decode into as many octets as s stands for.
func decodeInto(decoded []byte, s string) error {
	if s == "" || !base64url.Decode(decoded, s) {
		return ErrMalformed
	}
	return nil
}
