package introspection

import (
	"context"

	"github.com/bearergate/bearergate/internal/clientauth"
)

// Credentials are how this resource server authenticates at the introspection endpoint, never the token in question.
// Make them with a function of this package; a mistake in them is reported by [New]. They are immutable, safe for
// concurrent use, and print nothing of a secret.
type Credentials = clientauth.Credentials

// PrivateKey is the key of [PrivateKeyJWT].
type PrivateKey = clientauth.PrivateKey

// SecretBasic sends ID and secret in the Authorization field (client_secret_basic; RFC 6749, section 2.3.1).
func SecretBasic(clientID, secret string) Credentials {
	return clientauth.SecretBasic(clientID, secret)
}

// SecretPost sends ID and secret in the form (client_secret_post; RFC 6749, section 2.3.1), for servers that do not take
// the other way.
func SecretPost(clientID, secret string) Credentials {
	return clientauth.SecretPost(clientID, secret)
}

// PrivateKeyJWT signs an assertion for each call (private_key_jwt; RFC 7523, section 2.2).
func PrivateKeyJWT(clientID string, key PrivateKey) Credentials {
	return clientauth.PrivateKeyJWT(clientID, key)
}

// MutualTLS authenticates with the client certificate in the transport of [Config.HTTPClient] (RFC 8705, section 2).
func MutualTLS(clientID string) Credentials {
	return clientauth.MutualTLS(clientID)
}

// BearerToken sends an access token of our own (RFC 7662, section 2.1). source is called for each call, possibly
// concurrently, within the call's [Config.Timeout]; it should keep the token until it expires.
func BearerToken(source func(context.Context) (string, error)) Credentials {
	return clientauth.BearerToken(source)
}
