package revocation

import "github.com/bearergate/bearergate/internal/clientauth"

// Credentials are how this service authenticates as a client at the revocation endpoint (RFC 7009, section 2.1). They
// are immutable, safe for concurrent use, and print nothing of a secret. Credentials of package introspection serve here
// as well. The zero value authenticates nobody and is refused by [NewClient].
type Credentials = clientauth.Credentials

// PrivateKey is the key of [PrivateKeyJWT].
type PrivateKey = clientauth.PrivateKey

// SecretBasic is client_secret_basic (RFC 6749, section 2.3.1).
func SecretBasic(clientID, secret string) Credentials {
	return clientauth.SecretBasic(clientID, secret)
}

// SecretPost is client_secret_post (RFC 6749, section 2.3.1), for servers that know no other.
func SecretPost(clientID, secret string) Credentials { return clientauth.SecretPost(clientID, secret) }

// PrivateKeyJWT is private_key_jwt: a fresh assertion for each request (RFC 7523, section 2.2).
func PrivateKeyJWT(clientID string, key PrivateKey) Credentials {
	return clientauth.PrivateKeyJWT(clientID, key)
}

// MutualTLS is authentication by the certificate of [ClientConfig.HTTPClient] (RFC 8705, section 2).
func MutualTLS(clientID string) Credentials { return clientauth.MutualTLS(clientID) }
