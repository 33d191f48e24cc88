package jwks_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"sync"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// rsaKey is a key that the tests sign with under several algorithms.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func privateRSA(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// rsaSigner signs with rsaKey under the key ID "rsa".
func rsaSigner(t testing.TB, alg jose.Algorithm) *jose.Signer {
	t.Helper()
	private := pem.EncodeToMemory(&pem.Block{
		Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(privateRSA(t)),
	})
	s, err := jose.ParseSigner(private, alg, "rsa")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryAlgorithm(t *testing.T) {
	for _, alg := range jose.Asymmetric() {
		t.Run(string(alg), func(t *testing.T) {
			s := signerOf(t, alg)
			token := sign(t, s, atJWT, accessClaims(nil))
			accepted(t, atNoonWith(t, jwks.RFC9068, s), token)
			others := newValidator(t, jwks.Config{
				Issuer: issuer, Audience: audience, Keys: parseKeys(t, keySet(t, s)), Now: atNoon,
				Algorithms: otherThan(alg),
			})
			refused(t, others, token, middleware.ReasonAlgorithmNotAllowed)
		})
	}
}

func otherThan(alg jose.Algorithm) []string {
	var names []string
	for _, other := range jose.Asymmetric() {
		if other != alg {
			names = append(names, string(other))
		}
	}
	return names
}

// TestFullySpecifiedName: Ed25519 is EdDSA by another name (RFC 9864).
func TestFullySpecifiedName(t *testing.T) {
	s := signerOf(t, jose.EdDSA)
	v := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, Keys: parseKeys(t, keySet(t, s)), Now: atNoon, Algorithms: []string{"Ed25519"},
	})
	accepted(t, v, sign(t, s, over(atJWT, object{"alg": "Ed25519"}), accessClaims(nil)))
	accepted(t, v, sign(t, s, atJWT, accessClaims(nil)))
}

// TestOneKeyOneAlgorithm: a key is good for the algorithm that its JWK names and for no other (RFC 8725, section 3.1).
func TestOneKeyOneAlgorithm(t *testing.T) {
	v := atNoonWith(t, jwks.RFC9068, rsaSigner(t, jose.RS256))
	accepted(t, v, sign(t, rsaSigner(t, jose.RS256), atJWT, accessClaims(nil)))
	for _, alg := range []jose.Algorithm{jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512} {
		refused(t, v, sign(t, rsaSigner(t, alg), atJWT, accessClaims(nil)), middleware.ReasonUnknownKey)
	}
	relabelled := sign(t, rsaSigner(t, jose.PS256), over(atJWT, object{"alg": "RS256"}), accessClaims(nil))
	refused(t, v, relabelled, middleware.ReasonBadSignature)
}

// TestKeyWithoutAlgorithm, as Entra publishes it, gets the first allowed algorithm that fits, and only that.
func TestKeyWithoutAlgorithm(t *testing.T) {
	public := with(rsaSigner(t, jose.RS256).JWK(), object{
		"alg": nil, "x5t": "rsa", "x5c": []string{"MIIC"}, "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0",
	})
	keys := parseKeys(t, string(encode(t, object{"keys": []object{public}})))
	for name, tt := range map[string]struct {
		algorithms []string
		good       jose.Algorithm
		bad        []jose.Algorithm
	}{
		"default":   {nil, jose.RS256, []jose.Algorithm{jose.RS384, jose.RS512, jose.PS256, jose.PS512}},
		"PSS first": {[]string{"PS256", "RS256"}, jose.PS256, []jose.Algorithm{jose.RS256}},
	} {
		t.Run(name, func(t *testing.T) {
			s := specimens["Entra v2 user"]
			v := newValidator(t, jwks.Config{
				Issuer: s.claims["iss"].(string), Audience: s.audience, Profile: jwks.Entra, Keys: keys, Now: atNoon,
				Algorithms: tt.algorithms,
			})
			accepted(t, v, sign(t, rsaSigner(t, tt.good), typJWT, s.claims))
			for _, alg := range tt.bad {
				refused(t, v, sign(t, rsaSigner(t, alg), typJWT, s.claims), middleware.ReasonUnknownKey)
			}
		})
	}
}

// TestAlgorithmConfusion signs with HS256 and everything about the public key that could serve as a secret.
func TestAlgorithmConfusion(t *testing.T) {
	public := &privateRSA(t).PublicKey
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PublicKey(public)
	pemKey := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})
	fromPEM, err := jwks.ParsePEM(pemKey)
	if err != nil {
		t.Fatal(err)
	}
	byJWK := atNoonWith(t, jwks.RFC9068, rsaSigner(t, jose.RS256))
	byPEM := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, Keys: fromPEM, Profile: jwks.Generic, Now: atNoon,
	})
	for name, secret := range map[string][]byte{
		"PEM SPKI": pemKey, "PEM PKCS #1": pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1}),
		"SPKI": spki, "PKCS #1": pkcs1, "modulus": public.N.Bytes(),
		"modulus in base64": []byte(base64.RawURLEncoding.EncodeToString(public.N.Bytes())),
		"JWK":               encode(t, rsaSigner(t, jose.RS256).JWK()),
	} {
		attacker, err := jose.NewSecretSigner(secret, "rsa")
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			token := sign(t, attacker, atJWT, accessClaims(nil))
			refused(t, byJWK, token, middleware.ReasonAlgorithmNotAllowed)
			refused(t, byPEM, token, middleware.ReasonAlgorithmNotAllowed)
			relabelled := sign(t, attacker, over(atJWT, object{"alg": "RS256"}), accessClaims(nil))
			refused(t, byJWK, relabelled, middleware.ReasonBadSignature)
			refused(t, byPEM, relabelled, middleware.ReasonUnknownKey)
		})
	}
}

// TestOfferedKeys: a key that a token brings along, or says where to get, is neither used nor asked for.
func TestOfferedKeys(t *testing.T) {
	attacker := newSigner(t, jose.ES256, "ES256")
	genuine := signerOf(t, jose.ES256)
	v := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, Keys: parseKeys(t, keySet(t, genuine)), HTTPClient: trap(t), Now: atNoon,
	})
	for name, header := range map[string]object{
		"jwk": {"jwk": attacker.JWK()},
		"jku": {"jku": "https://evil.example/keys"},
		"x5u": {"x5u": "http://169.254.169.254/latest/meta-data"},
		"x5c": {"x5c": []string{"MIIBszCCAVmgAwIBAgIU"}},
		"x5t": {"x5t": "i6lGk3FZzxRcUb2C3nEQ7syHJlY", "x5t#S256": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, v, sign(t, attacker, over(atJWT, header), accessClaims(nil)), middleware.ReasonBadSignature)
			unknown := over(header, object{"typ": "at+jwt", "kid": "mine"})
			refused(t, v, sign(t, attacker, unknown, accessClaims(nil)), middleware.ReasonUnknownKey)
			accepted(t, v, sign(t, genuine, over(atJWT, header), accessClaims(nil)))
		})
	}
}

// TestOfferedKeysCauseNoRequest: of a validator that fetches keys, only the known URL is asked.
func TestOfferedKeysCauseNoRequest(t *testing.T) {
	s := &stub{}
	s.put(keysURL, page{body: keySet(t, signerOf(t, jose.ES256))})
	v := fromURL(t, s)
	header := object{
		"typ": "at+jwt", "kid": "https://evil.example/kid", "jku": "https://evil.example/keys", "x5u": "https://evil.example/x",
	}
	refused(t, v, sign(t, newSigner(t, jose.ES256, "x"), header, accessClaims(nil)), middleware.ReasonUnknownKey)
	wantRequests(t, s, keysURL)
}

// TestHostileKeyIDs are only ever compared.
func TestHostileKeyIDs(t *testing.T) {
	v := atNoonWith(t, jwks.RFC9068, signerOf(t, jose.ES256))
	for _, keyID := range []string{
		"", "../../../../dev/null", "/dev/null", "es256", "ES256 ", "ES256\x00", "' OR 1=1 --", "$(id)", "\r\nX: y",
		"__proto__", "\u0415S256", strings.Repeat("k", 5000),
	} {
		token := sign(t, signerOf(t, jose.ES256), over(atJWT, object{"kid": keyID}), accessClaims(nil))
		refused(t, v, token, middleware.ReasonUnknownKey)
	}
	for _, keyID := range []any{7, true, []string{"ES256"}, object{}, jsonNull{}} {
		token := sign(t, signerOf(t, jose.ES256), over(atJWT, object{"kid": keyID}), accessClaims(nil))
		refused(t, v, token, middleware.ReasonMalformedToken)
	}
}

// A key that does not say its algorithm has the first of those that are allowed for its type, here RS256. A good PS256 token that
// another key of the same name made does not lend it another, since the keys that its header names are remembered.
func TestRememberedHeaderKeepsKeysToTheirAlgorithm(t *testing.T) {
	unsaid, other := newSigner(t, jose.RS256, "r"), newSigner(t, jose.PS256, "r")
	key := unsaid.JWK()
	delete(key, "alg")
	v := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, Algorithms: []string{"RS256", "PS256"}, Now: atNoon,
		Keys: parseKeys(t, string(encode(t, object{"keys": []object{key, other.JWK()}}))),
	})
	forged := func(id string) string { return sign(t, unsaid.As(jose.PS256), atJWT, accessClaims(object{"jti": id})) }
	refused(t, v, forged("1"), middleware.ReasonBadSignature)
	accepted(t, v, sign(t, other, atJWT, accessClaims(object{"jti": "2"})))
	refused(t, v, forged("3"), middleware.ReasonBadSignature)
}
