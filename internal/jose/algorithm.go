package jose

import "slices"

// Algorithm is a JWS signature algorithm by its registered name (RFC 7518 section 3.1, RFC 8037 section 3.1).
type Algorithm string

// The supported algorithms. EdDSA means Ed25519 only. HS256 works with a configured secret only, never with a JWK.
const (
	RS256 Algorithm = "RS256"
	RS384 Algorithm = "RS384"
	RS512 Algorithm = "RS512"
	PS256 Algorithm = "PS256"
	PS384 Algorithm = "PS384"
	PS512 Algorithm = "PS512"
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	ES512 Algorithm = "ES512"
	EdDSA Algorithm = "EdDSA"
	HS256 Algorithm = "HS256"
)

var (
	asymmetric    = []Algorithm{RS256, ES256, EdDSA, PS256, RS384, RS512, PS384, PS512, ES384, ES512}
	rsaAlgorithms = []Algorithm{RS256, PS256, RS384, RS512, PS384, PS512}
)

// Asymmetric returns the public key algorithms in order of preference, the default allow-list. The order matters for
// a key that does not declare its algorithm: see Key.Algorithm. The caller owns the slice.
func Asymmetric() []Algorithm {
	return slices.Clone(asymmetric)
}

// ParseAlgorithm returns the algorithm of that exact name. Unknown names and "none" in any spelling are refused.
// The fully specified name "Ed25519" (RFC 9864) is another name of EdDSA.
func ParseAlgorithm(name string) (Algorithm, bool) {
	if name == "Ed25519" {
		return EdDSA, true
	}
	alg := Algorithm(name)
	return alg, alg == HS256 || slices.Contains(asymmetric, alg)
}
