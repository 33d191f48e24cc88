package clientauth

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/strictjson"
)

// PrivateKey is the key of private_key_jwt. Key is required.
type PrivateKey struct {
	// Key is the private key: PEM with one unencrypted block (PKCS #8, PKCS #1 or SEC 1), or a private JWK.
	Key []byte
	// KeyID is the kid of the assertions. Default: that of the JWK, or none.
	KeyID string
	// Algorithm is the JOSE name of the signature algorithm. Default: that of the JWK, or RS256, ES256, ES384, ES512 or
	// EdDSA, whichever fits the key.
	Algorithm string
	// Audience is the aud of the assertions. Default: the issuer identifier, or the URL of the endpoint if that is not
	// configured. Some servers insist on the URL of their token endpoint.
	Audience string
}

const (
	assertionType     = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	assertionLifetime = time.Minute
)

// PrivateKeyJWT is private_key_jwt: an assertion signed for each request (RFC 7523, section 2.2).
func PrivateKeyJWT(clientID string, key PrivateKey) Credentials {
	signer, err := jose.ParseSigner(key.Key, jose.Algorithm(key.Algorithm), key.KeyID)
	if err != nil {
		return Credentials{err: fmt.Errorf("the private key: %w", err)}
	}
	return Credentials{err: checkID(clientID), apply: func(x *exchange) error {
		audience := cmp.Or(key.Audience, x.to.Issuer, x.to.URL)
		assertion, err := assert(signer, clientID, audience, x.to.Now())
		if err != nil {
			return err
		}
		x.form.Set("client_id", clientID)
		x.form.Set("client_assertion_type", assertionType)
		x.form.Set("client_assertion", assertion)
		return nil
	}}
}

// assert makes the claims of RFC 7523, section 3.
func assert(signer *jose.Signer, clientID, audience string, now time.Time) (string, error) {
	claims, err := strictjson.Marshal(map[string]any{
		"iss": clientID,
		"sub": clientID,
		"aud": audience,
		"iat": now.Unix(),
		"exp": now.Add(assertionLifetime).Unix(),
		"jti": rand.Text(),
	})
	if err != nil {
		return "", err
	}
	return signer.Sign(map[string]any{"typ": "JWT"}, claims)
}
