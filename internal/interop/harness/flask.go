package harness

import "testing"

// FlaskTokens is the kind of access tokens that an authorization server of Flask and PyJWT issues.
type FlaskTokens string

const (
	// FlaskRS256 are JWTs (RFC 9068) whose keys it publishes.
	FlaskRS256 FlaskTokens = "RS256"
	// FlaskHS256 are JWTs of a kind of their own. Their key is in SecretFile.
	FlaskHS256 FlaskTokens = "HS256"
	// FlaskOpaque are random.
	FlaskOpaque FlaskTokens = "opaque"
)

// StartFlask starts an authorization server as tutorials build it. Tokens of every kind can be introspected and revoked.
func StartFlask(t testing.TB, tokens FlaskTokens) *AuthorizationServer {
	t.Helper()
	return startPackaged(t, "flaskpyjwt", "TOKENS="+string(tokens))
}

// StartFlaskMTLS does so with a second, secure port for clients with certificates of authority (RFC 8705).
func StartFlaskMTLS(t testing.TB, tokens FlaskTokens, authority *Authority) *AuthorizationServer {
	t.Helper()
	own := authority.Issue(t, "flask")
	return startPackaged(t, "flaskpyjwt",
		"TOKENS="+string(tokens), "TLS_CERT="+own.File, "TLS_KEY="+own.File, "CLIENT_CA="+authority.File)
}
