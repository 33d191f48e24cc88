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
	found, used, err := g.headerToken(r.Header["Authorization"])
	if err != nil {
		return credential{schemes: used}, r, err
	}
	tokens := found
	if g.config.AllowFormToken && hasForm(r) {
		var inBody []string
		if r, inBody, err = formTokens(r, len(found) > 0); err != nil {
			return credential{schemes: used | bearerScheme}, r, err
		}
		tokens = append(tokens, inBody...)
	}
	inQuery, err := g.queryTokens(r)
	if err != nil {
		return credential{schemes: used | bearerScheme}, r, err
	}
	tokens = append(tokens, inQuery...)
	if len(tokens) > len(found) {
		used |= bearerScheme
	}
	switch {
	case len(tokens) == 0 && len(r.Header["Authorization"]) > 0:
		return credential{}, r, refuse(ErrMissingToken, ReasonUnsupportedScheme, nil)
	case len(tokens) == 0:
		return credential{}, r, refuse(ErrMissingToken, ReasonNoCredentials, nil)
	case len(tokens) > 1:
		return credential{schemes: used}, r, refuse(ErrInvalidRequest, ReasonMultipleCredentials, errTwoTransports)
	}
	return credential{tokens[0], used, len(inQuery) > 0}, r, checkToken(tokens[0])
}

// headerToken reads the Authorization field (RFC 6750, section 2.1). Other schemes are not ours to judge.
func (g *Guard) headerToken(fields []string) ([]string, schemes, error) {
	if len(fields) > 1 {
		return nil, bearerScheme | ownScheme, refuse(ErrInvalidRequest, ReasonMultipleCredentials, errRepeatedField)
	}
	if len(fields) == 0 {
		return nil, 0, nil
	}
	name, rest := cutScheme(fields[0])
	used := g.schemeOf(name)
	if used == 0 {
		return nil, 0, nil
	}
	token := strings.TrimLeft(rest, " ")
	if token == "" || len(token) == len(rest) {
		return nil, used, refuse(ErrInvalidRequest, ReasonMalformedCredentials, errGrammar)
	}
	return []string{token}, used, nil
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
	end := strings.IndexFunc(field, func(c rune) bool {
		return c <= ' ' || c > '~' || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", c)
	})
	if end < 0 {
		return field, ""
	}
	return field[:end], field[end:]
}

// checkToken applies the limits that need no idea of the token's format: its size first, then the token68 grammar.
func checkToken(token string) error {
	if len(token) > maxTokenBytes {
		return Reject(ReasonTokenTooLarge, nil)
	}
	body := strings.TrimRight(token, "=")
	for i := range len(body) {
		if !isToken68[body[i]] {
			return refuse(ErrInvalidRequest, ReasonMalformedCredentials, errGrammar)
		}
	}
	if body == "" {
		return refuse(ErrInvalidRequest, ReasonMalformedCredentials, errGrammar)
	}
	return nil
}

// isToken68 holds the characters of token68 but its trailing padding (RFC 9110, section 11.2).
var isToken68 = func() (table [256]bool) {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"
	for i := range len(allowed) {
		table[allowed[i]] = true
	}
	return table
}()

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
