package jose

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"fmt"
	"math/bits"

	"github.com/bearergate/bearergate/internal/strictjson"
)

// Limits of RSA keys: RFC 7518 section 3.3 sets the lower one, the upper one bounds the work a key set can ask for.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// material is what the members that make a key say.
type material struct {
	canonical       string // the JWK with its required members only, as RFC 7638 section 3 hashes it
	algorithms      []Algorithm
	signatureLength int
}

type curve struct {
	elliptic.Curve
	algorithm  Algorithm
	coordinate int // octets
}

var curves = map[string]curve{
	"P-256": {elliptic.P256(), ES256, 32},
	"P-384": {elliptic.P384(), ES384, 48},
	"P-521": {elliptic.P521(), ES512, 66},
}

func parseMaterial(members map[string]strictjson.Value) (material, error) {
	switch kty, _ := strictjson.String(members["kty"]); kty {
	case "RSA":
		return parseRSA(members)
	case "EC":
		return parseEC(members)
	case "OKP":
		return parseOKP(members)
	default:
		return material{}, reasonType
	}
}

func parseRSA(members map[string]strictjson.Value) (material, error) {
	nText, n, err := number(members["n"])
	if err != nil {
		return material{}, err
	}
	eText, e, err := number(members["e"])
	if err != nil {
		return material{}, err
	}
	if size := 8*(len(n)-1) + bits.Len8(n[0]); size < minRSABits || size > maxRSABits {
		return material{}, reasonSize
	}
	if n[len(n)-1]&1 == 0 {
		return material{}, reasonModulus
	}
	if !exponent(e) {
		return material{}, reasonExponent
	}
	if roca(n) {
		return material{}, reasonFactorable
	}
	return material{
		canonical:       fmt.Sprintf(`{"e":"%s","kty":"RSA","n":"%s"}`, eText, nText),
		algorithms:      rsaAlgorithms,
		signatureLength: len(n),
	}, nil
}

// exponent reports whether e is odd, at least 3 and below 2^31.
func exponent(e []byte) bool {
	if len(e) > 4 {
		return false
	}
	var value uint32
	for _, octet := range e {
		value = value<<8 | uint32(octet)
	}
	return value&1 == 1 && value >= 3 && value < 1<<31
}

func parseEC(members map[string]strictjson.Value) (material, error) {
	name, _ := strictjson.String(members["crv"])
	c, ok := curves[name]
	if !ok {
		return material{}, reasonType
	}
	xText, x, err := decodedText(members["x"])
	if err != nil {
		return material{}, err
	}
	yText, y, err := decodedText(members["y"])
	if err != nil {
		return material{}, err
	}
	if len(x) != c.coordinate || len(y) != c.coordinate {
		return material{}, reasonMember
	}
	point := append(append([]byte{4}, x...), y...) // SEC 1 section 2.3.3, uncompressed
	if _, err := ecdsa.ParseUncompressedPublicKey(c.Curve, point); err != nil {
		return material{}, reasonPoint
	}
	return material{
		canonical:       fmt.Sprintf(`{"crv":"%s","kty":"EC","x":"%s","y":"%s"}`, name, xText, yText),
		algorithms:      []Algorithm{c.algorithm},
		signatureLength: 2 * c.coordinate,
	}, nil
}

func parseOKP(members map[string]strictjson.Value) (material, error) {
	if name, _ := strictjson.String(members["crv"]); name != "Ed25519" {
		return material{}, reasonType
	}
	text, x, err := decodedText(members["x"])
	if err != nil {
		return material{}, err
	}
	if len(x) != ed25519.PublicKeySize {
		return material{}, reasonMember
	}
	return material{
		canonical:       fmt.Sprintf(`{"crv":"Ed25519","kty":"OKP","x":"%s"}`, text),
		algorithms:      []Algorithm{EdDSA},
		signatureLength: ed25519.SignatureSize,
	}, nil
}

// decodedText reads a base64url member. The text is safe to put into JSON once the error is nil.
func decodedText(v strictjson.Value) (text string, decoded []byte, err error) {
	text, _ = strictjson.String(v)
	if decoded, err = decode(text); err != nil {
		return "", nil, reasonMember
	}
	return text, decoded, nil
}

// number reads a Base64urlUInt member (RFC 7518 section 2), which has no leading zero octets.
func number(v strictjson.Value) (text string, decoded []byte, err error) {
	text, decoded, err = decodedText(v)
	if err == nil && decoded[0] == 0 {
		return "", nil, reasonMember
	}
	return text, decoded, err
}
