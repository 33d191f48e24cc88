package middleware

import (
	"errors"
	"net/http"
	"strings"
)

// maxTokenBytes bounds a token before anything looks inside it. Larger ones exist only in attacks (CVE-2025-30204 and
// its kin); servers commonly refuse such header fields anyway.
const maxTokenBytes = 16 << 10

var (
	errRepeatedField = errors.New("more than one Authorization field")
	errGrammar       = errors.New("the Authorization field does not follow the grammar of RFC 6750")
	errTwoTransports = errors.New("access tokens in two places of one request")
	errQueryToken    = errors.New("access token in the query of the URL")
)

// schemes are the authentication schemes that a request used.
type schemes uint8

const (
	bearerScheme schemes = 1 << iota
	ownScheme            // that of the SchemeBinding
)

// credential is a token as the request carried it.
type credential struct {
	token   string
	schemes schemes
	// inQuery: the answer must not be stored by a shared cache (RFC 6750, section 2.3).
	inQuery bool
}

// findCredential looks for the access token of a request. Without one it returns a verdict of ErrMissingToken. Which
// schemes were used is returned with an error too. When the token came in a form body, the returned request has the body
// restored.
func (g *Guard) findCredential(r *http.Request) (credential, *http.Request, error) {
	fields := r.Header["Authorization"]
	found, err := g.headerToken(fields)
	if err != nil {
		return credential{schemes: found.schemes}, r, err
	}
	places := 0
	if found.token != "" {
		places = 1
	}
	if g.config.AllowFormToken && hasForm(r) {
		var tokens []string
		if r, tokens, err = formTokens(r, places > 0); err != nil {
			return credential{schemes: found.schemes | bearerScheme}, r, err
		}
		places += found.take(tokens)
	}
	tokens, err := g.queryTokens(r)
	if err != nil {
		return credential{schemes: found.schemes | bearerScheme}, r, err
	}
	places += found.take(tokens)
	found.inQuery = len(tokens) > 0
	switch {
	case places == 0 && len(fields) > 0:
		return credential{}, r, refuse(ErrMissingToken, ReasonUnsupportedScheme, nil)
	case places == 0:
		return credential{}, r, refuse(ErrMissingToken, ReasonNoCredentials, nil)
	case places > 1:
		return credential{schemes: found.schemes}, r, refuse(ErrInvalidRequest, ReasonMultipleCredentials, errTwoTransports)
	case len(found.token) > maxTokenBytes:
		return found, r, Reject(ReasonTokenTooLarge, nil)
	}
	return found, r, nil
}

// take adds tokens that are no part of the Authorization field, and returns how many they are.
func (c *credential) take(tokens []string) int {
	if len(tokens) > 0 {
		c.token = tokens[0]
		c.schemes |= bearerScheme
	}
	return len(tokens)
}

// usualPrefix is how nearly every client writes it.
const usualPrefix = "Bearer "

// headerToken reads the Authorization field (RFC 6750, section 2.1). Other schemes are not ours to judge. Which scheme was
// used is returned with an error too.
func (g *Guard) headerToken(fields []string) (credential, error) {
	if len(fields) > 1 {
		used := credential{schemes: bearerScheme | ownScheme}
		return used, refuse(ErrInvalidRequest, ReasonMultipleCredentials, errRepeatedField)
	}
	if len(fields) == 0 {
		return credential{}, nil
	}
	if token, ok := strings.CutPrefix(fields[0], usualPrefix); ok && token != "" && token[0] != ' ' && !g.bindings.onlyScheme() {
		return credential{token: token, schemes: bearerScheme}, nil
	}
	name, rest := cutScheme(fields[0])
	found := credential{schemes: g.schemeOf(name)}
	if found.schemes == 0 {
		return found, nil
	}
	token := strings.TrimLeft(rest, " ")
	if token == "" || len(token) == len(rest) {
		return found, refuse(ErrInvalidRequest, ReasonMalformedCredentials, errGrammar)
	}
	found.token = token
	return found, nil
}

// schemeOf returns the scheme of a name, zero if it is none that this Guard accepts.
func (g *Guard) schemeOf(name string) schemes {
	switch {
	case strings.EqualFold(name, "Bearer") && !g.bindings.onlyScheme():
		return bearerScheme
	case g.bindings.scheme != nil && strings.EqualFold(name, g.bindings.scheme.Scheme()):
		return ownScheme
	}
	return 0
}

// cutScheme splits a field value after its scheme, which is a token of RFC 9110, section 5.6.2.
func cutScheme(field string) (scheme, rest string) {
	for i := range len(field) {
		if !isTokenChar[field[i]] {
			return field[:i], field[i:]
		}
	}
	return field, ""
}

// queryTokens reads the access_token parameters of the URL, which count only when the configuration says so: OAuth 2.1
// takes this transport away because URLs end up in logs.
func (g *Guard) queryTokens(r *http.Request) ([]string, error) {
	if !g.config.AllowQueryToken && !g.config.RefuseQueryToken {
		return nil, nil
	}
	tokens := r.URL.Query()["access_token"]
	if len(tokens) > 0 && g.config.RefuseQueryToken {
		return nil, refuse(ErrInvalidRequest, ReasonTokenInQuery, errQueryToken)
	}
	return tokens, nil
}

// isPreflight recognises a CORS preflight, and nothing that merely resembles one.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" &&
		r.Header.Get("Access-Control-Request-Method") != "" && len(r.Header["Authorization"]) == 0
}
