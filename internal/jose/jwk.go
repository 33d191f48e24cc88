package jose

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// reason says why a key is not used, in fixed words. It matches ErrKey.
type reason string

const (
	reasonJSON        reason = "not a JSON object with unique members"
	reasonPrivate     reason = "private key published"
	reasonType        reason = "key type or curve not supported"
	reasonMember      reason = "member missing or not in its canonical form"
	reasonSize        reason = "rsa modulus not of 2048 to 8192 bits"
	reasonModulus     reason = "rsa modulus even"
	reasonExponent    reason = "rsa exponent even, below 3 or above 31 bits"
	reasonFactorable  reason = "rsa modulus of a kind that can be factored (CVE-2017-15361)"
	reasonPoint       reason = "point not on the curve"
	reasonUse         reason = "not meant for verifying signatures"
	reasonAlgorithm   reason = "algorithm unknown or not of this key type"
	reasonLibrary     reason = "refused by the key parser"
	reasonShortSecret reason = "secret shorter than 32 octets"
	reasonPrivatePEM  reason = "private key given, pass the public key instead"
	reasonPEMBlock    reason = "PEM block is neither a public key nor a certificate"
	reasonBrokenBlock reason = "PEM block cannot be read"
)

// Error returns the reason behind the text of ErrKey.
func (r reason) Error() string { return ErrKey.Error() + ": " + string(r) }

// Unwrap returns ErrKey.
func (r reason) Unwrap() error { return ErrKey }

// privateMembers are the members of RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1 that must never be published.
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// ParseKey reads one public JWK (RFC 7517 section 4): RSA with 2048 to 8192 bits, EC on P-256, P-384 or P-521, or
// OKP with Ed25519, meant for verifying signatures. A JWK with private or symmetric members is refused, as is one
// whose alg, if present, does not fit, and an RSA key that shows the flaw of CVE-2017-15361. Members that are not
// needed, such as x5c, are ignored.
// The error matches ErrKey.
func ParseKey(data []byte) (*Key, error) {
	members, err := strictjson.Object(data)
	if err != nil {
		return nil, reasonJSON
	}
	return parseMembers(members)
}

func parseMembers(members map[string]strictjson.Value) (*Key, error) {
	for _, name := range privateMembers {
		if members[name] != nil {
			return nil, reasonPrivate
		}
	}
	id, ok := optionalString(members["kid"])
	if !ok {
		return nil, reasonMember
	}
	if !forVerifying(members) {
		return nil, reasonUse
	}
	m, err := parseMaterial(members)
	if err != nil {
		return nil, err
	}
	if m.algorithms, err = declared(members["alg"], m.algorithms); err != nil {
		return nil, err
	}
	public, err := parsePublic(m.canonical)
	if err != nil {
		return nil, err
	}
	return &Key{
		id:              id,
		algorithms:      m.algorithms,
		signatureLength: m.signatureLength,
		material:        public,
		thumbprint:      thumbprint(m.canonical),
	}, nil
}

// forVerifying applies use and key_ops (RFC 7517 sections 4.2 and 4.3).
func forVerifying(members map[string]strictjson.Value) bool {
	if use, ok := optionalString(members["use"]); !ok || members["use"] != nil && use != "sig" {
		return false
	}
	operations := members["key_ops"]
	if operations == nil {
		return true
	}
	var names []string
	return strictjson.Unmarshal(operations, &names) == nil && slices.Contains(names, "verify")
}

// declared narrows the algorithms that fit a key to the one in its alg member, if that is present.
func declared(alg strictjson.Value, fitting []Algorithm) ([]Algorithm, error) {
	if alg == nil {
		return fitting, nil
	}
	name, _ := strictjson.String(alg)
	declared, ok := ParseAlgorithm(name)
	if !ok || !slices.Contains(fitting, declared) {
		return nil, reasonAlgorithm
	}
	return []Algorithm{declared}, nil
}

// parsePublic hands the library the required members only, all of them checked already: whatever else a JWK may
// carry never reaches it.
func parsePublic(canonical string) (public crypto.PublicKey, err error) {
	defer func() {
		if recover() != nil {
			public, err = nil, reasonLibrary
		}
	}()
	key, err := jwk.ParseKey([]byte(canonical))
	if err != nil {
		return nil, reasonLibrary
	}
	if key.Raw(&public) != nil {
		return nil, reasonLibrary
	}
	return public, nil
}

func thumbprint(canonical string) string {
	digest := sha256.Sum256([]byte(canonical))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}
