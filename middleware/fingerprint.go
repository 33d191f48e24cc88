package middleware

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// FingerprintOf returns what [Token.Fingerprint] is for an access token: the SHA-256 of its signing input if it has the
// form of a signed JWT, of the token itself otherwise. A holder can respell the signature of a JWT, not what it signs, so
// all spellings of one token have one fingerprint.
func FingerprintOf(accessToken string) [32]byte {
	if looksLikeJWT(accessToken) {
		accessToken = accessToken[:strings.LastIndexByte(accessToken, '.')]
	}
	return sha256.Sum256([]byte(accessToken))
}

// looksLikeJWT wants two dots and a first part that decodes to the beginning of a JSON object: the cheapest test that no
// common opaque format passes. White space may come first, since JSON allows it.
func looksLikeJWT(accessToken string) bool {
	if strings.Count(accessToken, ".") != 2 || len(accessToken) < 4 {
		return false
	}
	var head [3]byte
	_, err := base64.RawURLEncoding.Decode(head[:], []byte(accessToken[:4]))
	return err == nil && strings.IndexByte("{ \t\r\n", head[0]) >= 0
}
